//! Intervals become the RFC's numbers, and sums show how they were computed.

use castnet::time::Instant;

use super::*;
use crate::plan::arithmetic::{Length, Moment, Part};

fn check(igmp: &str, within: &str) -> (Duration, String) {
    let plan = plan_with(igmp, &format!("{MEMBERSHIP}\nwithin = \"{within}\""));
    let Claim::Packet { window, .. } = &plan.checks[0].claim else { panic!("a packet") };
    let length = window.length.as_ref().unwrap();
    let parts: Vec<_> = length.parts.iter().map(|part| part.text.as_str()).collect();
    (length.duration(), parts.join(" | "))
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

// RFC2236-7-10
#[test]
fn the_last_member_query_time_is_count_times_interval() {
    let short = "last-member-query-interval = \"500ms\"";
    assert_eq!(check(short, "LMQT"), (millis(1000), "LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s".into()));
    assert_eq!(
        check(&format!("{short}, last-member-query-count = 3"), "LMQT"),
        (millis(1500), "LMQT (LMQC 3 x LMQI 0.500 s) 1.500 s".into())
    );
    assert_eq!(check("robustness = 4", "r1.LMQT").0, millis(4000));
    assert_eq!(
        check(short, "2*LMQT"),
        (millis(2000), "2 x LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s".into())
    );
}

// RFC2236-8.4-01, RFC2236-8.5-01, RFC9776-8.4-01
#[test]
fn profiles_differ_where_the_rfcs_do() {
    for (rfc, gmi, text) in [
        (2236, 260, "GMI (RV 2 x QI 125.000 s + QRI 10.000 s) 260.000 s"),
        (3376, 260, "GMI (RV 2 x QI 125.000 s + QRI 10.000 s) 260.000 s"),
        (9776, 270, "GMI (RV 2 x QI 125.000 s + 2 x QRI 10.000 s) 270.000 s"),
    ] {
        let igmp = format!("rfc = {rfc}");
        assert_eq!(check(&igmp, "GMI"), (Duration::from_secs(gmi), text.to_owned()));
        assert_eq!(check(&igmp, "OQPI").0, Duration::from_secs(255));
    }
}

#[test]
fn sums_add_and_subtract() {
    assert_eq!(check("", "5s - 1s + 3*100ms").0, millis(4300));
    // Below zero on its way, and back.
    assert_eq!(check("", "1s - 2s + 3s").0, millis(2000));
    assert_eq!(check("", "LMQT - LMQI").0, millis(1000));
}

#[test]
fn a_length_of_zero_or_below_is_refused() {
    let told = |within: &str| try_plan("", &format!("{MEMBERSHIP}\nwithin = \"{within}\"")).err();
    assert!(told("1s - 2s").unwrap().contains("less than no time"));
    assert!(told("1s - 1s").unwrap().contains("no time at all"));
    assert_eq!(told("2s - 1s"), None);
}

fn part(minus: bool, ms: u64) -> Part {
    Part { minus, duration: millis(ms), is_interval: false, text: format!("{ms} ms") }
}

/// Moments count from when an act was really done, which the plan cannot know: they stop at zero.
#[test]
fn a_moment_before_the_run_is_its_start() {
    let anchor = Some((0, "leave".to_owned()));
    let moment = Moment { text: String::new(), anchor, parts: vec![part(true, 3000)] };
    let at = |seconds: u64| Some(Instant::ZERO + Duration::from_secs(seconds));
    assert_eq!(moment.instant(|_| at(2)), Some(Instant::ZERO));
    assert_eq!(moment.instant(|_| at(5)), at(2));
    assert_eq!(moment.instant(|_| None), None);
    assert!(moment.is_before_start(at(2).unwrap()) && !moment.is_before_start(at(3).unwrap()));
    let length = Length { text: String::new(), parts: vec![part(false, 1), part(true, 2)] };
    assert!(length.is_negative());
    assert_eq!(length.duration(), Duration::ZERO);
}

#[test]
fn a_sum_is_shown_as_it_was_computed() {
    let plan = plan_with(
        "last-member-query-interval = \"500ms\"",
        "delivery = { to = \"h1\", group = \"239.1.1.1\" }\n\
         none-after = \"leave + LMQT - 100ms\"\nfor = \"2s\"\n[[act]]\nat = \"0s\"\n\
         send = { who = \"s1\", group = \"239.1.1.1\", rate = \"1pps\" }",
    );
    let Claim::NoneAfter(_, window) = &plan.checks[0].claim else { panic!("none-after") };
    let at = Instant::ZERO + millis(2001);
    assert_eq!(
        window.from.arithmetic(Some(at), &[]),
        "leave at 2.001 s + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s - 0.100 s = 2.901 s"
    );
    assert_eq!(
        window.from.arithmetic(None, &[]).split(" + ").next(),
        Some("leave, which was not done")
    );
    assert_eq!(Moment::start().arithmetic(None, &[]), "start at 0.000 s");
}

#[test]
fn counts_are_ranges_with_words() {
    let count = |count: &str| {
        let expect = format!(
            "packet = {{ on = \"lan\", kind = \"query\" }}\ncount = {count}\nwithin = \"1s\""
        );
        let plan = plan_with("", &expect);
        let Claim::Packet { count, .. } = &plan.checks[0].claim else { panic!("a packet") };
        (count.min, count.max, count.text.clone())
    };
    assert_eq!(count("0"), (0, Some(0), "no".into()));
    assert_eq!(count("3"), (3, Some(3), "3".into()));
    assert_eq!(count("\"LMQC\""), (2, Some(2), "LMQC 2".into()));
    assert_eq!(count("\"2*LMQC - 1\""), (3, Some(3), "2 x LMQC 2 - 1".into()));
    assert_eq!(count("\">= 1\""), (1, None, "at least 1".into()));
    assert_eq!(count("\"<= SQC\""), (0, Some(2), "at most SQC 2".into()));
    assert_eq!(count("\"1..3\""), (1, Some(3), "1 to 3".into()));
}
