//! A router: group management on its links, and the forwarding that follows from it.
//!
//! A plain value with one function for input and one for output. `handle` takes an input and the
//! time, `poll` returns the next output, `deadline` the time of the next call. A router never
//! fails: input that it cannot use becomes an [`Event::Ignored`].

mod around;
pub mod config;
mod configure;
mod discovery;
mod door;
mod forwarding;
mod inherit;
mod lens;
mod link;
mod pim;
mod proxy;
pub mod show;
mod upstream;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ipnet::IpNet;

use crate::addr::{Family, Group};
use crate::event::Event;
use crate::fixed::standby::Standby;
use crate::fixed::{Rule, Rules};
use crate::gmp::interface::Interface;
use crate::gmp::message::{Message, Query, Version};
use crate::gmp::{Cx, News, Say};
use crate::ignored::Ignored;
use crate::mfc::cache::{Cache, Full, MfcOp};
use crate::mfc::entry::{Flow, MfcEntry};
use crate::mfc::tree::{Entry, Tree};
use crate::mfc::upcall::{Upcall, UpcallKind};
use crate::mfc::vif::{Vif, VifKind};
use crate::mrd::{self, Advertiser};
use crate::pim::Pim;
use crate::rib::{NextHop, Rib};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::ip::Packet;
use crate::wire::pim::PIM;
use config::{Config, ConfigError, InterfaceConfig};
pub use door::{Input, Output, Refusal, Way};
use inherit::Inherited;
use link::{Link, Links};
use wanted::Wanted;

/// The state of a router of one address family.
#[derive(Clone, Debug)]
pub struct Router {
    family: Family,
    links: Links,
    /// Configured routes, whether or not their interfaces are up.
    routes: Vec<(IpNet, NextHop)>,
    rib: Rib,
    cache: Cache,
    inherited: Inherited,
    rules: Rules,
    /// The flows whose rules have another way in.
    standby: Standby,
    /// PIM, where the router speaks it.
    pim: Option<Pim>,
    rng: Rng,
    out: VecDeque<Output>,
}

impl Router {
    /// Enters service at `now`: its interfaces are added and the first Queries are sent.
    ///
    /// # Errors
    /// The first error of the configuration.
    pub fn new(config: Config, now: Instant, rng: Rng) -> Result<Self, ConfigError> {
        config.check()?;
        config.check_addresses()?;
        let Config { family, interfaces, routes, rules, keepalive, max_flows, pim } = config;
        let links = (0..).map_while(Vif::new).zip(interfaces);
        let mut router = Self {
            family,
            links: Links(links.map(|(vif, config)| (vif, Link::new(vif, config))).collect()),
            routes: Vec::new(),
            rib: Rib::default(),
            cache: Cache::new(keepalive, max_flows),
            inherited: Inherited::default(),
            rules: Rules::default(),
            standby: Standby::default(),
            pim: pim.map(|params| Pim::new(family, params, keepalive)),
            rng,
            out: VecDeque::new(),
        };
        router.take_routes(&routes);
        router.take_rules(&rules);
        router.vifs().into_iter().for_each(|vif| router.add_vif(vif));
        router.add_register_vif();
        router.vifs().into_iter().for_each(|vif| router.start_igmp(now, vif));
        router.vifs().into_iter().for_each(|vif| router.follow_pim(now, vif));
        router.vifs().into_iter().for_each(|vif| router.take_discovery(now, vif));
        router.refresh_all(now);
        router.look_at_ways(now);
        Ok(router)
    }

    /// The numbers of the interfaces.
    fn vifs(&self) -> Vec<Vif> {
        self.links.0.keys().copied().collect()
    }

    /// The number of the interface with this name.
    #[must_use]
    pub fn vif(&self, name: &str) -> Option<Vif> {
        self.links.named(name)
    }

    /// Every interface with its configuration, and whether it is up.
    pub fn interfaces(&self) -> impl Iterator<Item = (Vif, &InterfaceConfig, bool)> {
        self.links.0.values().map(|link| (link.vif, &link.config, link.up))
    }

    /// The name and the configuration of an interface.
    #[must_use]
    pub fn interface(&self, vif: Vif) -> Option<&InterfaceConfig> {
        self.links.get(vif).map(|link| &link.config)
    }

    /// Group management on an interface; `None` if it is off there, or has no address to speak from.
    #[must_use]
    pub fn igmp(&self, vif: Vif) -> Option<&Interface> {
        self.links.get(vif)?.speaking()
    }

