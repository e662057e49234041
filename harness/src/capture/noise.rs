//! The noise of IPv6: what a kernel sends unasked, whatever the run is about.
//!
//! Noise is neighbour discovery (RFC 4861), and each Report and Done of MLD about groups that never
//! leave their link, unless the plan names one of them. A kernel is a member of the solicited-node
//! groups of its addresses (RFC 4291 section 2.7.1), and a router's of the groups that routers hear
//! Reports in. A Report that names any other group too is no noise, and stays as it is. IGMP is noise
//! as well, because a bridge that asks in one family asks in the other, too. In IPv4 nothing is
//! noise: the laboratory turns off what the kernel would send.

use std::collections::BTreeSet;

use castnet::addr::{Family, Group};
use castnet::gmp::message::Message;

use super::decode::{Content, Packet, decode};
use super::encode::injected;
use super::ethernet;
use crate::plan::{Action, Injection, Plan};

/// What of the frames of a plan's run is no noise although it looks like some.
#[derive(Clone, Debug)]
pub struct Noise {
    /// Groups that the plan names.
    named: BTreeSet<Group>,
    /// Frames that the plan has nodes inject.
    injected: BTreeSet<Vec<u8>>,
}

impl Noise {
    /// The noise in a run of the plan; `None` in IPv4.
    #[must_use]
    pub fn of(plan: &Plan) -> Option<Self> {
        (plan.family == Family::V6).then(|| {
            let checked = plan.checks.iter().flat_map(|check| check.claim.groups());
            let acted = plan.acts.iter().filter_map(|act| match act.action {
                Action::Join(_, group, ..)
                | Action::OtherSocket(_, group, ..)
                | Action::Leave(_, group) => Some(group),
                _ => None,
            });
            let injected = plan.acts.iter().filter_map(|act| match &act.action {
                Action::Inject(injection) => frame(plan, injection),
                _ => None,
            });
            Self { named: checked.chain(acted).collect(), injected: injected.collect() }
        })
    }

    /// Whether the frame is noise.
    #[must_use]
    pub fn is(&self, frame: &[u8]) -> bool {
        decode(frame).is_some_and(|packet| self.carries(&packet) && !self.injected.contains(frame))
    }

    /// Whether a Report about nothing else is noise: a group of the link alone that the plan does not name.
    #[must_use]
    pub fn is_about(&self, group: Group) -> bool {
        group.is_link_local() && !self.named.contains(&group)
    }

    fn carries(&self, packet: &Packet) -> bool {
        match &packet.content {
            Content::Other(other) => other.is_discovery,
            Content::Gmp(_) if packet.source.is_ipv4() => true,
            Content::Gmp(message) => {
                matches!(message.meaning(), Message::Report(report) if !report.records.is_empty())
                    && message.meaning().groups().all(|group| self.is_about(group))
            }
            Content::BadGmp(_) | Content::Data(_) => false,
        }
    }
}

/// The frame of an injection; `None` if it cannot be made, which the injector reports.
fn frame(plan: &Plan, injection: &Injection) -> Option<Vec<u8>> {
    let packet = injected(injection).ok()?;
    Some(ethernet::frame(plan.ports[injection.port].mac, injection.to, &packet))
}
