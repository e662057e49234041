//! Captures judged against scenarios: which port sent what, and what no capture can show.

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::wire::igmp::{Message, Query};
use castnet::wire::ipv4::encode_igmp;

use super::{Judgement, Mean, Means, Mismatch, Replayed, Timing, plan_port, replay};
use crate::capture::ethernet::frame;
use crate::capture::file::{CapturedFrame, Reading, read};
use crate::capture::link::LinkType;
use crate::judge::Outcome;
use crate::plan::{Plan, compile};

const SCENARIO: &str = r#"
title = "A member leaves"
end = "9s"
[links]
up = ["s1", "r1"]
lan = ["r1", "h1", "h2"]
[nodes]
s1 = { role = "source" }
r1 = { role = "router" }
h1 = { role = "listener" }
h2 = { role = "listener" }
[[act]]
at = "1s"
join = { who = "h1", group = "239.1.1.1" }
[[act]]
at = "2s"
name = "leave"
leave = { who = "h1", group = "239.1.1.1" }
[[act]]
at = "0s"
send = { who = "s1", group = "239.1.1.1", rate = "10pps" }
[[expect]]
"#;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const H1: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
const LEAVE_OF_H1: &str = "packet = { on = 'lan', kind = 'leave', from = 'h1' }\ncount = '>= 1'\nafter = 'leave'\nwithin = '1s'";

fn plan(expectation: &str) -> Plan {
    compile("x.toml", &format!("{SCENARIO}{expectation}")).unwrap_or_else(|why| panic!("{why}"))
}

fn shot(
    interface: &str,
    seconds: u64,
    mac: [u8; 6],
    source: Ipv4Addr,
    message: &Message,
) -> CapturedFrame {
    let packet = encode_igmp(source, Ipv4Addr::new(224, 0, 0, 2), message).unwrap();
    let bytes = frame(mac, Ipv4Addr::new(224, 0, 0, 2), &packet);
    CapturedFrame {
        stamp: Some(Duration::from_secs(1_700_000_000 + seconds)),
        interface: interface.to_owned(),
        link_type: LinkType::ETHERNET,
        outgoing: None,
        original_len: bytes.len(),
        bytes,
        comments: Vec::new(),
    }
}

fn leave(interface: &str, seconds: u64, mac: [u8; 6], source: Ipv4Addr) -> CapturedFrame {
    shot(interface, seconds, mac, source, &Message::Leave { group: GROUP })
}

const SOMEBODY: [u8; 6] = [2, 0, 0, 0, 0, 0x77];

fn held(plan: &Plan, shots: &[CapturedFrame], means: &Means, timing: &Timing) -> Replayed {
    replay(plan, shots, &Reading::whole(), means, timing).unwrap()
}

fn outcome(replayed: &Replayed) -> Option<Outcome> {
    match &replayed.judgements[..] {
        [Judgement::Judged(finding)] => Some(finding.outcome),
        [Judgement::Not { .. }] => None,
        other => panic!("{other:?}"),
    }
}

fn at(seconds: u64) -> Timing {
    let at = [("leave".to_owned(), Duration::from_secs(seconds))].into();
    Timing { zero: None, at }
}

#[test]
fn a_sender_is_known_by_address_and_an_interface_by_whom_is_on_it() {
    let plan = plan(LEAVE_OF_H1);
    let shots = [leave("eth7", 0, SOMEBODY, H1)];
    let replayed = held(&plan, &shots, &Vec::new(), &at(0));
    assert_eq!(outcome(&replayed), Some(Outcome::Pass));
    assert_eq!(replayed.remarks, ["interface eth7 is taken to be on lan"]);
    // h2 is not h1.
    let h2 = |seconds| leave("eth7", seconds, SOMEBODY, Ipv4Addr::new(10, 0, 2, 3));
    let shots = [h2(0), h2(2)];
    assert_eq!(outcome(&held(&plan, &shots, &Vec::new(), &at(0))), Some(Outcome::Fail));
}

