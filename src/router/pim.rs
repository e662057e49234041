//! PIM on the links of the router: what it asks the rest of the router, and what it wants done.
//!
//! Members and static joins are its local receivers, and the routes of the router are its MRIB
//! (RFC 7761 section 2.2). PIM runs where both the router and the interface are configured for it,
//! and the interface has an address to speak from.

use std::net::IpAddr;

use super::link::Links;
use super::*;
use crate::addr::Source;
use crate::gmp::change::Filter;
use crate::pim::params::Params;
use crate::pim::{self, Branch, Facts};

/// What PIM may know of the router.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) links: &'a Links,
    pub(super) rib: &'a Rib,
}

impl Around<'_> {
    fn filter(&self, vif: Vif, group: Group) -> Option<&Filter> {
        let igmp = self.links.get(vif).filter(|link| link.up)?.igmp.as_ref()?;
        igmp.groups().get(&group).map(|membership| &membership.filter)
    }
}

impl Facts for Around<'_> {
    fn towards(&self, address: IpAddr) -> Option<NextHop> {
        self.rib.towards(address)
    }

    fn is_own(&self, address: IpAddr) -> bool {
        let all = self.links.0.values().flat_map(|link| &link.config.addresses);
        all.map(IpNet::addr).any(|own| own == address)
    }

    fn includes(&self, vif: Vif, Branch { group, source }: Branch) -> bool {
        let Some(link) = self.links.get(vif).filter(|link| link.up) else { return false };
        let joined = || {
            let mut joins = link.config.static_joins.iter();
            joins.any(|join| join.group == group && join.source == source)
        };
        let reported = match (self.filter(vif, group), source) {
            (Some(Filter::Include { wanted }), Some(source)) => wanted.contains(&source.addr()),
            (Some(Filter::Exclude { .. }), None) => true,
            _ => false,
        };
        reported || joined()
    }

    fn excludes(&self, vif: Vif, flow: Flow) -> bool {
        let filter = self.filter(vif, flow.group);
        matches!(filter, Some(Filter::Exclude { excluded, .. }) if excluded.contains(&flow.source.addr()))
    }

    fn sources(&self, group: Group) -> BTreeSet<Source> {
        let vifs = self.links.0.keys();
        let wanted = vifs.filter_map(|&vif| match self.filter(vif, group)? {
            Filter::Include { wanted } => Some(wanted),
            Filter::Exclude { .. } => None,
        });
        let reported = wanted.flatten().filter_map(|&source| Source::new(source));
        let joins = self.links.0.values().flat_map(|link| &link.config.static_joins);
        let joined = joins.filter(|join| join.group == group).filter_map(|join| join.source);
        reported.chain(joined).collect()
    }

    fn groups(&self) -> BTreeSet<Group> {
        let links = self.links.0.values();
        let reported = links.clone().filter_map(|link| link.igmp.as_ref());
        let reported = reported.flat_map(|igmp| igmp.groups().keys().copied());
        let joined = links.flat_map(|link| link.config.static_joins.iter().map(|join| join.group));
        reported.chain(joined).filter(|group| !group.is_link_local()).collect()
    }
}

impl Router {
    /// Calls PIM, if the router speaks it, and does what it wants done.
    fn with_pim<T>(
        &mut self,
        now: Instant,
        call: impl FnOnce(&mut Pim, &mut pim::Cx<'_>, &Around<'_>) -> T,
    ) -> Option<T> {
        let Self { pim, links, rib, rng, .. } = self;
        let mut said = VecDeque::new();
        let mut cx = pim::Cx { now, rng, out: &mut said };
        let result = call(pim.as_mut()?, &mut cx, &Around { links, rib });
        self.act_on_pim(said);
        Some(result)
    }

    fn act_on_pim(&mut self, said: VecDeque<pim::Say>) {
        let mut changed = BTreeSet::new();
        for say in said {
            match say {
                pim::Say::Link(vif, message) => self.transmit_pim(vif, &message),
                pim::Say::News(vif, news) => self.tell(Event::Pim(vif, news)),
                pim::Say::Changed(group) => _ = changed.insert(group),
            }
        }
        changed.into_iter().for_each(|group| self.refresh(group));
    }

    fn transmit_pim(&mut self, vif: Vif, message: &crate::wire::pim::Message) {
        // A link that has just been stopped still says goodbye.
        let own = self.interface(vif).and_then(|config| config.address(self.family));
        let Some(own) = own else { return };
        match pim::encode(own, message) {
            Ok(packet) => self.out.push_back(Output::Send { by: Way::Link(vif), packet }),
            Err(why) => self.tell(Event::Refused(why.to_string())),
        }
    }

    /// Starts PIM on a link, if it is configured and the link has an address.
    pub(super) fn start_pim(&mut self, now: Instant, vif: Vif) {
        let Some(config) = self.interface(vif) else { return };
        let (Some(params), Some(own)) = (config.pim.clone(), config.address(self.family)) else {
            return;
        };
        let others = config.addresses.iter().map(IpNet::addr);
        let others = others.filter(|&other| other != own && Family::of(other) == self.family);
        let others = others.collect();
        self.with_pim(now, |pim, cx, _| pim.start_link(cx, vif, params, own, others));
        self.listen_anew(vif);
    }

    /// Stops PIM on a link.
    pub(super) fn stop_pim(&mut self, now: Instant, vif: Vif) {
        let is_up = self.links.get(vif).is_some_and(|link| link.up);
        self.with_pim(now, |pim, cx, facts| pim.stop_link(cx, facts, vif, is_up));
    }

    /// Takes other parameters of PIM, and starts or stops it.
    pub(super) fn take_pim(&mut self, now: Instant, params: Option<Params>) {
        match (params, &mut self.pim) {
            (Some(params), Some(pim)) => pim.params = params,
            (Some(params), None) => self.pim = Some(Pim::new(self.family, params)),
            (None, _) => {
                self.vifs().into_iter().for_each(|vif| self.stop_pim(now, vif));
                self.pim = None;
            }
        }
        for vif in self.vifs() {
            let Some(link) = self.links.get(vif) else { continue };
            let runs = self.pim.as_ref().is_some_and(|pim| pim.own(vif).is_some());
            match (runs, link.up, &link.config.pim) {
                (false, true, Some(_)) => self.start_pim(now, vif),
                (true, _, None) => self.stop_pim(now, vif),
                _ => {}
            }
        }
    }

    pub(super) fn pim_message(&mut self, now: Instant, vif: Vif, packet: &Packet<'_>) {
        let taken = self.with_pim(now, |pim, cx, facts| pim.receive(cx, facts, vif, packet));
        if let Some(Err(why)) = taken {
            self.ignore_on(vif, why);
        }
    }

    pub(super) fn expire_pim(&mut self, now: Instant) {
        if self.pim.as_ref().and_then(Pim::deadline).is_some_and(|due| due <= now) {
            self.with_pim(now, |pim, cx, facts| pim.expire(cx, facts));
        }
    }

    /// The members of a group on some link have changed.
    pub(super) fn members_changed(&mut self, now: Instant, group: Group) {
        self.with_pim(now, |pim, cx, facts| pim.refresh(cx, facts, group));
    }

    /// Links, routes or static joins have changed.
    pub(super) fn routes_changed(&mut self, now: Instant) {
        self.with_pim(now, |pim, cx, facts| pim.refresh_all(cx, facts));
    }
}
