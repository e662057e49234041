//! Derived unicast routes.

use super::*;

/// A plan of these links; names beginning with r are routers, with sw switches, others listeners.
fn plan_of(links: &str, nodes: &[(&str, &str)]) -> Plan {
    try_plan_of(links, nodes).unwrap_or_else(|told| panic!("{told}"))
}

fn try_plan_of(links: &str, nodes: &[(&str, &str)]) -> Result<Plan, String> {
    let mut text = format!("title = \"t\"\nend = \"1s\"\n[links]\n{links}\n[nodes]\n");
    for (name, keys) in nodes {
        let role = match name {
            name if name.starts_with('r') => "router",
            name if name.starts_with("sw") => "switch",
            _ => "listener",
        };
        text.push_str(&format!("{name} = {{ role = \"{role}\"{keys} }}\n"));
    }
    text.push_str("[[expect]]\npacket = { on = \"a\", kind = \"data\" }\ncount = 0\n");
    compile("t.toml", &text).map_err(|rejected| rejected.to_string())
}

/// The routes of a node, as `ip route` would show them.
fn routes(plan: &Plan, name: &str) -> Vec<String> {
    let node = plan.nodes.iter().find(|node| node.name == name).unwrap();
    let route = |route: &Route| {
        let dev = &plan.links[plan.ports[route.port].link].name;
        format!("{} via {} dev {dev}", route.to, route.via)
    };
    node.routes.iter().map(route).collect()
}

/// By which link datagrams of this source have to come in to a router.
fn rpf(plan: &Plan, name: &str, source: &str) -> Option<String> {
    let node = plan.nodes.iter().find(|node| node.name == name).unwrap();
    let Role::Router(router) = &node.role else { panic!("{name} is a router") };
    let source: std::net::IpAddr = source.parse().unwrap();
    let fitting = router.routes.iter().filter(|route| route.prefix.contains(&source));
    let longest = fitting.max_by_key(|route| route.prefix.prefix_len());
    longest.map(|route| plan.links[plan.ports[route.port].link].name.clone())
}

#[test]
fn every_node_reaches_every_link_over_routers() {
    let links = "a = [\"h1\", \"r1\"]\nb = [\"r1\", \"r2\"]\nc = [\"r2\", \"h2\"]";
    let nodes = [("h1", ""), ("r1", ""), ("r2", ""), ("h2", "")];
    let plan = plan_of(links, &nodes);
    // 10.0.2.0/24 and 10.0.3.0/24 are neighbours, and led to by the same router.
    assert_eq!(routes(&plan, "h1"), ["10.0.2.0/23 via 10.0.1.2 dev a"]);
    assert_eq!(routes(&plan, "r1"), ["10.0.3.0/24 via 10.0.2.2 dev b"]);
    assert_eq!(routes(&plan, "r2"), ["10.0.1.0/24 via 10.0.2.1 dev b"]);
    let h2 = ["10.0.1.0/24 via 10.0.3.1 dev c", "10.0.2.0/24 via 10.0.3.1 dev c"];
    assert_eq!(routes(&plan, "h2"), h2);
    assert_eq!(rpf(&plan, "r2", "10.0.1.1").as_deref(), Some("b"));
    assert_eq!(rpf(&plan, "r2", "192.0.2.1"), None);
}

#[test]
fn the_way_over_fewer_routers_is_taken_and_of_equal_ones_the_first_that_is_written() {
    // From h1 to z: over r1 and r2, or over r3, r4 and r5.
    let links = "a = [\"h1\", \"r3\", \"r1\"]\nb = [\"r1\", \"r2\"]\nc = [\"r3\", \"r4\"]\n\
                 d = [\"r4\", \"r5\"]\nz = [\"r2\", \"r5\"]";
    let nodes = ["h1", "r1", "r2", "r3", "r4", "r5"].map(|name| (name, ""));
    let plan = plan_of(links, &nodes);
    let h1 = routes(&plan, "h1");
    assert!(h1.contains(&"10.0.5.0/24 via 10.0.1.3 dev a".to_owned()), "{h1:?}");
    // r5 reaches a by z, r2, r1 or by d, r4, r3: both are equally long, and d comes first in the
    // file.
    assert_eq!(rpf(&plan, "r5", "10.0.1.1").as_deref(), Some("d"));
    // Two routers that are as near: the first one on the link.
    let links = "a = [\"h1\", \"r2\", \"r1\"]\nb = [\"r1\", \"r2\", \"h2\"]";
    let plan = plan_of(links, &[("h1", ""), ("r1", ""), ("r2", ""), ("h2", "")]);
    assert_eq!(routes(&plan, "h1"), ["10.0.2.0/24 via 10.0.1.2 dev a"]);
    assert_eq!(routes(&plan, "h2"), ["10.0.1.0/24 via 10.0.2.1 dev b"]);
}

