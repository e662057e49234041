//! Links that meet at switches are one network.

use castnet::gmp::message::Version;

use super::*;

/// Two switches in a row, a LAN behind one of them, and a link apart; `keys` are those of `sw1`.
fn plan_of_switches(keys: &str, expect: &str) -> Result<Plan, String> {
    let text = format!(
        r#"title = "t"
end = "10m"
[links]
up = ["s1", "r1"]
c1 = ["sw1", "r1"]
c2 = ["sw2", "h1"]
mid = ["sw1", "sw2"]
lan = ["h2", "sw2", "h3"]
[nodes]
s1 = {{ role = "source" }}
r1 = {{ role = "router", igmp = {{ query-interval = "20s" }} }}
sw1 = {{ role = "switch"{keys} }}
sw2 = {{ role = "switch", fast-leave = ["lan"] }}
h1 = {{ role = "listener" }}
h2 = {{ role = "listener" }}
h3 = {{ role = "listener" }}
[[expect]]
{expect}
"#
    );
    compile("t.toml", &text).map_err(|rejected| rejected.to_string())
}

const ANY: &str = "packet = { on = \"c2\", kind = \"query\" }\ncount = 1";

fn address(plan: &Plan, name: &str) -> Option<String> {
    let port = (0..plan.ports.len()).find(|&port| plan.port_name(port) == name).unwrap();
    plan.ports[port].address.map(|address| address.to_string())
}

#[test]
fn a_segment_has_one_network_and_addresses_in_the_order_of_the_file() {
    let plan = plan_of_switches("", ANY).unwrap();
    let subnets: Vec<_> = plan.links.iter().map(|link| link.subnet.to_string()).collect();
    assert_eq!(
        subnets,
        ["10.0.1.0/24", "10.0.2.0/24", "10.0.2.0/24", "10.0.2.0/24", "10.0.2.0/24"]
    );
    let segments: Vec<_> = plan.links.iter().map(|link| link.segment).collect();
    assert_eq!(segments, [0, 1, 1, 1, 1]);
    let switched: Vec<_> = (0..5).map(|link| plan.is_switched(link)).collect();
    assert_eq!(switched, [false, true, true, true, true]);
    for (name, expected) in [
        ("s1:up", "10.0.1.1"),
        ("r1:c1", "10.0.2.1"),
        ("h1:c2", "10.0.2.2"),
        ("h2:lan", "10.0.2.3"),
        ("h3:lan", "10.0.2.4"),
    ] {
        assert_eq!(address(&plan, name).unwrap(), expected, "{name}");
    }
    assert_eq!(["sw1:c1", "sw2:lan"].map(|name| address(&plan, name)), [None, None]);
    let Role::Switch(switch) = &plan.nodes[3].role else { panic!("sw2 is a switch") };
    assert_eq!(
        (switch.queries_from(), switch.knobs.snooping, switch.knobs.version),
        (None, true, Version::V2)
    );
    assert_eq!(switch.fast_leave.iter().map(|&p| plan.port_name(p)).next().unwrap(), "sw2:lan");
}

/// The kernel's bridge asks from an address, and the lowest one wins an election.
#[test]
fn a_querier_has_the_address_of_its_first_place() {
    let plan = plan_of_switches(", querier = true", ANY).unwrap();
    let Role::Switch(switch) = &plan.nodes[2].role else { panic!("sw1 is a switch") };
    assert_eq!(switch.queries_from().unwrap().to_string(), "10.0.2.1");
    assert_eq!(address(&plan, "r1:c1").unwrap(), "10.0.2.2");
    assert_eq!(address(&plan, "h3:lan").unwrap(), "10.0.2.5");
}

#[test]
fn the_routers_concerned_are_those_of_the_whole_segment() {
    let within = |keys: &str, on: &str, word: &str| {
        let expect = format!(
            "packet = {{ on = \"{on}\", kind = \"query\" }}\ncount = 1\nwithin = \"{word}\""
        );
        plan_of_switches(keys, &expect).map(|plan| match &plan.checks[0].claim {
            Claim::Packet { window, .. } => window.length.as_ref().unwrap().duration().as_secs(),
            _ => panic!("a packet"),
        })
    };
    assert_eq!(within("", "lan", "QI"), Ok(20));
    assert_eq!(within("", "lan", "sw1.GMI"), Ok(260));
    // A switch that asks is concerned too.
    let told = within(", querier = true", "lan", "QI").unwrap_err();
    assert!(told.contains("\"r1.QI\", \"sw1.QI\""), "{told}");
    let same = ", querier = true, query-interval = \"20s\"";
    assert_eq!(within(same, "lan", "QI"), Ok(20));
}

/// What r1 sends is on every link of the segment, and what a switch sends has one Ethernet source.
#[test]
fn a_sender_may_be_behind_switches() {
    let from = |on: &str, from: &str| {
        let expect = format!("packet = {{ on = \"{on}\", kind = \"query\", from = \"{from}\" }}");
        plan_of_switches("", &format!("{expect}\ncount = 1")).map(|plan| {
            let Claim::Packet { filter, .. } = &plan.checks[0].claim else { panic!("a packet") };
            plan.port_name(filter.from.unwrap())
        })
    };
    assert_eq!(from("lan", "r1").as_deref(), Ok("r1:c1"));
    assert_eq!(from("up", "r1").as_deref(), Ok("r1:up"));
    assert_eq!(from("lan", "sw2").as_deref(), Ok("sw2:c2"));
    assert_eq!(from("lan", "sw1").as_deref(), Ok("sw1:c1"));
    let told = from("lan", "s1").unwrap_err();
    assert!(told.contains("on lan are sw1, r1, sw2, h1, h2, h3"), "{told}");
}

#[test]
fn a_given_network_is_that_of_the_whole_segment() {
    let given = |subnet: &str| {
        let nodes = "[\"h1\", \"sw\", \"h2\"]";
        let link = format!("{{ nodes = {nodes}, subnet = \"{subnet}\" }}");
        let text = include_str!("segment.toml").replace(nodes, &link);
        compile("t.toml", &text).map_err(|rejected| rejected.to_string())
    };
    let plan = given("10.9.0.0/29").unwrap();
    assert!(plan.links.iter().all(|link| link.subnet.to_string() == "10.9.0.0/29"));
    assert_eq!(address(&plan, "s1:c1").unwrap(), "10.9.0.1");
    assert_eq!(address(&plan, "h2:c2").unwrap(), "10.9.0.3");
    let told = given("10.9.0.0/30").unwrap_err();
    assert!(told.contains("10.9.0.0/30 has no address left for h2"), "{told}");
}
