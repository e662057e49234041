//! From the routers and the kernel's counters to what answers show.
//!
//! Of long lists only the first rows are shown, with the number of those that are left out, so that no
//! answer keeps packets waiting for long.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::shown::{
    Groups, Interface, Interfaces, MOST_ROWS, Membership, Mode, Oif, Route, Routes, version_number,
};
use crate::addr::{Family, Group, Source};
use crate::daemon::service::Service;
use crate::event::Event;
use crate::gmp::change::Filter;
use crate::gmp::interface::{Interface as Gmp, TimerName};
use crate::gmp::membership;
use crate::gmp::querier::Role;
use crate::gmp::reception::filter::SourceFilter;
use crate::host::Host;
use crate::mfc::entry::MfcEntry;
use crate::mfc::vif::Vif;
use crate::router::Router;
use crate::router::config::InterfaceConfig;
use crate::time::Instant;

/// The routers, each with its family.
pub(super) fn routers<F: FnMut(Instant, Event)>(
    service: &Service<F>,
) -> impl Iterator<Item = (Family, &Router)> {
    let daemon = service.daemon();
    daemon.families().filter_map(|family| Some((family, daemon.router(family)?)))
}

/// The flows of this source and group.
pub(super) fn routes<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    source: Option<Source>,
    group: Option<Group>,
) -> Routes {
    let (mut routes, mut left_out) = (Vec::new(), 0);
    for (family, router) in routers(service) {
        let is_meant = |entry: &MfcEntry| {
            source.is_none_or(|source| source == entry.flow.source)
                && group.is_none_or(|group| group == entry.flow.group)
        };
        for entry in router.flows().filter(is_meant) {
            if routes.len() < MOST_ROWS {
                routes.push(route(service, family, router, entry));
            } else {
                left_out += 1;
            }
        }
    }
    Routes { routes, left_out }
}

fn route<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    family: Family,
    router: &Router,
    entry: MfcEntry,
) -> Route {
    let MfcEntry { flow, iif, oifs } = entry;
    let plane = service.daemon().plane(family);
    let counters = plane.and_then(|plane| plane.flow_counters(flow).ok().flatten());
    let counters = counters.unwrap_or_default();
    let names = service.names(family);
    let oif = |(vif, threshold): (Vif, u8)| {
        let joins = router.interface(vif).map(|config| &config.static_joins);
        Oif {
            interface: names.of(vif),
            threshold,
            members: router
                .members(vif)
                .is_some_and(|gmp| gmp.wants(flow.source.addr(), flow.group)),
            joined: joins.into_iter().flatten().any(|join| join.covers(flow.source, flow.group)),
        }
    };
    Route {
        source: flow.source,
        group: flow.group,
        iif: names.of(iif),
        oifs: oifs.into_iter().map(oif).collect(),
        packets: counters.packets,
        bytes: counters.bytes,
        wrong_if: counters.wrong_if,
    }
}

/// The groups with members on this interface, or on all.
pub(super) fn groups<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    interface: Option<&str>,
) -> Groups {
    let now = service.daemon().now();
    let (mut groups, mut left_out) = (Vec::new(), 0);
    for (family, router) in routers(service) {
        let meant = router
            .interfaces()
            .filter(|(_, config, _)| interface.is_none_or(|interface| interface == config.name));
        for (vif, config, _) in meant {
            let reported = router.members(vif).into_iter().flat_map(|gmp| {
                let of = move |(&group, state)| {
                    membership(&config.name, (now, family), gmp, (group, state))
                };
                gmp.groups().iter().map(of)
            });
            let wanted = router.upstream(vif).into_iter().flat_map(|host| {
                let of = move |group| wanted(&config.name, (now, family), host, group);
                host.reception().groups().map(of)
            });
            let mut rows = reported.chain(wanted);
            groups.extend(rows.by_ref().take(MOST_ROWS - groups.len()));
            left_out += rows.count();
        }
    }
    Groups { groups, left_out }
}

