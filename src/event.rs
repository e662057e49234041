//! The events of the routing core, for logs and for the judge of a laboratory.
//!
//! Events are values that can be stored and sent; [`Event::describe`] puts one into words at the edge.

use serde::{Deserialize, Serialize};

use crate::addr::Group;
use crate::gmp::News;
use crate::gmp::change::Filter;
use crate::ignored::Ignored;
use crate::mfc::entry::{Flow, MfcEntry};
use crate::mfc::upcall::Upcall;
use crate::mfc::vif::Vif;
use crate::pim;

/// One thing that happened in a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Event {
    /// Group management on a link has news.
    Gmp(Vif, News),
    /// PIM on a link has news.
    Pim(Vif, pim::News),
    /// A proxy wants this of the group on its upstream interface now (RFC 4605 section 4.1).
    Upstream(Vif, Group, Filter),
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
            Self::Pim(_, pim::News::Joined(branch) | pim::News::NotJoined(branch)) => {
                Some(branch.group)
            }
            Self::Upstream(_, group, _) => Some(*group),
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
            Self::Pim(vif, news) => format!("{}: {news}", name(*vif)),
            Self::Upstream(vif, group, filter) if *filter == Filter::nothing() => {
                format!("{}: nothing wanted of {group} upstream", name(*vif))
            }
            Self::Upstream(vif, group, filter) => {
                format!("{}: wanted of {group} upstream: {filter}", name(*vif))
            }
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
