//! Watches a flow for a while, and gathers what is known of it for [`explain`].
//!
//! Counters are read before and after, and datagrams are sampled in between, without anybody waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;

use super::journal::Journal;
use super::shown::Explanation;
use crate::addr::{Family, Group, Source};
use crate::daemon::explain::explain;
use crate::daemon::explain::facts::{
    Entry, Excepted, Facts, Hindrance, Link, Passed, Rpf, Ruled, Tree,
};
use crate::daemon::notice::{Notice, reverse_path_drop};
use crate::daemon::service::Service;
use crate::event::Event;
use crate::gmp::querier::Role;
use crate::kernel::{Sampler, Seen};
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry};
use crate::mfc::vif::Vif;
use crate::router::Router;
use crate::router::config::InterfaceConfig;
use crate::time::Instant;

/// A flow that is watched.
pub(super) struct Watch {
    flow: Flow,
    began: Instant,
    before: FlowCounters,
    is_sampled: bool,
}

impl Watch {
    /// Begins to watch the flow.
    pub(super) fn begin<F: FnMut(Instant, Event)>(
        (source, group): (Source, Group),
        service: &Service<F>,
        sampler: Option<&Sampler>,
    ) -> Self {
        let flow = Flow { source, group };
        let is_sampled = sampler.is_some_and(|sampler| sampler.watch(flow).is_ok());
        let before = counters(service, flow);
        Self { flow, began: service.daemon().now(), before, is_sampled }
    }

    /// What was found.
    pub(super) fn end<F: FnMut(Instant, Event)>(
        self,
        service: &Service<F>,
        sampler: Option<&Sampler>,
        journal: &Journal,
    ) -> Explanation {
        let seen = sampler.filter(|_| self.is_sampled).and_then(|sampler| seen(service, sampler));
        let (flow, looked) = (self.flow, service.daemon().now().since(self.began));
        let mut facts = gather(service, flow, journal, looked);
        (facts.rule, facts.excepted) = rule(service, flow, seen.as_ref());
        let after = counters(service, flow);
        // An entry that is new counts from 0.
        let before =
            if after.packets < self.before.packets { FlowCounters::default() } else { self.before };
        facts.wrong_if = after.wrong_if.saturating_sub(before.wrong_if);
        facts.came = (after.packets - before.packets).saturating_sub(facts.wrong_if);
        facts.seen = seen;
        let passed = facts.seen.iter().flatten();
        let left_on = passed.filter(|(_, passed)| passed.left > 0).map(|(name, _)| name.clone());
        Explanation {
            source: flow.source,
            group: flow.group,
            looked_s: looked.as_secs_f64(),
            came: facts.came,
            left_on: left_on.collect(),
            findings: explain(&facts),
        }
    }
}

fn counters<F: FnMut(Instant, Event)>(service: &Service<F>, flow: Flow) -> FlowCounters {
    let plane = service.daemon().plane(flow.group.family());
    plane.and_then(|plane| plane.flow_counters(flow).ok().flatten()).unwrap_or_default()
}

/// What the sampler saw, by the names of devices; `None` if it failed.
fn seen<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    sampler: &Sampler,
) -> Option<BTreeMap<String, Passed>> {
    let samples = sampler.end().ok()?;
    let mut all: BTreeMap<String, Passed> = BTreeMap::new();
    for sample in samples {
        let Some(name) = service.links().devices().name(sample.ifindex) else { continue };
        let passed = all.entry(name.to_owned()).or_default();
        if sample.seen == Seen::Out {
            passed.left += 1;
            continue;
        }
        passed.came += 1;
        match sample.seen {
            _ if !sample.is_sound => passed.unsound += 1,
            Seen::InForOther => passed.for_other += 1,
            Seen::In | Seen::Out => {}
        }
        passed.ttl = passed.ttl.max(sample.ttl);
    }
    Some(all)
}

fn gather<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    flow: Flow,
    journal: &Journal,
    looked: Duration,
) -> Facts {
    let family = flow.group.family();
    let router = service.daemon().router(family);
    let names = service.names(family);
    let rules = missing_rules(service, family);
    let mut links = BTreeMap::new();
    if let Some(router) = router {
        for of @ (_, config, _) in router.interfaces() {
            links.insert(config.name.clone(), link(service, router, flow, of, &rules));
        }
    }
    let flows = router.into_iter().flat_map(Router::flows);
    let entry = flows.filter(|entry| entry.flow == flow).map(|MfcEntry { iif, oifs, .. }| Entry {
        iif: names.of(iif),
        oifs: oifs.keys().map(|&oif| names.of(oif)).collect(),
    });
    let entry = entry.last();
    let rpf = router.and_then(|router| rpf(service, router, flow));
    let now = service.daemon().now();
    let refusal = journal.refusal(flow.group).filter(|(at, ..)| now.since(*at) <= looked * 2);
    Facts {
        source: flow.source,
        group: flow.group,
        is_routed: router.is_some(),
        unserved: unserved(service, flow, &links),
        links,
        rpf,
        rule: None,
        excepted: None,
        tree: router.and_then(|router| tree(service, router, flow)),
        entry,
        limit: refusal.map(|(_, name, why)| format!("{name}: {why}")),
        came: 0,
        wrong_if: 0,
        seen: None,
    }
}