fn membership(
    interface: &str,
    (now, family): (Instant, Family),
    gmp: &Gmp,
    (group, state): (Group, &membership::Membership),
) -> Membership {
    let (mode, excluded) = match &state.filter {
        Filter::Include { .. } => (Mode::Include, BTreeSet::new()),
        Filter::Exclude { excluded, .. } => (Mode::Exclude, excluded.clone()),
    };
    let expires = gmp.expiry(TimerName::Group(group));
    Membership {
        interface: interface.to_owned(),
        group,
        mode,
        sources: state.filter.timed().clone(),
        excluded,
        version: version_number(family, gmp.compatibility(group)),
        expires_s: expires.map(|at| at.since(now).as_secs_f64()),
        checking: gmp.is_checking(group),
    }
}

/// What a proxy wants of a group on its upstream interface.
fn wanted(
    interface: &str,
    (now, family): (Instant, Family),
    host: &Host,
    group: Group,
) -> Membership {
    let (mode, sources, excluded) = match host.reception().filter(group) {
        SourceFilter::Include(sources) => (Mode::Include, sources, BTreeSet::new()),
        SourceFilter::Exclude(excluded) => (Mode::Exclude, BTreeSet::new(), excluded),
    };
    Membership {
        interface: interface.to_owned(),
        group,
        mode,
        sources,
        excluded,
        version: version_number(family, host.reception().mode(now)),
        expires_s: None,
        checking: false,
    }
}

/// The interfaces, and what keeps any from being served.
pub(super) fn interfaces<F: FnMut(Instant, Event)>(service: &Service<F>) -> Interfaces {
    let mut interfaces = Vec::new();
    for (family, router) in routers(service) {
        for (vif, config, up) in router.interfaces() {
            interfaces.push(interface(service, (family, router), (vif, config, up)));
        }
    }
    let notices = service.notices().iter().map(ToString::to_string).collect();
    Interfaces { interfaces, notices }
}

fn interface<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    (family, router): (Family, &Router),
    (vif, config, up): (Vif, &InterfaceConfig, bool),
) -> Interface {
    let now = service.daemon().now();
    let speaking = router.igmp(vif);
    let querier = speaking.map(|gmp| (gmp.role(), gmp.own()));
    let query = speaking.and_then(|gmp| gmp.expiry(TimerName::GeneralQuery));
    let plane = service.daemon().plane(family);
    let counters = plane.and_then(|plane| plane.vif_counters(vif)).unwrap_or_default();
    let of_family = |net: &&ipnet::IpNet| Family::of(net.addr()) == family;
    Interface {
        name: config.name.clone(),
        family,
        vif: vif.into(),
        up,
        addresses: config.addresses.iter().filter(of_family).copied().collect(),
        version: config.igmp.as_ref().map(|params| version_number(family, params.version)),
        querier: querier.and_then(|(role, own)| who_asks(role, own)),
        is_querier: querier.is_some_and(|(role, _)| role == Role::Querier),
        upstream: config.upstream,
        passive: config.igmp.as_ref().is_some_and(|params| params.passive),
        query_s: query.map(|at| at.since(now).as_secs_f64()),
        groups: router.members(vif).map_or(0, |gmp| gmp.groups().len())
            + router.upstream(vif).map_or(0, |host| host.reception().groups().count()),
        joins: config.static_joins.clone(),
        threshold: config.threshold,
        boundaries: config.boundaries.iter().filter(of_family).copied().collect(),
        packets_in: counters.packets_in,
        packets_out: counters.packets_out,
        bytes_in: counters.bytes_in,
        bytes_out: counters.bytes_out,
    }
}

const fn who_asks(role: Role, own: IpAddr) -> Option<IpAddr> {
    match role {
        Role::Querier => Some(own),
        Role::NonQuerier(other) => Some(other),
        Role::Passive => None,
    }
}