#[test]
fn the_user_can_say_who_is_who() {
    let plan = plan(LEAVE_OF_H1);
    let (h1, foreign) = (plan_port(&plan, "h1:lan").unwrap(), Ipv4Addr::new(192, 0, 2, 7));
    for what in ["192.0.2.7", "02:00:00:00:00:77", "02-00-00-00-00-77"] {
        let Ok(mean) = what.parse::<Mean>();
        let shots = [leave("lan", 0, SOMEBODY, foreign)];
        let replayed = held(&plan, &shots, &vec![(h1, mean)], &at(0));
        assert_eq!(outcome(&replayed), Some(Outcome::Pass), "{what}");
    }
    let Ok(mean) = "eth7".parse::<Mean>();
    let mut shots = [leave("eth7", 0, SOMEBODY, foreign)];
    shots[0].outgoing = Some(true);
    assert_eq!(outcome(&held(&plan, &shots, &vec![(h1, mean)], &at(0))), Some(Outcome::Pass));
}

#[test]
fn acts_are_as_planned_unless_the_capture_or_the_user_says_when() {
    let plan = plan(LEAVE_OF_H1);
    // As planned: two seconds after the first frame.
    let mut shots =
        vec![leave("lan", 0, SOMEBODY, Ipv4Addr::new(10, 0, 2, 3)), leave("lan", 2, SOMEBODY, H1)];
    let judge = |shots: &[CapturedFrame], timing: &Timing| {
        outcome(&held(&plan, shots, &Vec::new(), timing))
    };
    assert_eq!(judge(&shots, &Timing::default()), Some(Outcome::Pass));
    let zero = |zero| Timing { zero: Some(Duration::from_secs(zero)), ..Timing::default() };
    for timing in [at(4), zero(1)] {
        // What comes after the end of the capture is not known.
        assert_eq!(judge(&shots, &timing), None);
        let mut longer = shots.clone();
        longer.push(h2_leaves(6));
        assert_eq!(judge(&longer, &timing), Some(Outcome::Fail));
    }
    // What castnet writes into its captures.
    shots[0].comments = vec![
        "time zero 1699999994.000000000 s since 1970".to_owned(),
        "act at 7.500 s: h1 leaves 239.1.1.1 (leave)".to_owned(),
    ];
    assert_eq!(judge(&shots, &zero(1)), Some(Outcome::Pass));
    let no_such = Timing { at: [("live".to_owned(), Duration::ZERO)].into(), zero: None };
    let error = replay(&plan, &shots, &Reading::whole(), &Vec::new(), &no_such).unwrap_err();
    assert_eq!(error, Mismatch::NoSuchAct("live".to_owned()));
}

#[test]
fn of_two_interfaces_on_one_link_one_counts() {
    let plan = plan(LEAVE_OF_H1);
    let shots = [leave("eth1", 0, SOMEBODY, H1), leave("eth2", 0, SOMEBODY, H1)];
    let replayed = held(&plan, &shots, &Vec::new(), &at(0));
    assert_eq!(outcome(&replayed), Some(Outcome::Pass));
    assert!(replayed.remarks.contains(&"eth2 is on lan, too, as is eth1: left out".to_owned()));
}

#[test]
fn strangers_are_counted_and_left_out() {
    let plan = plan(LEAVE_OF_H1);
    let stranger = Ipv4Addr::new(10, 0, 2, 99);
    let shots = [leave("lan", 0, SOMEBODY, H1), leave("lan", 0, SOMEBODY, stranger)];
    let replayed = held(&plan, &shots, &Vec::new(), &at(0));
    assert_eq!(outcome(&replayed), Some(Outcome::Pass));
    let remark = "1 frames of 10.0.2.99 on lan, who is nobody of the scenario: left out";
    assert_eq!(replayed.remarks, [remark]);
    let error = replay(&plan, &shots[1..], &Reading::whole(), &Vec::new(), &at(0)).unwrap_err();
    assert_eq!(error, Mismatch::NothingMatches);
}

#[test]
fn what_no_capture_can_tell_is_not_judged_and_why() {
    let why = |expectation: &str| {
        let plan = plan(expectation);
        let shots = [leave("lan", 0, SOMEBODY, H1)];
        match &held(&plan, &shots, &Vec::new(), &Timing::default()).judgements[..] {
            [Judgement::Not { why, .. }] => why.clone(),
            other => panic!("{other:?}"),
        }
    };
    let on_up = "packet = { on = 'up', kind = 'query' }\ncount = 1\nwithin = '1s'";
    assert_eq!(why(on_up), "nothing of up is in the capture");
    let members = "members = { of = 'r1', on = 'lan', groups = [] }\nat = 'leave'";
    assert_eq!(why(members), "it needs what routers hold to be so, which no capture has");
    let received =
        "delivery = { to = 'h1', group = '239.1.1.1' }\nreceived = '>= 1'\nwithin = '1s'";
    assert_eq!(why(received), "it needs what the receiver's socket got, which no capture has");
}

