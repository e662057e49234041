//! Expectations as they are written.

use castnet::addr::Group;
use serde::{Deserialize, Serialize};

use super::expr::{CountExpr, Expr};
use super::share::ShareLimit;
use super::span::{Span, Spanned};
use super::verb::ListedSource;
use crate::vocabulary::field::{FieldRow, PacketField, Value};
use crate::vocabulary::kind::PacketKind;

/// An expectation.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Its place.
    pub span: Span,
    /// The ids of the RFC clauses that it proves.
    pub proves: Vec<Spanned<String>>,
    /// The claim.
    pub claim: Claim,
}

/// A claim.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Claim {
    /// The number of packets on a link.
    Packet(Box<PacketClaim>),
    /// The order of packets.
    Order(OrderClaim),
    /// What reaches a receiver.
    Delivery(DeliveryClaim),
    /// What a router's forwarding cache holds.
    Mfc(Box<MfcClaim>),
    /// The querier of a link.
    Querier(QuerierClaim),
    /// The groups with members on a link, as a router knows them.
    Members(MembersClaim),
    /// The ports on which a switch has seen members of a group.
    Mdb(MdbClaim),
    /// What a command came to.
    Command(Box<CommandClaim>),
}

/// An expectation of `command`.
#[derive(Clone, Debug)]
pub struct CommandClaim {
    /// The name of the act that runs it.
    pub act: Spanned<String>,
    /// Its exit status.
    pub exit: u8,
    /// What it writes.
    pub contains: Vec<Spanned<String>>,
    /// What it does not write.
    pub lacks: Vec<Spanned<String>>,
    /// How many lines it writes.
    pub lines: Option<Spanned<CountExpr>>,
    /// How soon it ends.
    pub within: Spanned<Expr>,
}

/// The time in which something is counted.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its beginning; by default the start of the run.
    pub after: Option<Spanned<Expr>>,
    /// Its length; by default until the run ends.
    pub within: Option<Spanned<Expr>>,
}

/// An expectation of `packet`.
#[derive(Clone, Debug)]
pub struct PacketClaim {
    /// The packets.
    pub filter: PacketFilter,
    /// The number.
    pub count: Spanned<CountExpr>,
    /// Time from each to the next.
    pub spacing: Option<Spanned<Expr>>,
    /// The window.
    pub window: Window,
}

/// An expectation of `order`.
#[derive(Clone, Debug)]
pub struct OrderClaim {
    /// The packets, at least two, in the claimed order.
    pub steps: Vec<PacketFilter>,
    /// The window.
    pub window: Window,
}

/// The keys of `packet`, and of each table of `order`.
#[derive(Clone, Debug)]
pub struct PacketFilter {
    /// Its place.
    pub span: Span,
    /// The link.
    pub on: Spanned<String>,
    /// The kind of packet.
    pub kind: Spanned<PacketKind>,
    /// The group that the message names, or the datagram's destination.
    pub group: Option<Spanned<Group>>,
    /// The sender.
    pub from: Option<Spanned<String>>,
    /// Conditions on fields of the header and the message.
    pub fields: Vec<GivenField>,
}

/// A condition on a field.
#[derive(Clone, Debug)]
pub struct GivenField {
    /// The field.
    pub row: &'static FieldRow,
    /// The value that it must have.
    pub value: Spanned<Written>,
}

/// The value of a field as it is written.
#[derive(Clone, Debug)]
pub enum Written {
    /// The value.
    Value(Value),
    /// A length of time in which there may be intervals.
    Length(Expr),
    /// A list of sources.
    Sources(Vec<Spanned<ListedSource>>),
    /// A node, or its address.
    Source(ListedSource),
}

impl PacketFilter {
    /// The condition on the field; `None` if there is none.
    #[must_use]
    pub fn field(&self, field: PacketField) -> Option<&Spanned<Written>> {
        self.fields.iter().find(|given| given.row.field == field).map(|given| &given.value)
    }
}

/// The keys of `delivery`.
#[derive(Clone, Debug)]
pub struct DeliveryClaim {
    /// The receiver.
    pub to: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The source, if only its datagrams count.
    pub from: Option<Spanned<String>>,
    /// The claim about these datagrams.
    pub what: Delivered,
}

