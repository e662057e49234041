//! All machines of PIM on one router: what comes in, what is due, and what follows for a group.
//!
//! After each input the groups concerned are settled ([`Pim::settle`]): what is wanted is computed from the
//! state as it is now, so that the order of causes does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::assert::Asserts;
use super::downstream::{Downstream, Ended};
use super::downstream_rpt::DownstreamRpt;
use super::flows::Flows;
use super::join_prune::{self, Due, Entry, What};
use super::link::{Heard, Link, RETRY};
use super::params::{LinkParams, Params};
use super::register::Registers;
use super::upstream::Upstream;
use super::upstream_rpt::UpstreamRpt;
use super::{Branch, Cx, Facts, News, Say, packet};
use crate::addr::{Family, Group};
use crate::ignored::Ignored;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::time::Instant;
use crate::wire::ip::{Header, Packet};
use crate::wire::pim::{JoinPrune, Message};

/// PIM on a router of one family.
#[derive(Clone, Debug)]
pub struct Pim {
    pub(super) family: Family,
    /// The parameters of the router.
    pub params: Params,
    pub(super) links: BTreeMap<Vif, Link>,
    pub(super) downstream: Downstream,
    pub(super) downstream_rpt: DownstreamRpt,
    pub(super) upstream: Upstream,
    pub(super) upstream_rpt: UpstreamRpt,
    pub(super) flows: Flows,
    pub(super) registers: Registers,
    pub(super) asserts: Asserts,
    /// `Keepalive_Period`: how long a flow is remembered without datagrams.
    pub keepalive: Duration,
    pub(super) due: Due,
}

impl Pim {
    /// PIM on no link yet; a flow is remembered for `keepalive` without datagrams.
    #[must_use]
    pub fn new(family: Family, params: Params, keepalive: Duration) -> Self {
        Self {
            family,
            params,
            links: BTreeMap::new(),
            downstream: Downstream::default(),
            downstream_rpt: DownstreamRpt::default(),
            upstream: Upstream::default(),
            upstream_rpt: UpstreamRpt::default(),
            flows: Flows::default(),
            registers: Registers::default(),
            asserts: Asserts::default(),
            keepalive,
            due: Due::default(),
        }
    }

    /// Starts on a link, with its own primary and secondary addresses.
    pub fn start_link(
        &mut self,
        cx: &mut Cx<'_>,
        vif: Vif,
        params: LinkParams,
        own: IpAddr,
        secondary: Vec<IpAddr>,
    ) {
        self.links.insert(vif, Link::start(cx, vif, params, own, secondary));
    }

    /// Takes other parameters of a link, and its secondary addresses as they are now.
    pub fn change_link(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        vif: Vif,
        params: LinkParams,
        secondary: Vec<IpAddr>,
    ) {
        if let Some(link) = self.links.get_mut(&vif) {
            link.change(cx, params, secondary);
            // Another router may be the Designated Router now.
            self.settle_all(cx, facts);
        }
    }

    /// A message to the routers of a link could not be sent: what it may have held is sent again.
    pub fn send_failed(&mut self, now: Instant, vif: Vif) {
        let Some(link) = self.links.get_mut(&vif) else { return };
        link.send_failed(now);
        for neighbour in link.neighbours() {
            for branch in self.upstream.through((vif, neighbour)) {
                self.upstream.hurry(branch, (vif, neighbour), now + RETRY);
            }
        }
    }

    /// Stops on a link; says goodbye if the link can still carry it.
    pub fn stop_link(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, vif: Vif, is_up: bool) {
        let Some(link) = self.links.remove(&vif) else { return };
        if is_up {
            link.leave(cx);
        }
        self.downstream.forget_link(vif);
        self.downstream_rpt.forget_link(vif);
        self.asserts.forget_link(vif);
        self.settle_all(cx, facts);
    }

    /// The address that the router speaks from on a link; `None` where it does not speak PIM.
    #[must_use]
    pub fn own(&self, vif: Vif) -> Option<IpAddr> {
        self.links.get(&vif).map(Link::own)
    }