/// The static rule for the flow, by the interface on which most of it was seen to come in, and one that
/// excepts it.
fn rule<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    flow: Flow,
    seen: Option<&BTreeMap<String, Passed>>,
) -> (Option<Ruled>, Option<Excepted>) {
    let family = flow.group.family();
    let Some(router) = service.daemon().router(family) else { return (None, None) };
    let names = service.names(family);
    let came = seen.into_iter().flatten().max_by_key(|(_, passed)| passed.came);
    let came = came.filter(|(_, passed)| passed.came > 0);
    let came = came.and_then(|(name, _)| router.vif(name));
    let iif = router.flows().find(|entry| entry.flow == flow).map(|entry| entry.iif);
    let rule = router.rule(flow, came).map(|rule| Ruled {
        from: names.of(rule.incoming().copied().find(|&vif| Some(vif) == iif).unwrap_or(rule.from)),
        to: rule.to.iter().map(|vif| names.of(*vif)).collect(),
        group: rule.group,
    });
    let excepted = router.excepting(flow, came).and_then(|rule| {
        let exception = rule.exception(flow)?;
        Some(Excepted { from: names.of(rule.from), group: rule.group, exception })
    });
    (rule, excepted)
}

fn rpf<F: FnMut(Instant, Event)>(service: &Service<F>, router: &Router, flow: Flow) -> Option<Rpf> {
    let route: Option<(IpNet, _)> = router.towards(flow.source);
    let vif = router.incoming(flow.source)?;
    let interface = service.names(flow.group.family()).of(vif);
    Some(match route.filter(|(_, hop)| hop.vif == vif) {
        Some((prefix, hop)) => Rpf { interface, prefix: prefix.trunc(), via: hop.via },
        // A proxy takes from upstream whatever no route leads to.
        None => Rpf { interface, prefix: flow.group.family().all_addresses(), via: None },
    })
}

/// How PIM reaches the root of the flow's tree; `None` if it is not spoken.
fn tree<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    router: &Router,
    flow: Flow,
) -> Option<Tree> {
    let pim = router.pim()?;
    let is_direct =
        |source: Source| router.towards(source).is_some_and(|(_, hop)| hop.via.is_none());
    if is_direct(flow.source) {
        return Some(Tree::Here);
    }
    let root = match flow.group.is_source_specific(None) {
        true => flow.source.addr(),
        false => match pim.rp(flow.group) {
            Some(rp) => rp,
            None => return Some(Tree::NoRp),
        },
    };
    if router.is_own(root) {
        return Some(Tree::Here);
    }
    let Some((_, hop)) = Source::new(root).and_then(|root| router.towards(root)) else {
        return Some(Tree::NoRoute(root));
    };
    let neighbour = hop.via.unwrap_or(root);
    Some(Tree::Towards {
        root,
        interface: service.names(flow.group.family()).of(hop.vif),
        neighbour,
        is_spoken: pim.own(hop.vif).is_some(),
        is_known: pim.neighbour_with(hop.vif, neighbour).is_some(),
    })
}

/// A device by which the kernel reaches the source, and that is not served.
fn unserved<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    flow: Flow,
    links: &BTreeMap<String, Link>,
) -> Option<String> {
    let devices = service.links().devices();
    let is_unserved = |name: &&str| !links.contains_key(*name);
    let leads = |name: &&str| {
        let index = devices.named(name).map(|seen| seen.device.ifindex);
        service.links().routes().lead_to(flow.source.addr(), |ifindex| Some(ifindex) == index)
    };
    devices.names().filter(is_unserved).find(leads).map(str::to_owned)
}

fn link<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    router: &Router,
    flow: Flow,
    (vif, config, is_up): (Vif, &InterfaceConfig, bool),
    rules: &BTreeMap<String, String>,
) -> Link {
    let family = flow.group.family();
    let members = router.members(vif);
    let reported = members.is_some_and(|gmp| gmp.wants(flow.source.addr(), flow.group));
    // Nobody upstream has joined, and what comes in there is not wanted there.
    let is_way_in = config.upstream && router.incoming(flow.source) == Some(vif);
    let wants = router.wants(flow, vif) && !is_way_in;
    let state = members.and_then(|gmp| gmp.groups().get(&flow.group));
    let speaking = router.igmp(vif);
    Link {
        hindrance: hindrance(service, &config.name),
        is_up,
        wants,
        is_left_to_querier: reported && is_up && !wants,
        dr: router.pim().and_then(|pim| pim.dr(vif).filter(|dr| Some(*dr) != pim.own(vif))),
        is_joined: router.pim().is_some_and(|pim| pim.is_joined_on(flow, vif)),
        filter: state.map(|state| state.filter.to_string()),
        is_managed: config.igmp.is_some(),
        speaks: speaking.is_some(),
        querier: speaking.and_then(|gmp| match gmp.role() {
            Role::Querier | Role::Passive => None,
            Role::NonQuerier(other) => Some(other),
        }),
        boundary: config.boundary(flow.group.addr().into()),
        threshold: config.threshold,
        reverse_path: match family {
            Family::V4 => reverse_path_drop(&config.name, flow.source.addr(), service.links()),
            Family::V6 => None,
        },
        rule: rules.get(&config.name).cloned(),
    }
}

/// The interfaces whose table no rule has looked up, each with the command that mends it.
fn missing_rules<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    family: Family,
) -> BTreeMap<String, String> {
    let missing = service.notices().into_iter().filter_map(|notice| match &notice {
        Notice::NoRule(name, of, _) if *of == family => {
            let words = notice.to_string();
            let (_, command) = words.rsplit_once(": ")?;
            Some((name.clone(), command.to_owned()))
        }
        _ => None,
    });
    missing.collect()
}

fn hindrance<F: FnMut(Instant, Event)>(service: &Service<F>, name: &str) -> Option<Hindrance> {
    let Some(seen) = service.links().devices().named(name) else {
        return Some(Hindrance::Absent);
    };
    match &seen.device {
        device if !device.is_up => Some(Hindrance::Down),
        device if !device.is_multicast => Some(Hindrance::NotMulticast),
        device if !device.is_running => Some(Hindrance::NoCarrier),
        _ => None,
    }
}
