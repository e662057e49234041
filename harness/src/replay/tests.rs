//! Captures judged against scenarios: which port sent what, and what no capture can show.

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::wire::igmp::{Message, Query};
use castnet::wire::ipv4::encode_igmp;

use super::{Judgement, Mean, Means, Mismatch, Replayed, Timing, plan_port, replay};
use crate::capture::ethernet::frame;
use crate::capture::file::CapturedFrame;
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
const LEAVE_OF_H1: &str = "packet = { on = 'lan', kind = 'leave', from = 'h1' }\ncount = 1\nafter = 'leave'\nwithin = '1s'";

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
    replay(plan, shots, means, timing).unwrap()
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
    let shots = [leave("eth7", 0, SOMEBODY, Ipv4Addr::new(10, 0, 2, 3))];
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
    assert_eq!(judge(&shots, &at(4)), Some(Outcome::Fail));
    let zero = |zero| Timing { zero: Some(Duration::from_secs(zero)), ..Timing::default() };
    assert_eq!(judge(&shots, &zero(1)), Some(Outcome::Fail));
    // What castnet writes into its captures.
    shots[0].comments = vec![
        "time zero 1699999994.000000000 s since 1970".to_owned(),
        "act at 7.500 s: h1 leaves 239.1.1.1 (leave)".to_owned(),
    ];
    assert_eq!(judge(&shots, &zero(1)), Some(Outcome::Pass));
    let no_such = Timing { at: [("live".to_owned(), Duration::ZERO)].into(), zero: None };
    let error = replay(&plan, &shots, &Vec::new(), &no_such).unwrap_err();
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
    let error = replay(&plan, &shots[1..], &Vec::new(), &at(0)).unwrap_err();
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
    let expectation =
        "packet = { on = 'lan', kind = 'general-query', from = 'r1' }\ncount = 1\nwithin = '1s'";
    let query =
        Message::Query(Query { max_resp_code: 100, group: Ipv4Addr::UNSPECIFIED, v3: None });
    let router = Ipv4Addr::new(10, 0, 2, 1);
    let shots = [shot("lan", 0, SOMEBODY, router, &query)];
    let replayed = held(&plan(expectation), &shots, &Vec::new(), &Timing::default());
    assert_eq!(outcome(&replayed), Some(Outcome::Pass));
}
