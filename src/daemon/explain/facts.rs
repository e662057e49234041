//! What is known of a flow: the router's state, the machine's, and what was counted and seen while the
//! flow was watched.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::addr::{Group, Source};

/// Everything that [`explain`](super::explain) needs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The source.
    pub source: Source,
    /// The group.
    pub group: Group,
    /// Whether the family is routed.
    pub is_routed: bool,
    /// The interfaces of the configuration, by name.
    pub links: BTreeMap<String, Link>,
    /// Where the source is reached.
    pub rpf: Option<Rpf>,
    /// The static rule for the flow, which counts in place of the route.
    pub rule: Option<Ruled>,
    /// The static rule that would count, but excepts the flow.
    pub excepted: Option<Excepted>,
    /// The tree of PIM by which the flow comes; `None` if castnetd speaks no PIM.
    pub tree: Option<Tree>,
    /// A device by which the kernel reaches the source, and over which castnetd does not route.
    pub unserved: Option<String>,
    /// The flow's entry in the cache.
    pub entry: Option<Entry>,
    /// The limit that kept out the group or the flow last, in words.
    pub limit: Option<String>,
    /// Datagrams that came in on the right interface while the flow was watched, by the entry.
    pub came: u64,
    /// Those that came in on a wrong one.
    pub wrong_if: u64,
    /// What passed the devices, by name; `None` where castnetd has no right to see it.
    pub seen: Option<BTreeMap<String, Passed>>,
}

impl Facts {
    /// The only interface where the flow is taken: that of a rule, or else that of the route.
    pub(super) fn way_in(&self) -> Option<&str> {
        let ruled = self.rule.as_ref().map(|rule| rule.from.as_str());
        ruled.or_else(|| self.rpf.as_ref().map(|rpf| rpf.interface.as_str()))
    }

    /// Whether the rule has the flow leave here.
    pub(super) fn is_ruled(&self, name: &str) -> bool {
        self.rule.as_ref().is_some_and(|rule| rule.to.iter().any(|to| to == name))
    }
}

/// An interface of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// What keeps it from being served, with the cure.
    pub hindrance: Option<Hindrance>,
    /// Whether multicast is routed over it.
    pub is_up: bool,
    /// Whether members or a static join want the flow.
    pub wants: bool,
    /// Whether members want the flow, and a proxy leaves them to the querier of the link.
    pub is_left_to_querier: bool,
    /// Another router that is the Designated Router of PIM.
    pub dr: Option<IpAddr>,
    /// Whether other routers have joined the flow there by PIM.
    pub is_joined: bool,
    /// The filter of the group, if there are members.
    pub filter: Option<String>,
    /// Whether group management is on.
    pub is_managed: bool,
    /// Whether it has an address to ask from.
    pub speaks: bool,
    /// Another router that is the querier.
    pub querier: Option<IpAddr>,
    /// The boundary that the group does not pass.
    pub boundary: Option<IpNet>,
    /// The TTL threshold.
    pub threshold: u8,
    /// The sysctl with its value by which the kernel drops datagrams of the source here.
    pub reverse_path: Option<(String, u8)>,
    /// The command that has the table looked up, where no rule does.
    pub rule: Option<String>,
}

/// What keeps an interface from being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// No device has the name.
    Absent,
    /// An administrator has it down.
    Down,
    /// Its other end is away.
    NoCarrier,
    /// It has no MULTICAST flag.
    NotMulticast,
}

/// The route to the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rpf {
    /// The interface where its datagrams must come in.
    pub interface: String,
    /// The network of the route.
    pub prefix: IpNet,
    /// The neighbour, unless the network is connected.
    pub via: Option<IpAddr>,
}

/// How this router reaches the root of a tree of PIM: the source, or the RP of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// PIM knows no RP for the group.
    NoRp,
    /// This router is the root, or is on the link of the source.
    Here,
    /// No route leads to the root.
    NoRoute(IpAddr),
    /// Joins go to a neighbour.
    Towards {
        /// The root.
        root: IpAddr,
        /// The interface.
        interface: String,
        /// The neighbour of the route.
        neighbour: IpAddr,
        /// Whether PIM is spoken on the interface.
        is_spoken: bool,
        /// Whether the neighbour says Hello.
        is_known: bool,
    },
}

/// A static rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// The interface where its flows come in.
    pub from: String,
    /// The interfaces where they leave; without any they are stopped.
    pub to: Vec<String>,
    /// Its groups.
    pub group: IpNet,
}

/// A static rule that does not hold for the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excepted {
    /// The interface where its flows come in.
    pub from: String,
    /// Its groups.
    pub group: IpNet,
    /// The exception that the flow is of.
    pub exception: IpNet,
}

/// An entry of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The only interface where datagrams may come in.
    pub iif: String,
    /// The interfaces where they leave.
    pub oifs: Vec<String>,
}

/// What passed a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Datagrams that came in.
    pub came: u64,
    /// Those of them whose IPv4 header had a wrong checksum.
    pub unsound: u64,
    /// Those of the others that were for another machine, by their link-layer address.
    pub for_other: u64,
    /// The greatest TTL of those that came in.
    pub ttl: u8,
    /// Datagrams that went out.
    pub left: u64,
}
