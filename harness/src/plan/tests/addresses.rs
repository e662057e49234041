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

const SIX: &str = "[links]\nlan = [\"r1\", \"s1\", \"x\", \"h1\"]\nup = [\"h2\", \"r1\"]\n[nodes]\n\
                   s1 = { role = \"source\" }\nr1 = { role = \"router\" }\n\
                   x = { role = \"listener\", count = 8 }\nh1 = { role = \"listener\" }\n\
                   h2 = { role = \"listener\" }\n";

fn six(family: &str) -> Plan {
    let expect = "[[expect]]\npacket = { on = \"lan\", kind = \"query\" }\ncount = \">= 1\"";
    let head = format!("title = \"t\"\nend = \"10s\"\nfamily = \"{family}\"\n");
    compile("t.toml", &format!("{head}{SIX}{expect}")).unwrap()
}

/// The host with the number 11 is .11 in one family and ::11 in the other, behind a population of
/// eight that have 3 to 10.
#[test]
fn a_host_has_the_same_number_in_both_families() {
    let of = |family: &str| {
        let plan = six(family);
        let ports = plan.ports.iter();
        let of = |port: &Port| port.networks(plan.links[port.link].subnet);
        ports.map(|port| of(port)[0].to_string()).collect::<Vec<_>>()
    };
    let v4 = ["10.0.1.1/24", "10.0.1.2/24", "10.0.1.3/24", "10.0.1.11/24", "10.0.2.1/24"];
    assert_eq!(of("ipv4")[..5], v4);
    let v6 = ["::1/64", "::2/64", "::3/64", "::11/64"].map(|host| format!("fd00:0:0:1{host}"));
    assert_eq!(of("ipv6")[..4], v6);
    assert_eq!(of("ipv6")[4..], ["fd00:0:0:2::1/64", "fd00:0:0:2::2/64"]);
}

// RFC2710-4-01: an interface says MLD's messages from its link-local address, which is EUI-64.
#[test]
fn an_interface_of_ipv6_has_the_link_local_address_of_its_mac() {
    let plan = six("ipv6");
    let r1 = &plan.ports[0];
    assert_eq!(r1.mac, [0x02, 0xca, 0, 0, 0, 0]);
    assert_eq!(r1.speaks_from(), Some("fe80::ca:ff:fe00:0".parse().unwrap()));
    let networks = r1.networks(plan.links[0].subnet);
    assert_eq!(networks.last(), Some(&"fe80::ca:ff:fe00:0/64".parse().unwrap()));
    let v4 = six("ipv4");
    assert_eq!((v4.ports[0].link_local, v4.ports[0].speaks_from()), (None, v4.ports[0].address));
}

#[test]
fn a_network_for_hosts_holds_no_other_addresses_of_ipv6() {
    let told = |subnet: &str| {
        let links =
            format!("lan = {{ nodes = [\"r1\", \"r2\", \"s1\", \"h1\"], subnet = \"{subnet}\" }}");
        plan_of(&links, "").map_err(|told| told.replace("t.toml", "")).err().unwrap_or_default()
    };
    let six = |subnet: &str| {
        let head =
            "title = \"t\"\nend = \"1s\"\nfamily = \"ipv6\"\n[nodes]\nr1 = { role = \"router\" }\n";
        let link = format!("[links]\nlan = {{ nodes = [\"r1\"], subnet = \"{subnet}\" }}\n");
        let expect = "[[expect]]\npacket = { on = \"lan\", kind = \"query\" }\ncount = 1";
        compile("t.toml", &format!("{head}{link}{expect}")).map_err(|told| told.to_string()).err()
    };
    for (subnet, why) in [
        ("ff00::/8", "reaches into multicast addresses"),
        ("fe80::/64", "reaches into link-local addresses"),
        ("::/64", "holds the unspecified, loopback or embedded IPv4 addresses"),
    ] {
        let told = six(subnet).unwrap_or_default();
        assert!(told.contains(why), "{subnet}: {told}");
    }
    assert_eq!(six("2001:db8::/48"), None);
    assert!(told("fd00::/64").contains("fd00::/64 is of IPv6, and this run is of IPv4"));
}
