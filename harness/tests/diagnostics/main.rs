//! The messages about a wrong scenario, one by one.
//!
//! Each case is a sound scenario with one change. Its snapshot is what `castnet check` prints
//! without colour; to review a change of a message, read the snapshot as an author would.

mod acts;
mod addresses;
mod claims;
mod families;
mod files;
mod levels;
mod parameters;
mod programs;
mod rules;
mod sources;
mod state;
mod unspoken;

use castnet_lab::plan::compile;

/// A sound scenario with an example of everything.
const SOUND: &str = r#"title = "The last member leaves"
proves = ["RFC2236-3-23"]

[links]
up = ["s1", "r1"]
lan = ["r1", "r2", "h1"]

[nodes]
s1 = { role = "source" }
r1 = { role = "router", igmp = { query-interval = "20s", last-member-query-interval = "500ms" } }
r2 = { role = "router" }
h1 = { role = "listener", igmp-version = 2 }

[[act]]
at = "0s"
join = { who = "h1", group = "239.1.1.1" }

[[act]]
at = "1s"
send = { who = "s1", group = "239.1.1.1", rate = "100pps" }

[[act]]
at = "2s"
name = "leave"
leave = { who = "h1", group = "239.1.1.1" }

[[expect]]
packet = { on = "lan", kind = "group-specific-query", group = "239.1.1.1", from = "r1" }
count = "LMQC"
after = "leave"
within = "2*LMQT"

[[expect]]
delivery = { to = "h1", group = "239.1.1.1" }
none-after = "leave + r1.LMQT"
for = "2s"

[[expect]]
mfc = { of = "r1", group = "239.1.1.1", source = "s1", iif = "up", oifs = [] }
at = "leave + LMQT"
"#;

/// A change: a text of the scenario, and its replacement.
type Change<'a> = (&'a str, &'a str);

fn told(source: &str) -> String {
    match compile("wrong.toml", source) {
        Ok(_) => "NOTHING IS WRONG".to_owned(),
        Err(rejected) => rejected.render(false),
    }
}

/// The sound scenario with an injector and one more act.
fn injecting(keys: &str) -> String {
    let act =
        format!("[[act]]\nat = \"3s\"\ninject = {{ who = \"i1\", {keys} }}\n\n[[expect]]\npacket");
    let sound = SOUND.replacen("\"r2\", \"h1\"]", "\"r2\", \"h1\", \"i1\"]", 1);
    let sound = sound.replacen("[nodes]", "[nodes]\ni1 = { role = \"injector\" }", 1);
    sound.replacen("[[expect]]\npacket", &act, 1)
}

/// The messages about each change by itself.
fn each(changes: &[Change<'_>]) -> String {
    let told = changes.iter().map(|(old, new)| {
        assert!(SOUND.contains(old), "{old:?} does not stand in the scenario");
        told(&SOUND.replacen(old, new, 1))
    });
    told.collect::<Vec<_>>().join("\n\n------------------------------------------------------\n\n")
}

/// The messages about all changes together.
fn all(changes: &[Change<'_>]) -> String {
    let wrong = changes.iter().fold(SOUND.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old:?} does not stand in the scenario");
        text.replacen(old, new, 1)
    });
    told(&wrong)
}

#[test]
fn the_sound_scenario_is_sound() {
    assert_eq!(told(SOUND), "NOTHING IS WRONG");
    assert_eq!(told(&SOUND.replace('\n', "\r\n")), "NOTHING IS WRONG");
}

#[test]
fn what_is_not_toml() {
    insta::assert_snapshot!(each(&[
        ("title = \"The last member leaves\"", "title = \"The last member leaves"),
        ("[links]", "[links"),
        ("count = \"LMQC\"", "count = LMQC"),
        ("at = \"1s\"", "at = \"1s\"\nat = \"2s\""),
        ("h1 = { role", "r2 = { role"),
        ("oifs = []", &format!("oifs = {}{}", "[".repeat(200), "]".repeat(200))),
    ]));
}

