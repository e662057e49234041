//! Reads the nodes, each by its role.

use std::time::Duration;

use castnet::gmp::message::Version;
use toml::de::DeValue;

use super::daemon::Daemon;
use super::gap::Gap;
use super::reader::Reader;
use super::scope::Scope;
use super::span::Spanned;
use super::speaks::speaks;
use super::values::{MOST, group};
use super::{
    Fixed, Listener, Node, Querier, Role, Route, Router, StaticJoin, boundary, daemon, expr,
    flow_rule, inject, level, membership, pim, switch, threshold,
};
use crate::knobs::{HostKnobs, Level, RouteCost};
use crate::vocabulary::node::{DISTRIBUTION, ROLES, STACKS, all_keys, keys};

/// How long a flow may be idle before its entry is deleted, unless given: the Keepalive Period of
/// PIM-SM (RFC 7761 section 4.11).
pub(super) const KEEPALIVE: Duration = Duration::from_secs(210);

/// Reads the table `[nodes]`.
pub(super) fn nodes(value: &toml::Spanned<DeValue<'_>>, gap: &mut Gap, scope: &Scope) -> Vec<Node> {
    let form = "a table: h1 = { role = \"listener\" }, and so on";
    let Some(table) = Reader::of(value, "[nodes]", form, scope) else {
        gap.add_unread();
        return Vec::new();
    };
    let mut nodes = Vec::new();
    for (name, value) in table.entries() {
        if nodes.len() == MOST {
            let message = format!("a scenario has at most {MOST} nodes");
            scope.faults().borrow_mut().error(&name.span, message, "one too many");
            gap.add_unread();
            break;
        }
        match node(&name, value, scope) {
            Some((role, as_distributed)) => nodes.push(Node { name, role, as_distributed }),
            None => gap.add(name.value),
        }
    }
    nodes
}

/// The role of a node, and whether its kernel stays as the distribution has it.
fn node(
    name: &Spanned<String>,
    value: &toml::Spanned<DeValue<'_>>,
    scope: &Scope,
) -> Option<(Role, bool)> {
    if !expr::is_name(&name.value) || name.value.contains('.') {
        let message = format!("`{}` cannot be the name of a node", name.value);
        scope.faults().borrow_mut().error(
            &name.span,
            message,
            "a letter, then letters, digits, - and _",
        );
        return None;
    }
    let table = Reader::of(value, "a node", "a table such as { role = \"listener\" }", scope)?;
    table.has(all_keys());
    let word = table.require("role", table.string("role"));
    if let Some(keys) = word.as_ref().and_then(|word| keys(&word.value)) {
        table.has(keys);
    }
    let role = match word.as_ref().map(|word| word.value.as_str()) {
        Some("router") => {
            table.is("a router");
            router(&table).map(Role::Router)
        }
        Some("listener") => {
            table.is("a listener");
            listener(&table).map(Role::Listener)
        }
        Some("source") => {
            table.is("a source");
            Some(Role::Source)
        }
        Some("injector") => {
            table.is("an injector");
            Some(Role::Injector)
        }
        Some("querier") => {
            table.is("a querier");
            querier(&table).map(Role::Querier)
        }
        Some("switch") => {
            table.is("a switch");
            switch::switch(&table).map(Role::Switch)
        }
        _ => {
            if let Some(word) = &word {
                scope.faults().borrow_mut().unknown_word(
                    "",
                    "role",
                    word,
                    ROLES.map(|(role, _)| role),
                );
            }
            None
        }
    };
    if role.is_none() {
        // Without a role any of these keys may belong here, and who could not be read further has not asked
        // for every key.
        table.know_all();
    }
    let as_distributed = table.value("sysctls").is_some();
    table.word("sysctls", "setting of the kernel", &[(DISTRIBUTION, ())]);
    table.finish();
    Some((role?, as_distributed))
}

fn router(table: &Reader<'_, '_>) -> Option<Router> {
    let knobs = membership::params(table);
    let pim = pim::pim(table);
    let upstream = table.string("upstream");
    let only_forwarder = table.strings("only-forwarder").map_or_else(Vec::new, |links| links.value);
    let static_joins = static_joins(table);
    let boundaries = boundary::boundaries(table);
    let rules = flow_rule::rules(table);
    let routes = table.tables("routes", "a route", "[{ to = \"up\", link = \"left\" }]");
    let routes: Option<Vec<Route>> = routes.into_iter().map(|entry| route(entry?)).collect();
    let derive_routes = table.boolean("derive-routes").is_none_or(|derive| derive.value);
    let (ttl_threshold, ttl_thresholds) = threshold::thresholds(table);
    let keepalive = table.duration("keepalive").map_or(KEEPALIVE, |k| k.value);
    let device = table.string("device");
    let daemon = daemon::daemon(table);
    let Daemon { is_process, own } = daemon?;
    Some(Router {
        knobs: knobs?,
        pim: pim?,
        upstream,
        only_forwarder,
        static_joins: static_joins?,
        fixed: Box::new(Fixed { boundaries: boundaries?, rules: rules? }),
        derive_routes,
        routes: routes?,
        ttl_threshold,
        ttl_thresholds,
        keepalive,
        is_process,
        device,
        own,
    })
}

/// The key `static-joins` of a router.
pub(super) fn static_joins(table: &Reader<'_, '_>) -> Option<Vec<StaticJoin>> {
    let form = "[{ link = \"lan\", group = \"239.1.1.1\" }]";
    let joins = table.tables("static-joins", "a static join", form);
    joins.into_iter().map(|join| static_join(join?)).collect()
}

