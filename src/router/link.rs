//! The links of a router: entering and leaving service on them, and their members' wishes.
//!
//! The router enters service anew on a link that comes back (RFC2236-7-01). A link that goes down
//! has no members any more, and its virtual interface goes too, so that a device that vanished can
//! come back as another one.

use std::net::IpAddr;

use super::upstream::Upstream;
use super::*;

/// The links by their [`Vif`] numbers.
#[derive(Clone, Debug)]
pub(super) struct Links(pub(super) BTreeMap<Vif, Link>);

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) vif: Vif,
    pub(super) config: InterfaceConfig,
    pub(super) up: bool,
    /// Whether the addresses came by [`Input::Link`], and not with a configuration.
    is_reported: bool,
    pub(super) igmp: Option<Interface>,
    /// Multicast Router Discovery, where it runs.
    pub(super) advertiser: Option<Advertiser>,
    /// The host of a proxy, on its upstream interface.
    pub(super) upstream: Option<Upstream>,
    /// The groups to which the data plane listens.
    listens: BTreeSet<Group>,
}

impl Link {
    /// A link that is up, with the addresses of the configuration.
    pub(super) const fn new(vif: Vif, config: InterfaceConfig) -> Self {
        Self {
            vif,
            config,
            up: true,
            is_reported: false,
            igmp: None,
            advertiser: None,
            upstream: None,
            listens: BTreeSet::new(),
        }
    }

    /// A link that is down, and without addresses, until [`Input::Link`] says otherwise.
    pub(super) fn absent(vif: Vif, config: InterfaceConfig) -> Self {
        let config = InterfaceConfig { addresses: Vec::new(), ..config };
        Self { up: false, is_reported: true, ..Self::new(vif, config) }
    }

    /// Group management, where it can speak.
    pub(super) fn speaking(&self) -> Option<&Interface> {
        self.igmp.as_ref().filter(|igmp| !igmp.own().is_unspecified())
    }

    /// Takes another configuration, except for addresses where the present ones were reported.
    pub(super) fn take(&mut self, config: InterfaceConfig) {
        let reported = self.is_reported.then(|| std::mem::take(&mut self.config.addresses));
        self.config = config;
        if let Some(addresses) = reported {
            self.config.addresses = addresses;
        }
    }

    /// When the machines of the link want to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let igmp = self.igmp.as_ref().and_then(Interface::deadline).map(|deadline| deadline.at);
        let upstream = self.upstream.as_ref().and_then(Upstream::deadline);
        [igmp, upstream].into_iter().flatten().min()
    }

    /// Whether datagrams of the group do not pass here, in either direction (RFC 2365 section 5).
    pub(super) fn is_boundary(&self, group: Group) -> bool {
        self.config.boundary(group.addr().into()).is_some()
    }

    fn wants(&self, flow: Flow, by_proxy: bool) -> bool {
        let Flow { source, group } = flow;
        let members = || self.igmp.as_ref().is_some_and(|igmp| igmp.wants(source.addr(), group));
        let is_served = || !by_proxy || self.is_forwarder() && !self.is_without_sources(group);
        let joined = || self.config.static_joins.iter().any(|j| j.covers(source, group));
        // RFC4605-3-04
        self.up
            && !self.is_boundary(group)
            && (self.config.upstream || members() && is_served() || joined())
    }
}

impl Links {
    pub(super) fn get(&self, vif: Vif) -> Option<&Link> {
        self.0.get(&vif)
    }

    /// Whether the address is one of the router's own.
    pub(super) fn is_own(&self, address: IpAddr) -> bool {
        let all = self.0.values().flat_map(|link| &link.config.addresses);
        all.map(IpNet::addr).any(|own| own == address)
    }

    /// The number of the link with this name.
    pub(super) fn named(&self, name: &str) -> Option<Vif> {
        self.0.values().find(|link| link.config.name == name).map(|link| link.vif)
    }

    /// The links with a timer whose time has come.
    pub(super) fn due(&self, now: Instant) -> Vec<Vif> {
        let is_due = |link: &&Link| link.deadline().is_some_and(|at| at <= now);
        self.0.values().filter(is_due).map(|link| link.vif).collect()
    }

