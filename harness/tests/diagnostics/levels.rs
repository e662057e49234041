//! Levels of hosts that cannot be meant, and acts that a host of its level does not do.

use super::told;

/// A scenario with these keys of a listener, and this act.
fn scenario(family: &str, keys: &str, act: &str) -> String {
    format!(
        "title = \"x\"
family = \"{family}\"
[groups]
news = 1
[links]
up = [\"s1\", \"r1\"]
lan = [\"r1\", \"h1\", \"h2\"]
[nodes]
s1 = {{ role = \"source\" }}
r1 = {{ role = \"router\" }}
h1 = {{ role = \"listener\"{keys} }}
h2 = {{ role = \"listener\" }}
[[act]]
at = \"0s\"
send = {{ who = \"s1\", group = \"news\", rate = \"10pps\" }}
[[act]]
at = \"1s\"
join = {{ who = \"h2\", group = \"news\" }}
[[act]]
at = \"1s\"
{act}
[[expect]]
packet = {{ on = \"lan\", kind = \"report\", from = \"h2\" }}
count = \">= 1\"
"
    )
}

#[test]
fn levels_of_hosts() {
    let stop = "stop = { who = \"s1\" }";
    let keys = [
        ", level = 3",
        ", level = \"1\"",
        ", levels = 1",
        ", level = 1, stack = \"castnet\"",
        ", level = 1, count = 10",
        ", level = 0, igmp-version = 2",
        ", level = 1, speaks = \"sources\"",
    ];
    let mut all: Vec<String> =
        keys.iter().map(|keys| told(&scenario("ipv4", keys, stop))).collect();
    all.push(told(&scenario("ipv6", ", level = 1", stop)));
    let acts = [
        (0, "join = { who = \"h1\", group = \"news\" }"),
        (1, "join = { who = \"h1\", group = \"news\" }"),
        (2, "join = { who = \"h1\", group = \"news\", refused = true }"),
        (0, "send = { who = \"h1\", group = \"news\", rate = \"10pps\" }"),
        (1, "send = { who = \"h1\", group = \"news\", rate = \"10pps\", refused = true }"),
        (1, "leave = { who = \"h1\", group = \"news\" }"),
        (1, "set = { who = \"h1\", igmp-version = 2 }"),
    ];
    all.extend(
        acts.map(|(level, act)| told(&scenario("ipv4", &format!(", level = {level}"), act))),
    );
    insta::assert_snapshot!(all.join("\n"));
}
