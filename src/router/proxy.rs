//! A router as a proxy of group management: members on its other links are one host upstream.
//!
//! Owns RFC 4605 section 4 over the host of [`crate::host`], in which each downstream link is a socket, so
//! that the host merges their wishes. The upstream interface has no router part (RFC4605-3-01), and
//! everything goes there that comes in elsewhere. Refuses messages to the host that did not begin on the
//! link.

use std::net::IpAddr;

use super::link::{Link, Links};
use super::upstream::Upstream;
use super::*;
use crate::gmp::change::Filter;
use crate::gmp::params::{HostParams, Params};
use crate::gmp::querier::Role;
use crate::gmp::reception::filter::{Socket, SourceFilter, merged};
use crate::host::Host;

impl Links {
    /// The upstream interface, where the router is a proxy.
    pub(super) fn upstream(&self) -> Option<&Link> {
        self.0.values().find(|link| link.config.upstream)
    }

    /// Where datagrams of the source come in: by the route towards it, except that a proxy takes those of
    /// every source that is not downstream from the upstream interface.
    pub(super) fn incoming(&self, rib: &Rib, source: IpAddr) -> Option<Vif> {
        let by_route = rib.towards(source).map(|hop| hop.vif);
        let Some(upstream) = self.upstream() else { return by_route };
        let downstream = by_route.filter(|vif| *vif != upstream.vif);
        downstream.or_else(|| upstream.up.then_some(upstream.vif))
    }
}

impl Link {
    /// Whether the router forwards to members here although it is a proxy: a link with several forwarders
    /// has one that does, its querier (RFC4605-3-04, RFC4605-3-05).
    pub(super) fn is_forwarder(&self) -> bool {
        let is_querier = |igmp: &Interface| igmp.role() == Role::Querier;
        self.config.only_forwarder || self.igmp.as_ref().is_some_and(is_querier)
    }

    /// Whether a proxy knows members of a group of source-specific multicast here for members that can
    /// name no sources (RFC4605-4.3-01).
    pub(super) fn is_without_sources(&self, group: Group) -> bool {
        self.config.igmp.as_ref().is_some_and(|params| {
            let range = params.source_specific_range;
            let names_none = params.version != Version::V3;
            names_none && params.source_specific && group.is_source_specific(range)
        })
    }

    /// What the members of the group and the static joins want: without the timers, and without the
    /// sources that somebody wants in spite of EXCLUDE (RFC4605-4.1-02).
    fn wish(&self, group: Group) -> SourceFilter {
        if self.is_boundary(group) {
            return SourceFilter::nothing();
        }
        let igmp = self.igmp.as_ref().filter(|_| !self.is_without_sources(group));
        let membership = igmp.and_then(|igmp| igmp.groups().get(&group));
        let joins = self.config.static_joins.iter().filter(|join| self.up && join.group == group);
        let reported = membership.map(|membership| match &membership.filter {
            Filter::Include { wanted } => SourceFilter::Include(wanted.clone()),
            Filter::Exclude { excluded, .. } => SourceFilter::Exclude(excluded.clone()),
        });
        let joined = joins.map(|join| match join.source {
            Some(source) => SourceFilter::Include(BTreeSet::from([source.addr()])),
            None => SourceFilter::all(),
        });
        merged(reported.into_iter().chain(joined))
    }

    /// The groups that are reported or joined by configuration here.
    fn groups(&self) -> impl Iterator<Item = Group> {
        let reported = self.igmp.iter().flat_map(|igmp| igmp.groups().keys().copied());
        reported.chain(self.config.static_joins.iter().map(|join| join.group))
    }
}

impl Router {
    /// The host on an interface; `None` if it is not upstream, or does not serve.
    #[must_use]
    pub fn upstream(&self, vif: Vif) -> Option<&Host> {
        self.links.get(vif)?.upstream.as_ref().map(Upstream::host)
    }

