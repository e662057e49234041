//! The messages about wrong switches, one by one, as in `diagnostics.rs`.

use castnet_lab::plan::compile;

/// A sound scenario with a switch between s1 and the others.
const SOUND: &str = r#"title = "A member behind a switch"

[links]
up = ["s1", "sw"]
lan = ["sw", "r1", "h1"]

[nodes]
sw = { role = "switch" }
s1 = { role = "source" }
r1 = { role = "router" }
h1 = { role = "listener" }

[[act]]
at = "0s"
name = "join"
join = { who = "h1", group = "239.1.1.1" }

[[expect]]
mfc = { of = "r1", group = "239.1.1.1", source = "s1", iif = "lan", oifs = [] }
at = "join + 1s"
"#;

/// The messages about the scenario with these keys of the switch, these links instead of `up`, and
/// more changes.
fn switched(keys: &str, links: &str, more: &[(&str, &str)]) -> String {
    let switch = format!("role = \"switch\"{keys} }}");
    let changes = [("role = \"switch\" }", switch.as_str()), (UP, links)];
    let wrong = changes.iter().chain(more).fold(SOUND.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old:?} does not stand in the scenario");
        text.replacen(old, new, 1)
    });
    match compile("wrong.toml", &wrong) {
        Ok(_) => "NOTHING IS WRONG".to_owned(),
        Err(rejected) => rejected.render(false),
    }
}

const UP: &str = "up = [\"s1\", \"sw\"]";

#[test]
fn switches_and_segments() {
    let nowhere = format!("{UP}\nx = [\"sw\"]");
    let looped = format!("{UP}\nx = [\"sw\", \"sw2\"]\ny = [\"sw2\", \"sw\"]");
    let two = ("[nodes]\n", "[nodes]\nsw2 = { role = \"switch\" }\n");
    let subnets = "up = { nodes = [\"s1\", \"sw\"], subnet = \"10.9.0.0/24\" }\n\
                   x = { nodes = [\"sw\", \"h2\"], subnet = \"10.8.0.0/24\" }";
    let more = ("[nodes]\n", "[nodes]\nh2 = { role = \"listener\" }\n");
    let told = [
        switched("", UP, &[]),
        switched("", "up = [\"s1\", \"r1\"]", &[]),
        switched("", &nowhere, &[]),
        switched("", "up = [\"s1\", \"sw\", \"r1\"]", &[]),
        switched("", &looped, &[two]),
        switched("", subnets, &[more]),
        switched("", UP, &[("source = \"s1\"", "source = \"sw\"")]),
    ];
    insta::assert_snapshot!(told.join("\n\n----\n\n"));
}

#[test]
fn keys_of_a_switch() {
    let told = [
        "snooping = false, querier = true",
        "igmp-version = 1",
        "query-interval = \"900ms\", query-response-interval = \"100ms\"",
        "query-interval = \"5s\"",
        "last-member-interval = \"50ms\"",
        "last-member-count = 0",
        "fast-leave = [\"x\", \"up\", \"up\"]",
        "fast_leave = [\"up\"]",
    ]
    .map(|keys| switched(&format!(", {keys}"), UP, &[]));
    insta::assert_snapshot!(told.join("\n\n----\n\n"));
}

#[test]
fn claims_about_members_at_a_switch() {
    let told = [
        "of = \"r1\", group = \"239.1.1.1\", ports = [\"up\"]",
        "of = \"sw\", group = \"239.1.1.1\", ports = [\"up\", \"up\", \"x\"]",
        "of = \"sw\", group = \"239.1.1.1\", ports = []",
        "of = \"sw\", group = \"239.1.1.1\"",
        "of = \"sw\", group = \"239.1.1.1\", ports = [\"up\"], absent = true",
    ]
    .map(|claim| {
        let claim = format!("mdb = {{ {claim} }}\nat = \"join\"\n\n[[expect]]\nmfc = {{");
        switched("", UP, &[("mfc = {", &claim)])
    });
    insta::assert_snapshot!(told.join("\n\n----\n\n"));
}