#[test]
fn a_query_of_a_router_is_the_routers() {
    let expectation = "packet = { on = 'lan', kind = 'general-query', from = 'r1' }\n\
                       count = '>= 1'\nwithin = '1s'";
    let query =
        Message::Query(Query { max_resp_code: 100, group: Ipv4Addr::UNSPECIFIED, v3: None });
    let router = Ipv4Addr::new(10, 0, 2, 1);
    let shots = [shot("lan", 0, SOMEBODY, router, &query)];
    let replayed = held(&plan(expectation), &shots, &Vec::new(), &Timing::default());
    assert_eq!(outcome(&replayed), Some(Outcome::Pass));
}

/// Between 3 s and 5 s.
const NO_LEAVE: &str = "packet = { on = 'lan', kind = 'leave', from = 'h1' }\ncount = 0\nafter = 'leave + 1s'\nwithin = '2s'";

fn h2_leaves(seconds: u64) -> CapturedFrame {
    leave("lan", seconds, SOMEBODY, Ipv4Addr::new(10, 0, 2, 3))
}

#[test]
fn that_nothing_comes_is_proved_only_where_the_capture_covers_it() {
    let plan = plan(NO_LEAVE);
    let judge = |seconds: &[u64]| {
        let mut shots = vec![leave("lan", 0, SOMEBODY, H1)];
        shots.extend(seconds.iter().map(|&seconds| h2_leaves(seconds)));
        held(&plan, &shots, &Vec::new(), &Timing::default())
    };
    assert_eq!(outcome(&judge(&[4, 5])), Some(Outcome::Pass));
    let short = judge(&[2, 4]);
    let Judgement::Not { why, .. } = &short.judgements[0] else { panic!("{short:?}") };
    let wanted =
        "it is about 3.000 s to 5.000 s of the run, and the capture covers 0.000 s to 4.000 s";
    assert_eq!(why, wanted);
    // The run begins before the capture does.
    let shots = [leave("lan", 0, SOMEBODY, H1), h2_leaves(6)];
    let acts = Timing { at: [("leave".to_owned(), Duration::ZERO)].into(), zero: None };
    assert_eq!(outcome(&held(&plan, &shots, &Vec::new(), &acts)), Some(Outcome::Pass));
}

#[test]
fn a_frame_that_was_cut_could_be_the_one() {
    let (plan, most) = (plan(NO_LEAVE), plan(&NO_LEAVE.replace("count = 0", "count = '>= 1'")));
    let judge = |plan: &Plan, cut: CapturedFrame| {
        let shots = [leave("lan", 0, SOMEBODY, H1), cut, h2_leaves(9)];
        outcome(&held(plan, &shots, &Vec::new(), &Timing::default()))
    };
    let cut = |at, octets| {
        let mut shot = leave("lan", at, SOMEBODY, H1);
        shot.bytes.truncate(octets);
        shot
    };
    // Cut within the message, the IP header, and the link's.
    for octets in [40, 36, 22, 10] {
        assert_eq!(judge(&plan, cut(4, octets)), None, "{octets}");
        assert_eq!(judge(&most, cut(4, octets)), None, "{octets}");
        // At another time it is none of this claim's.
        assert_eq!(judge(&plan, cut(7, octets)), Some(Outcome::Pass), "{octets}");
    }
    // Neither is a datagram of another protocol.
    let mut other = cut(4, 40);
    other.bytes[23] = 6;
    assert_eq!(judge(&plan, other), Some(Outcome::Pass));
    assert_eq!(judge(&most, leave("lan", 4, SOMEBODY, H1)), Some(Outcome::Pass));
}

#[test]
fn what_was_lost_makes_no_claim_true_or_false() {
    let some = NO_LEAVE.replace("count = 0", "count = '>= 1'");
    let judge = |expectation: &str, more: Option<CapturedFrame>| {
        let shots: Vec<_> =
            [leave("lan", 0, SOMEBODY, H1)].into_iter().chain(more).chain([h2_leaves(9)]).collect();
        let reading = Reading { lost: 1, ..Reading::whole() };
        let plan = plan(expectation);
        outcome(&replay(&plan, &shots, &reading, &Vec::new(), &Timing::default()).unwrap())
    };
    assert_eq!(judge(NO_LEAVE, None), None);
    assert_eq!(judge(&some, None), None);
    // What was seen is enough, or too much already.
    let seen = || Some(leave("lan", 4, SOMEBODY, H1));
    assert_eq!(judge(&some, seen()), Some(Outcome::Pass));
    assert_eq!(judge(NO_LEAVE, seen()), Some(Outcome::Fail));
}

