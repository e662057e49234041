//! castnet as a device under test: the plan's router and host in castnet's own configuration types.

pub mod events;

use std::net::IpAddr;

use castnet::daemon::config::IgmpSettings;
use castnet::fixed::Rule;
use castnet::gmp::params::{HostParams, Params};
use castnet::gmp::reception;
use castnet::pim;
use castnet::pim::params::{LinkParams, SptSwitchover, StaticRp};
use castnet::rib::Cost;
use castnet::router::config::{Config, InterfaceConfig, MAX_FLOWS, RouteConfig};
use ipnet::IpNet;

use super::written::table;
use crate::knobs::{Dialect, HostKnobs, Knobs, PimKnobs};
use crate::plan::{Plan, PortId, Router, RouterPort, SourceFilter, SourceRoute};

/// The configuration of a router of the plan.
#[must_use]
pub fn router(plan: &Plan, router: &Router) -> Config {
    let link = |port: PortId| &plan.links[plan.ports[port].link];
    // Most routers have the same parameters on all interfaces, and reading them takes time.
    let mut last: Option<(&Knobs, Params)> = None;
    let interfaces = router.interfaces.iter().map(|interface| {
        let RouterPort { port, knobs, threshold, static_joins, dr_priority, .. } = interface;
        last = last.take().filter(|(known, _)| *known == knobs);
        let (_, igmp) = last.get_or_insert_with(|| (knobs, params(knobs)));
        let networks = plan.ports[*port].networks(link(*port).subnet);
        InterfaceConfig {
            name: link(*port).name.clone(),
            addresses: networks,
            igmp: Some(igmp.clone()),
            threshold: *threshold,
            static_joins: static_joins.clone(),
            upstream: interface.upstream,
            only_forwarder: interface.only_forwarder,
            pim: router.pim.as_ref().map(|knobs| pim_link(knobs, *dr_priority)),
            discovery: None,
            boundaries: interface.boundaries.clone(),
        }
    });
    let name = |port: PortId| link(port).name.clone();
    let route = |SourceRoute { prefix, port, via, cost }: &SourceRoute| RouteConfig {
        prefix: *prefix,
        interface: link(*port).name.clone(),
        via: *via,
        cost: Cost { preference: cost.preference, metric: cost.metric },
    };
    Config {
        family: plan.family,
        interfaces: interfaces.collect(),
        routes: router.routes.iter().map(route).collect(),
        keepalive: router.keepalive,
        rules: router.interfaces.iter().flat_map(|to| rules(to, name)).collect(),
        max_flows: MAX_FLOWS,
        pim: router.pim.as_ref().map(|knobs| pim(knobs, &router.rps)),
    }
}

/// The static rules to an interface; `name` is that of an interface.
fn rules(to: &RouterPort, name: impl Fn(PortId) -> String) -> Vec<Rule<String>> {
    let rules = to.rules.iter().map(|rule| Rule {
        from: name(rule.from),
        standby: rule.standby.map(&name),
        source: rule.channel.source.map(|source| source.addr().into()),
        group: rule.channel.group.addr().into(),
        except: rule.except.map(|source| source.addr().into()).into_iter().collect(),
        to: vec![name(to.port)],
    });
    rules.collect()
}

/// The parameters as castnetd reads them: the keys of both are one table, which a test holds.
fn params(knobs: &Knobs) -> Params {
    // Both families have one set of values, in IGMP's words.
    let read = toml::Value::Table(table(knobs, Dialect::Igmp)).try_into::<IgmpSettings>();
    read.unwrap_or_else(|unknown| panic!("no parameters of castnetd: {unknown}")).params()
}

/// The parameters of PIM on one interface.
const fn pim_link(knobs: &PimKnobs, dr_priority: u32) -> LinkParams {
    LinkParams {
        hello_period: knobs.hello_period,
        triggered_hello_delay: knobs.triggered_hello_delay,
        dr_priority,
        propagation_delay: knobs.propagation_delay,
        override_interval: knobs.override_interval,
    }
}

/// The parameters of PIM of a router.
fn pim(knobs: &PimKnobs, rps: &[(IpNet, IpAddr)]) -> pim::params::Params {
    let rps = rps.iter().map(|&(groups, address)| StaticRp { address, groups });
    pim::params::Params {
        join_prune_period: knobs.join_prune_period,
        register_suppression_time: knobs.register_suppression_time,
        register_probe_time: knobs.register_probe_time,
        spt_switchover: match knobs.switches_to_spt {
            true => SptSwitchover::Immediate,
            false => SptSwitchover::Never,
        },
        rps: rps.collect(),
    }
}

/// The parameters of castnet's host machine.
#[must_use]
pub const fn host(knobs: &HostKnobs) -> HostParams {
    HostParams {
        version: knobs.version,
        profile: castnet::gmp::params::Profile::Rfc9776,
        robustness: knobs.robustness,
        unsolicited_report_interval: knobs.unsolicited_report_interval,
        v1_router_present_timeout: knobs.v1_router_present_timeout,
        lightweight: knobs.lightweight,
        source_specific: knobs.source_specific,
        source_specific_range: knobs.source_specific_range,
        compatibility: knobs.compatibility,
        silent_leaves: knobs.silent_leaves,
    }
}

