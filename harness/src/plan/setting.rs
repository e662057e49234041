//! The effect of the act `set`: the node's whole configuration from then on.
//!
//! Refuses keys that a role does not have, and settings that contradict those in force by then.

use std::collections::BTreeMap;

use super::injection;
use super::topology::Topology;
use super::{Action, NodeId, Role, Router, Setting};
use crate::knobs::{Knobs, switch_version};
use crate::scenario::diagnostic::{Diagnostics, Span};
use crate::scenario::{self, Listener, Scenario, Set, complete};

/// The keys of each role that can be set.
const ROUTER: [&str; 6] = ["igmp", "mld", "membership", "ttl-threshold", "static-joins", "link"];
const LISTENER: [&str; 2] = ["speaks", "igmp-version"];
const QUERIER: [&str; 2] = ["query-interval", "max-resp"];
const SWITCH: [&str; 8] = [
    "snooping",
    "querier",
    "speaks",
    "igmp-version",
    "query-interval",
    "query-response-interval",
    "last-member-interval",
    "last-member-count",
];

/// The nodes as they are at the time of an act.
pub(super) struct Settings<'a> {
    topology: &'a Topology,
    scenario: &'a Scenario,
    /// The nodes that were set.
    nodes: BTreeMap<NodeId, Role>,
    queriers: BTreeMap<NodeId, scenario::Querier>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(scenario: &'a Scenario, topology: &'a Topology) -> Self {
        Self { topology, scenario, nodes: BTreeMap::new(), queriers: BTreeMap::new() }
    }

    /// Does the act.
    pub(super) fn set(&mut self, set: &Set, faults: &mut Diagnostics) -> Option<(NodeId, Action)> {
        let node = self.topology.node(&set.who, faults)?;
        let role = self.nodes.get(&node).unwrap_or(&self.topology.nodes[node].role).clone();
        let setting = match (role, &self.scenario.nodes[node].role) {
            (Role::Router(router), _) => {
                known(set, "router", &ROUTER, faults)?;
                Setting::Router(self.router(node, set, router, faults)?)
            }
            (Role::Listener(Listener::Kernel { level, .. }), _) if level.joins() => {
                known(set, "listener", &LISTENER, faults)?;
                Setting::IgmpVersion(version(set, 1..=3, faults)?)
            }
            (Role::Injector(_), scenario::Role::Querier(querier)) => {
                known(set, "querier", &QUERIER, faults)?;
                self.querier(node, set, querier, faults)?
            }
            (Role::Switch(switch), _) => {
                known(set, "switch", &SWITCH, faults)?;
                Setting::Switch(switch_set(set, switch, faults)?)
            }
            _ => {
                let message = format!("nothing of {} can be set", set.who.value);
                let help =
                    "of routers, queriers, switches and listeners of the kernel that join groups";
                faults.error_with_help(&set.who.span, message, "has no such keys", help);
                return None;
            }
        };
        match &setting {
            Setting::Router(router) => {
                self.nodes.insert(node, Role::Router(router.clone()));
            }
            Setting::Switch(switch) => {
                self.nodes.insert(node, Role::Switch(switch.clone()));
            }
            Setting::IgmpVersion(_) | Setting::Querier(_) => {}
        }
        Some((node, Action::Set(setting)))
    }

    fn router(
        &self,
        node: NodeId,
        set: &Set,
        mut router: Router,
        faults: &mut Diagnostics,
    ) -> Option<Router> {
        let before = faults.len();
        let only = match &set.link {
            None => None,
            Some(link) => Some(self.topology.port(node, link, faults)?),
        };
        let is_meant = |port| only.is_none_or(|only| only == port);
        for interface in router.interfaces.iter_mut().filter(|own| is_meant(own.port)) {
            if let Some(threshold) = &set.ttl_threshold {
                interface.threshold = threshold.value;
            }
            if let Some(given) = &set.membership {
                interface.knobs = given.value.over(&interface.knobs);
            }
        }
        if let Some(joins) = &set.static_joins {
            router.interfaces.iter_mut().for_each(|interface| interface.static_joins.clear());
            self.topology.join_statically(node, joins, &mut router.interfaces, faults);
        }
        let checked = router.check(|port| self.topology.link_name(port));
        if let (true, Err(wrong)) = (faults.len() == before, checked) {
            let span = set.membership.as_ref().map_or(&set.who.span, |given| &given.span);
            faults.error(span, wrong, "not with what is in force by then");
        }
        (faults.len() == before).then_some(router)
    }

    fn querier(
        &mut self,
        node: NodeId,
        set: &Set,
        written: &scenario::Querier,
        faults: &mut Diagnostics,
    ) -> Option<Setting> {
        let querier = self.queriers.entry(node).or_insert_with(|| written.clone());
        if let Some(interval) = &set.query_interval {
            if interval.value.is_zero() {
                let message = "`query-interval` must not be 0";
                faults.error(&interval.span, message, "without end at once");
                return None;
            }
            querier.query_interval = interval.value;
        }
        if let Some(max_resp) = &set.max_resp {
            querier.max_resp = max_resp.value;
        }
        let port = self.topology.only_port(node, None, &set.who, faults)?;
        match injection::periodic(querier, port, &self.topology.ports[port]) {
            Ok(injection) => Some(Setting::Querier(injection)),
            Err(why) => {
                faults.error(&set.who.span, why, "this querier");
                None
            }
        }
    }
}

