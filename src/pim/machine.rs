//! All machines of PIM on one router: what comes in, what is due, and what follows for a group.
//!
//! After each input the branches of the groups concerned are settled: JoinDesired and RPF' are computed
//! from the state as it is now, so that the order of causes does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::downstream::{Downstream, Ended};
use super::join_prune::{self, Due};
use super::link::{Heard, Link};
use super::params::{LinkParams, Params};
use super::upstream::{Send, Upstream};
use super::{Branch, Cx, Facts, News, Say, packet};
use crate::addr::{Family, Group};
use crate::ignored::Ignored;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::time::Instant;
use crate::wire::ip::Packet;
use crate::wire::pim::{JoinPrune, Message};

/// PIM on a router of one family.
#[derive(Clone, Debug)]
pub struct Pim {
    family: Family,
    /// The parameters of the router.
    pub params: Params,
    pub(super) links: BTreeMap<Vif, Link>,
    pub(super) downstream: Downstream,
    upstream: Upstream,
    due: Due,
}

impl Pim {
    /// PIM on no link yet.
    #[must_use]
    pub fn new(family: Family, params: Params) -> Self {
        Self {
            family,
            params,
            links: BTreeMap::new(),
            downstream: Downstream::default(),
            upstream: Upstream::default(),
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

    /// Stops on a link; says goodbye if the link can still carry it.
    pub fn stop_link(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, vif: Vif, is_up: bool) {
        let Some(link) = self.links.remove(&vif) else { return };
        if is_up {
            link.leave(cx);
        }
        self.downstream.forget_link(vif);
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
        let from = packet.header.source;
        let Some(link) = self.links.get_mut(&vif) else {
            return Err(Ignored::ProtocolOff(packet.header.protocol));
        };
        if link.is_own(from) || facts.is_own(from) {
            return Err(Ignored::Own);
        }
        match packet::read(packet)? {
            Message::Hello(hello) => {
                let heard = link.hear(cx, from, &hello);
                self.heard(cx, facts, vif, from, heard);
            }
            // RFC7761-4.5-01
            _ if !link.knows(from) => return Err(Ignored::NoNeighbour(from)),
            Message::JoinPrune(message) => self.join_prune(cx, facts, vif, &message),
            other => return Err(Ignored::NotSpokenHere(other.kind())),
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
        for entry in join_prune::entries(message, self.family) {
            let branch = entry.branch;
            if is_for_me {
                // RFC7761-4.5.1-01: a Prune counts whatever RP it names.
                if entry.is_join && branch.source.is_none() && entry.rp != self.rp(branch.group) {
                    continue;
                }
                self.take(cx, vif, branch, entry.is_join, holdtime);
                groups.insert(branch.group);
            } else {
                // RFC7761-4.5.1-03
                self.overhear(cx, (vif, message.upstream), &entry, holdtime);
            }
        }
        groups.into_iter().for_each(|group| self.settle(cx, facts, group));
    }

    /// An entry for the router itself.
    fn take(
        &mut self,
        cx: &mut Cx<'_>,
        vif: Vif,
        branch: Branch,
        is_join: bool,
        holdtime: Option<Duration>,
    ) {
        let Some(link) = self.links.get(&vif) else { return };
        if is_join {
            if self.downstream.join(cx.now, branch, vif, holdtime) {
                cx.say(Say::News(vif, News::Joined(branch)));
            }
        } else {
            let waits = link.has_several().then(|| link.override_delay());
            if self.downstream.prune(cx.now, branch, vif, waits) {
                cx.say(Say::News(vif, News::NotJoined(branch)));
            }
        }
    }

    /// An entry for another router of the link, to which the own Joins may go, too.
    fn overhear(
        &mut self,
        cx: &mut Cx<'_>,
        (vif, upstream): (Vif, IpAddr),
        entry: &join_prune::Entry,
        holdtime: Option<Duration>,
    ) {
        let Some(link) = self.links.get(&vif) else { return };
        let Some(to) = link.neighbour_with(upstream).map(|upstream| (vif, upstream)) else {
            return;
        };
        if !entry.is_join {
            // RFC7761-4.5.4-03; RFC7761-4.5.5-02: a Prune of the group may end its sources, too.
            let mut concerned = vec![entry.branch];
            if entry.branch.source.is_none() {
                concerned.extend(self.upstream.branches(entry.branch.group));
            }
            for branch in concerned {
                let by = cx.now + link.until_override(cx);
                self.upstream.hurry(branch, to, by);
            }
        } else if let Some(suppressed) = link.suppression(cx, self.params.join_prune_period) {
            // RFC7761-4.5.4-02
            let until = cx.now + holdtime.map_or(suppressed, |hold| hold.min(suppressed));
            self.upstream.suppress(entry.branch, to, until);
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

    fn settle_all(&mut self, cx: &mut Cx<'_>, facts: &impl Facts) {
        let mut groups = facts.groups();
        groups.extend(self.upstream.groups());
        groups.extend(self.downstream.groups());
        groups.into_iter().for_each(|group| self.settle(cx, facts, group));
    }

    /// Lets the branches of a group follow what is wanted of them.
    fn settle(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, group: Group) {
        if group.is_link_local() {
            return;
        }
        let mut branches = self.downstream.branches(group);
        branches.extend(self.upstream.branches(group));
        branches.extend(
            facts.sources(group).into_iter().map(|source| Branch::of(Flow { source, group })),
        );
        branches.insert(Branch::any(group));
        for branch in branches {
            let desired = self.join_desired(facts, branch);
            let towards = self.rpf_neighbour(facts, branch);
            let period = self.params.join_prune_period;
            for Send { to, is_join } in
                self.upstream.settle(cx.now, branch, desired, towards, period)
            {
                self.owe(to, branch, is_join);
            }
        }
        cx.say(Say::Changed(group));
    }

    /// Has an entry sent with the next message to the neighbour.
    fn owe(&mut self, to: (Vif, IpAddr), branch: Branch, is_join: bool) {
        let rp = self.rp(branch.group);
        self.due.add(to, join_prune::Entry { branch, rp, is_join });
    }

    /// Sends what is due, each after a Hello if the neighbour may not know the router yet.
    fn flush(&mut self, cx: &mut Cx<'_>) {
        for (vif, message) in self.due.take(self.params.join_prune_holdtime()) {
            if let Some(link) = self.links.get_mut(&vif) {
                link.introduce(cx);
                cx.say(Say::Link(vif, message));
            }
        }
    }

    /// When [`Pim::expire`] is to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let links = self.links.values().filter_map(Link::deadline);
        let others = [self.downstream.deadline(), self.upstream.deadline()];
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
        while let Some((branch, to)) = self.upstream.expire(cx.now, self.params.join_prune_period) {
            self.owe(to, branch, true);
        }
        self.flush(cx);
    }

    /// How the flow is forwarded: the interface that it comes in on, and those that it goes out on.
    /// `None` if no route says where it comes in.
    #[must_use]
    pub fn entry(&self, facts: &impl Facts, flow: Flow) -> Option<(Vif, BTreeSet<Vif>)> {
        let rp = self.rp(flow.group).filter(|_| self.comes_from_rp(facts, flow));
        let (root, mut oifs) = match rp {
            Some(rp) => (rp, self.inherited_olist_rpt(facts, flow)),
            None => (flow.source.addr(), self.inherited_olist(facts, flow)),
        };
        let iif = facts.towards(root)?.vif;
        oifs.remove(&iif); // RFC7761-4.2-02
        Some((iif, oifs))
    }
}
