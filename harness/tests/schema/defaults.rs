//! Each default that a row states is the one that the reader takes.

use castnet_lab::knobs;
use castnet_lab::plan::compile;
use castnet_lab::vocabulary::key::{Default, Key, Keys};
use castnet_lab::vocabulary::{act, claim, fault, file, node};
use serde_json::Value;

/// A scenario with all kinds of tables; `?NAME` is where keys of the table NAME can be added.
const SCENARIO: &str = r#"
title = "defaults" ?file
end = "20s"
links = { up = ["s1", "r1"], lan = ["r1", "sw", "h1", "h2", "i1", "q1"], far = ["sw", "h3"] }
[nodes]
s1 = { role = "source" }
r1 = { role = "router", igmp = { robustness = 2 ?igmp } ?router }
h1 = { role = "listener" ?listener }
h2 = { role = "listener", stack = "castnet" ?castnet }
h3 = { role = "listener" }
i1 = { role = "injector" }
q1 = { role = "querier", query-interval = "20s" ?querier }
sw = { role = "switch" ?switch }
[[act]]
at = "1s"
name = "join"
join = { who = "h1", group = "239.1.1.1" }
[[act]]
at = "2s"
send = { who = "s1", group = "239.1.1.1", rate = "10pps" ?send }
[[act]]
at = "3s"
query = { who = "i1" ?query }
[[act]]
at = "4s"
report = { who = "i1", group = "239.1.1.2" ?report }
[[act]]
at = "5s"
inject = { who = "i1", kind = "leave", group = "239.1.1.2" ?inject }
[[fault]]
on = "lan" ?fault
drop = true
chance = "0%"
[[expect]]
delivery = { to = "h1", group = "239.1.1.1" }
join-latency = "<= 15s" ?join-latency
[[expect]]
mfc = { of = "r1", group = "239.1.1.1", source = "s1", iif = "up", oifs = ["lan"] ?mfc }
at = "4s"
[[expect]]
mdb = { of = "sw", group = "239.1.1.1", ports = ["lan"] ?mdb }
at = "4s"
"#;

/// The plan of the scenario with these keys where `place` is.
fn planned(place: &str, keys: &str) -> Value {
    let filled = SCENARIO.replacen(&format!(" ?{place}\n"), &format!("{keys}\n"), 1);
    let filled = filled.replacen(&format!(" ?{place} "), &format!("{keys} "), 1);
    let mut bare = String::new();
    for (n, part) in filled.split(" ?").enumerate() {
        let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
        bare.push_str(if n == 0 { part } else { part.trim_start_matches(is_name) });
    }
    let plan = compile("defaults.toml", &bare).unwrap_or_else(|told| panic!("{told}"));
    let mut plan = serde_json::to_value(plan).unwrap();
    // The text of the scenario, which differs.
    plan.as_object_mut().unwrap().retain(|key, _| key != "source" && key != "text");
    plan
}

fn written(key: &Key) -> Option<String> {
    let value = match key.unless_given? {
        Default::Text(text) => format!("{text:?}"),
        Default::Number(number) => number.to_string(),
        Default::Flag(flag) => flag.to_string(),
    };
    Some(format!("{} = {value}", key.name))
}

fn of_verb(verb: &str) -> Keys {
    act::VERBS.iter().find(|key| key.name == verb).unwrap().form.keys()
}

fn of_claim(claim: &str, table: &str) -> Keys {
    let keys = claim::keys(claim).copied().flatten();
    keys.into_iter().find(|key| key.name == table).unwrap().form.keys()
}

#[test]
fn a_key_that_is_left_out_means_what_its_row_says() {
    let role = |role| node::keys(role).unwrap();
    let castnet = [
        "robustness",
        "unsolicited-report-interval",
        "v1-router-present-timeout",
        "silent-leaves",
        "compatibility",
        "lightweight",
        "source-specific",
    ];
    let all = |keys: Keys| keys.iter().copied().flatten().collect::<Vec<_>>();
    let (own, kernel): (Vec<_>, Vec<_>) =
        all(role("listener")).into_iter().partition(|key| castnet.contains(&key.name));
    let since = claim::keys("join-latency").copied().flatten().collect();
    let tables: [(&str, &str, Vec<&Key>); 14] = [
        ("file", "\n", all(file::FILE)),
        ("igmp", ", ", all(knobs::Dialect::Igmp.keys())),
        ("router", ", ", all(role("router"))),
        ("listener", ", ", kernel),
        ("castnet", ", ", own),
        ("querier", ", ", all(role("querier"))),
        ("switch", ", ", all(role("switch"))),
        ("send", ", ", all(of_verb("send"))),
        ("query", ", ", all(of_verb("query"))),
        ("report", ", ", all(of_verb("report"))),
        ("inject", ", ", all(of_verb("inject"))),
        ("fault", "\n", all(fault::FAULTS)),
        ("join-latency", "\n", since),
        ("mdb", ", ", all(of_claim("mdb", "mdb"))),
    ];
    let mut tried = 0;
    for (place, before, keys) in tables {
        // As many lines either way.
        let bare = planned(place, before.trim_start_matches(", "));
        for key in keys {
            // The first is given already; the second stays derived in the plan, from RV, which is 2.
            let others = [("igmp", "robustness"), ("switch", "last-member-count")];
            let Some(default) = written(key).filter(|_| !others.contains(&(place, key.name)))
            else {
                continue;
            };
            let given = planned(place, &format!("{before}{default}"));
            assert!(given == bare, "{place}: {default} makes another plan");
            tried += 1;
        }
    }
    assert!(tried > 35, "only {tried} defaults were tried");
}
