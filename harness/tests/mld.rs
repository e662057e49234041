//! Runs of IPv6 on the running kernel, with its own hosts of both versions of MLD: what they join
//! they get, and what they leave ends; also when a router is a process, when a link was down, and
//! behind a switch.

use std::process::ExitCode;

use castnet_lab::backend::{Cancel, netns};
use castnet_lab::capture::decode::{Content, decode};
use castnet_lab::judge::{Outcome, judge};
use castnet_lab::plan::compile;
use castnet_lab::recording::Recording;
use libtest_mimic::{Arguments, Failed, Trial};

mod privileged;

fn main() -> ExitCode {
    let trials = vec![
        Trial::test("a_host_of_mld_gets_what_it_joins_until_it_leaves", hosts_of_both_versions),
        Trial::test("what_the_kernels_say_unasked_is_counted_and_not_kept", noise_is_counted),
        Trial::test("a_router_that_is_killed_and_started_again_routes_again", restarted),
        Trial::test("an_interface_that_was_down_has_its_addresses_again", link_flap),
        Trial::test("a_switch_carries_a_stream_to_members_only", switched),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

/// A run whose every claim must come true.
fn passes(scenario: &str) -> Result<Recording, Failed> {
    let plan = compile("t.toml", scenario).unwrap_or_else(|rejected| panic!("{rejected}"));
    let recording = netns::run(&plan, &Cancel::new())?;
    let verdict = judge(&plan, &recording);
    if verdict.outcome != Outcome::Pass {
        let findings = verdict.findings.iter().filter(|finding| finding.outcome != Outcome::Pass);
        let findings: Vec<_> = findings.map(|finding| (&finding.claim, &finding.why)).collect();
        return Err(format!("{}: {:?} {findings:#?}", verdict.outcome, verdict.reasons).into());
    }
    Ok(recording)
}

/// s1 - r1 - h1 with a stream; `host` are keys of h1, `version` is the router's.
fn thin(host: &str, version: u8, more: &str) -> String {
    format!(
        r#"title = "t"
family = "ipv6"
tolerance = "40ms"
[links]
up = ["s1", "r1"]
lan = ["r1", "h1"]
[nodes]
s1 = {{ role = "source" }}
r1 = {{ role = "router", mld = {{ version = {version}, query-interval = "4s", query-response-interval = "1s", last-member-query-interval = "200ms" }} }}
h1 = {{ role = "listener"{host} }}
[[act]]
at = "0s"
send = {{ who = "s1", group = "ff1e::1:1", rate = "200pps" }}
{more}"#
    )
}

/// The kernel of the host reports at once in version 1, and after 8 to 16 ms in version 2.
fn hosts_of_both_versions() -> Result<(), Failed> {
    for (host, version, report) in [
        (", speaks = \"groups\"", 1, "v1-report"),
        (", speaks = \"groups\"", 2, "v1-report"),
        ("", 2, "v2-report"),
    ] {
        let claims = format!(
            r#"[[act]]
at = "500ms"
name = "join"
join = {{ who = "h1", group = "ff1e::1:1" }}
[[act]]
at = "1500ms"
name = "leave"
leave = {{ who = "h1", group = "ff1e::1:1" }}
[[expect]]
packet = {{ on = "lan", kind = "{report}", group = "ff1e::1:1", from = "h1", ttl = 1, router-alert = true }}
count = ">= 1"
after = "join"
within = "100ms"
[[expect]]
delivery = {{ to = "h1", group = "ff1e::1:1" }}
join-latency = "<= 50ms"
since = "wire"
after = "join"
[[expect]]
delivery = {{ to = "h1", group = "ff1e::1:1", from = "s1" }}
exactly-once = true
after = "join + 100ms"
within = "800ms"
[[expect]]
packet = {{ on = "lan", kind = "data", group = "ff1e::1:1" }}
count = 0
after = "leave + 2*LMQI + 100ms"
within = "300ms"
[[expect]]
mfc = {{ of = "r1", group = "ff1e::1:1", source = "s1", iif = "up", oifs = ["lan"] }}
at = "join + 100ms"
[[expect]]
mfc = {{ of = "r1", group = "ff1e::1:1", source = "s1", iif = "up", oifs = [] }}
at = "leave + 2*LMQI + 100ms"
[[expect]]
mfc = {{ of = "r1", group = "ff1e::1:1", source = "s1", packets = ">= 80" }}
at = "join + 600ms"
"#
        );
        passes(&thin(host, version, &claims)).map_err(|failed| {
            Failed::from(format!("{report} to {version}: {}", failed.message().unwrap_or_default()))
        })?;
    }
    Ok(())
}

fn noise_is_counted() -> Result<(), Failed> {
    let more = r#"[[expect]]
packet = { on = "lan", kind = "query" }
count = ">= 1"
within = "1500ms"
"#;
    let recording = passes(&thin("", 2, more))?;
    // Each of four ports reports the solicited-node groups of its two addresses.
    assert!(recording.unkept.noise >= 4, "{} frames of noise", recording.unkept.noise);
    for frame in &recording.frames {
        let packet = decode(&frame.bytes).expect("it is a packet");
        let is_query = matches!(&packet.content, Content::Gmp(message) if message.meaning().groups().count() == 0);
        assert!(is_query || matches!(packet.content, Content::Data(_)), "{packet}");
    }
    Ok(())
}

fn restarted() -> Result<(), Failed> {
    let more = r#"[[act]]
at = "200ms"
join = { who = "h1", group = "ff1e::1:1" }
[[act]]
at = "1s"
name = "gone"
kill = { who = "r1" }
[[act]]
at = "1500ms"
name = "back"
restart = { who = "r1" }
[[expect]]
delivery = { to = "h1", group = "ff1e::1:1" }
received = ">= 100"
within = "1s"
[[expect]]
delivery = { to = "h1", group = "ff1e::1:1" }
received = 0
after = "gone + 50ms"
within = "400ms"
[[expect]]
delivery = { to = "h1", group = "ff1e::1:1" }
received = ">= 100"
after = "back + 1200ms"
within = "1s"
"#;
    passes(&thin("", 2, more)).map(drop)
}

/// The kernel forgets the addresses of an interface that goes down. Without them the router could not
/// ask, and the host would report from `::`.
fn link_flap() -> Result<(), Failed> {
    let flap = |who: &str| {
        format!(
            r#"[[act]]
at = "200ms"
join = {{ who = "h1", group = "ff1e::1:1" }}
[[act]]
at = "1s"
down = {{ who = "{who}", link = "lan" }}
[[act]]
at = "1300ms"
name = "back"
up = {{ who = "{who}", link = "lan" }}
[[expect]]
packet = {{ on = "lan", kind = "v2-report", group = "ff1e::1:1", from = "h1", source = "fe80::ca:ff:fe01:1" }}
count = ">= 1"
after = "back"
[[expect]]
packet = {{ on = "lan", kind = "general-query", from = "r1", source = "fe80::ca:ff:fe01:0" }}
count = ">= 1"
after = "back"
within = "5s"
[[expect]]
delivery = {{ to = "h1", group = "ff1e::1:1" }}
received = ">= 100"
after = "back + 1s"
within = "1s"
"#
        )
    };
    passes(&thin("", 2, &flap("h1")))?;
    passes(&thin("", 2, &flap("r1"))).map(drop)
}

fn switched() -> Result<(), Failed> {
    passes(
        r#"title = "t"
family = "ipv6"
[links]
up = ["s1", "r1"]
c1 = ["r1", "sw"]
c2 = ["sw", "h1"]
c3 = ["sw", "h2"]
[nodes]
s1 = { role = "source" }
r1 = { role = "router", mld = { version = 2, query-interval = "2s", query-response-interval = "500ms" } }
sw = { role = "switch", query-interval = "2s", query-response-interval = "500ms" }
h1 = { role = "listener" }
h2 = { role = "listener" }
[[act]]
at = "1500ms"
send = { who = "s1", group = "ff1e::1:1", rate = "100pps" }
[[act]]
at = "2s"
name = "join"
join = { who = "h1", group = "ff1e::1:1" }
[[expect]]
delivery = { to = "h1", group = "ff1e::1:1" }
received = ">= 50"
after = "join"
within = "1s"
[[expect]]
mdb = { of = "sw", group = "ff1e::1:1", ports = ["c2"] }
at = "join + 500ms"
[[expect]]
packet = { on = "c3", kind = "data", group = "ff1e::1:1" }
count = 0
after = "join"
within = "1s"
"#,
    )
    .map(drop)
}