#[test]
fn unknown_keys() {
    insta::assert_snapshot!(each(&[
        ("proves =", "prooves ="),
        ("proves =", "author = \"me\"\nproves ="),
        (
            "lan = [\"r1\", \"r2\", \"h1\"]",
            "lan = { nodes = [\"r1\", \"r2\", \"h1\"], net = \"10.1.2.0/24\" }"
        ),
        ("igmp-version = 2", "igmp_version = 2"),
        ("{ role = \"source\" }", "{ role = \"source\", igmp-version = 2 }"),
        ("query-interval = \"20s\"", "query-intervall = \"20s\""),
        ("at = \"1s\"", "att = \"1s\""),
        ("join = {", "jion = {"),
        ("join = { who = \"h1\"", "join = { node = \"h1\""),
        ("packet = {", "packets = {"),
        ("kind = \"group", "typ = \"group"),
        ("count = \"LMQC\"", "Count = \"LMQC\""),
        ("for = \"2s\"", "within = \"2s\""),
        ("at = \"leave + LMQT\"", "at = \"leave + LMQT\"\nwithin = \"1s\""),
        ("[[expect]]\npacket", "[[expects]]\npacket"),
    ]));
}

#[test]
fn unknown_names() {
    insta::assert_snapshot!(each(&[
        ("role = \"source\"", "role = \"sauce\""),
        ("kind = \"group-specific-query\"", "kind = \"specific-query\""),
        ("lan = [\"r1\", \"r2\", \"h1\"]", "lan = [\"r1\", \"r2\", \"h1\", \"h2\"]"),
        ("send = { who = \"s1\"", "send = { who = \"sender\""),
        ("on = \"lan\"", "on = \"lann\""),
        ("from = \"r1\"", "from = \"s1\""),
        ("iif = \"up\"", "iif = \"down\""),
        ("RFC2236-3-23", "RFC2236-3-99"),
        ("RFC2236-3-23", "RFC 2236 3.23"),
        ("after = \"leave\"", "after = \"leaves\""),
        ("within = \"2*LMQT\"", "within = \"2*LQMT\""),
        ("r1.LMQT", "r3.LMQT"),
        ("r1.LMQT", "h1.LMQT"),
    ]));
}

#[test]
fn missing_keys_and_verbs() {
    insta::assert_snapshot!(each(&[
        ("title = \"The last member leaves\"\n", ""),
        ("title = \"The last member leaves\"\n", "title = \" \"\n"),
        ("[links]\nup = [\"s1\", \"r1\"]\nlan = [\"r1\", \"r2\", \"h1\"]\n", ""),
        ("s1 = { role = \"source\" }", "s1 = { }"),
        ("at = \"1s\"\n", ""),
        ("join = { who = \"h1\", group = \"239.1.1.1\" }", ""),
        ("join = {", "leave = { who = \"h1\", group = \"239.1.1.1\" }\njoin = {"),
        (", rate = \"100pps\"", ""),
        ("count = \"LMQC\"\n", ""),
        ("delivery = { to = \"h1\", group = \"239.1.1.1\" }\n", ""),
        ("none-after = \"leave + r1.LMQT\"\nfor = \"2s\"\n", ""),
        ("none-after =", "received = 3\nnone-after ="),
        (", iif = \"up\", oifs = []", ""),
        ("at = \"leave + LMQT\"\n", ""),
    ]));
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(each(&[
        ("proves = [\"RFC2236-3-23\"]", "proves = \"RFC2236-3-23\""),
        ("up = [\"s1\", \"r1\"]", "up = \"s1, r1\""),
        ("up = [\"s1\", \"r1\"]", "up = [1, \"r1\"]"),
        ("s1 = { role = \"source\" }", "s1 = \"source\""),
        ("igmp-version = 2", "igmp-version = \"2\""),
        ("igmp-version = 2", "igmp-version = 4"),
        ("at = \"1s\"", "at = 1"),
        ("join = { who = \"h1\", group = \"239.1.1.1\" }", "join = \"239.1.1.1\""),
        ("rate = \"100pps\"", "rate = 100"),
        ("rate = \"100pps\"", "rate = \"100\""),
        ("rate = \"100pps\"", "rate = \"0pps\""),
        ("rate = \"100pps\"", "rate = \"100pps\", ttl = 256"),
        ("rate = \"100pps\"", "rate = \"100pps\", ttl = 0"),
        ("rate = \"100pps\"", "rate = \"100pps\", size = 1473"),
        ("count = \"LMQC\"", "count = 1.5"),
        ("[[act]]\nat = \"0s\"\njoin", "[act]\nat = \"0s\"\njoin"),
    ]));
}

