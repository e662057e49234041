//! Scenarios that would pass without proving anything: each is refused at its key, remarked on, or
//! VACUOUS. And of two claims that contradict each other one is false.

mod clauses;
mod further;
mod own;
mod silence;
mod sums;

use castnet_lab::backend::{Cancel, sim};
use castnet_lab::judge::{Outcome, Verdict, judge};
use castnet_lab::plan::{Plan, compile};

/// h1 is a member from 1 s to 5 s of a group to which s1 sends from 0 s on; r1 checks the Leave for 1 s.
fn scenario(top: &str, acts: &str, expectation: &str) -> Result<Plan, String> {
    compile("t.toml", &written(top, acts, expectation)).map_err(|rejected| rejected.to_string())
}

fn written(top: &str, acts: &str, expectation: &str) -> String {
    format!(
        r#"title = "t"
end = "12s"
{top}
links = {{ up = ["s1", "r1"], lan = ["r1", "h1", "h2", "i1"] }}
[nodes]
s1 = {{ role = "source" }}
i1 = {{ role = "injector" }}
h1 = {{ role = "listener", igmp-version = 2 }}
h2 = {{ role = "listener", igmp-version = 2 }}
r1 = {{ role = "router", igmp = {{ query-interval = "3s", query-response-interval = "1s", last-member-query-interval = "500ms" }} }}
[[act]]
at = "0s"
name = "send"
send = {{ who = "s1", group = "239.1.1.1", rate = "100pps" }}
[[act]]
at = "1s"
name = "join"
join = {{ who = "h1", group = "239.1.1.1" }}
[[act]]
at = "5s"
name = "leave"
leave = {{ who = "h1", group = "239.1.1.1" }}
{acts}
[[expect]]
{expectation}
"#
    )
}

fn verdict(top: &str, acts: &str, expectation: &str) -> Verdict {
    let plan = scenario(top, acts, expectation).unwrap_or_else(|told| panic!("{told}"));
    judge(&plan, &sim::run(&plan, &Cancel::new()).unwrap())
}

/// As [`verdict`], with hosts that speak version 3.
fn newer(acts: &str, expectation: &str) -> Verdict {
    let text = written("", acts, expectation).replace(", igmp-version = 2", "");
    let plan = compile("t.toml", &text).unwrap_or_else(|told| panic!("{told}"));
    judge(&plan, &sim::run(&plan, &Cancel::new()).unwrap())
}

#[track_caller]
fn refused(expectation: &str, key: &str, why: &str) {
    refused_with("", "", expectation, key, why);
}

/// The file is refused with these words, and the place of this text.
#[track_caller]
fn refused_with(top: &str, acts: &str, expectation: &str, key: &str, why: &str) {
    let told = match scenario(top, acts, expectation) {
        Ok(_) => panic!("`{expectation}` is taken"),
        Err(told) => told,
    };
    assert!(told.contains(why), "{why:?} is not in:\n{told}");
    let line = told.lines().find(|line| line.contains(key));
    assert!(line.is_some(), "{key:?} is not shown in:\n{told}");
}

#[track_caller]
fn comes_out(acts: &str, expectation: &str, outcome: Outcome) {
    let verdict = verdict("", acts, expectation);
    assert_eq!(verdict.outcome, outcome, "{expectation}\n{verdict}");
}

#[track_caller]
fn vacuous(acts: &str, expectation: &str) {
    comes_out(acts, expectation, Outcome::Vacuous);
}

#[track_caller]
fn remarked(top: &str, expectation: &str, key: &str) {
    let plan = scenario(top, "", expectation).unwrap_or_else(|told| panic!("{told}"));
    let all = plan.remarks.join("\n");
    assert_eq!(plan.remarks.len(), 1, "{expectation}:\n{all}");
    assert!(all.contains("t.toml:") && all.contains(key) && all.contains("tolerance"), "{all}");
}

const QUERY: &str = "packet = { on = 'lan', kind = 'query' }";
const DATA: &str = "packet = { on = 'lan', kind = 'data' }";
const TO_H1: &str = "delivery = { to = 'h1', group = '239.1.1.1' }";
const ENTRY: &str = "of = 'r1', group = '239.1.1.1', source = 's1'";

#[test]
fn counts_that_no_run_can_violate_are_refused() {
    let never = "can never fail";
    for count in ["'>= 0'", "'0..4000000000'", "'<= 4000000000'", "'1..4000000000'", "'<= 1000000'"]
    {
        for claim in [QUERY, DATA] {
            refused(&format!("{claim}\ncount = {count}"), "count = ", never);
        }
        refused(&format!("{TO_H1}\nreceived = {count}"), "received = ", never);
        for counter in ["packets", "bytes", "wrong-if"] {
            // A million octets are some 10,000 datagrams, of which 1200 are sent.
            let expectation = format!("mfc = {{ {ENTRY}, {counter} = {count} }}\nat = '4s'");
            refused(&expectation, counter, never);
        }
    }
    // 100 datagrams are sent in that second.
    refused(
        &format!("{TO_H1}\nreceived = '<= 500'\nafter = '2s'\nwithin = '1s'"),
        "received",
        never,
    );
    comes_out(
        "",
        &format!("{TO_H1}\nreceived = '<= 110'\nafter = '2s'\nwithin = '1s'"),
        Outcome::Pass,
    );
    comes_out(
        "",
        &format!("{TO_H1}\nreceived = '<= 99'\nafter = '2s'\nwithin = '1s'"),
        Outcome::Fail,
    );
}