    /// Takes a packet of PIM that came in on the link.
    ///
    /// # Errors
    /// Why the packet is ignored.
    pub fn receive(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        vif: Vif,
        packet: &Packet<'_>,
    ) -> Result<(), Ignored> {
        let Header { source: from, destination, protocol, .. } = packet.header;
        let link = self.links.get_mut(&vif);
        if facts.is_own(from) || link.as_ref().is_some_and(|link| link.is_own(from)) {
            return Err(Ignored::Own);
        }
        match (packet::read(packet)?, link) {
            // RFC7761-4.4.2-01
            (Message::Register(_) | Message::RegisterStop(_), _) if !facts.is_own(destination) => {
                return Err(Ignored::Misaddressed(destination));
            }
            (Message::Register(register), _) => {
                self.register(cx, facts, &packet.header, &register)?;
            }
            (Message::RegisterStop(stop), _) => {
                self.register_stop(cx, facts, &packet.header, &stop)?;
            }
            (_, None) => return Err(Ignored::ProtocolOff(protocol)),
            (Message::Hello(hello), Some(link)) => {
                let heard = link.hear(cx, from, &hello);
                self.heard(cx, facts, vif, from, heard);
            }
            // RFC7761-4.5-01, RFC7761-4.6-01
            (_, Some(link)) if !link.knows(from) => return Err(Ignored::NoNeighbour(from)),
            (Message::JoinPrune(message), _) => self.join_prune(cx, facts, vif, &message),
            (Message::Assert(message), _) => self.assert(cx, facts, (vif, from), &message)?,
            (other, _) => return Err(Ignored::NotSpokenHere(other.kind())),
        }
        self.flush(cx);
        Ok(())
    }

    /// A Hello has changed what is known of a neighbour.
    fn heard(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, vif: Vif, from: IpAddr, heard: Heard) {
        if heard == Heard::Restarted
            && let Some(link) = self.links.get(&vif)
        {
            // RFC7761-4.5.4-04
            for branch in self.upstream.through((vif, from)) {
                let by = cx.now + link.until_override(cx);
                self.upstream.hurry(branch, (vif, from), by);
            }
            self.restarted(cx, facts, (vif, from));
        }
        // The election may have changed with any Hello.
        self.settle_all(cx, facts);
    }

    fn join_prune(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, vif: Vif, message: &JoinPrune) {
        let Some(link) = self.links.get(&vif) else { return };
        let is_for_me = link.is_own(message.upstream);
        let holdtime = match message.holdtime {
            u16::MAX => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        };
        let mut groups = BTreeSet::new();
        let mut joined = BTreeSet::new();
        let mut pruned = BTreeSet::new();
        for (group, entry) in join_prune::entries(message, self.family) {
            if !is_for_me {
                // RFC7761-4.5.1-03
                self.overhear(cx, (vif, message.upstream), group, &entry, holdtime);
                continue;
            }
            let rp = self.rp(group);
            let is_counted = match entry.what {
                // RFC7761-4.5.1-01: a Prune counts whatever RP it names.
                What::Any => !entry.is_join || entry.rp == rp,
                What::Rpt(_) => rp.is_some(), // RFC7761-4.8.1-02
                What::Of(_) => true,
            };
            if !is_counted {
                continue;
            }
            match entry {
                Entry { what: What::Any, is_join: true, .. } => _ = joined.insert(group),
                Entry { what: What::Rpt(source), is_join: false, .. } => {
                    pruned.insert(Flow { source, group });
                }
                _ => {}
            }
            self.take(cx, facts, vif, group, &entry, holdtime);
            groups.insert(group);
        }
        joined.into_iter().for_each(|group| self.downstream_rpt.join_all(group, vif, &pruned));
        groups.into_iter().for_each(|group| self.settle(cx, facts, group));
    }

    /// An entry for the router itself.
    fn take(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        vif: Vif,
        group: Group,
        entry: &Entry,
        holdtime: Option<Duration>,
    ) {
        let Some(link) = self.links.get(&vif) else { return };
        let waits = link.has_several().then(|| link.override_delay());
        let branch = match entry.what {
            What::Any => Branch::any(group),
            What::Of(source) => Branch::of(Flow { source, group }),
            What::Rpt(source) => {
                let flow = Flow { source, group };
                return match entry.is_join {
                    true => self.downstream_rpt.join(flow, vif),
                    false => self.downstream_rpt.prune(cx.now, (flow, vif), holdtime, waits),
                };
            }
        };
        if entry.is_join {
            if self.downstream.join(cx.now, branch, vif, holdtime) {
                cx.say(Say::News(vif, News::Joined(branch)));
            }
            self.end_assert(cx, facts, (branch, vif));
        } else if self.downstream.prune(cx.now, branch, vif, waits) {
            cx.say(Say::News(vif, News::NotJoined(branch)));
        }
    }