#[test]
fn groups_and_members() {
    insta::assert_snapshot!(each(&[
        ("group = \"239.1.1.1\"", "group = \"192.0.2.1\""),
        ("group = \"239.1.1.1\"", "group = \"224.0.0.0\""),
        ("group = \"239.1.1.1\"", "group = \"ff02::1\""),
        (
            "join = { who = \"h1\", group = \"239.1.1.1\"",
            "join = { who = \"h1\", group = \"224.0.0.1\""
        ),
        (
            "join = { who = \"h1\", group = \"239.1.1.1\"",
            "join = { who = \"h1\", group = \"239.1.1.2\""
        ),
        ("leave = { who", "join = { who"),
        ("join = { who = \"h1\"", "join = { who = \"s1\""),
        ("to = \"h1\"", "to = \"r1\""),
        ("to = \"h1\"", "from = \"r1\", to = \"h1\""),
        ("mfc = { of = \"r1\"", "mfc = { of = \"h1\""),
        (
            "r2 = { role = \"router\" }",
            "r2 = { role = \"router\", static-joins = \
             [{ link = \"lan\", group = \"224.0.0.251\" }] }",
        ),
    ]));
}

#[test]
fn names_of_acts_nodes_and_links() {
    insta::assert_snapshot!(each(&[
        ("at = \"1s\"", "at = \"1s\"\nname = \"leave\""),
        ("name = \"leave\"", "name = \"LMQT\""),
        ("name = \"leave\"", "name = \"start\""),
        ("name = \"leave\"", "name = \"r1.leave\""),
        ("name = \"leave\"", "name = \"löschen\""),
        ("s1 = {", "\"s 1\" = { role = \"source\" }\ns1 = {"),
        ("up = [", "a-name-of-more-than-15 = [\"r1\"]\nup = ["),
        ("up = [", "default = [\"r1\"]\nup = ["),
    ]));
}

#[test]
fn links_and_subnets() {
    let up = "up = [\"s1\", \"r1\"]";
    let subnet = |net: &str| format!("up = {{ nodes = [\"s1\", \"r1\"], subnet = \"{net}\" }}");
    let (small, group, junk) = (subnet("10.9.0.0/32"), subnet("224.0.0.0/4"), subnet("10.9/24"));
    let both =
        format!("{}\nx = {{ nodes = [\"r1\"], subnet = \"10.9.0.8/29\" }}", subnet("10.9.0.0/24"));
    insta::assert_snapshot!(each(&[
        ("r2 = { role = \"router\" }", "r2 = { role = \"router\" }\nh2 = { role = \"listener\" }"),
        (up, "up = [\"s1\", \"r1\", \"s1\"]"),
        (up, "up = [\"s1\", \"r1\", \"h1\"]"),
        (up, "up = [\"s1\", \"r1\"]\nother = [\"s1\", \"r1\"]"),
        (up, "up = [\"s1\", \"r1\"]\nother = []"),
        (up, &both),
        (up, &small),
        (up, &group),
        (up, &junk),
    ]));
}

#[test]
fn impossible_times() {
    insta::assert_snapshot!(each(&[
        ("at = \"1s\"", "at = \"-1s\""),
        ("at = \"1s\"", "at = \"1\""),
        ("at = \"1s\"", "at = \"\""),
        ("at = \"1s\"", "at = \"25h\""),
        ("at = \"1s\"", "at = \"soon\""),
        ("at = \"1s\"", "at = \"99999999999999999999999s\""),
        ("rate = \"100pps\"", "rate = \"100pps\", for = \"24h\""),
        ("rate = \"100pps\"", "rate = \"100pps\", for = \"0s\""),
        ("[links]", "end = \"3s\"\n[links]"),
        ("[links]", "end = \"-3s\"\n[links]"),
        ("after = \"leave\"\nwithin = \"2*LMQT\"", "after = \"leave + 1m\""),
        ("within = \"2*LMQT\"", "within = \"-1s\""),
        ("within = \"2*LMQT\"", "within = \"LMQT - 5s\""),
        ("within = \"2*LMQT\"", "within = \"100000*24h\""),
        ("within = \"2*LMQT\"", "within = \"4\""),
        ("none-after = \"leave + r1.LMQT\"", "none-after = \"leave - 1h\""),
        ("for = \"2s\"", "for = \"100ms\""),
        ("[links]", "fault = [{ on = \"lan\", after = \"1h\", drop = true }]\n[links]"),
    ]));
}

