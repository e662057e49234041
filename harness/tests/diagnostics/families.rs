//! A run has one family: words, tables and addresses of the other one are refused at their place, with
//! what to write instead.

use super::told;

/// A sound scenario of IPv6.
const SIX: &str = r#"title = "The last listener is done"
family = "ipv6"
proves = ["RFC2710-4-19"]

[groups]
news = 1
old = { ipv4 = "239.1.1.1", ipv6 = "ff1e::101" }

[links]
up = ["s1", "r1"]
lan = { nodes = ["r1", "h1"], subnet = "fd00:0:1:2::/64" }

[nodes]
s1 = { role = "source" }
r1 = { role = "router", mld = { version = 1, last-listener-query-interval = "500ms" } }
h1 = { role = "listener", speaks = "groups" }

[[act]]
at = "0s"
join = { who = "h1", group = "news" }

[[act]]
at = "1s"
name = "done"
leave = { who = "h1", group = "news" }

[[expect]]
packet = { on = "lan", kind = "group-query", group = "news", from = "r1", to = "news", version = 1 }
count = "LLQC"
after = "done"
within = "2*LLQT"

[[expect]]
members = { of = "r1", on = "lan", groups = [] }
at = "done + LLQT"
"#;

/// The messages about each change of a scenario by itself.
fn six(changes: &[(&str, &str)]) -> String {
    let told = changes.iter().map(|(old, new)| {
        assert!(SIX.contains(old), "{old:?} does not stand in the scenario");
        told(&SIX.replacen(old, new, 1))
    });
    told.collect::<Vec<_>>().join("\n\n------------------------------------------------------\n\n")
}

#[test]
fn what_is_sound_in_ipv6() {
    assert_eq!(told(SIX), "NOTHING IS WRONG");
    for (old, new) in [
        ("mld = { version = 1,", "membership = { version = \"groups\","),
        ("groups = []", "groups = [\"old\", \"news\", \"ff1e::7\"]"),
        ("news = 1", "news = { ssm = 65535 }"),
        ("proves = [\"RFC2710-4-19\"]", "proves = { ipv4 = [], ipv6 = [\"RFC2710-4-19\"] }"),
        ("kind = \"group-query\"", "kind = \"v2-report\""),
        ("speaks = \"groups\"", "speaks = \"sources\""),
    ] {
        let new = match new {
            // That Report has no version 1 in MLD.
            "kind = \"v2-report\"" => SIX.replace(old, new).replace(", version = 1 }", " }"),
            _ => SIX.replace(old, new),
        };
        assert_eq!(told(&new), "NOTHING IS WRONG", "{new}");
    }
}

#[test]
fn words_and_tables_of_the_other_family() {
    insta::assert_snapshot!(six(&[
        ("family = \"ipv6\"", "family = \"ipv7\""),
        ("family = \"ipv6\"", "family = 6"),
        ("family = \"ipv6\"", "famly = \"ipv6\""),
        ("mld = { version = 1, last-listener-query-interval = \"500ms\" }", "igmp = {}"),
        ("mld = {", "igmp = { version = 2 }, mld = {"),
        ("version = 1, last", "version = 3, last"),
        ("mld = { version = 1,", "membership = { version = 1,"),
        ("version = 1, last", "rfc = 2236, last"),
        ("mld = { version = 1,", "membership = { rfc = 3376,"),
        ("version = 1, last", "require-router-alert = true, last"),
        ("\"500ms\" }", "\"500ms\", last-member-query-interval = \"1s\" }"),
        ("\"500ms\" }", "\"65536ms\" }"),
        ("speaks = \"groups\"", "igmp-version = 2"),
        ("speaks = \"groups\"", "speaks = \"igmp1\""),
        ("speaks = \"groups\"", "speaks = \"mldv2\""),
        ("kind = \"group-query\"", "kind = \"v3-report\""),
        ("to = \"news\", version = 1", "to = \"news\", version = 3"),
        ("proves = [\"RFC2710-4-19\"]", "proves = [\"RFC2236-3-23\"]"),
        ("proves = [\"RFC2710-4-19\"]", "proves = { v6 = [\"RFC2710-4-19\"] }"),
    ]));
}

#[test]
fn addresses_and_groups_of_the_other_family() {
    insta::assert_snapshot!(six(&[
        ("join = { who = \"h1\", group = \"news\"", "join = { who = \"h1\", group = \"239.1.1.1\""),
        ("join = { who = \"h1\", group = \"news\"", "join = { who = \"h1\", group = \"ff02::1\""),
        ("join = { who = \"h1\", group = \"news\"", "join = { who = \"h1\", group = \"nwes\""),
        ("join = { who = \"h1\", group = \"news\"", "join = { who = \"h1\", group = \"fd00::1\""),
        ("news = 1", "news = 0"),
        ("news = 1", "news = 65536"),
        ("news = 1", "news = { ssm = \"1\" }"),
        ("news = 1", "news = { ssm = 1, ipv6 = \"ff1e::1\" }"),
        ("news = 1", "news = { ipv4 = \"239.1.1.1\" }"),
        ("news = 1", "news = { ipv6 = \"239.1.1.1\" }"),
        ("news = 1", "news = \"239.1.1.1\""),
        ("news = 1", "news = [1]"),
        ("news = 1", "\"10.0.0.1\" = 1"),
        ("[groups]\nnews = 1\nold = { ipv4 = \"239.1.1.1\", ipv6 = \"ff1e::101\" }", ""),
        ("fd00:0:1:2::/64", "10.1.2.0/24"),
        ("fd00:0:1:2::/64", "fe80::/64"),
        ("groups = []", "groups = [\"ff02::7\"]"),
        ("groups = []", "groups = [\"239.1.1.1\"]"),
        ("to = \"news\",", "to = \"224.0.0.2\","),
    ]));
}

/// In a run of IPv4 the words of IPv6 are refused alike.
#[test]
fn words_of_ipv6_in_a_run_of_ipv4() {
    let four = |more: &[(&str, &str)]| {
        let base = SIX.replacen("family = \"ipv6\"\nproves = [\"RFC2710-4-19\"]", "", 1);
        let base = base.replacen(", subnet = \"fd00:0:1:2::/64\"", "", 1);
        let base = base.replacen("mld = { version = 1,", "igmp = { version = 2,", 1);
        let base = base.replacen("last-listener-query", "last-member-query", 1);
        let base = base.replacen("version = 1 }", "version = 2 }", 1);
        told(&more.iter().fold(base, |text, (old, new)| text.replacen(old, new, 1)))
    };
    assert_eq!(four(&[]), "NOTHING IS WRONG");
    insta::assert_snapshot!(
        [
            four(&[("igmp = { version = 2,", "mld = { version = 1,")]),
            four(&[("kind = \"group-query\"", "kind = \"done\"")]),
            four(&[("igmp = {", "igmp = { rfc = 2710, ")]),
            four(&[("to = \"news\"", "to = \"ff02::2\"")]),
        ]
        .join("\n\n------------------------------------------------------\n\n")
    );
}
