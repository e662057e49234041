//! Words of protocols that castnet does not speak yet: a spelling suggestion would not help.

use super::{SOUND, each, told};

const AT: &str = "at = \"leave + LMQT\"";
const QUERIES: &str = "kind = \"group-specific-query\"";
const JOIN: &str = "join = { who = \"h1\", group = \"239.1.1.1\" }";
const R1: &str = "r1 = { role = \"router\", igmp = { query-interval = \"20s\", \
                  last-member-query-interval = \"500ms\" } }";

#[test]
fn words_of_protocols_that_are_not_spoken_yet() {
    let with = |keys: &str| format!("r1 = {{ role = \"router\", {keys} }}");
    let routers = [
        "pim = true",
        "pim-hello = \"30s\"",
        "device = \"bird\"",
        "routes = [{ to = \"2001:db8::/64\", link = \"lan\" }]",
    ];
    let routers = routers.map(with);
    let mut changes: Vec<(&str, &str)> = vec![
        (QUERIES, "kind = \"pim-join\""),
        ("role = \"source\"", "role = \"pim\""),
        (JOIN, "pim-join = { who = \"r1\" }"),
        ("[links]", "[devices]\nfrr = {}\n\n[links]"),
        (QUERIES, "kind = \"group-and-source-specific-query\""),
        (QUERIES, "kind = \"graft\""),
        (AT, "at = \"leave + Override_Interval\""),
        (AT, "at = \"leave + 3*r1.Hello_Period\""),
    ];
    changes.extend(routers.iter().map(|router| (R1, router.as_str())));
    insta::assert_snapshot!(each(&changes));
}

#[test]
fn addresses_of_ipv6_wherever_an_address_may_stand() {
    const LAN: &str = "lan = [\"r1\", \"r2\", \"h1\"]";
    let lan = |rest: &str| format!("lan = {{ nodes = [\"r1\", \"r2\", \"h1\"], {rest} }}");
    let given = "subnet = \"10.9.0.0/24\", addresses = { h1 = \"2001:db8::5\" }";
    let (subnet, given) = (lan("subnet = \"2001:db8::/64\""), lan(given));
    let packet = |field: &str| format!("kind = \"query\", {field}");
    let fields = ["source = \"fe80::1\"", "sources = [\"2001:db8::1\"]"].map(packet);
    let members = "members = { of = \"r1\", on = \"lan\", groups = [\"ff3e::1\"] }\nat = \"1s\"";
    let members = format!("[[expect]]\n{members}\n\n[[expect]]\nmfc");
    insta::assert_snapshot!(each(&[
        (JOIN, "join = { who = \"h1\", group = \"ff3e::1\" }"),
        (LAN, &subnet),
        (LAN, &given),
        (QUERIES, &fields[0]),
        (QUERIES, &fields[1]),
        ("source = \"s1\"", "source = \"2001:db8::1\""),
        ("[[expect]]\nmfc", &members),
    ]));
}

/// A name may be any word, and a misspelt word of castnet's still gets a suggestion.
#[test]
fn what_only_looks_like_such_a_word_is_none() {
    let named = SOUND.replace("h1", "pim");
    assert_eq!(told(&named), "NOTHING IS WRONG");
    let slip = told(&SOUND.replacen("fast-leave", "fastleave", 1).replacen("proves", "prooves", 1));
    assert!(slip.contains("did you mean `proves`?"), "{slip}");
    let unknown = told(&SOUND.replacen("who = \"h1\"", "who = \"mld\"", 1));
    assert!(unknown.contains("unknown node `mld`"), "{unknown}");
}