    /// Takes one input. Drain [`Router::poll`] after it.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Packet { vif, packet } => self.packet(now, vif, &packet),
            Input::Malformed { vif, why } => self.ignore_on(vif, why.into()),
            Input::WholePacket { upcall, datagram } if self.pim.is_some() => {
                self.whole_packet(now, upcall, datagram);
            }
            // Without PIM no machine takes the datagram.
            Input::WholePacket { upcall, .. } | Input::Upcall(upcall) => self.upcall(now, upcall),
            Input::Counted(flow, counters) => self.counted(now, flow, counters),
            Input::Refused(refusal) => self.refused(now, refusal),
            Input::Configure(config) => self.configure(now, config),
            Input::Rules { of, rules } => self.change_rules(now, &of, &rules),
            Input::Inherit { numbers, entries } => self.inherit(now, numbers, entries),
            Input::Settle => self.settle(),
            Input::Link { vif, up, addresses } => self.link_is(now, vif, up, addresses),
            Input::Routes(changes) => {
                changes.into_iter().for_each(|change| self.rib.change(change));
                self.refresh_all(now);
            }
            Input::Flush => {
                self.forget_flows(|_| true);
                self.refresh_all(now);
            }
            Input::FlushLearned => {
                let configured = self.configured();
                self.forget_flows(|entry| !configured.contains(&entry.flow));
            }
            // RFC 4286 section 5.1
            Input::End => {
                for vif in self.vifs() {
                    self.stop_discovery(vif);
                    self.stop_pim(now, vif); // RFC7761-4.3.1-11
                }
            }
            Input::Tick => {}
        }
        self.expire(now);
    }

    /// The next output; `None` when there are no more.
    #[must_use]
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Router::handle`] must be called with [`Input::Tick`], at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let links = self.links.0.values().filter_map(Link::deadline);
        let cache = self.cache.deadline().map(|deadline| deadline.at);
        let pim = self.pim.as_ref().and_then(Pim::deadline);
        let discovery = self.links.0.values().filter_map(|link| link.advertiser.as_ref());
        let own = [self.inherited.deadline(), self.standby.deadline()].into_iter().flatten();
        links.chain(cache).chain(discovery.map(Advertiser::deadline)).chain(own).chain(pim).min()
    }

    /// Hands the packet to the machine of its protocol.
    fn packet(&mut self, now: Instant, vif: Vif, packet: &Packet<'_>) {
        let header = &packet.header;
        if let Some(&other) = [&header.source, &header.destination]
            .into_iter()
            .find(|a| Family::of(**a) != self.family)
        {
            return self.ignore_on(vif, Ignored::OtherFamily(other));
        }
        match header.protocol {
            _ if mrd::is_message(packet) => self.discovery_message(now, vif, packet),
            gmp if gmp == self.family.gmp_protocol() => self.group_management(now, vif, packet),
            PIM if self.pim.is_some() => self.pim_message(now, vif, packet),
            other => self.ignore_on(vif, Ignored::UnknownProtocol(other)),
        }
    }

    fn group_management(&mut self, now: Instant, vif: Vif, packet: &Packet<'_>) {
        let link = self.links.0.get_mut(&vif);
        if link.as_ref().is_some_and(|link| link.upstream.is_some()) {
            return self.hear_upstream(now, vif, packet);
        }
        let Some(Link { igmp: Some(interface), config, .. }) = link else {
            return self.ignore_on(vif, Ignored::ProtocolOff(packet.header.protocol));
        };
        let mut said = VecDeque::new();
        let mut cx = Cx { now, rng: &mut self.rng, out: &mut said };
        let result = lens::receive(self.family, interface, &mut cx, &config.addresses, packet);
        self.act_on(now, vif, said);
        if let Err(why) = result {
            self.tell(Event::Ignored(vif, why));
        }
    }

    /// Reports that a packet on an interface was ignored.
    fn ignore_on(&mut self, vif: Vif, why: Ignored) {
        let exists = self.interface(vif).is_some();
        self.tell(Event::Ignored(vif, if exists { why } else { Ignored::NoSuchInterface }));
    }

    fn upcall(&mut self, now: Instant, upcall: Upcall) {
        self.tell(Event::Upcall(upcall));
        let Upcall { kind, vif, flow } = upcall;
        let is_register = vif == Vif::REGISTER && self.pim.is_some();
        if self.interface(vif).is_none() && !is_register {
            return self.tell(Event::Ignored(vif, Ignored::NoSuchInterface));
        }
        if flow.group.is_link_local() {
            return self.tell(Event::Ignored(vif, Ignored::LinkLocalGroup)); // RFC1112-7.2-05
        }
        match kind {
            UpcallKind::NoCache => {
                if self.cache.has_room(vif) {
                    self.data(now, flow, vif, now);
                }
                self.resolve(now, vif, flow);
            }
            // The kernel has dropped the datagram, but PIM may switch to another tree for it.
            UpcallKind::WrongVif => self.data(now, flow, vif, now),
            UpcallKind::WholePacket => {}
        }
    }

    fn resolve(&mut self, now: Instant, vif: Vif, flow: Flow) {
        if self.wanted().entry(flow, Some(vif)).is_none() {
            self.tell(Event::NoRoute(flow));
        }
        let Self { links, rib, inherited, rules, pim, .. } = self;
        let tree = Wanted { links, rib, inherited, rules, pim: pim.as_ref() };
        match self.cache.resolve(now, flow, vif, &tree) {
            Ok(entry) => self.set_all(vec![entry]),
            Err(Full { most }) => {
                let Flow { source: from, group } = flow;
                self.tell(Event::Ignored(vif, Ignored::TooManyFlows { from, group, most }));
            }
        }
    }

    fn refused(&mut self, now: Instant, refusal: Refusal) {
        if let Output::Send { by: Way::Link(vif), packet } = &refusal.output
            && let Some(link) = self.links.0.get_mut(vif)
        {
            if packet.header.protocol == PIM {
                self.pim_send_failed(now, *vif);
            } else if let Some(upstream) = &mut link.upstream {
                upstream.send_failed(now);
            } else if let Some(igmp) = &mut link.igmp
                && packet.header.destination == self.family.all_hosts().addr()
            {
                igmp.general_query_failed(now);
            }
        }
        let flow = match &refusal.output {
            Output::Mfc(MfcOp::Set(entry)) => Some(entry.flow),
            Output::Mfc(MfcOp::Count(flow)) => Some(*flow),
            _ => None,
        };
        // The cache must not contain an entry that the kernel does not have. An older entry in the
        // kernel must go, or the kernel forwards by it and never makes an upcall.
        if let Some(flow) = flow.filter(|&flow| self.cache.forget(flow)) {
            self.out.push_back(Output::Mfc(MfcOp::Delete(flow)));
            self.no_data(flow);
        }
        self.tell(Event::Refused(refusal.why));
    }

    fn expire(&mut self, now: Instant) {
        for vif in self.links.due(now) {
            let mut said = VecDeque::new();
            if let Some(igmp) = self.links.0.get_mut(&vif).and_then(|link| link.igmp.as_mut()) {
                igmp.expire(&mut Cx { now, rng: &mut self.rng, out: &mut said });
            }
            self.act_on(now, vif, said);
            self.serve_upstream(now, vif);
        }
        self.expire_pim(now);
        self.expire_discovery(now);
        if self.inherited.expire(now) {
            self.refresh_all(now);
        }
        self.look_at_ways(now);
        let mut ops = VecDeque::new();
        self.cache.expire(now, &mut ops);
        self.out.extend(ops.into_iter().map(Output::Mfc));
    }

    /// Acts on the outputs of group management on a link.
    fn act_on(&mut self, now: Instant, vif: Vif, said: VecDeque<Say>) {
        for say in said {
            match say {
                Say::Query(query) => self.transmit_query(vif, query),
                Say::News(news) => {
                    let changed = match news {
                        News::NoMembers(group) => {
                            self.inherited.forget(vif, Some(group));
                            Some(group)
                        }
                        News::MembersPresent(group) | News::SourcesChanged(group, _) => {
                            let links = &self.links;
                            self.inherited.claim(group, |flow, vif| links.want(flow, vif));
                            Some(group)
                        }
                        _ => None,
                    };
                    let is_role = matches!(news, News::Querier(_));
                    self.tell(Event::Gmp(vif, news));
                    if let Some(group) = changed {
                        self.report_members(now, vif, group);
                        self.members_changed(now, group);
                        self.refresh(group);
                    } else if is_role && self.links.upstream().is_some() {
                        self.refresh_all(now); // RFC4605-4.2-01
                    }
                }
            }
        }
    }

    fn transmit_query(&mut self, vif: Vif, query: Query) {
        let Some(own) = self.igmp(vif).map(Interface::own) else { return };
        match lens::encode(self.family, own, &Message::Query(query)) {
            Ok(packet) => self.out.push_back(Output::Send { by: Way::Link(vif), packet }),
            Err(why) => self.tell(Event::Refused(why.to_string())),
        }
    }

    fn tell(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }
}
