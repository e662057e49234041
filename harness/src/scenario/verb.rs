//! What can be done: the acts of a timeline as they are written.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::{RecordType, Version};

use super::span::{Span, Spanned};
use super::{PacketKind, StaticJoin};
use crate::knobs::Changes;

/// Something that is done at a given time.
#[derive(Clone, Debug)]
pub struct Act {
    /// When, from the start of the run.
    pub at: Spanned<Duration>,
    /// The name by which expectations refer to it.
    pub name: Option<Spanned<String>>,
    /// What is done.
    pub verb: Verb,
}

/// What can be done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verb {
    /// A listener joins a group.
    Join(Membership),
    /// A listener leaves a group that it has joined.
    Leave(Membership),
    /// Hosts of a population come and go.
    Churn(Churn),
    /// A source sends to a group.
    Send(Send),
    /// An injector or a querier sends a message.
    Inject(Inject),
    /// A source, an injector or a querier stops all that it sends.
    Stop(Spanned<String>),
    /// An interface goes down, or comes up.
    Interface {
        /// The node.
        who: Spanned<String>,
        /// The link.
        link: Spanned<String>,
        /// Whether it comes up.
        up: bool,
    },
    /// A router's daemon is killed.
    Kill(Spanned<String>),
    /// A router's daemon is started again.
    Restart(Spanned<String>),
    /// Something of a node changes.
    Set(Box<Set>),
    /// A command is run in a node's namespace.
    Exec {
        /// The node.
        who: Spanned<String>,
        /// The program and its arguments.
        command: Vec<String>,
    },
}

/// The keys of `inject`, `query` and `report`.
#[derive(Clone, Debug)]
pub struct Inject {
    /// The injector or querier.
    pub who: Spanned<String>,
    /// The link, where the node has several.
    pub link: Option<Spanned<String>>,
    /// The message.
    pub message: InjectedMessage,
    /// The IP source; the node's own address unless given.
    pub source: Option<IpAddr>,
    /// The IP destination; the one that the RFC wants unless given.
    pub to: Option<Spanned<IpAddr>>,
    /// The IP TTL.
    pub ttl: u8,
    /// Whether to add Router Alert.
    pub router_alert: bool,
    /// Whether the IGMP checksum is right.
    pub good_checksum: bool,
    /// Octets that are left of the message.
    pub truncate: Option<usize>,
    /// Octets of zero that are added to the message, and covered by its checksum.
    pub pad: usize,
    /// How often.
    pub repeat: Repeat,
}

/// What an injector sends.
#[derive(Clone, Debug)]
pub enum InjectedMessage {
    /// A Query by its fields.
    Query(InjectedQuery),
    /// A Report of version 1 or 2, or a Leave, about this group.
    Older(PacketKind, Group),
    /// A version 3 Report with these records.
    Records(Vec<InjectedRecord>),
    /// The IGMP message as it is, checksum and all.
    Octets(Vec<u8>),
}

/// A Query.
#[derive(Clone, Debug)]
pub struct InjectedQuery {
    /// Its version.
    pub version: Version,
    /// Its group; none makes it general.
    pub group: Option<Group>,
    /// Its Max Response Time.
    pub max_resp: Duration,
    /// Its sources.
    pub sources: Vec<Spanned<ListedSource>>,
    /// Its S flag.
    pub suppress: bool,
    /// Its QRV.
    pub robustness: u8,
    /// Its QQI.
    pub query_interval: Duration,
}

/// A group record.
#[derive(Clone, Debug)]
pub struct InjectedRecord {
    /// Its type.
    pub kind: RecordType,
    /// Its group.
    pub group: Group,
    /// Its sources.
    pub sources: Vec<Spanned<ListedSource>>,
    /// Its auxiliary data.
    pub aux: Vec<u8>,
}

/// How often something is sent.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// Time from one to the next.
    pub every: Duration,
    /// How many in all.
    pub times: u32,
}

