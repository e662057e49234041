//! Generated topologies: as many nodes as said, joined as said, with networks that hold them.

use std::net::{IpAddr, Ipv4Addr};

use super::super::{Plan, PortId, Role, Router, compile};
use crate::scenario::{Backend, Listener};

/// A scenario with this shape, and with this besides.
fn plan(shape: &str, more: &str) -> Plan {
    let text = format!(
        "title = \"generated\"\n[generate]\n{shape}\nigmp-version = 2\n{more}\n[[expect]]\n\
         packet = {{ on = \"up\", kind = \"query\" }}\ncount = 1\nwithin = \"1s\"\n"
    );
    compile("generated.toml", &text).unwrap_or_else(|e| panic!("{}", e.render(false)))
}

/// The nodes of each link, in the order of the plan.
fn links(plan: &Plan) -> Vec<String> {
    let link = |link: &super::super::Link| {
        let nodes = link.ports.iter().map(|&port| plan.nodes[plan.ports[port].node].name.as_str());
        format!("{}: {}", link.name, nodes.collect::<Vec<_>>().join(" "))
    };
    plan.links.iter().map(link).collect()
}

fn router<'a>(plan: &'a Plan, name: &str) -> &'a Router {
    let node = plan.nodes.iter().find(|node| node.name == name).unwrap();
    let Role::Router(router) = &node.role else { panic!("{name} is no router") };
    router
}

/// The links onto which a router carries a channel without members, and that to its sources.
fn carries(plan: &Plan, name: &str) -> (Vec<String>, Vec<String>) {
    let router = router(plan, name);
    let link = |port: PortId| plan.links[plan.ports[port].link].name.clone();
    let joined = router.interfaces.iter().filter(|i| !i.static_joins.is_empty());
    let routes = router.routes.iter().map(|route| link(route.port));
    (joined.map(|interface| link(interface.port)).collect(), routes.collect())
}

#[test]
fn a_chain_has_hosts_everywhere() {
    let plan = plan("chain = { routers = 3, hosts = 1 }", "");
    let wanted =
        ["up: s1 r1", "lan1: r1 h1", "c2: r1 r2", "lan2: r2 h2", "c3: r2 r3", "lan3: r3 h3"];
    assert_eq!(links(&plan), wanted);
    assert_eq!(carries(&plan, "r1"), (vec![], vec![]));
    assert_eq!(carries(&plan, "r3"), (vec![], vec!["c3".to_owned()]));
    assert!(plan.runs_on(Backend::Netns) && plan.runs_on(Backend::Sim));
}

#[test]
fn a_tree_has_hosts_at_its_leaves_and_carries_its_group_down() {
    let plan = plan("tree = { fan-out = 2, depth = 3, hosts = 1, group = \"239.1.1.1\" }", "");
    let wanted = [
        "up: s1 r1",
        "c2: r1 r2",
        "c3: r1 r3",
        "c4: r2 r4",
        "lan4: r4 h4",
        "c5: r2 r5",
        "lan5: r5 h5",
        "c6: r3 r6",
        "lan6: r6 h6",
        "c7: r3 r7",
        "lan7: r7 h7",
    ];
    assert_eq!(links(&plan), wanted);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(carries(&plan, "r1"), (names(&["c2", "c3"]), vec![]));
    assert_eq!(carries(&plan, "r3"), (names(&["c6", "c7"]), names(&["c3"])));
    assert_eq!(carries(&plan, "r7"), (vec![], names(&["c7"])));
}

#[test]
fn a_grid_is_linked_across_but_carries_along_its_tree() {
    let plan = plan("grid = { rows = 2, columns = 2, group = \"239.1.1.1\" }", "");
    assert_eq!(links(&plan), ["up: s1 r1", "c2: r1 r2", "c3: r1 r3", "c4: r3 r4", "x1: r2 r4"]);
    assert_eq!(carries(&plan, "r2").0, <[&str; 0]>::default());
    assert_eq!(carries(&plan, "r3").0, ["c4"]);
}

#[test]
fn ten_thousand_routers_and_a_million_hosts_have_addresses() {
    let plan = plan("tree = { fan-out = 10, depth = 5, hosts = 100 }", "");
    let routers = plan.nodes.iter().filter(|node| matches!(node.role, Role::Router(_))).count();
    assert_eq!(routers, 11_111);
    let mut networks: Vec<_> = plan.links.iter().map(|link| link.subnet).collect();
    networks.sort();
    assert!(networks.windows(2).all(|pair| !pair[0].contains(&pair[1])));
    assert!(!plan.runs_on(Backend::Netns));

    let plan = self::plan("lan = { hosts = 1000000 }", "");
    let lan = plan.links.iter().find(|link| link.name == "lan1").unwrap();
    assert_eq!(lan.subnet.to_string(), "172.16.0.0/12");
    let population =
        Role::Listener(Listener::Population { igmp_version: Some(2), count: 1_000_000 });
    let node = plan.nodes.iter().find(|node| node.name == "h1").unwrap();
    assert_eq!(format!("{:?}", node.role), format!("{population:?}"));
    let Some(IpAddr::V4(first)) = plan.ports[node.ports[0]].address else { panic!("no IPv4") };
    let last = Ipv4Addr::from_bits(first.to_bits() + 999_999);
    assert!(lan.subnet.contains(&IpAddr::V4(last)));
}

#[test]
fn several_large_networks_do_not_meet_and_leave_given_ones_alone() {
    let more = "[links]\nhall = [\"r1\", \"crowd\"]\ngiven = { nodes = [\"r1\", \"q\"], subnet = \
                \"172.16.4.0/24\" }\n[nodes]\ncrowd = { role = \"listener\", count = 1000 }\n\
                q = { role = \"listener\" }\n";
    let plan = plan("lan = { hosts = 600 }", more);
    let of =
        |name: &str| plan.links.iter().find(|link| link.name == name).unwrap().subnet.to_string();
    assert_eq!((of("hall"), of("lan1")), ("172.16.0.0/22".to_owned(), "172.16.8.0/22".to_owned()));
    assert_eq!(of("given"), "172.16.4.0/24");
}