#[test]
fn a_comment_that_is_not_utf_8_changes_no_verdict() {
    let scenario = r#"
title = "One Report"
end = "9s"
links = { lan = ["r1", "h1"] }
nodes = { r1 = { role = "router" }, h1 = { role = "listener", igmp-version = 2 } }
[[act]]
at = "0s"
join = { who = "h1", group = "239.1.1.1" }
[[expect]]
packet = { on = "lan", kind = "v2-report", from = "h1", group = "239.1.1.1" }
"#;
    let judge = |file: &[u8], expectation: &str| {
        let plan = compile("x.toml", &format!("{scenario}{expectation}")).unwrap();
        let h1 = plan_port(&plan, "h1:lan").unwrap();
        let means = vec![(h1, Mean::Address(Ipv4Addr::new(192, 0, 2, 10).into()))];
        let mut shots = Vec::new();
        let reading = read(file, |shot| {
            shots.push(shot);
            true
        });
        outcome(&replay(&plan, &shots, &reading, &means, &Timing::default()).unwrap())
    };
    let one = include_bytes!("../../../fixtures/pcap/odd/latin1.pcapng");
    assert_eq!(judge(one, "count = '>= 1'"), Some(Outcome::Pass));
    let late = include_bytes!("../../../fixtures/pcap/odd/latin1-late.pcapng");
    let none = "count = 0\nafter = 'start + 3s'\nwithin = '5s'";
    assert_eq!(judge(late, none), Some(Outcome::Fail));
}

/// From 2 s to 4 s.
fn leaves(count: &str) -> String {
    let packet = "packet = { on = 'lan', kind = 'leave', from = 'h1' }";
    format!("{packet}\ncount = {count}\nafter = 'leave'\nwithin = '2s'")
}

// What came, or did not come, while nobody captured is not known.
#[test]
fn a_claim_is_judged_only_as_far_as_the_capture_reaches() {
    let judge = |count: &str, seen: &[u64], last: u64| {
        let mut shots = vec![h2_leaves(0)];
        shots.extend(seen.iter().map(|&seconds| leave("lan", seconds, SOMEBODY, H1)));
        shots.push(h2_leaves(last));
        outcome(&held(&plan(&leaves(count)), &shots, &Vec::new(), &Timing::default()))
    };
    for (count, seen, covered, short) in [
        ("'>= 1'", &[][..], Some(Outcome::Fail), None),
        ("1", &[], Some(Outcome::Fail), None),
        ("1", &[3], Some(Outcome::Pass), None),
        ("'<= 1'", &[3], Some(Outcome::Pass), None),
        // Enough is enough, and too many are too many.
        ("'>= 1'", &[3], Some(Outcome::Pass), Some(Outcome::Pass)),
        ("1", &[2, 3], Some(Outcome::Fail), Some(Outcome::Fail)),
        ("0", &[3], Some(Outcome::Fail), Some(Outcome::Fail)),
        ("'<= 1'", &[2, 3], Some(Outcome::Fail), Some(Outcome::Fail)),
    ] {
        assert_eq!(judge(count, seen, 5), covered, "{count} {seen:?}, covered");
        assert_eq!(judge(count, seen, 3), short, "{count} {seen:?}, short");
    }
}

#[test]
fn what_was_dropped_while_it_was_captured_may_be_the_one() {
    let judge = |count: &str, dropped| {
        let shots = [h2_leaves(0), leave("lan", 3, SOMEBODY, H1), h2_leaves(9)];
        let reading = Reading { dropped, ..Reading::whole() };
        let plan = plan(&leaves(count));
        outcome(&replay(&plan, &shots, &reading, &Vec::new(), &Timing::default()).unwrap())
    };
    for (count, whole, dropped) in [
        ("1", Some(Outcome::Pass), None),
        ("2", Some(Outcome::Fail), None),
        ("'>= 1'", Some(Outcome::Pass), Some(Outcome::Pass)),
        ("0", Some(Outcome::Fail), Some(Outcome::Fail)),
    ] {
        assert_eq!(judge(count, 0), whole, "{count}");
        assert_eq!(judge(count, u64::MAX), dropped, "{count}");
    }
}
