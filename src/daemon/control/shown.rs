//! The state of castnetd as answers show it: interfaces by their names, times as seconds from now.
//!
//! castnetd fills these values, castnetctl prints them, and with `--json` they are printed as they are.
//! Words are in kebab-case; a key that a later version adds is ignored by an older castnetctl.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::super::explain::Finding;
use crate::addr::{Channel, Family, Group, Source};
use crate::gmp::message::Version;

/// The most rows of one answer.
pub const MOST_ROWS: usize = 10_000;

/// The known flows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Routes {
    /// One row for each flow.
    pub routes: Vec<Route>,
    /// How many more there are.
    pub left_out: usize,
}

/// A flow, and where it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Route {
    /// The source of its datagrams.
    pub source: Source,
    /// Their group.
    pub group: Group,
    /// The only interface that they may come in on.
    pub iif: String,
    /// The interfaces that they leave on.
    pub oifs: Vec<Oif>,
    /// Datagrams that matched the entry, those on a wrong interface included.
    pub packets: u64,
    /// Their octets.
    pub bytes: u64,
    /// Datagrams that came in on another interface than `iif`, and were dropped.
    pub wrong_if: u64,
}

/// An interface that a flow leaves on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Oif {
    /// Its name.
    pub interface: String,
    /// A datagram leaves only if its TTL on arrival is greater.
    pub threshold: u8,
    /// Whether members want the flow there.
    pub members: bool,
    /// Whether a static join wants it there.
    pub joined: bool,
}

/// The groups with members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Groups {
    /// One row for each group on each interface.
    pub groups: Vec<Membership>,
    /// How many more there are.
    pub left_out: usize,
}

/// The members of a group on an interface; on the upstream interface of a proxy, what it wants there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Membership {
    /// The interface.
    pub interface: String,
    /// The group.
    pub group: Group,
    /// What members want of it.
    pub mode: Mode,
    /// The sources that somebody asked for: in the mode include, only these are forwarded.
    pub sources: BTreeSet<IpAddr>,
    /// The sources that nobody wants, in the mode exclude.
    pub excluded: BTreeSet<IpAddr>,
    /// The oldest version that members speak; upstream, the version that the proxy speaks.
    pub version: u8,
    /// When the group timer expires, unless there are only source timers.
    pub expires_s: Option<f64>,
    /// Whether a Leave is being checked.
    pub checking: bool,
}

/// A filter mode (RFC 9776 section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Only the sources that are asked for.
    Include,
    /// All sources except those that nobody wants.
    Exclude,
}

/// The interfaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Interfaces {
    /// Those that are served, once for each family.
    pub interfaces: Vec<Interface>,
    /// What keeps interfaces from being served, in words.
    pub notices: Vec<String>,
}

/// An interface in a family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// The family.
    pub family: Family,
    /// Its number in the kernel's multicast routing.
    pub vif: u8,
    /// Whether multicast is routed over it now.
    pub up: bool,
    /// Its addresses of the family.
    pub addresses: Vec<IpNet>,
    /// The version of IGMP or MLD that is configured; `None` where it is off.
    pub version: Option<u8>,
    /// The querier of the link; `None` where group management does not speak.
    pub querier: Option<IpAddr>,
    /// Whether this router is the querier.
    pub is_querier: bool,
    /// Whether castnetd is a proxy, and this its upstream interface.
    #[serde(default)]
    pub upstream: bool,
    /// Whether castnetd never asks here.
    #[serde(default)]
    pub passive: bool,
    /// When the next General Query is sent.
    pub query_s: Option<f64>,
    /// The number of groups with members; upstream, of those that castnetd has joined.
    pub groups: usize,
    /// Channels that are forwarded here without members.
    pub joins: BTreeSet<Channel>,
    /// The TTL threshold.
    pub threshold: u8,
    /// Ranges of groups that pass here in neither direction.
    #[serde(default)]
    pub boundaries: Vec<IpNet>,
    /// Datagrams in.
    pub packets_in: u64,
    /// Datagrams out.
    pub packets_out: u64,
    /// Octets in.
    pub bytes_in: u64,
    /// Octets out.
    pub bytes_out: u64,
}

/// The configuration in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// The file.
    pub path: String,
    /// Its text when it was last taken.
    pub text: String,
    /// The changes since then, in their order.
    pub changes: Vec<Change>,
    /// How long it still waits for its confirmation, if it does: the one before it is in force again then.
    #[serde(default)]
    pub trial_s: Option<f64>,
}

/// What a reload would change, a statement for each value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Diff {
    /// The file.
    pub path: String,
    /// What differs, in the file's order; an old value is right before the new one.
    pub lines: Vec<DiffLine>,
}

/// A line of a [`Diff`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiffLine {
    /// It is in force, and not in the file.
    Gone(String),
    /// It is in the file, and not in force.
    New(String),
}

/// A change of the configuration in force, until castnetd reads its file again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Forward a channel on an interface whether or not there are members.
    Join {
        /// The interface.
        interface: String,
        /// The channel.
        channel: Channel,
    },
    /// The opposite of a join, be it the file's or one of a request.
    Leave {
        /// The interface.
        interface: String,
        /// The channel.
        channel: Channel,
    },
    /// Datagrams from the network come in on the interface.
    RouteAdd {
        /// The network.
        prefix: IpNet,
        /// The interface.
        interface: String,
    },
    /// The opposite.
    RouteDel {
        /// The network.
        prefix: IpNet,
        /// The interface.
        interface: String,
    },
}

/// The last lines of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Log {
    /// The lines, oldest first.
    pub lines: Vec<Line>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// How long ago it was written.
    pub ago_s: f64,
    /// How much it matters.
    pub level: Level,
    /// The line.
    pub text: String,
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is wrong, or may be an attack.
    Warning,
    /// News.
    Info,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Members come, go, and change their minds.
    Groups,
    /// Entries are written and deleted.
    Routes,
    /// The kernel asks.
    Upcalls,
    /// The outcome of the querier election.
    Queriers,
    /// Interfaces come up and go down.
    Interfaces,
    /// What was ignored, refused, or could not be used.
    Refusals,
    /// The configuration.
    Config,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Told {
    /// The time since castnetd started.
    pub at_s: f64,
    /// Its topic.
    pub topic: Topic,
    /// The family of the router.
    pub family: Family,
    /// The group, if it is about one.
    pub group: Option<Group>,
    /// The event in words.
    pub text: String,
    /// How many events were left out before this one, because who monitors was too slow.
    pub lost: u64,
}

/// Why a flow does or does not leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// The source.
    pub source: Source,
    /// The group.
    pub group: Group,
    /// How long datagrams were counted.
    pub looked_s: f64,
    /// Datagrams that came in on the right interface meanwhile.
    pub came: u64,
    /// The interfaces on which datagrams left meanwhile.
    pub left_on: Vec<String>,
    /// What was found, the likeliest culprit first.
    pub findings: Vec<Finding>,
}

/// The number of a version, as a protocol of the family counts: MLDv1 corresponds to IGMPv2.
#[must_use]
pub const fn version_number(family: Family, version: Version) -> u8 {
    match (family, version) {
        (Family::V4, Version::V1) | (Family::V6, Version::V1 | Version::V2) => 1,
        (Family::V4, Version::V2) | (Family::V6, Version::V3) => 2,
        (Family::V4, Version::V3) => 3,
    }
}