#[test]
fn lengths_of_time_that_no_run_can_violate_are_refused() {
    let never = "can never fail";
    refused(&format!("{TO_H1}\njoin-latency = '>= 0s'"), "join-latency = ", never);
    refused(&format!("{TO_H1}\nleave-latency = '>= 0s'"), "leave-latency = ", never);
    // h1 leaves 4 s after its join, and the run is over 7 s after its leave.
    refused(&format!("{TO_H1}\njoin-latency = '<= 4s'"), "join-latency = ", never);
    refused(&format!("{TO_H1}\nleave-latency = '0s..7s'"), "0s..7s", never);
    let stop = "[[act]]\nat = '7s'\nstop = { who = 's1' }";
    let until_it_stops = format!("{TO_H1}\nleave-latency = '<= 2s'");
    refused_with("", stop, &until_it_stops, "leave-latency = ", never);
    comes_out("", &format!("{TO_H1}\njoin-latency = '<= 3s'"), Outcome::Pass);
}

#[test]
fn a_ttl_that_every_datagram_has_is_refused() {
    for ttl in ["'>= 0'", "'>= 1'", "'<= 255'", "'<= 32'", "'0..255'", "'1..32'"] {
        refused(&format!("{TO_H1}\nttl = {ttl}"), "ttl = ", "can never fail");
    }
    comes_out("", &format!("{TO_H1}\nttl = '<= 31'"), Outcome::Pass);
    comes_out("", &format!("{TO_H1}\nttl = '<= 30'"), Outcome::Fail);
}

#[test]
fn a_window_without_time_is_refused() {
    let why = "is no time at all";
    for window in ["within = '0s'", "within = '0*LMQT'", "within = 'LMQT - 2*LMQI'"] {
        refused(&format!("{QUERY}\ncount = 0\nafter = 'leave'\n{window}"), "within = ", why);
        refused(
            &format!("{TO_H1}\nexactly-once = true\nafter = 'join'\n{window}"),
            "within = ",
            why,
        );
    }
    refused(&format!("{TO_H1}\nnone-after = 'leave'\nfor = '0s'"), "for = ", why);
    refused(&format!("{QUERY}\ncount = 2\nspacing = '0s'"), "spacing = ", why);
}

#[test]
fn a_state_of_before_the_run_is_refused() {
    let why = "before the start of the run there is nothing";
    for at in ["at = 'start'", "at = '0s'", "at = 'send'", "at = 'join - 1s'"] {
        refused(&format!("mfc = {{ {ENTRY}, absent = true }}\n{at}"), "at = ", why);
        refused(&format!("members = {{ of = 'r1', on = 'lan', groups = [] }}\n{at}"), "at = ", why);
        refused(&format!("querier = {{ on = 'lan', is = 'r1' }}\n{at}"), "at = ", why);
    }
}

#[test]
fn a_tolerance_that_swallows_the_claims_is_refused_and_one_that_swallows_some_is_remarked_on() {
    let claim = format!("{QUERY}\ncount = '>= 1'\nafter = 'leave'\nwithin = '2s'");
    for tolerance in ["1h", "11s", "2s"] {
        let top = format!("tolerance = '{tolerance}'");
        refused_with(&top, "", &claim, "tolerance = ", "leaves nothing to fail");
    }
    assert!(scenario("tolerance = '500ms'", "", &claim).unwrap().remarks.is_empty());
    let more =
        format!("{claim}\n[[expect]]\n{QUERY}\ncount = '>= 1'\nafter = 'leave'\nwithin = '500ms'");
    remarked("tolerance = '500ms'", &more, "within = ");
    // The usual tolerance of a real machine is 100 ms.
    for (expectation, key) in [
        (format!("{QUERY}\ncount = '>= 1'\nafter = 'leave'\nwithin = '100ms'"), "within = "),
        (format!("{TO_H1}\nreceived = '>= 1'\nafter = 'join'\nwithin = '50ms'"), "within = "),
        (format!("{TO_H1}\njoin-latency = '<= 50ms'"), "join-latency = "),
        (format!("{TO_H1}\nleave-latency = '<= 100ms'"), "leave-latency = "),
        (format!("{QUERY}\ncount = 2\nspacing = '90ms'"), "spacing = "),
        (format!("{QUERY}\ncount = 0\nafter = 'leave'\nwithin = '1us'"), "within = "),
    ] {
        remarked("", &expectation, key);
    }
    // A state all the time that may begin later than it ends.
    let short = "querier = { on = 'lan', is = 'r1' }\nafter = 'join'\nwithin = '100ms'";
    refused(short, "[[expect]]", "nothing would be looked at");
}