    /// The lowest number that no link has, and for which nothing else speaks against it unless all are
    /// taken.
    pub(super) fn free(&self, is_taken: impl Fn(Vif) -> bool) -> Option<Vif> {
        let free = || (0..).map_while(Vif::new).filter(|vif| !self.0.contains_key(vif));
        let is_last = |vif: Vif| vif == Vif::REGISTER;
        free().find(|&vif| !is_taken(vif) && !is_last(vif)).or_else(|| free().next())
    }

    /// Whether the flow has members or is joined statically on the link.
    pub(super) fn want(&self, flow: Flow, vif: Vif) -> bool {
        let by_proxy = self.upstream().is_some();
        self.get(vif).is_some_and(|link| link.wants(flow, by_proxy))
    }

    /// Those of the interfaces that are up, with their thresholds.
    pub(super) fn with_thresholds(&self, vifs: BTreeSet<Vif>) -> BTreeMap<Vif, u8> {
        let links = vifs.into_iter().filter_map(|vif| self.get(vif)).filter(|link| link.up);
        links.map(|link| (link.vif, link.config.threshold)).collect()
    }

    /// The interfaces on which a flow has members or is joined statically, and the upstream interface of a
    /// proxy.
    pub(super) fn oifs(&self, flow: Flow) -> BTreeMap<Vif, u8> {
        let by_proxy = self.upstream().is_some();
        let wanting = self.0.values().filter(|link| link.wants(flow, by_proxy));
        wanting.map(|link| (link.vif, link.config.threshold)).collect()
    }
}

impl Links {
    /// The flows of one source that are joined statically.
    pub(super) fn joined(&self) -> BTreeSet<Flow> {
        let joins = self.0.values().flat_map(|link| &link.config.static_joins);
        joins.filter_map(|join| Some(Flow { source: join.source?, group: join.group })).collect()
    }
}

/// The groups to which the messages of hosts go, for a router of this version: Reports of version 3 have
/// one of their own (RFC2236-9-01, RFC3376-6-01, RFC3810-7-01).
fn heard_groups(family: Family, version: Version) -> BTreeSet<Group> {
    let reports = (version == Version::V3).then(|| family.gmp_reports());
    reports.into_iter().chain([family.all_routers()]).collect()
}

impl Router {
    /// Adds the interface to multicast routing.
    pub(super) fn add_vif(&mut self, vif: Vif) {
        let Some(Link { config, .. }) = self.links.get(vif) else { return };
        let threshold = config.threshold;
        self.out.push_back(Output::AddVif { vif, kind: VifKind::Device, threshold });
    }