    /// Starts the host on an upstream interface, if it has an address.
    pub(super) fn start_upstream(&mut self, now: Instant, vif: Vif) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        let own = link.config.address(self.family);
        let (Some(params), Some(own)) = (&link.config.igmp, own) else { return };
        link.upstream = Some(Upstream::new(Host::new(host_params(params), own, self.rng.fork())));
        self.report_all(now);
    }

    /// Ends the host on an interface; on a link that is up it leaves all groups.
    pub(super) fn stop_upstream(&mut self, now: Instant, vif: Vif) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        if let Some(upstream) = &link.upstream
            && link.up
        {
            let (joined, by) = (upstream.groups(), upstream.asked_by.clone());
            for group in joined.collect::<Vec<_>>() {
                by.iter().for_each(|&by| self.wish(now, vif, by, group, None));
            }
            self.serve_upstream(now, vif);
        }
        if let Some(link) = self.links.0.get_mut(&vif) {
            link.upstream = None;
        }
    }

    /// Lets the host on an upstream interface follow the configuration and the address of the link.
    pub(super) fn configure_upstream(&mut self, now: Instant, vif: Vif) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        let own = link.config.address(self.family);
        let serves = link.up && link.config.upstream;
        let params = link.config.igmp.as_ref().filter(|_| serves).map(host_params);
        match (&mut link.upstream, params.zip(own)) {
            (Some(upstream), Some((params, own))) if *upstream.host.params() == params => {
                if upstream.host.address() != own {
                    upstream.host.readdress(now, own);
                    self.serve_upstream(now, vif);
                }
            }
            (known, wanted) => {
                if known.is_some() {
                    self.stop_upstream(now, vif);
                }
                if wanted.is_some() {
                    self.start_upstream(now, vif);
                }
            }
        }
    }

    /// Hands the host on an upstream interface a packet of group management.
    pub(super) fn hear_upstream(&mut self, now: Instant, vif: Vif, packet: &Packet<'_>) {
        let link = self.links.0.get_mut(&vif);
        let Some(upstream) = link.and_then(|link| link.upstream.as_mut()) else { return };
        let header = &packet.header;
        // What was routed here is forged, or went astray: it could have the host speak an old version.
        let heard = match header.hop_limit {
            1 if header.destination.is_multicast() => upstream.host.receive(now, packet),
            1 => Err(Ignored::Misaddressed(header.destination)),
            other => Err(Ignored::NotOneHop(other)),
        };
        self.serve_upstream(now, vif);
        if let Err(why) = heard {
            self.tell(Event::Ignored(vif, why));
        }
    }

    /// Serves the timers of the host, and sends what it has to say.
    pub(super) fn serve_upstream(&mut self, now: Instant, vif: Vif) {
        let link = self.links.0.get_mut(&vif);
        let Some(upstream) = link.and_then(|link| link.upstream.as_mut()) else { return };
        upstream.expire(now);
        let said = std::iter::from_fn(|| upstream.host.poll());
        self.out.extend(said.map(|said| match said {
            Ok(packet) => Output::Send { by: Way::Link(vif), packet },
            Err(why) => Output::Event(Event::Refused(why.to_string())),
        }));
    }

    /// The members of a group on a link have changed, which is to be known upstream (RFC4605-3-03).
    pub(super) fn report_members(&mut self, now: Instant, vif: Vif, group: Group) {
        let Some(upstream) = self.links.upstream().map(|link| link.vif) else { return };
        if upstream != vif && !group.is_link_local() {
            self.wish(now, upstream, vif, group, self.links.get(vif).map(|link| link.wish(group)));
            self.serve_upstream(now, upstream);
        }
    }

    /// Has the host upstream want what all links want together, whatever it has wanted before.
    pub(super) fn report_all(&mut self, now: Instant) {
        let Some(link) = self.links.upstream() else { return };
        let (vif, Some(upstream)) = (link.vif, &link.upstream) else { return };
        let links = self.links.0.values().filter(|link| link.vif != vif);
        let groups = upstream.groups().chain(links.clone().flat_map(Link::groups));
        let groups: BTreeSet<Group> = groups.filter(|group| !group.is_link_local()).collect();
        let vifs: BTreeSet<Vif> = links.map(|link| link.vif).collect();
        for by in &vifs | &upstream.asked_by {
            let link = self.links.get(by).filter(|link| !link.config.upstream);
            let wishes = groups.iter().map(|&group| (group, link.map(|link| link.wish(group))));
            for (group, wish) in wishes.collect::<Vec<_>>() {
                self.wish(now, vif, by, group, wish);
            }
        }
        self.serve_upstream(now, vif);
    }

    /// Has the host upstream want this for the link `by`, in place of what it has wanted for that.
    fn wish(&mut self, now: Instant, vif: Vif, by: Vif, group: Group, wish: Option<SourceFilter>) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        let is_boundary = link.is_boundary(group);
        let Some(upstream) = &mut link.upstream else { return };
        let wish = wish.filter(|_| !is_boundary);
        let before = upstream.host.reception().filter(group);
        upstream.asked_by.insert(by);
        let socket = Socket::from(u8::from(by));
        let wish = wish.unwrap_or_else(SourceFilter::nothing);
        // No group is source-specific for this host: the routers of the links decide that.
        _ = upstream.host.listen(now, socket, group, wish);
        let after = upstream.host.reception().filter(group);
        if before != after {
            let filter = match after {
                SourceFilter::Include(wanted) => Filter::Include { wanted },
                SourceFilter::Exclude(excluded) => {
                    Filter::Exclude { requested: BTreeSet::new(), excluded }
                }
            };
            self.tell(Event::Upstream(vif, group, filter));
        }
    }
}

/// The parameters of the host of an interface with these parameters.
const fn host_params(params: &Params) -> HostParams {
    HostParams { robustness: params.robustness, ..HostParams::of(params.version) }
}