#[test]
fn a_limit_far_from_all_that_ever_was_proves_nothing() {
    vacuous("", &format!("{QUERY}\ncount = '<= 500'"));
    comes_out("", &format!("{QUERY}\ncount = '<= 50'"), Outcome::Pass);
    comes_out("", &format!("{QUERY}\ncount = '<= 3'"), Outcome::Fail);
}

#[test]
fn an_upper_limit_for_who_could_receive_nothing_proves_nothing() {
    // h1 is a member only until 5 s.
    vacuous("", &format!("{TO_H1}\nreceived = '<= 5'\nafter = '8s'\nwithin = '2s'"));
    vacuous("", &format!("{TO_H1}\nreceived = 0\nafter = '8s'\nwithin = '2s'"));
}

#[test]
fn silence_of_an_interface_that_is_down_or_behind_a_fault_proves_nothing() {
    let silent = format!("{TO_H1}\nnone-after = '3s'\nfor = '1s'");
    comes_out("", &silent, Outcome::Fail);
    vacuous("[[act]]\nat = '2500ms'\ndown = { who = 'h1', link = 'lan' }", &silent);
    let received = format!("{TO_H1}\nreceived = 0\nafter = '3s'\nwithin = '1s'");
    vacuous("[[act]]\nat = '2500ms'\ndown = { who = 'h1', link = 'lan' }", &received);
    let lost = "[[fault]]\non = 'lan'\nkind = 'data'\nafter = '2500ms'\ndrop = true";
    vacuous(lost, &silent);
    vacuous(lost, &received);
    let cut = "[[fault]]\non = 'lan'\npartition = ['r1']\nafter = '2500ms'";
    vacuous(cut, &silent);
}

#[test]
fn a_dead_router_has_no_members_whatever_it_did() {
    let kill = "[[act]]\nat = '3s'\nkill = { who = 'r1' }";
    vacuous(kill, "members = { of = 'r1', on = 'lan', groups = [] }\nat = '4s'");
}

/// The default tolerance of a backend is the same for all claims, and so is one of the file.
#[test]
fn of_two_claims_that_contradict_each_other_at_most_one_passes() {
    let pairs = [
        (
            "members = { of = 'r1', on = 'lan', groups = ['239.1.1.1'] }",
            "members = { of = 'r1', on = 'lan', groups = [] }",
        ),
        (
            "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', iif = 'up', oifs = ['lan'] }",
            "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', iif = 'up', oifs = [] }",
        ),
        (
            "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', packets = '<= 99' }",
            "mfc = { of = 'r1', group = '239.1.1.1', source = 's1', packets = '>= 100' }",
        ),
    ];
    for top in ["", "tolerance = '100ms'", "tolerance = '900ms'"] {
        for at in [
            "leave",
            "leave + LMQT",
            "leave + LMQT + 1us",
            "leave + LMQT + 1ms",
            "join",
            "join + 1us",
            "6s",
        ] {
            for (one, other) in pairs {
                let passed = [one, other].map(|claim| {
                    verdict(top, "", &format!("{claim}\nat = '{at}'")).outcome == Outcome::Pass
                });
                assert_eq!(passed.iter().filter(|passed| **passed).count(), 1, "{top} {one} {at}");
            }
        }
    }
}

#[test]
fn a_latency_of_132_ms_is_not_at_most_50_ms() {
    let paced = |tolerance: &str, limit: &str| {
        let text = format!(
            r#"title = "t"
{tolerance}
links = {{ up = ["s1", "r1"], lan = {{ nodes = ["r1", "h1"], delay = "60ms" }} }}
nodes.s1 = {{ role = "source" }}
nodes.h1 = {{ role = "listener", igmp-version = 2 }}
nodes.r1 = {{ role = "router" }}
[[act]]
at = "0s"
send = {{ who = "s1", group = "239.1.1.1", rate = "100pps" }}
[[act]]
at = "1s"
join = {{ who = "h1", group = "239.1.1.1" }}
[[expect]]
delivery = {{ to = "h1", group = "239.1.1.1" }}
join-latency = "{limit}"
"#
        );
        let plan = compile("t.toml", &text).unwrap_or_else(|told| panic!("{told}"));
        judge(&plan, &sim::run(&plan, &Cancel::new()).unwrap()).outcome
    };
    for tolerance in ["", "tolerance = \"40ms\""] {
        assert_eq!(paced(tolerance, "<= 50ms"), Outcome::Fail);
        assert_eq!(paced(tolerance, "<= 200ms"), Outcome::Pass);
    }
}
