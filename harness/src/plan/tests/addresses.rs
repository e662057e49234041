//! Addresses that a link gives, and those that are left for the others.

use super::*;

fn plan_of(links: &str, more: &str) -> Result<Plan, String> {
    let text = format!(
        r#"title = "t"
end = "10s"
[links]
{links}
[nodes]
s1 = {{ role = "source" }}
r1 = {{ role = "router" }}
r2 = {{ role = "router" }}
h1 = {{ role = "listener" }}
{more}
[[expect]]
packet = {{ on = "lan", kind = "query" }}
count = ">= 1"
"#
    );
    compile("t.toml", &text).map_err(|rejected| rejected.to_string())
}

const GIVEN: &str = "lan = { nodes = [\"s1\", \"r1\", \"r2\", \"h1\"], subnet = \"10.9.0.0/28\", \
                     addresses = { r1 = [\"10.9.0.5\", \"10.9.0.1\"], h1 = \"10.9.0.2\" } }";

#[test]
fn given_addresses_are_kept_and_the_others_get_what_is_free() {
    let plan = plan_of(GIVEN, "").unwrap();
    let addresses: Vec<_> =
        plan.ports.iter().map(|port| port.address.unwrap().to_string()).collect();
    // Of 10.9.0.1 and on, 10.9.0.1 and 10.9.0.2 are taken.
    assert_eq!(addresses, ["10.9.0.3", "10.9.0.5", "10.9.0.4", "10.9.0.2"]);
    let of = |node: usize| plan.ports[plan.nodes[node].ports[0]].networks(plan.links[0].subnet);
    assert_eq!(of(1), ["10.9.0.5/28".parse().unwrap(), "10.9.0.1/28".parse().unwrap()]);
}

#[test]
fn a_link_of_two_addresses_gives_both() {
    let links = "lan = { nodes = [\"s1\", \"r1\"], subnet = \"10.9.0.4/31\", \
                 addresses = { r1 = \"10.9.0.4\" } }\nup = [\"r2\", \"h1\"]";
    let plan = plan_of(links, "").unwrap();
    let addresses =
        plan.links[0].ports.iter().map(|&port| plan.ports[port].address.unwrap().to_string());
    assert_eq!(addresses.collect::<Vec<_>>(), ["10.9.0.5", "10.9.0.4"]);
}

#[test]
fn a_stream_comes_from_the_primary_address_or_the_one_it_names() {
    let given = GIVEN.replace("h1 = \"10", "s1 = [\"10.9.0.9\", \"10.9.0.8\"], h1 = \"10");
    let send = |more: &str| {
        let send = format!("who = \"s1\", group = \"239.1.1.1\", rate = \"1pps\"{more}");
        plan_of(&given, &format!("[[act]]\nat = \"0s\"\nsend = {{ {send} }}"))
    };
    let source = |plan: Plan| match &plan.acts[0].action {
        Action::Send(stream) => stream.source.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(source(send("").unwrap()), "10.9.0.9");
    assert_eq!(source(send(", from-address = \"10.9.0.8\"").unwrap()), "10.9.0.8");
    let told = send(", from-address = \"10.9.0.1\"").unwrap_err();
    assert!(told.contains("10.9.0.1 is no address of s1 there"), "{told}");
}

/// Where a source is named, one of its addresses may stand instead.
#[test]
fn a_source_may_be_named_by_an_address() {
    let given = GIVEN.replace("h1 = \"10", "s1 = [\"10.9.0.9\", \"10.9.0.8\"], h1 = \"10");
    let mfc = |source: &str| {
        let entry = format!("of = \"r1\", group = \"239.1.1.1\", source = \"{source}\"");
        plan_of(&given, &format!("[[expect]]\nmfc = {{ {entry}, absent = true }}\nat = \"1s\""))
    };
    let source = |plan: Plan| match &plan.checks[0].claim {
        Claim::Mfc { source, .. } => source.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(source(mfc("s1").unwrap()), "10.9.0.9");
    assert_eq!(source(mfc("10.9.0.8").unwrap()), "10.9.0.8");
    let told = mfc("10.9.0.7").unwrap_err();
    assert!(told.contains("nobody has the address 10.9.0.7"), "{told}");
}
