//! What a user wants tried on the routers of a scenario.

use std::fs;
use std::path::Path;

use crate::plan::{Plan, Swap, Wishes, load_with};
use crate::scenario::Backend;

const ROUTER: &str = r#"r1 = { role = "router" }"#;

/// A scenario with such a node beside a host, and this wish of its user.
fn loaded(node: &str, wish: &str) -> Plan {
    let name = node.split(' ').next().unwrap();
    let text = format!(
        r#"
title = "somebody wants something"

[links]
lan = ["{name}", "h1"]

[nodes]
{node}
h1 = {{ role = "listener" }}

[[act]]
at = "1s"
join = {{ who = "h1", group = "239.1.1.1" }}

[[expect]]
packet = {{ on = "lan", kind = "report" }}
count = ">= 1"
within = "2s"
"#
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    fs::write(&path, text).unwrap();
    let swaps = vec![Swap::parse(wish).unwrap()];
    let plans = load_with(Path::new(&path), &[], &Wishes { swaps, ..Wishes::default() });
    plans.unwrap_or_else(|why| panic!("{why}")).remove(0)
}

#[test]
fn a_scenario_without_the_wanted_router_runs_nowhere() {
    let runs = |plan: &Plan| [Backend::Netns, Backend::Sim].map(|backend| plan.runs_on(backend));
    assert_eq!(runs(&loaded(ROUTER, "smcroute")), [true, false]);
    assert_eq!(runs(&loaded(ROUTER, "r1=smcroute")), [true, false]);
    let host = r#"h2 = { role = "listener" }"#;
    for (node, wish) in [(host, "smcroute"), (ROUTER, "r2=smcroute"), (host, "h2=smcroute")] {
        let plan = loaded(node, wish);
        assert_eq!(runs(&plan), [false, false], "{node}: {wish}");
        let because = plan.backends.unwrap().because;
        assert_eq!(because, format!("it has no router for {wish} to be tried on"));
    }
    // castnet's own core is what the hosts are tried beside.
    assert_eq!(runs(&loaded(host, "castnet")), [true, true]);
}
