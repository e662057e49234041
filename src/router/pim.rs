//! PIM on the links of the router: where it starts and stops, and what it wants done.
//!
//! PIM runs where both the router and the interface are configured for it, and the interface has an
//! address to speak from.

use std::time::Duration;

use super::around::Around;
use super::*;
use crate::pim;
use crate::pim::params::Params;
use crate::wire::Unencodable;
use crate::wire::ip::Datagram;
use crate::wire::pim::Message;

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
                pim::Say::Route { from, to, class, message } => {
                    self.send_pim(Way::Route, pim::encode_to(from, to, class, &message));
                }
                pim::Say::News(vif, news) => self.tell(Event::Pim(vif, news)),
                pim::Say::Changed(group) => _ = changed.insert(group),
            }
        }
        changed.into_iter().for_each(|group| self.refresh(group));
    }

    fn transmit_pim(&mut self, vif: Vif, message: &Message) {
        // A link that has just been stopped still says goodbye.
        let own = self.interface(vif).and_then(|config| config.address(self.family));
        let Some(own) = own else { return };
        self.send_pim(Way::Link(vif), pim::encode(own, message));
    }

    fn send_pim(&mut self, by: Way, packet: Result<Datagram, Unencodable>) {
        match packet {
            Ok(packet) => self.out.push_back(Output::Send { by, packet }),
            Err(why) => self.tell(Event::Refused(why.to_string())),
        }
    }

    /// Adds the register interface, if the router speaks PIM.
    pub(super) fn add_register_vif(&mut self) {
        if self.pim.is_some() {
            let (vif, kind) = (Vif::REGISTER, VifKind::Register);
            self.out.push_back(Output::AddVif { vif, kind, threshold: 1 });
        }
    }

    /// Lets PIM on a link that is up follow the link's configuration and addresses: it starts where it is
    /// configured and the link has an address, and with another address it is another router.
    pub(super) fn follow_pim(&mut self, now: Instant, vif: Vif) {
        let Some(config) = self.interface(vif) else { return };
        let before = self.pim.as_ref().and_then(|pim| pim.own(vif));
        let wanted = config.pim.clone().zip(config.address(self.family));
        let Some((params, own)) = wanted else {
            if before.is_some() {
                self.stop_pim(now, vif);
            }
            return;
        };
        let others = config.addresses.iter().map(IpNet::addr);
        let others = others.filter(|&other| other != own && Family::of(other) == self.family);
        let others = others.collect();
        if before == Some(own) {
            self.with_pim(now, |pim, cx, facts| pim.change_link(cx, facts, vif, params, others));
            return;
        }
        self.stop_pim(now, vif);
        self.with_pim(now, |pim, cx, _| pim.start_link(cx, vif, params, own, others));
        self.listen_anew(vif);
    }

    /// Stops PIM on a link.
    pub(super) fn stop_pim(&mut self, now: Instant, vif: Vif) {
        let own = self.pim.as_ref().and_then(|pim| pim.own(vif));
        let has = |link: &Link| link.config.addresses.iter().any(|net| Some(net.addr()) == own);
        let can_speak = self.links.get(vif).is_some_and(|link| link.up && has(link));
        self.with_pim(now, |pim, cx, facts| pim.stop_link(cx, facts, vif, can_speak));
    }

    /// A message to the PIM routers of a link could not be sent.
    pub(super) fn pim_send_failed(&mut self, now: Instant, vif: Vif) {
        if let Some(pim) = &mut self.pim {
            pim.send_failed(now, vif);
        }
    }

    /// Takes other parameters of PIM, or stops it; its links follow by [`Self::follow_pim`].
    pub(super) fn take_pim(&mut self, now: Instant, params: Option<Params>, keepalive: Duration) {
        match (params, &mut self.pim) {
            (Some(params), Some(pim)) => (pim.params, pim.keepalive) = (params, keepalive),
            (Some(params), None) => {
                self.pim = Some(Pim::new(self.family, params, keepalive));
                self.add_register_vif();
            }
            (None, None) => {}
            (None, Some(_)) => {
                self.vifs().into_iter().for_each(|vif| self.stop_pim(now, vif));
                self.pim = None;
                self.forget_flows(|entry| entry.iif == Vif::REGISTER);
                self.out.push_back(Output::DelVif(Vif::REGISTER));
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

    /// Datagrams of the flow came in on the interface, since that time. What does not pass a boundary there
    /// has not come.
    pub(super) fn data(&mut self, now: Instant, flow: Flow, came: Vif, since: Instant) {
        if self.links.get(came).is_some_and(|link| link.is_boundary(flow.group)) {
            return;
        }
        self.with_pim(now, |pim, cx, facts| pim.data(cx, facts, flow, came, since));
    }

    /// Datagrams of the flow come no more.
    pub(super) fn no_data(&mut self, flow: Flow) {
        if let Some(pim) = &mut self.pim {
            pim.idle(flow);
        }
    }

    /// A datagram goes out of the register interface.
    pub(super) fn whole_packet(&mut self, now: Instant, upcall: Upcall, datagram: &[u8]) {
        let flow = upcall.flow;
        self.with_pim(now, |pim, cx, facts| pim.encapsulate(cx, facts, flow, datagram));
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
