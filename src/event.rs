//! The events of the routing core, for logs and for the judge of a laboratory.
//!
//! Events are values that can be stored and sent; [`Event::describe`] puts one into words at the edge.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::addr::Group;
use crate::gmp::News;
use crate::mfc::entry::{Flow, MfcEntry};
use crate::mfc::upcall::Upcall;
use crate::mfc::vif::Vif;
use crate::wire::Malformed;

/// Why an input changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// The bytes are no valid packet or message. Fields as in [`Malformed`].
    #[error("{message}: {field} at octet {at}: {why}")]
    Malformed {
        /// The message that was being read.
        message: String,
        /// The field at fault.
        field: String,
        /// Its offset in octets.
        at: usize,
        /// What is wrong with it, in words.
        why: String,
    },
    /// No machine of the router speaks this IP protocol.
    #[error("IP protocol {0} is not spoken here")]
    UnknownProtocol(u8),
    /// Our own Query came back.
    #[error("our own Query")]
    Own,
    /// RFC2236-2.1-02
    #[error("unknown IGMP type {0:#04x}")]
    UnknownType(u8),
    /// RFC2236-6-01, RFC2236-2.4-02
    #[error("{0} is not a multicast group")]
    NotMulticast(IpAddr),
    /// A parameter of the link refuses the message, for this reason (RFC2236-10-02).
    #[error("{0}")]
    Unwanted(String),
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
    /// The router is of the other address family.
    #[error("{0} is of the other address family")]
    OtherFamily(IpAddr),
    /// The router has no such interface.
    #[error("no such interface")]
    NoSuchInterface,
    /// The interface does not speak this IP protocol, by configuration.
    #[error("IP protocol {0} is off on this interface")]
    ProtocolOff(u8),
    /// RFC1112-7.2-05
    #[error("the group never leaves its link")]
    LinkLocalGroup,
    /// RFC1112-7.2-02
    #[error("the source {0} is no unicast address")]
    SourceNotUnicast(IpAddr),
}

impl From<Malformed> for Ignored {
    fn from(Malformed { message, field, at, why }: Malformed) -> Self {
        let (message, field) = (message.to_owned(), field.to_owned());
        Self::Malformed { message, field, at, why: why.to_string() }
    }
}

/// One thing that happened in a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Event {
    /// Group management on a link has news.
    Gmp(Vif, News),
    /// An interface came up, or went down.
    Link {
        /// The interface.
        vif: Vif,
        /// Whether it is up.
        up: bool,
    },
    /// The kernel made an upcall.
    Upcall(Upcall),
    /// No route leads to the source of the flow, so the flow is not forwarded.
    NoRoute(Flow),
    /// The forwarding of a flow was decided or changed.
    Forwarding(MfcEntry),
    /// A flow was idle and is forgotten.
    Idle(Flow),
    /// A packet that came in on the link was ignored.
    Ignored(Vif, Ignored),
    /// Another configuration was taken.
    Configured,
    /// Another configuration was refused, for this reason; the old one stays in force.
    NotConfigured(String),
    /// The data plane refused an output.
    Refused(String),
    /// The data plane delivered a message that cannot be used.
    Unusable(String),
}

impl Event {
    /// The group of the event, if it has one.
    #[must_use]
    pub const fn group(&self) -> Option<Group> {
        match self {
            Self::Gmp(_, news) => news.group(),
            Self::Upcall(Upcall { flow, .. })
            | Self::NoRoute(flow)
            | Self::Forwarding(MfcEntry { flow, .. })
            | Self::Idle(flow) => Some(flow.group),
            _ => None,
        }
    }

    /// The event in words; `name` gives the names of interfaces.
    #[must_use]
    pub fn describe(&self, name: impl Fn(Vif) -> String) -> String {
        match self {
            Self::Gmp(vif, news) => format!("{}: {news}", name(*vif)),
            Self::Upcall(Upcall { kind, vif, flow }) => {
                format!("{}: upcall {kind} for {flow}", name(*vif))
            }
            Self::Link { vif, up: true } => format!("{} is up", name(*vif)),
            Self::Link { vif, up: false } => format!("{} is down", name(*vif)),
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