    /// Starts IGMP on a link, if it is configured and the link has an address.
    pub(super) fn start_igmp(&mut self, now: Instant, vif: Vif) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        if link.config.upstream {
            return self.start_upstream(now, vif); // RFC4605-3-01
        }
        let own = link.config.address(self.family);
        let (Some(params), Some(own)) = (link.config.igmp.clone(), own) else { return };
        let mut said = VecDeque::new();
        let mut cx = Cx { now, rng: &mut self.rng, out: &mut said };
        link.igmp = Some(Interface::start(&mut cx, params, own));
        // The Query first: a kernel that has heard it reports these groups in the version of the link.
        self.act_on(now, vif, said);
        self.listen_anew(vif);
    }

    /// Stops IGMP on a link, which then has no members.
    pub(super) fn stop_igmp(&mut self, now: Instant, vif: Vif) {
        let link = self.links.0.get_mut(&vif);
        let Some(igmp) = link.and_then(|link| link.igmp.take()) else { return };
        let forgotten = igmp.groups().keys().copied().map(News::NoMembers).map(Say::News);
        self.act_on(now, vif, forgotten.collect());
    }

    /// An interface went down, came up, or has other addresses.
    pub(super) fn link_is(&mut self, now: Instant, vif: Vif, up: bool, addresses: Vec<IpNet>) {
        let Some(link) = self.links.0.get_mut(&vif) else {
            return self.tell(Event::Ignored(vif, Ignored::NoSuchInterface));
        };
        link.config.addresses = addresses;
        link.is_reported = true;
        let was_up = std::mem::replace(&mut link.up, up);
        if was_up != up {
            self.tell(Event::Link { vif, up });
        }
        self.rib.link_is(vif, up);
        self.connect();
        match (was_up, up) {
            (true, true) => {
                self.readdress(now, vif);
                self.follow_pim(now, vif);
                self.listen_anew(vif);
            }
            (true, false) => self.take_down(now, vif),
            (false, true) => {
                self.add_vif(vif);
                self.start_igmp(now, vif);
                self.follow_pim(now, vif);
                self.take_discovery(now, vif);
            }
            (false, false) => {}
        }
        self.report_all(now);
        self.refresh_all(now);
        if !up {
            self.forget_flows_from(vif);
        }
    }

    fn take_down(&mut self, now: Instant, vif: Vif) {
        self.stop_pim(now, vif);
        self.stop_discovery(vif);
        self.stop_igmp(now, vif);
        self.stop_upstream(now, vif);
        self.inherited.forget(vif, None);
        self.listen(vif, &BTreeSet::new());
        self.out.push_back(Output::DelVif(vif));
    }

    /// Deletes the entries of flows that come in on an interface which no longer exists.
    fn forget_flows_from(&mut self, vif: Vif) {
        self.forget_flows(|entry| entry.iif == vif);
    }

    /// Deletes entries.
    pub(super) fn forget_flows(&mut self, is_lost: impl Fn(&MfcEntry) -> bool) {
        let lost = self.cache.entries().filter(is_lost);
        for flow in lost.map(|entry| entry.flow).collect::<Vec<_>>() {
            self.cache.forget(flow);
            self.no_data(flow);
            self.out.push_back(Output::Mfc(MfcOp::Delete(flow)));
        }
    }

    /// Removes a link for good, so that another one can have its number: the kernel keeps the number in
    /// all entries that are not written anew.
    pub(super) fn remove_link(&mut self, now: Instant, vif: Vif) {
        if self.links.get(vif).is_some_and(|link| link.up) {
            self.tell(Event::Link { vif, up: false });
            self.take_down(now, vif);
        }
        self.links.0.remove(&vif);
        self.rib.forget(vif);
        self.connect();
        self.refresh_all(now);
        self.forget_flows_from(vif);
    }

    /// Listens to what the protocols of the link hear.
    pub(super) fn listen_anew(&mut self, vif: Vif) {
        let Some(link) = self.links.get(vif) else { return };
        let igmp = link.igmp.as_ref().map(|igmp| igmp.params().version);
        let mut heard = igmp.map_or_else(BTreeSet::new, |igmp| heard_groups(self.family, igmp));
        if self.pim.as_ref().is_some_and(|pim| pim.own(vif).is_some()) {
            heard.insert(self.family.pim_routers()); // RFC7761-4.3.1-01
        }
        if link.advertiser.is_some() {
            heard.insert(self.family.all_routers()); // RFC 4286 section 4
        }
        self.listen(vif, &heard);
    }

    /// Listens to these groups on a link, and to no others.
    fn listen(&mut self, vif: Vif, groups: &BTreeSet<Group>) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        let added = groups.difference(&link.listens).map(|&group| Output::Listen(vif, group));
        let gone = link.listens.difference(groups).map(|&group| Output::Unlisten(vif, group));
        self.out.extend(added.chain(gone));
        link.listens.clone_from(groups);
    }

    /// Uses the present address of the link. Without one nothing can be sent; the members that are known
    /// stay, because an address is often exchanged for another one.
    pub(super) fn readdress(&mut self, now: Instant, vif: Vif) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        if link.config.upstream {
            return self.configure_upstream(now, vif);
        }
        match (&mut link.igmp, link.config.address(self.family)) {
            (Some(igmp), Some(own)) => {
                let mut said = VecDeque::new();
                let mut cx = Cx { now, rng: &mut self.rng, out: &mut said };
                match igmp.own().is_unspecified() {
                    true => igmp.resume(&mut cx, own),
                    false => igmp.readdress(&mut cx, own),
                }
                self.act_on(now, vif, said);
            }
            (Some(igmp), None) => igmp.lose_address(),
            (None, _) => self.start_igmp(now, vif),
        }
    }

    /// Takes the connected and configured routes as they are now.
    pub(super) fn connect(&mut self) {
        let connected = self.links.0.values().flat_map(|link| {
            link.config.addresses.iter().map(|&net| (net, NextHop::connected(link.vif)))
        });
        self.rib.replace_own(connected.chain(self.routes.iter().copied()));
    }
}