#[test]
fn counts_times_and_moments() {
    insta::assert_snapshot!(each(&[
        ("count = \"LMQC\"", "count = \"3..1\""),
        ("count = \"LMQC\"", "count = -1"),
        ("count = \"LMQC\"", "count = \"-1\""),
        ("count = \"LMQC\"", "count = \"1 - 2\""),
        ("count = \"LMQC\"", "count = \"LMQT\""),
        ("count = \"LMQC\"", "count = \"5s\""),
        ("count = \"LMQC\"", "count = \"leave\""),
        ("count = \"LMQC\"", "count = \"at least 2\""),
        ("count = \"LMQC\"", "count = \"4000000000*4000000000\""),
        ("count = \"LMQC\"", "count = 1\nspacing = \"1s\""),
        ("after = \"leave\"", "after = \"LMQC\""),
        ("after = \"leave\"", "after = \"2*leave\""),
        ("after = \"leave\"", "after = \"leave - start\""),
        ("after = \"leave\"", "after = \"leave +\""),
        ("within = \"2*LMQT\"", "within = \"leave\""),
    ]));
}

#[test]
fn claims_that_can_never_be_true() {
    insta::assert_snapshot!(each(&[
        ("none-after = \"leave + r1.LMQT\"\nfor = \"2s\"", "exactly-once = false"),
        ("iif = \"up\", oifs = []", "absent = true, oifs = []"),
        ("oifs = []", "oifs = [\"lan\", \"lan\"]"),
        ("kind = \"group-specific-query\"", "kind = \"v2-report\", max-resp = \"1s\""),
        ("kind = \"group-specific-query\"", "kind = \"general-query\""),
        (
            "send = { who = \"s1\", group = \"239.1.1.1\"",
            "send = { who = \"s1\", group = \"239.1.1.2\""
        ),
    ]));
}

/// One check shows all faults, and no fault that only follows from another one.
#[test]
fn many_faults_are_told_in_one_go_and_each_once() {
    insta::assert_snapshot!(all(&[
        ("RFC2236-3-23", "RFC2236-3-99"),
        ("h1 = { role = \"listener\"", "h1 = { role = \"listner\""),
        ("at = \"2s\"", "at = \"2 parsecs\""),
        ("send = { who = \"s1\"", "send = { who = \"s2\""),
        ("on = \"lan\"", "on = \"lam\""),
        ("for = \"2s\"", "fro = \"2s\""),
        ("iif = \"up\"", "iif = \"upp\""),
    ]));
}

/// A fault of time is shown even if other acts and expectations are wrong.
#[test]
fn times_are_told_along_with_the_rest() {
    insta::assert_snapshot!(all(&[
        ("[links]", "end = \"3s\"\n[links]"),
        (
            "join = { who = \"h1\", group = \"239.1.1.1\"",
            "join = { who = \"h1\", group = \"192.0.2.1\""
        ),
        ("none-after = \"leave + r1.LMQT\"", "none-after = \"leave - 1h\""),
        ("count = \"LMQC\"", "count = \"LMQT\""),
        ("iif = \"up\", oifs = []", "iif = \"up\", oifs = [\"down\"]"),
    ]));
}

/// Carets stand below what they point at, whatever stands before it and however lines end.
#[test]
fn carets_after_unicode_tabs_and_carriage_returns() {
    insta::assert_snapshot!(each(&[
        ("{ who = \"s1\", group", "{ who = \"ś\u{301}日本\", group"),
        ("\nat = \"1s\"", "\n\tat\t=\t1"),
        ("name = \"leave\"", "name = \"\\u001b[31mred\""),
    ]));
    let crlf = SOUND.replace("at = \"1s\"", "at = 1").replace('\n', "\r\n");
    assert_eq!(told(&crlf), told(&SOUND.replace("at = \"1s\"", "at = 1")));
}