/// A claim about datagrams at a receiver.
#[derive(Clone, Debug)]
pub enum Delivered {
    /// The number received in the window.
    Received(Spanned<CountExpr>, Window),
    /// Each datagram that is sent in the window is received exactly once.
    ExactlyOnce(Window),
    /// Each datagram that reaches the receiver's interface in the window has such a TTL.
    Ttl(Spanned<CountExpr>, Window),
    /// How well those that are sent in the window arrive.
    Quality(QualityLimit, Window),
    /// The time from a join to the first datagram, or from a leave to the last one.
    Latency(LatencyClaim),
    /// No datagram reaches the receiver's interface after this time, for so long.
    NoneAfter {
        /// From when on.
        from: Spanned<Expr>,
        /// For how long; by default until the run ends.
        during: Option<Spanned<Expr>>,
    },
}

/// A limit of what is measured of a stream at a receiver.
#[derive(Clone, Debug)]
pub enum QualityLimit {
    /// How many of those sent never arrive.
    Loss(Spanned<ShareLimit>),
    /// How many arrive after a later one.
    Reordered(Spanned<CountExpr>),
    /// A length of time.
    Lasting(Lasting, Spanned<CountExpr>),
}

/// What of a stream is measured as a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lasting {
    /// The longest time in which none arrives.
    Gap,
    /// The longest time from one that is lost to the next one that arrives.
    Outage,
    /// The highest interarrival jitter of RFC 3550.
    Jitter,
}

impl Lasting {
    /// The key of the claim.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Outage => "outage",
            Self::Jitter => "jitter",
        }
    }
}

/// An expectation of `join-latency` or `leave-latency`.
#[derive(Clone, Debug)]
pub struct LatencyClaim {
    /// Whether it is the latency of a join; otherwise of a leave.
    pub is_join: bool,
    /// The limits.
    pub limit: Spanned<CountExpr>,
    /// The act; by default the receiver's only one.
    pub after: Option<Spanned<String>>,
    /// Whether it counts from the Report or Leave on the link; otherwise from the act.
    pub from_wire: bool,
}

/// The keys of `mfc`.
#[derive(Clone, Debug)]
pub struct MfcClaim {
    /// The router.
    pub of: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The source.
    pub source: Spanned<String>,
    /// When.
    pub at: Spanned<Expr>,
    /// The entry; `None` claims that the entry does not exist.
    pub present: Option<MfcPresent>,
}

/// An entry that must exist.
#[derive(Clone, Debug)]
pub struct MfcPresent {
    /// Its interfaces.
    pub entry: Option<MfcEntryClaim>,
    /// Its counters.
    pub counters: MfcCounters,
}

/// The counters of an entry.
#[derive(Clone, Debug, Default)]
pub struct MfcCounters {
    /// Datagrams that matched the entry.
    pub packets: Option<Spanned<CountExpr>>,
    /// Their octets.
    pub bytes: Option<Spanned<CountExpr>>,
    /// Datagrams that came in on another interface.
    pub wrong_if: Option<Spanned<CountExpr>>,
}

/// The interfaces of an entry.
#[derive(Clone, Debug)]
pub struct MfcEntryClaim {
    /// The link that the flow comes in on.
    pub iif: Spanned<String>,
    /// The links that it goes out on.
    pub oifs: Spanned<Vec<Spanned<String>>>,
}

/// The keys of `querier`.
#[derive(Clone, Debug)]
pub struct QuerierClaim {
    /// The link.
    pub on: Spanned<String>,
    /// The node.
    pub is: Spanned<String>,
    /// When.
    pub when: When,
}

/// The time of a state.
#[derive(Clone, Debug)]
pub enum When {
    /// At that time.
    At(Spanned<Expr>),
    /// All the time.
    Throughout(Window),
}

/// The keys of `members`.
#[derive(Clone, Debug)]
pub struct MembersClaim {
    /// The router.
    pub of: Spanned<String>,
    /// The link.
    pub on: Spanned<String>,
    /// The groups, all of them, with what is claimed about their sources.
    pub groups: Vec<(Spanned<Group>, Option<MembersOf>)>,
    /// When.
    pub at: Spanned<Expr>,
}

/// A claim about the sources of a group.
#[derive(Clone, Debug)]
pub struct MembersOf {
    /// The filter mode: whether the listed sources are excluded.
    pub excluded: bool,
    /// The sources that are wanted, or excluded.
    pub listed: Vec<Spanned<ListedSource>>,
    /// The sources beside the excluded ones that members have asked for, if that is claimed.
    pub requested: Option<Vec<Spanned<ListedSource>>>,
}

/// The keys of `mdb`.
#[derive(Clone, Debug)]
pub struct MdbClaim {
    /// The switch.
    pub of: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// When.
    pub at: Spanned<Expr>,
    /// The links of the ports with members, with what is claimed about their sources; `None` claims
    /// that there is no entry.
    pub ports: Option<Vec<(Spanned<String>, Option<MembersOf>)>>,
}