/// The keys of `join` and `leave`.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The listener.
    pub who: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The link, where the node has several.
    pub link: Option<Spanned<String>>,
    /// The listener's socket; the first one, which reads datagrams, unless given.
    pub socket: Option<Spanned<u32>>,
    /// The sources that a join is about; a leave has none.
    pub sources: Option<JoinedSources>,
    /// The place of the key that has the host refuse the join.
    pub refused: Option<Span>,
}

/// The key `from` or `exclude` of `join` and `churn`.
#[derive(Clone, Debug)]
pub struct JoinedSources {
    /// Whether all sources except these are wanted.
    pub excluded: bool,
    /// Nodes, addresses and ranges of addresses.
    pub listed: Vec<Spanned<ListedSource>>,
    /// The place of the list.
    pub span: Span,
}

/// An entry of a source list.
#[derive(Clone, Debug)]
pub enum ListedSource {
    /// A node, with its address on its link.
    Node(String),
    /// The addresses from the first to the last.
    Range(IpAddr, IpAddr),
}

impl fmt::Display for ListedSource {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(name) => f.write_str(name),
            Self::Range(first, last) if first == last => first.fmt(f),
            Self::Range(first, last) => write!(f, "{first}..{last}"),
        }
    }
}

/// The keys of `churn`.
#[derive(Clone, Debug)]
pub struct Churn {
    /// The population.
    pub who: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The sources that they join; all of them unless given.
    pub sources: Option<JoinedSources>,
    /// Mean time from one join to the next.
    pub interval: Duration,
    /// Mean time that a host stays.
    pub stay: Spanned<Duration>,
    /// How long hosts come; by default until the run ends.
    pub during: Option<Spanned<Duration>>,
}

/// The keys of `send`.
#[derive(Clone, Debug)]
pub struct Send {
    /// The source.
    pub who: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The link, where the node has several.
    pub link: Option<Spanned<String>>,
    /// The IP source; the node's primary address there unless given.
    pub from_address: Option<Spanned<IpAddr>>,
    /// Time from one datagram to the next, at the place of the rate.
    pub interval: Spanned<Duration>,
    /// How long; by default until the run ends.
    pub during: Option<Spanned<Duration>>,
    /// The IP TTL.
    pub ttl: u8,
    /// Octets of UDP payload.
    pub size: usize,
    /// The place of the key that has the host refuse the datagrams.
    pub refused: Option<Span>,
}

/// What the act `set` changes of a node; what is `None` stays as it is.
#[derive(Clone, Debug)]
pub struct Set {
    /// The node.
    pub who: Spanned<String>,
    /// The link of a router, where not all of its links are meant.
    pub link: Option<Spanned<String>>,
    /// IGMP parameters of a router.
    pub membership: Option<Spanned<Changes>>,
    /// The TTL threshold of a router.
    pub ttl_threshold: Option<Spanned<u8>>,
    /// All static joins of a router.
    pub static_joins: Option<Vec<StaticJoin>>,
    /// The version that a listener is held to, or that a switch asks in.
    pub igmp_version: Option<Spanned<u8>>,
    /// Time from one General Query of a querier or a switch to the next.
    pub query_interval: Option<Spanned<Duration>>,
    /// The Max Response Time of a querier.
    pub max_resp: Option<Spanned<Duration>>,
    /// That of a switch.
    pub query_response_interval: Option<Spanned<Duration>>,
    /// The Last Member Query Interval of a switch.
    pub last_member_interval: Option<Spanned<Duration>>,
    /// The Last Member Query Count of a switch.
    pub last_member_count: Option<Spanned<u8>>,
    /// Whether a switch snoops.
    pub snooping: Option<Spanned<bool>>,
    /// Whether a switch asks.
    pub querier: Option<Spanned<bool>>,
    /// The keys that stand there, except `who`.
    pub keys: Vec<(&'static str, Span)>,
}
