//! Everything that the routing core can tell, for logs and for the judge of a laboratory.

use std::net::IpAddr;

use crate::gmp::News;
use crate::mfc::entry::{Flow, MfcEntry};
use crate::mfc::upcall::Upcall;
use crate::mfc::vif::Vif;
use crate::wire::Malformed;

/// Why an input changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// The bytes are no such packet or message.
    #[error("{0}")]
    Malformed(Malformed),
    /// The packet is not IGMP; the number is its IP protocol.
    #[error("IP protocol {0} is not IGMP")]
    NotIgmp(u8),
    /// Our own Query came back.
    #[error("our own Query")]
    Own,
    /// RFC2236-2.1-02
    #[error("unknown IGMP type {0:#04x}")]
    UnknownType(u8),
    /// RFC2236-6-01, RFC2236-2.4-02
    #[error("{0} is not a multicast group")]
    NotMulticast(IpAddr),
    /// RFC2236-6-08
    #[error("224.0.0.1 is neither reported nor left")]
    AllHosts,
    /// RFC2236-4-09
    #[error("a Leave means nothing in version 1 mode")]
    LeaveInVersion1Mode,
    /// RFC2236-3-27
    #[error("a Non-Querier leaves a Leave to the querier")]
    LeaveAsNonQuerier,
    /// RFC2236-3-28
    #[error("a Leave of a group without members")]
    LeaveWithoutMembers,
    /// RFC2236-5-03
    #[error("a Leave while the group has IGMPv1 hosts, which could not answer")]
    LeaveWithVersion1Hosts,
    /// RFC2236-7-10
    #[error("a Leave while an earlier one is being checked")]
    LeaveWhileChecking,
    /// RFC1112-I-03
    #[error("a Leave is not for hosts")]
    LeaveAtHost,
    /// The router has no such interface.
    #[error("no such interface")]
    NoSuchInterface,
    /// The interface does not speak the protocol.
    #[error("IGMP is off on this interface")]
    IgmpOff,
    /// RFC1112-7.2-05
    #[error("the group never leaves its link")]
    LinkLocalGroup,
    /// RFC1112-7.2-02
    #[error("the source {0} is no unicast address")]
    SourceNotUnicast(IpAddr),
}

/// One thing that happened in a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Group management on a link has news.
    Gmp(Vif, News),
    /// The kernel asked.
    Upcall(Upcall),
    /// The source of the flow is reached by no route, so the flow goes nowhere.
    NoRoute(Flow),
    /// The forwarding of a flow was decided or changed.
    Forwarding(MfcEntry),
    /// A flow was idle and is forgotten.
    Idle(Flow),
    /// A packet that came in on the link was ignored.
    Ignored(Vif, Ignored),
    /// Another configuration is in force.
    Configured,
    /// Another configuration was given and not taken, for this reason; the old one stays in force.
    NotConfigured(String),
    /// The data plane would not do what it was asked to.
    Refused(String),
    /// The data plane handed up something of which nothing can be made.
    Unusable(String),
}

impl Event {
    /// The event in words, with the interfaces by the names that `name` gives them.
    #[must_use]
    pub fn describe(&self, name: impl Fn(Vif) -> String) -> String {
        match self {
            Self::Gmp(vif, news) => format!("{}: {news}", name(*vif)),
            Self::Upcall(Upcall { kind, vif, flow }) => {
                format!("{}: upcall {kind} for {flow}", name(*vif))
            }
            Self::NoRoute(flow) => format!("no route to the source of {flow}"),
            Self::Forwarding(MfcEntry { flow, iif, oifs }) => {
                let out: Vec<String> = oifs.keys().map(|&oif| name(oif)).collect();
                let out = if out.is_empty() { "nowhere".to_owned() } else { out.join(", ") };
                format!("{flow} in {} out {out}", name(*iif))
            }
            Self::Idle(flow) => format!("{flow} is idle"),
            Self::Ignored(vif, why) => format!("{}: ignored: {why}", name(*vif)),
            Self::Configured => "configured anew".to_owned(),
            Self::NotConfigured(why) => format!("not configured anew: {why}"),
            Self::Refused(why) => format!("refused: {why}"),
            Self::Unusable(what) => format!("unusable: {what}"),
        }
    }
}