#[test]
fn a_given_route_takes_the_place_of_the_derived_one() {
    let links = "a = [\"h1\", \"r1\", \"r2\"]\nb = [\"r1\", \"r3\"]\nc = [\"r2\", \"r3\"]\n\
                 d = [\"r3\", \"h3\"]";
    let nodes = |r3| [("h1", ""), ("r1", ""), ("r2", ""), ("r3", r3), ("h3", "")];
    let plan = plan_of(links, &nodes(""));
    assert_eq!(rpf(&plan, "r3", "10.0.1.1").as_deref(), Some("b"));
    let given = ", routes = [{ to = \"a\", link = \"c\" }]";
    let plan = plan_of(links, &nodes(given));
    assert_eq!(rpf(&plan, "r3", "10.0.1.1").as_deref(), Some("c"));
    assert_eq!(routes(&plan, "r3"), ["10.0.1.0/24 via 10.0.3.1 dev c"]);
    // Towards sources a link without a router can be named; unicast needs a router.
    let nowhere = ", routes = [{ to = \"a\", link = \"d\" }]";
    let plan = plan_of(links, &nodes(nowhere));
    assert_eq!(rpf(&plan, "r3", "10.0.1.1").as_deref(), Some("d"));
    assert_eq!(routes(&plan, "r3"), [""; 0]);
    for (given, what) in [
        (", routes = [{ to = \"b\", link = \"c\" }]", "r3 is on b itself"),
        (
            ", routes = [{ to = \"a\", link = \"b\" }, { to = \"a\", link = \"c\" }]",
            "r3 has another route to a",
        ),
        // Without PIM nobody compares what a route costs.
        (", routes = [{ to = \"a\", link = \"c\", metric = 7 }]", "r3 speaks no PIM"),
    ] {
        let told = try_plan_of(links, &nodes(given)).unwrap_err();
        assert!(told.contains(what), "{told}");
    }
}

// RFC7761-4.6.3-01
#[test]
fn a_given_route_of_pim_costs_what_is_written() {
    let links = "a = [\"s1\", \"r1\"]\nb = [\"r1\", \"r2\"]\nc = [\"r2\", \"r3\"]";
    let cost = |r2: &str| {
        let nodes = [("s1", ""), ("r1", ""), ("r2", r2), ("r3", "")];
        let plan = plan_of(links, &nodes);
        let Role::Router(r2) = &plan.nodes[2].role else { panic!("r2 is a router") };
        (r2.routes[0].cost.preference, r2.routes[0].cost.metric)
    };
    let given = |keys: &str| {
        cost(&format!(", pim = {{}}, routes = [{{ to = \"a\", link = \"b\"{keys} }}]"))
    };
    assert_eq!(cost(", pim = {}"), (1, 0));
    assert_eq!(given(""), (1, 0));
    assert_eq!(given(", metric = 7"), (1, 7));
    assert_eq!(given(", preference = 110, metric = 20"), (110, 20));
}

#[test]
fn a_router_that_derives_none_knows_what_it_is_given() {
    let links = "a = [\"h1\", \"r1\"]\nb = [\"r1\", \"r2\"]\nc = [\"r2\", \"h2\"]";
    let nodes = |r2| [("h1", ""), ("r1", ""), ("r2", r2), ("h2", "")];
    let plan = plan_of(links, &nodes(", derive-routes = false"));
    assert_eq!((routes(&plan, "r2").len(), rpf(&plan, "r2", "10.0.1.1")), (0, None));
    // Other nodes are not affected.
    assert_eq!(routes(&plan, "h2").len(), 2);
    let given = ", derive-routes = false, routes = [{ to = \"a\", link = \"b\" }]";
    let plan = plan_of(links, &nodes(given));
    assert_eq!(routes(&plan, "r2"), ["10.0.1.0/24 via 10.0.2.1 dev b"]);
}

#[test]
fn links_that_switches_join_are_one_network_and_switches_have_no_routes() {
    let links = "a = [\"h1\", \"sw1\"]\nb = [\"sw1\", \"r1\"]\nc = [\"r1\", \"h2\"]";
    let plan = plan_of(links, &[("h1", ""), ("r1", ""), ("h2", ""), ("sw1", "")]);
    assert_eq!(routes(&plan, "h1"), ["10.0.3.0/24 via 10.0.1.2 dev a"]);
    assert_eq!(routes(&plan, "h2"), ["10.0.1.0/24 via 10.0.3.1 dev c"]);
    assert_eq!(routes(&plan, "sw1"), [""; 0]);
}

/// A chain has some routes in each router, and not one for each of its links.
#[test]
fn neighbouring_networks_are_led_to_by_one_route() {
    let mut links = String::from("a = [\"h1\", \"r0\"]\n");
    for n in 1..100 {
        links.push_str(&format!("l{n} = [\"r{}\", \"r{n}\"]\n", n - 1));
    }
    let names: Vec<String> = (0..100).map(|n| format!("r{n}")).collect();
    let mut nodes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    nodes.push(("h1", ""));
    let plan = plan_of(&links, &nodes);
    let most = plan.nodes.iter().max_by_key(|node| node.routes.len()).unwrap();
    assert!(most.routes.len() <= 20, "{} {:?}", most.name, routes(&plan, &most.name));
    for link in 0..100u8 {
        let source = format!("10.0.{}.1", link + 1);
        let expected = match link {
            50 | 51 => None, // connected
            link if link < 50 => Some("l50".to_owned()),
            _ => Some("l51".to_owned()),
        };
        assert_eq!(rpf(&plan, "r50", &source), expected, "{source}");
    }
}