fn static_join(table: Reader<'_, '_>) -> Option<StaticJoin> {
    let link = table.require("link", table.string("link"));
    let group = table.require("group", group(&table, "group"));
    let source = table.string("source");
    table.finish();
    Some(StaticJoin { link: link?, group: group?, source })
}

fn route(table: Reader<'_, '_>) -> Option<Route> {
    let to = table.require("to", table.string("to"));
    let link = table.require("link", table.string("link"));
    let preference = table.whole("preference");
    let metric = table.whole("metric");
    table.finish();
    let span = preference.as_ref().or(metric.as_ref()).map(|given| given.span.clone());
    let given = |given: Option<Spanned<u32>>, or| given.map_or(or, |given| given.value);
    let cost = RouteCost {
        preference: given(preference, RouteCost::default().preference),
        metric: given(metric, RouteCost::default().metric),
    };
    Some(Route { to: to?, link: link?, cost: span.map(|span| Spanned { value: cost, span }) })
}

fn listener(table: &Reader<'_, '_>) -> Option<Listener> {
    let is_castnet = table.word("stack", "stack", &[(STACKS[0], false), (STACKS[1], true)]);
    match is_castnet.map(|is_castnet| is_castnet.value) {
        Some(true) => castnet_listener(table),
        Some(false) => kernel_listener(table),
        None if table.value("stack").is_none() => kernel_listener(table),
        None => None,
    }
}

fn kernel_listener(table: &Reader<'_, '_>) -> Option<Listener> {
    let version = igmp_version(table);
    let level = level::level(table, false);
    let count = table.whole::<u32>("count");
    if table.value("count").is_some() && count.is_none() {
        return None;
    }
    match listeners(version?, count.map_or(1, |count| count.value)) {
        Listener::Kernel { igmp_version, .. } => {
            Some(Listener::Kernel { igmp_version, level: level? })
        }
        others => Some(others),
    }
}

/// The version to which a listener's kernel is fixed, if any.
pub(super) fn igmp_version(table: &Reader<'_, '_>) -> Option<Option<u8>> {
    let version = speaks(table)?;
    if let Some(version) = version.as_ref().filter(|v| !(1..=3).contains(&v.value)) {
        let message = format!("there is no IGMP version {}", version.value);
        table.faults().borrow_mut().error(&version.span, message, "1, 2 or 3");
        return None;
    }
    Some(version.map(|version| version.value))
}

/// One listener, or a population of them.
pub(super) const fn listeners(igmp_version: Option<u8>, count: u32) -> Listener {
    match count {
        0 | 1 => Listener::Kernel { igmp_version, level: Level::Full },
        _ => Listener::Population { igmp_version, count },
    }
}

fn castnet_listener(table: &Reader<'_, '_>) -> Option<Listener> {
    let given = speaks(table)?;
    level::level(table, true)?;
    let version = igmp_version(table)?.unwrap_or(3);
    if version == 1 {
        let span = given?.span;
        let message = "castnet's stack speaks version 2 or 3 of IGMP";
        table.faults().borrow_mut().error(&span, message, "2 or 3");
        return None;
    }
    let defaults = HostKnobs::of(if version == 2 { Version::V2 } else { Version::V3 });
    let time = |key, default| table.duration(key).map_or(default, |time| time.value);
    Some(Listener::Castnet(HostKnobs {
        version: defaults.version,
        robustness: table
            .integer::<u8>("robustness")
            .map_or(defaults.robustness, |robustness| robustness.value),
        unsolicited_report_interval: time(
            "unsolicited-report-interval",
            defaults.unsolicited_report_interval,
        ),
        v1_router_present_timeout: time(
            "v1-router-present-timeout",
            defaults.v1_router_present_timeout,
        ),
        silent_leaves: table
            .boolean("silent-leaves")
            .map_or(defaults.silent_leaves, |silent| silent.value),
        lightweight: flag_of_sources(table, "lightweight", version),
        source_specific: flag_of_sources(table, "source-specific", version),
        source_specific_range: table.range("source-specific-range"),
        compatibility: table.boolean("compatibility").is_none_or(|compatible| compatible.value),
    }))
}

/// A flag that only hosts with source lists have: those of version 3 of IGMP, or 2 of MLD.
fn flag_of_sources(table: &Reader<'_, '_>, key: &'static str, version: u8) -> bool {
    let Some(flag) = table.boolean(key) else { return false };
    if flag.value && version != 3 {
        let message = format!("`{key}` is for hosts with source lists");
        let help = "`speaks = \"sources\"` instead, or no version at all";
        let mut faults = table.faults().borrow_mut();
        faults.error_with_help(&flag.span, message, "this one has none", help);
    }
    flag.value
}

fn querier(table: &Reader<'_, '_>) -> Option<Querier> {
    let query_interval = table.require("query-interval", table.duration("query-interval"));
    for interval in query_interval.iter().filter(|interval| interval.value < SHORTEST) {
        let message = "`query-interval` is at least \"1ms\"";
        table.faults().borrow_mut().error(&interval.span, message, "without end at once");
    }
    let max_resp = inject::max_resp(table).map_or(DEFAULT_MAX_RESP, |max_resp| max_resp.value);
    Some(Querier { query_interval: query_interval?.value, max_resp })
}

/// The shortest time from one Query to the next.
const SHORTEST: Duration = Duration::from_millis(1);

/// RFC2236-8.3-01
pub(super) const DEFAULT_MAX_RESP: Duration = Duration::from_secs(10);
