//! Registering at the first hop: what the Designated Router of a source sends to the RP.
//!
//! Owns RFC 7761 section 4.4.1. A flow is registered as long as CouldRegister holds, which the machine
//! says, and unless the RP has stopped it for a while. While it is registered its datagrams go out of the
//! register interface.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::params::Params;
use super::{Branch, Cx};
use crate::addr::Group;
use crate::mfc::entry::Flow;
use crate::time::{Instant, Timers};

/// The flows that the router could register.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers {
    /// A flow that is not here is in state NoInfo.
    flows: BTreeMap<Branch, Registering>,
    /// The Register-Stop Timers.
    timers: Timers<Branch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Registering {
    rp: IpAddr,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The register tunnel carries the flow.
    Join,
    /// The RP has stopped it.
    Prune,
    /// The RP has been asked whether it still wants it stopped.
    JoinPending,
}

/// What the end of a timer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Ask the RP by a Null-Register.
    Probe(Flow, IpAddr),
    /// The register tunnel carries the flow again.
    Resumed(Flow),
}

impl Registers {
    /// CouldRegister holds towards this RP, or `None` if it does not.
    pub(super) fn settle(&mut self, flow: Flow, rp: Option<IpAddr>) {
        let branch = Branch::of(flow);
        match (self.flows.get(&branch), rp) {
            (Some(known), Some(rp)) if known.rp == rp => {}
            // RFC7761-4.4.1-01; another RP has stopped nothing.
            (_, Some(rp)) => {
                self.timers.cancel(branch);
                self.flows.insert(branch, Registering { rp, state: State::Join });
            }
            // RFC7761-4.4.1-04
            (_, None) => {
                self.timers.cancel(branch);
                self.flows.remove(&branch);
            }
        }
    }

    /// The RP at the end of the tunnel that carries the flow now.
    pub(super) fn tunnel(&self, flow: Flow) -> Option<IpAddr> {
        let known = self.flows.get(&Branch::of(flow))?;
        (known.state == State::Join).then_some(known.rp)
    }

    /// The flows of the group that could be registered.
    pub(super) fn of(&self, group: Group) -> impl Iterator<Item = Flow> {
        let of_group = self.flows.range(Branch::any(group)..).map(|(branch, _)| *branch);
        of_group.take_while(move |branch| branch.group == group).filter_map(Branch::flow)
    }

    /// The RP has stopped the flow (RFC7761-4.4.1-02).
    pub(super) fn stop(&mut self, cx: &mut Cx<'_>, params: &Params, flow: Flow) {
        let branch = Branch::of(flow);
        let Some(known) = self.flows.get_mut(&branch) else { return };
        if known.state == State::Prune {
            return;
        }
        known.state = State::Prune;
        let suppression = params.register_suppression_time;
        let random = suppression / 2 + cx.rng.delay(suppression);
        self.timers.set(branch, cx.now + random.saturating_sub(params.register_probe_time));
    }

    /// When [`Registers::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// Serves the next timer that is due (RFC7761-4.4.1-03).
    pub(super) fn expire(&mut self, now: Instant, params: &Params) -> Option<Ended> {
        let branch = self.timers.pop_expired(now)?;
        let (known, flow) = (self.flows.get_mut(&branch)?, branch.flow()?);
        if known.state == State::Prune {
            known.state = State::JoinPending;
            self.timers.set(branch, now + params.register_probe_time);
            Some(Ended::Probe(flow, known.rp))
        } else {
            known.state = State::Join;
            Some(Ended::Resumed(flow))
        }
    }
}
