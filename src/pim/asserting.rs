//! Asserts that come in, are sent, and end: what drives the machines (RFC 7761 sections 4.6.1 and 4.6.2).

use std::net::IpAddr;

use super::assert::{Event, Key, Send};
use super::assert_metric::Metric;
use super::join_prune::single;
use super::machine::Pim;
use super::{Branch, Cx, Facts, News, Say};
use crate::addr::{Family, Group, Source};
use crate::ignored::Ignored;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::wire::pim::{Assert, Message};

impl Pim {
    /// An Assert of a neighbour has come in.
    pub(super) fn assert(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        (vif, from): (Vif, IpAddr),
        message: &Assert,
    ) -> Result<(), Ignored> {
        let Assert { group, source, is_rpt, .. } = *message;
        let group = single(&group, self.family).ok_or(Ignored::Misaddressed(group.group))?;
        let source = match Source::new(source) {
            Some(source) if Family::of(source.addr()) == self.family => Some(source),
            _ if source.is_unspecified() => None,
            _ => return Err(Ignored::SourceNotUnicast(source)),
        };
        let heard = Event::Heard(from, Metric::heard(message, from));
        // RFC7761-4.6.2-01: an Assert that the machine of (S,G) takes is not one of (*,G), too.
        let is_taken = source.is_some_and(|source| {
            let key = (Branch::of(Flow { source, group }), vif);
            let had_no_info = self.asserts.has_no_info(key);
            self.turn_assert(cx, facts, key, heard, None);
            !had_no_info || !self.asserts.has_no_info(key)
        });
        if is_rpt && !is_taken {
            self.turn_assert(cx, facts, (Branch::any(group), vif), heard, source);
        }
        self.settle(cx, facts, group);
        Ok(())
    }

    /// Whether the flow goes out on the interface, or an Assert has said who forwards it there.
    pub(super) fn is_contested(&self, facts: &impl Facts, flow: Flow, came: Vif) -> bool {
        let branches = [Branch::of(flow), Branch::any(flow.group)];
        branches.into_iter().any(|branch| !self.asserts.has_no_info((branch, came)))
            || self.inherited_olist(facts, flow).contains(&came)
    }

    /// A datagram has come in on the wrong interface. If the flow goes out there, another router forwards it
    /// there, too (RFC7761-4.2-03).
    pub(super) fn meet(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, flow: Flow, came: Vif) {
        let (branch, is_out) = if self.comes_by_source(flow) {
            (Branch::of(flow), self.inherited_olist(facts, flow).contains(&came))
        } else {
            let is_out = self.inherited_olist_rpt(facts, flow).contains(&came);
            (Branch::any(flow.group), is_out)
        };
        if is_out {
            let cause = Some(flow.source);
            self.turn_assert(cx, facts, (branch, came), Event::Data, cause);
            self.settle(cx, facts, flow.group);
        }
    }

    /// A Join for the router itself has come in.
    pub(super) fn end_assert(&mut self, cx: &mut Cx<'_>, facts: &impl Facts, key: Key) {
        self.turn_assert(cx, facts, key, Event::Joined, None);
    }

    /// A neighbour has started again, and knows nothing of the Asserts that it has won.
    pub(super) fn restarted(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        (vif, from): (Vif, IpAddr),
    ) {
        for key in self.asserts.lost_to(vif, from) {
            self.turn_assert(cx, facts, key, Event::Restarted, None);
        }
    }

    /// Ends the Asserts of the group that count no more; returns whether there were any.
    pub(super) fn settle_asserts(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        group: Group,
    ) -> bool {
        let keys: Vec<Key> = self.asserts.of(group).collect();
        let mut is_changed = false;
        for key in keys {
            self.turn_assert(cx, facts, key, Event::Changed, None);
            is_changed |= self.asserts.has_no_info(key);
        }
        is_changed
    }

    /// Serves the Assert Timers that are due.
    pub(super) fn expire_asserts(&mut self, cx: &mut Cx<'_>, facts: &impl Facts) {
        while let Some(key) = self.asserts.expire(cx.now) {
            self.turn_assert(cx, facts, key, Event::Expired, None);
            self.settle(cx, facts, key.0.group);
        }
    }

    /// Lets a machine take an event, and sends what it wants. An Assert of (*,G) names the source that has
    /// caused it, or none.
    fn turn_assert(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        key: Key,
        event: Event,
        cause: Option<Source>,
    ) {
        let (branch, vif) = key;
        let view = self.assert_view(facts, branch, vif);
        let before = self.assert_winner_on(key);
        let send = self.asserts.take(cx.now, key, event, &view);
        let after = self.assert_winner_on(key);
        if before != after {
            let news = match after {
                Some(winner) => News::AssertWinner(branch, winner),
                None => News::NoAssertWinner(branch),
            };
            cx.say(Say::News(vif, news));
            self.come_by_winner(facts, branch, vif);
        }
        let (metric, source) = match send {
            None => return,
            Some(Send::Assert) => (self.route_metric(facts, branch, vif), branch.source.or(cause)),
            Some(Send::Cancel) => (Metric::infinite(), branch.source),
        };
        let zeros = self.family.all_addresses().addr();
        let source = source.map_or(zeros, Source::addr);
        let message = metric.message(branch.group.addr(), source);
        if let Some(link) = self.links.get_mut(&vif) {
            link.introduce(cx);
            cx.say(Say::Link(vif, Message::Assert(message)));
        }
    }

    /// After an Assert of (S,G) on the interface towards a source that is joined, the flow comes by its
    /// source (RFC 7761 section 4.6.1, action A6).
    fn come_by_winner(&mut self, facts: &impl Facts, branch: Branch, vif: Vif) {
        let is_lost = self.asserts.lost(branch, vif).is_some();
        if let Some(flow) = branch.flow()
            && is_lost
            && self.rpf_interface(facts, branch) == Some(vif)
            && self.upstream.is_joined(branch)
        {
            self.flows.set_spt(flow, true);
        }
    }

    /// The router that has won the Assert, which may be the router itself.
    fn assert_winner_on(&self, (branch, vif): Key) -> Option<IpAddr> {
        let own = || self.own(vif).filter(|_| self.asserts.is_won(branch, vif));
        self.asserts.lost(branch, vif).map(|lost| lost.to).or_else(own)
    }
}