/// Whether a role has all the given keys.
fn known(set: &Set, role: &str, keys: &[&str], faults: &mut Diagnostics) -> Option<()> {
    let help = format!("of a {role} can be set: {}", keys.join(", "));
    if set.keys.iter().all(|(key, _)| *key == "link") {
        let message = format!("nothing of {} is set", set.who.value);
        faults.error_with_help(&set.who.span, message, "a key is missing", help);
        return None;
    }
    let unknown: Vec<_> = set.keys.iter().filter(|(key, _)| !keys.contains(key)).collect();
    for (key, span) in &unknown {
        let message = format!("`{key}` of {} cannot be set", set.who.value);
        faults.error_with_help(span, message, format!("{} is a {role}", set.who.value), &help);
    }
    unknown.is_empty().then_some(())
}

fn version(
    set: &Set,
    limits: std::ops::RangeInclusive<u8>,
    faults: &mut Diagnostics,
) -> Option<u8> {
    let version = set.igmp_version.as_ref()?;
    if !limits.contains(&version.value) {
        let (first, last) = (limits.start(), limits.end());
        let message = format!("`igmp-version` of {} is {first} to {last}", set.who.value);
        faults.error(&version.span, message, format!("found {}", version.value));
        return None;
    }
    Some(version.value)
}

fn switch_set(
    set: &Set,
    mut switch: super::Switch,
    faults: &mut Diagnostics,
) -> Option<super::Switch> {
    if set.igmp_version.is_some() {
        switch.knobs.version = switch_version(version(set, 2..=3, faults)?);
    }
    if let Some(snooping) = &set.snooping {
        switch.knobs.snooping = snooping.value;
    }
    if let Some(querier) = &set.querier {
        switch.knobs.querier = querier.value;
    }
    if !switch.knobs.snooping && switch.knobs.querier {
        let message = "a switch without snooping sends no Queries";
        faults.error(&set.who.span, message, "set `querier` or `snooping` too");
        return None;
    }
    let mut knobs = Knobs { startup_query_interval: None, ..switch.knobs.igmp.clone() };
    for (given, own) in [
        (&set.query_interval, &mut knobs.query_interval),
        (&set.query_response_interval, &mut knobs.query_response_interval),
        (&set.last_member_interval, &mut knobs.last_member_query_interval),
    ] {
        *own = given.as_ref().map_or(*own, |given| given.value);
    }
    if let Some(count) = &set.last_member_count {
        knobs.last_member_query_count = Some(count.value);
    }
    match complete(knobs) {
        Ok(igmp) => {
            switch.knobs.igmp = igmp;
            Some(switch)
        }
        Err((keys, message, label)) => {
            let of_key = |key: &&str| set.keys.iter().find(|(own, _)| own == key);
            let span: Option<&Span> = keys.iter().find_map(of_key).map(|(_, span)| span);
            faults.error(span.unwrap_or(&set.who.span), message, label);
            None
        }
    }
}