/// What a socket of castnet's host machine wants.
#[must_use]
pub fn wish(filter: &SourceFilter) -> reception::filter::SourceFilter {
    match filter.clone() {
        SourceFilter::Include(sources) => reception::filter::SourceFilter::Include(sources),
        SourceFilter::Exclude(sources) => reception::filter::SourceFilter::Exclude(sources),
    }
}

#[cfg(test)]
mod tests {
    use castnet::addr::Family;
    use castnet::daemon::config::ConfigFile;

    use super::*;
    use crate::knobs::{Dialect, fixed_in_mld};
    use crate::plan::{Role, compile};
    use crate::vocabulary::key::{Default, Form, Key};

    /// Every key with a value that is that differs from its default and from every other key's value.
    fn every(dialect: Dialect) -> String {
        let keys = dialect.keys().iter().copied().flatten();
        let keys = keys.filter(|key| dialect != Dialect::Mld || fixed_in_mld(key.name).is_none());
        let value = |(n, key): (u64, &Key)| {
            let default = key.unless_given;
            let other = |number: &&u64| default != Some(Default::Number(**number));
            let value = match key.form {
                Form::Flag => (default != Some(Default::Flag(true))).to_string(),
                Form::Numbers(all) => all.iter().find(other).unwrap().to_string(),
                // Each one is shorter than the one before it, and all fit into an octet of tenths.
                Form::Time => format!("\"{}s\"", 25 - n),
                Form::Network if dialect == Dialect::Mld => "\"ff15:9::/32\"".to_owned(),
                Form::Network => "\"239.9.0.0/16\"".to_owned(),
                _ => (n + 3).to_string(),
            };
            // The last spelling is MLD's, where the protocols differ.
            let spelling = match dialect {
                Dialect::Mld => key.spellings().last().unwrap(),
                _ => key.name,
            };
            format!("{spelling} = {value}")
        };
        let values: Vec<String> = (0..).zip(keys).map(value).collect();
        format!("{{ {} }}", values.join(", "))
    }

    fn of_scenario(family: &str, table: &str, keys: &str) -> Config {
        let scenario = format!(
            "title = \"t\"\nfamily = \"{family}\"\nend = \"1s\"\nlinks = {{ lan = [\"r1\"] }}\n\
             nodes = {{ r1 = {{ role = \"router\", {table} = {keys} }} }}\n\
             [[expect]]\npacket = {{ on = \"lan\", kind = \"query\" }}\ncount = 2"
        );
        let plan = compile("t.toml", &scenario).unwrap_or_else(|wrong| panic!("{wrong}"));
        let Role::Router(r1) = &plan.nodes[0].role else { panic!("r1 is a router") };
        router(&plan, r1)
    }

    /// The daemon's own reader is the reference: one table of keys, read by both.
    #[test]
    fn a_scenario_and_the_daemon_make_one_thing_of_the_same_keys() {
        let [igmp, mld] = [Dialect::Igmp, Dialect::Mld].map(every);
        let file = format!("[[interface]]\nname = \"lan\"\nigmp = {igmp}\nmld = {mld}");
        let file = ConfigFile::parse(&file).unwrap_or_else(|wrong| panic!("{wrong}"));
        let made = of_scenario("ipv4", "igmp", &igmp);
        assert_eq!(made.interfaces[0].igmp, Some(file.interface[0].igmp.params()));
        assert_eq!(made.interfaces[0].name, "lan");
        assert_eq!(made.interfaces[0].addresses, ["10.0.1.1/24".parse().unwrap()]);
        assert_eq!(made.keepalive, castnet::router::config::KEEPALIVE);
        assert_eq!(made.check(), Ok(()));
        let made = of_scenario("ipv6", "mld", &mld);
        assert_eq!(made.interfaces[0].igmp, Some(file.interface[0].mld.0.params()));
        let addresses = ["fd00:0:0:1::1/64", "fe80::ca:ff:fe00:0/64"];
        assert_eq!(made.interfaces[0].addresses, addresses.map(|net| net.parse().unwrap()));
        assert_eq!((made.family, made.check()), (Family::V6, Ok(())));
    }

    /// `membership` says for either family what the family's own table says.
    #[test]
    fn one_table_is_for_both_families() {
        let keys = "last-member-query-count = 3, query-interval = \"20s\"";
        for (family, own, version) in [("ipv4", "igmp", 3), ("ipv6", "mld", 2)] {
            let both = format!("{{ version = \"sources\", {keys} }}");
            let own_keys = format!("{{ version = {version}, {keys} }}");
            let [both, own] = [("membership", both), (own, own_keys)]
                .map(|(table, keys)| of_scenario(family, table, &keys).interfaces[0].igmp.clone());
            assert_eq!(both, own);
            assert_eq!(own.map(|own| own.last_member_query_count), Some(Some(3)));
        }
    }
}