    /// An entry for another router of the link, to which the own Joins may go, too.
    fn overhear(
        &mut self,
        cx: &mut Cx<'_>,
        (vif, upstream): (Vif, IpAddr),
        group: Group,
        entry: &Entry,
        holdtime: Option<Duration>,
    ) {
        let Some(link) = self.links.get(&vif) else { return };
        let Some(to) = link.neighbour_with(upstream).map(|upstream| (vif, upstream)) else {
            return;
        };
        let any = Branch::any(group);
        let source = match entry.what {
            What::Any => None,
            What::Rpt(source) | What::Of(source) => Some(source),
        };
        let branch = Branch { group, source };
        if !entry.is_join {
            let mut concerned = Vec::new();
            // RFC7761-4.5.7-01
            if let Some(flow) = branch.flow().filter(|_| self.upstream.is_through(any, to)) {
                self.upstream_rpt.hurry(flow, cx.now + link.until_override(cx));
            }
            // RFC7761-4.5.4-03; RFC7761-4.5.5-02: a Prune of the group may end its sources, too.
            match branch.source {
                None => concerned.extend(self.upstream.branches(group)),
                Some(_) => concerned.push(branch),
            }
            for branch in concerned {
                let by = cx.now + link.until_override(cx);
                self.upstream.hurry(branch, to, by);
            }
        } else if let (What::Rpt(_), Some(flow)) = (entry.what, branch.flow()) {
            self.upstream_rpt.spare(flow);
        } else if let Some(suppressed) = link.suppression(cx, self.params.join_prune_period) {
            // RFC7761-4.5.4-02
            let until = cx.now + holdtime.map_or(suppressed, |hold| hold.min(suppressed));
            self.upstream.suppress(branch, to, until);
        }
    }

    /// Members or routes may have changed: all groups follow.
    pub fn refresh_all(&mut self, cx: &mut Cx<'_>, facts: &impl Facts) {
        self.settle_all(cx, facts);
        self.flush(cx);
    }

    /// The members of a group may have changed.
    pub fn refresh(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, group: Group) {
        self.settle(cx, facts, group);
        self.flush(cx);
    }

    /// When [`Pim::expire`] is to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let links = self.links.values().filter_map(Link::deadline);
        let others = [
            self.downstream.deadline(),
            self.downstream_rpt.deadline(),
            self.upstream.deadline(),
            self.upstream_rpt.deadline(),
            self.flows.deadline(),
            self.registers.deadline(),
            self.asserts.deadline(),
        ];
        links.chain(others.into_iter().flatten()).min()
    }

    /// Serves the timers that are due.
    pub fn expire(&mut self, cx: &mut Cx<'_>, facts: &impl Facts) {
        let mut is_lost = false;
        for link in self.links.values_mut() {
            is_lost |= link.expire(cx);
        }
        if is_lost {
            self.settle_all(cx, facts);
        }
        while let Some(ended) = self.downstream.expire(cx.now) {
            let (Ended::Expired(branch, vif) | Ended::Pruned(branch, vif)) = ended;
            cx.say(Say::News(vif, News::NotJoined(branch)));
            let several = self.links.get(&vif).filter(|link| link.has_several());
            if let (Ended::Pruned(..), Some(own)) = (ended, several.map(Link::own)) {
                // RFC7761-4.5.1-06: a PruneEcho names the router itself.
                self.owe((vif, own), branch, false);
            }
            self.settle(cx, facts, branch.group);
        }
        while let Some(group) = self.downstream_rpt.expire(cx.now) {
            self.settle(cx, facts, group);
        }
        while let Some(group) = self.flows.expire(cx.now) {
            self.settle(cx, facts, group);
        }
        self.expire_registers(cx, facts);
        self.expire_asserts(cx, facts);
        while let Some(flow) = self.upstream_rpt.expire(cx.now) {
            let any = Branch::any(flow.group);
            if self.upstream.is_joined(any)
                && let Some(to) = self.rpf_neighbour_rpt(facts, flow)
            {
                self.due.add(to, Entry::rpt(flow, true));
            }
        }
        while let Some((branch, to)) = self.upstream.expire(cx.now, self.params.join_prune_period) {
            self.owe(to, branch, true);
        }
        self.flush(cx);
    }
}
