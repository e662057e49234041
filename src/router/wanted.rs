//! How a router forwards: the one tree that its cache follows.
//!
//! A static rule counts first, then PIM where it is spoken, and members with the route towards the source
//! otherwise. What was inherited from a router before this one is added to each of them, and what does not
//! pass the boundary of an interface is taken from all (RFC 2365 section 5).

use super::around::Around;
use super::link::Links;
use super::*;
use crate::mfc::cache::Counted;
use crate::mfc::entry::FlowCounters;

/// The threshold of the register interface, as of any other one unless configured.
const REGISTER_THRESHOLD: u8 = 1;

/// The tree of static rules, members, static joins, and of what was inherited: in by the rule, or else by
/// the route to the source; out wherever the rule says, and wherever there are receivers.
pub(super) struct Wanted<'a> {
    pub(super) links: &'a Links,
    pub(super) rib: &'a Rib,
    pub(super) inherited: &'a Inherited,
    pub(super) rules: &'a Rules,
    /// PIM, which then decides instead of the members alone.
    pub(super) pim: Option<&'a Pim>,
}

impl Tree for Wanted<'_> {
    fn entry(&self, flow: Flow, came: Option<Vif>) -> Option<Entry> {
        let Entry { iif, mut oifs } = self.unbounded(flow, came)?;
        let is_boundary =
            |vif: Vif| self.links.get(vif).is_some_and(|link| link.is_boundary(flow.group));
        let is_outside = is_boundary(iif);
        oifs.retain(|&vif, _| !is_outside && !is_boundary(vif));
        Some(Entry { iif, oifs })
    }
}

impl Wanted<'_> {
    /// How the flow would be forwarded without boundaries.
    fn unbounded(&self, flow: Flow, came: Option<Vif>) -> Option<Entry> {
        let is_up = |vif: Vif| self.links.get(vif).is_some_and(|link| link.up);
        let rule = self.rules.of(flow, came, is_up);
        let iif = match rule {
            Some(rule) if rule.to.is_empty() => {
                return Some(Entry { iif: way_in(rule, came, is_up), oifs: BTreeMap::new() });
            }
            Some(rule) => Some(way_in(rule, came, is_up)),
            None => None,
        };
        let (iif, mut oifs) = match (iif, self.pim) {
            (None, Some(pim)) => {
                let Self { links, rib, .. } = *self;
                let (iif, oifs) = pim.entry(&Around { links, rib }, flow, came)?;
                let registers = oifs.contains(&Vif::REGISTER);
                let mut oifs = self.links.with_thresholds(oifs);
                oifs.extend(registers.then_some((Vif::REGISTER, REGISTER_THRESHOLD)));
                (iif, oifs)
            }
            (None, None) => {
                let iif = self.links.incoming(self.rib, flow.source.addr())?;
                (iif, self.links.oifs(flow))
            }
            (Some(from), _) => (from, self.links.oifs(flow)),
        };
        let inherited = self.inherited.oifs(flow).filter_map(|vif| self.links.get(vif));
        let inherited = inherited.filter(|link| link.up);
        oifs.extend(inherited.map(|link| (link.vif, link.config.threshold)));
        oifs.remove(&iif); // never back to where it came from, unless a rule says so
        let ruled = rule.into_iter().flat_map(|rule| &rule.to);
        let ruled = ruled.filter_map(|&vif| self.links.get(vif)).filter(|link| link.up);
        oifs.extend(ruled.map(|link| (link.vif, link.config.threshold)));
        Some(Entry { iif, oifs })
    }
}

/// Where the flow of a rule comes in: where it came, if the rule has it come there, or else on the first
/// interface of the rule that is up.
fn way_in(rule: &Rule<Vif>, came: Option<Vif>, is_up: impl Fn(Vif) -> bool) -> Vif {
    let ways = || rule.incoming().copied().filter(|&vif| is_up(vif));
    let own = ways().find(|&vif| Some(vif) == came);
    own.or_else(|| ways().next()).unwrap_or(rule.from)
}

impl Router {
    /// The other incoming interface of the flow's rule, where it is up, and whether it is the preferred one.
    fn other_way(&self, flow: Flow) -> Option<(Vif, bool)> {
        let iif = self.cache.iif(flow)?;
        let rule = self.rule(flow, Some(iif)).filter(|rule| rule.standby.is_some())?;
        let is_up = |vif: Vif| self.links.get(vif).is_some_and(|link| link.up);
        let other = rule.incoming().copied().find(|&vif| vif != iif && is_up(vif))?;
        Some((other, other == rule.from))
    }

    /// Has the counters of flows with another way in read, from the first time that their entries were
    /// written.
    pub(super) fn look_at_ways(&mut self, now: Instant) {
        for flow in self.standby.take_noted() {
            if self.other_way(flow).is_some() {
                self.standby.watch(now, flow);
            }
        }
        while let Some(flow) = self.standby.pop_due(now) {
            match self.other_way(flow) {
                Some(_) => self.out.push_back(Output::Mfc(MfcOp::Count(flow))),
                None => self.standby.forget(flow),
            }
        }
    }

    /// Moves the flow to the other way in, if that is where it comes.
    fn change_way(&mut self, flow: Flow, counters: FlowCounters) {
        let Some((other, is_preferred)) = self.other_way(flow) else { return };
        if !self.standby.counted(flow, counters, is_preferred) {
            return;
        }
        let Self { links, rib, inherited, rules, pim, .. } = self;
        let tree = Wanted { links, rib, inherited, rules, pim: pim.as_ref() };
        let moved = self.cache.redirect(flow, other, &tree);
        self.set_all(moved.into_iter().collect());
    }

    /// The data plane has counted the datagrams of a flow: an idle one goes.
    pub(super) fn counted(&mut self, now: Instant, flow: Flow, counters: Option<FlowCounters>) {
        if let Some(counters) = counters {
            self.change_way(flow, counters);
        }
        match self.cache.counted(now, flow, counters) {
            Some(Counted::Came { iif, since }) => self.data(now, flow, iif, since),
            Some(Counted::Idle) => {
                self.tell(Event::Idle(flow));
                if counters.is_some() {
                    self.out.push_back(Output::Mfc(MfcOp::Delete(flow)));
                }
                self.no_data(flow);
            }
            None => {}
        }
    }
}
