//! A router: group management on its links, and the forwarding that follows from it.
//!
//! A plain value with one door in and one door out. `handle` takes an input and the time, `poll`
//! gives what is to be done, `deadline` says when to call again. It never fails: what it cannot use
//! becomes an [`Event::Ignored`].

pub mod config;
mod configure;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::addr::Group;
use crate::event::{Event, Ignored};
use crate::gmp::interface::Interface;
use crate::gmp::message::{Message, Query};
use crate::gmp::{Cx, News, Say};
use crate::igmp;
use crate::mfc::cache::{Cache, Interest, MfcOp};
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry};
use crate::mfc::rpf::Routes;
use crate::mfc::upcall::{Upcall, UpcallKind};
use crate::mfc::vif::Vif;
use crate::time::Instant;
use config::{Config, ConfigError, InterfaceConfig};

/// Everything that can happen to a router.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A whole IPv4 packet came in on the interface.
    Packet {
        /// The interface.
        vif: Vif,
        /// The packet, from its IP header on.
        bytes: &'a [u8],
    },
    /// The data plane cannot decide alone.
    Upcall(Upcall),
    /// The answer to [`MfcOp::Count`]; `None` if there is no such entry.
    Counted(Flow, Option<FlowCounters>),
    /// The data plane would not do it.
    Refused(Refusal),
    /// Another configuration for the same interfaces, as a whole.
    Configure(Config),
    /// Time has passed.
    Tick,
}

/// Everything that a router wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this IPv4 packet out of the interface.
    Transmit {
        /// The interface.
        vif: Vif,
        /// The packet, from its IP header on.
        bytes: Vec<u8>,
    },
    /// Add the interface, with its TTL threshold, to multicast routing (`MRT_ADD_VIF`).
    AddVif(Vif, u8),
    /// Receive what is sent to this group on the interface.
    Listen(Vif, Group),
    /// Change the forwarding cache, or read it.
    Mfc(MfcOp),
    /// For whoever keeps the log.
    Event(Event),
}

/// An output that the data plane would not carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The output.
    pub output: Output,
    /// The data plane's reason.
    pub why: String,
}

/// The state of a router.
#[derive(Clone, Debug)]
pub struct Router {
    links: Links,
    cache: Cache,
    out: VecDeque<Output>,
}

/// The links, in the order of their [`Vif`] numbers.
#[derive(Clone, Debug)]
struct Links(Vec<Link>);

#[derive(Clone, Debug)]
struct Link {
    vif: Vif,
    config: InterfaceConfig,
    igmp: Option<Interface>,
    /// Whether the data plane was told to listen.
    listens: bool,
}

impl Interest for Links {
    /// A flow is wanted where it has members or is joined statically.
    fn oifs(&self, flow: Flow) -> BTreeMap<Vif, u8> {
        self.0
            .iter()
            .filter(|link| link.wants(flow))
            .map(|link| (link.vif, link.config.threshold))
            .collect()
    }
}

impl Link {
    fn wants(&self, flow: Flow) -> bool {
        let members = self.igmp.as_ref().is_some_and(|igmp| igmp.wants(flow.source, flow.group));
        let joined = || self.config.static_joins.iter().any(|j| j.covers(flow.source, flow.group));
        members || joined()
    }
}

