//! Names resolved, addresses given, arithmetic done: what a backend and the judge can rely on.

mod addresses;
mod arithmetic;
mod generate;
mod injection;
mod routes;
mod segment;
mod settings;
mod swaps;
mod timeline;
mod timers;

use std::collections::BTreeSet;

use super::*;

/// A plan of a scenario with an act `leave` at 2 s and the given expectation; two routers on `lan`,
/// r1 with short timers.
fn plan_with(igmp: &str, expect: &str) -> Plan {
    try_plan(igmp, expect).unwrap_or_else(|told| panic!("{told}"))
}

fn try_plan(igmp: &str, expect: &str) -> Result<Plan, String> {
    let text = format!(
        r#"title = "t"
links = {{ up = ["s1", "r1"], lan = ["r1", "h1", "h2"] }}
nodes.s1 = {{ role = "source" }}
nodes.r1 = {{ role = "router", igmp = {{ {igmp} }} }}
nodes.h1 = {{ role = "listener" }}
nodes.h2 = {{ role = "listener" }}
[[act]]
at = "1s"
join = {{ who = "h1", group = "239.1.1.1" }}
[[act]]
at = "2s"
name = "leave"
leave = {{ who = "h1", group = "239.1.1.1" }}
[[expect]]
{expect}
"#
    );
    compile("scenarios/igmp/v2/t.toml", &text).map_err(|rejected| rejected.to_string())
}

const MEMBERSHIP: &str =
    "packet = { on = \"lan\", kind = \"leave\" }\ncount = 1\nafter = \"leave\"";

#[test]
fn addresses_follow_the_order_of_the_file() {
    let plan = plan_with("", &format!("{MEMBERSHIP}\nwithin = \"1s\""));
    let port = |id: PortId| (plan.port_name(id), plan.ports[id].address.unwrap().to_string());
    let ports: Vec<_> = (0..plan.ports.len()).map(port).collect();
    let expected = [
        ("s1:up", "10.0.1.1"),
        ("r1:up", "10.0.1.2"),
        ("r1:lan", "10.0.2.1"),
        ("h1:lan", "10.0.2.2"),
        ("h2:lan", "10.0.2.3"),
    ];
    assert_eq!(ports, expected.map(|(name, address)| (name.to_owned(), address.to_owned())));
    assert_eq!(plan.name, "igmp/v2/t");
    let Role::Router(router) = &plan.nodes[1].role else { panic!("r1 is a router") };
    let interfaces: Vec<_> = router.interfaces.iter().map(|i| plan.port_name(i.port)).collect();
    assert_eq!(interfaces, ["r1:up", "r1:lan"]);
}

fn plan_of_links(links: &str, nodes: usize) -> Plan {
    let mut text = format!("title = \"t\"\nend = \"1s\"\n[links]\n{links}\n[nodes]\n");
    for node in 0..nodes {
        text.push_str(&format!("n{node} = {{ role = \"source\" }}\n"));
    }
    text.push_str("[[expect]]\npacket = { on = \"a\", kind = \"data\" }\ncount = 0\n");
    compile("t.toml", &text).unwrap_or_else(|rejected| panic!("{rejected}"))
}

#[test]
fn macs_and_addresses_are_unique_and_for_one_host() {
    let all: Vec<String> = (0..200).map(|n| format!("\"n{n}\"")).collect();
    let mut links = format!("a = [{}]\n", all.join(", "));
    for n in 1..200 {
        links.push_str(&format!("l{n} = [\"n{}\", \"n{n}\"]\n", n - 1));
    }
    let plan = plan_of_links(&links, 200);
    let macs: BTreeSet<_> = plan.ports.iter().map(|port| port.mac).collect();
    let addresses: BTreeSet<_> = plan.ports.iter().map(|port| port.address).collect();
    assert_eq!((macs.len(), addresses.len()), (plan.ports.len(), plan.ports.len()));
    // Unicast, and locally administered.
    assert!(macs.iter().all(|mac| mac[0] & 0b11 == 0b10));
    assert!(plan.ports.iter().all(|p| plan.links[p.link].subnet.contains(&p.address.unwrap())));
}

/// An interface is named after its link, so that a node never has two of one name.
#[test]
fn interface_names_are_unique_in_a_node_and_fit_the_kernel() {
    let plan = plan_of_links("a = [\"n0\", \"n1\"]\nabcdefghijklmno = [\"n0\", \"n1\"]", 2);
    for node in &plan.nodes {
        let names: BTreeSet<_> =
            node.ports.iter().map(|&port| &plan.links[plan.ports[port].link].name).collect();
        assert_eq!(names.len(), node.ports.len());
        assert!(names.iter().all(|name| name.len() <= 15));
    }
}

#[test]
fn given_subnets_are_kept_and_the_others_make_way() {
    let links = "a = [\"n0\"]\nb = { nodes = [\"n0\"], subnet = \"10.0.1.0/24\" }\nc = [\"n0\"]";
    let plan = plan_of_links(links, 1);
    let subnets: Vec<_> = plan.links.iter().map(|link| link.subnet.to_string()).collect();
    assert_eq!(subnets, ["10.0.4.0/24", "10.0.1.0/24", "10.0.3.0/24"]);
    let full = plan_of_links("a = { nodes = [\"n0\", \"n1\"], subnet = \"10.0.0.0/30\" }", 2);
    let addresses: Vec<_> =
        full.ports.iter().map(|port| port.address.unwrap().to_string()).collect();
    assert_eq!(addresses, ["10.0.0.1", "10.0.0.2"]);
}

#[test]
fn a_scenario_is_named_by_its_path_below_scenarios() {
    for (path, name) in [
        ("scenarios/igmp/v2/leave.toml", "igmp/v2/leave"),
        ("/x/scenarios/leave.toml", "leave"),
        ("./my/leave.toml", "leave"),
        ("leave", "leave"),
    ] {
        let text = include_str!("../scenario/tests/rich.toml");
        assert_eq!(compile(path, text).unwrap().name, name, "{path}");
    }
}