impl Router {
    /// Enters service at `now`: its interfaces are added and the first Queries go out.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(config: Config, now: Instant) -> Result<Self, ConfigError> {
        config.check()?;
        let cache = Cache::new(configure::routes(&config), config.keepalive);
        let links = config.interfaces.into_iter().enumerate().filter_map(|(n, config)| {
            Some(Link { vif: Vif::new(n)?, config, igmp: None, listens: false })
        });
        let links = Links(links.collect());
        let mut router = Self { links, cache, out: VecDeque::new() };
        router.enter_service(now);
        Ok(router)
    }

    fn enter_service(&mut self, now: Instant) {
        for link in &self.links.0 {
            self.out.push_back(Output::AddVif(link.vif, link.config.threshold));
        }
        for n in 0..self.links.0.len() {
            self.start_igmp(now, n);
        }
    }

    fn start_igmp(&mut self, now: Instant, n: usize) {
        let link = &mut self.links.0[n];
        let (Some(params), Some(own)) = (&link.config.igmp, link.config.address_v4()) else {
            return;
        };
        let all_routers = Group::new(igmp::ALL_ROUTERS.into()).filter(|_| !link.listens);
        link.listens = true;
        self.out.extend(all_routers.map(|group| Output::Listen(link.vif, group)));
        let mut said = VecDeque::new();
        let mut cx = Cx { now, out: &mut said };
        link.igmp = Some(Interface::start(&mut cx, params.clone(), IpAddr::V4(own)));
        let vif = link.vif;
        self.act_on(vif, said);
    }

    /// The name and the configuration of an interface.
    #[must_use]
    pub fn interface(&self, vif: Vif) -> Option<&InterfaceConfig> {
        self.links.0.get(vif.index()).map(|link| &link.config)
    }

    /// Group management on an interface, if it is on there.
    #[must_use]
    pub fn igmp(&self, vif: Vif) -> Option<&Interface> {
        self.links.0.get(vif.index())?.igmp.as_ref()
    }

    /// Takes one input. Drain [`Router::poll`] after it.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Packet { vif, bytes } => self.packet(now, vif, bytes),
            Input::Upcall(upcall) => self.upcall(now, upcall),
            Input::Counted(flow, counters) => {
                if self.cache.counted(now, flow, counters) {
                    self.tell(Event::Idle(flow));
                    if counters.is_some() {
                        self.out.push_back(Output::Mfc(MfcOp::Delete(flow)));
                    }
                }
            }
            Input::Refused(refusal) => self.refused(refusal),
            Input::Configure(config) => self.configure(now, config),
            Input::Tick => {}
        }
        self.expire(now);
    }

    /// What is to be done next, until there is nothing left.
    #[must_use]
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to call [`Router::handle`] with a [`Input::Tick`], at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let igmp = self.links.0.iter().filter_map(|link| Some(link.igmp.as_ref()?.deadline()?.at));
        igmp.chain(self.cache.deadline().map(|deadline| deadline.at)).min()
    }

    fn packet(&mut self, now: Instant, vif: Vif, bytes: &[u8]) {
        let Some(link) = self.links.0.get_mut(vif.index()) else {
            return self.tell(Event::Ignored(vif, Ignored::NoSuchInterface));
        };
        let Some(interface) = &mut link.igmp else {
            return self.tell(Event::Ignored(vif, Ignored::IgmpOff));
        };
        let mut said = VecDeque::new();
        let result = igmp::receive(interface, &mut Cx { now, out: &mut said }, bytes);
        self.act_on(vif, said);
        if let Err(why) = result {
            self.tell(Event::Ignored(vif, why));
        }
    }

    fn upcall(&mut self, now: Instant, upcall: Upcall) {
        self.tell(Event::Upcall(upcall));
        let Upcall { kind, vif, flow } = upcall;
        if self.interface(vif).is_none() {
            return self.tell(Event::Ignored(vif, Ignored::NoSuchInterface));
        }
        if flow.group.is_link_local() {
            return self.tell(Event::Ignored(vif, Ignored::LinkLocalGroup)); // RFC1112-7.2-05
        }
        if flow.source.is_multicast() || flow.source.is_unspecified() {
            let why = Ignored::SourceNotUnicast(flow.source);
            return self.tell(Event::Ignored(vif, why)); // RFC1112-7.2-02
        }
        match kind {
            UpcallKind::NoCache => {
                if self.cache.rpf(flow).is_none() {
                    self.tell(Event::NoRoute(flow));
                }
                let entry = self.cache.resolve(now, flow, vif, &self.links);
                self.tell(Event::Forwarding(entry.clone()));
                self.out.push_back(Output::Mfc(MfcOp::Set(entry)));
            }
            // The kernel has dropped the datagram, which is all that is to be done.
            UpcallKind::WrongVif => {}
        }
    }

    fn refused(&mut self, refusal: Refusal) {
        let flow = match &refusal.output {
            Output::Mfc(MfcOp::Set(entry)) => Some(entry.flow),
            Output::Mfc(MfcOp::Count(flow)) => Some(*flow),
            _ => None,
        };
        // What the kernel does not have must not be believed to be there. What it may have from
        // before must go, or it forwards by that and never asks again.
        if let Some(flow) = flow.filter(|&flow| self.cache.forget(flow)) {
            self.out.push_back(Output::Mfc(MfcOp::Delete(flow)));
        }
        self.tell(Event::Refused(refusal.why));
    }

    fn expire(&mut self, now: Instant) {
        for n in 0..self.links.0.len() {
            let link = &mut self.links.0[n];
            let vif = link.vif;
            let mut said = VecDeque::new();
            if let Some(igmp) = &mut link.igmp {
                igmp.expire(&mut Cx { now, out: &mut said });
            }
            self.act_on(vif, said);
        }
        let mut ops = VecDeque::new();
        self.cache.expire(now, &mut ops);
        self.out.extend(ops.into_iter().map(Output::Mfc));
    }

    /// Carries out what group management on a link said.
    fn act_on(&mut self, vif: Vif, said: VecDeque<Say>) {
        for say in said {
            match say {
                Say::Query(query) => self.transmit_query(vif, query),
                Say::News(news) => {
                    self.tell(Event::Gmp(vif, news));
                    if let News::MembersPresent(group)
                    | News::NoMembers(group)
                    | News::SourcesChanged(group) = news
                    {
                        self.refresh(group);
                    }
                }
            }
        }
    }

    fn transmit_query(&mut self, vif: Vif, query: Query) {
        let Some(source) = self.interface(vif).and_then(InterfaceConfig::address_v4) else {
            return;
        };
        match igmp::encode(source, &Message::Query(query)) {
            Ok(bytes) => self.out.push_back(Output::Transmit { vif, bytes }),
            Err(why) => self.tell(Event::Refused(why.to_string())),
        }
    }

    fn refresh(&mut self, group: Group) {
        let changed = self.cache.refresh(group, &self.links);
        self.set_all(changed);
    }

    fn set_all(&mut self, entries: Vec<MfcEntry>) {
        for entry in entries {
            self.tell(Event::Forwarding(entry.clone()));
            self.out.push_back(Output::Mfc(MfcOp::Set(entry)));
        }
    }

    fn tell(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }
}
