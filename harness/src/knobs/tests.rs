//! The RFCs' numbers, and both sides of each limit.

use super::*;

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

// RFC2236-8.1-01 to RFC2236-8.10-01: the defaults, in the order of the section.
#[test]
fn every_word_has_the_value_of_the_rfc() {
    let (time, count) = (|s: f64| Quantity::Time(secs(s)), Quantity::Count);
    let values = |knobs: &Knobs| INTERVALS.map(|row| (row.word, (row.of)(knobs).0));
    let knobs = Knobs { version: Version::V2, ..Knobs::default() };
    assert_eq!((knobs.check(), knobs.revision()), (Ok(()), Revision::Rfc2236));
    let mut expected = [
        ("RV", count(2)),
        ("QI", time(125.0)),
        ("QRI", time(10.0)),
        ("SQI", time(31.25)),
        ("SQC", count(2)),
        ("LMQI", time(1.0)),
        ("LMQC", count(2)),
        ("LMQT", time(2.0)),
        ("GMI", time(260.0)),
        ("OQPI", time(255.0)),
        ("OHPI", time(260.0)),
        ("URI", time(10.0)),
    ];
    assert_eq!(values(&knobs), expected);

    // RFC9776-8.4-01, RFC3376-8.11-01: a router speaks version 3 unless it is told otherwise.
    let knobs = Knobs::default();
    assert_eq!((knobs.check(), knobs.revision()), (Ok(()), Revision::Rfc9776));
    (expected[8].1, expected[11].1) = (time(270.0), time(1.0));
    assert_eq!(values(&knobs), expected);
}

/// RFC 3810 sections 9.8 to 9.10, 9.4 and 9.5 name what RFC 3376 section 8 defines.
#[test]
fn a_word_of_mld_means_the_same_row() {
    for (mld, igmp) in
        [("LLQI", "LMQI"), ("LLQC", "LMQC"), ("LLQT", "LMQT"), ("MALI", "GMI"), ("OQPT", "OQPI")]
    {
        assert_eq!(interval(mld).map(|row| row.word), Some(igmp));
    }
    assert!(interval("LQMT").is_none());
}

// RFC2236-8.1-01: a robust network multiplies each timer, and the counts that are derived from RV.
#[test]
fn what_is_derived_follows_what_is_configured() {
    let knobs = Knobs {
        version: Version::V2,
        robustness: 3,
        query_interval: secs(20.0),
        query_response_interval: secs(5.0),
        last_member_query_interval: secs(0.5),
        ..Knobs::default()
    };
    let of = |knobs: &Knobs, word: &str| (interval(word).unwrap().of)(knobs).0;
    let expected = [("SQC", 3), ("LMQC", 3)];
    for (word, expected) in expected {
        assert_eq!(of(&knobs, word), Quantity::Count(expected), "{word}");
    }
    let expected = [("SQI", 5.0), ("LMQT", 1.5), ("GMI", 65.0), ("OQPI", 62.5), ("OHPI", 65.0)];
    for (word, expected) in expected {
        assert_eq!(of(&knobs, word), Quantity::Time(secs(expected)), "{word}");
    }
    let given = Knobs {
        startup_query_interval: Some(secs(7.0)),
        startup_query_count: Some(4),
        last_member_query_count: Some(5),
        ..knobs
    };
    assert_eq!(of(&given, "SQI"), Quantity::Time(secs(7.0)));
    assert_eq!(of(&given, "SQC"), Quantity::Count(4));
    assert_eq!(of(&given, "LMQT"), Quantity::Time(secs(2.5)));
}

// RFC9776-8.4-01, RFC9776-8.5-01, RFC3376-8.13-01, RFC9776-8.13-01
#[test]
fn rfc_9776_waits_for_a_second_response_interval() {
    let of = |revision| {
        let knobs = Knobs { revision: Some(revision), ..Knobs::default() };
        let of = |word| (interval(word).unwrap().of)(&knobs).0;
        ["GMI", "OQPI", "OHPI"].map(of)
    };
    let times = |all: [f64; 3]| all.map(|time| Quantity::Time(secs(time)));
    assert_eq!(of(Revision::Rfc3376), times([260.0, 255.0, 260.0]));
    assert_eq!(of(Revision::Rfc9776), times([270.0, 255.0, 260.0]));
}

// RFC2236-8.1-01, RFC2236-8.3-01, RFC2236-2.2-01, RFC3376-4.1.7-01
#[test]
fn contradictions_are_refused() {
    let base = Knobs { version: Version::V2, ..Knobs::default() };
    let qri = |qri| Knobs { query_response_interval: secs(qri), ..base.clone() };
    let qi = |qi| Knobs { query_interval: secs(qi), ..qri(10.0) };
    let long = |time| Knobs { query_interval: secs(5_000.0), ..qri(time) };
    let zero = Some(Duration::ZERO);
    let cases = [
        (Knobs { robustness: 1, ..base.clone() }, Ok(())),
        (Knobs { robustness: 0, ..base.clone() }, Err(Invalid::Robustness)),
        (qi(10.1), Ok(())),
        (qi(10.0), Err(Invalid::ResponseNotShorter)),
        (qi(31_744.0), Ok(())),
        (qi(31_744.1), Err(Invalid::TooLong("query-interval"))),
        (qri(25.5), Ok(())),
        (qri(25.6), Err(Invalid::NotTenths("query-response-interval"))),
        (qri(0.15), Err(Invalid::NotTenths("query-response-interval"))),
        (qri(0.0), Err(Invalid::NotTenths("query-response-interval"))),
        (Knobs { version: Version::V3, ..qri(25.65) }, Ok(())),
        (Knobs { version: Version::V3, ..long(3_174.4) }, Ok(())),
        (
            Knobs { version: Version::V3, ..long(3_174.5) },
            Err(Invalid::NotACode("query-response-interval")),
        ),
        (Knobs { max_groups: 0, ..base.clone() }, Err(Invalid::Zero("max-groups"))),
        (
            Knobs { startup_query_interval: zero, ..base.clone() },
            Err(Invalid::Zero("startup-query-interval")),
        ),
        (
            Knobs { startup_query_count: Some(0), ..base.clone() },
            Err(Invalid::Zero("startup-query-count")),
        ),
        (
            Knobs { last_member_query_count: Some(0), ..base.clone() },
            Err(Invalid::LastMemberQueryCount),
        ),
    ];
    for (knobs, expected) in cases {
        assert_eq!(knobs.check(), expected, "{knobs:?}");
    }
}

// RFC2236-3-18, RFC2236-8.10-01
#[test]
fn a_host_repeats_itself_robustness_minus_one_times() {
    let host = |robustness| HostKnobs { robustness, ..HostKnobs::of(Version::V2) };
    let longest = [0, 1, 2, 3].map(|robustness| host(robustness).longest_repetition());
    assert_eq!(longest, [0.0, 0.0, 10.0, 20.0].map(secs));
}

// RFC2710-7.3-01, RFC2710-3.4-01, RFC3810-5.1.3-01: milliseconds, in 16 bits or in MLDv2's code.
#[test]
fn mld_has_limits_of_its_own() {
    let base = Knobs { query_interval: secs(10_000.0), ..Knobs::of(Family::V6) };
    let check = |version, time| {
        let knobs = Knobs { version, query_response_interval: time, ..base.clone() };
        knobs.check()
    };
    let millis = Duration::from_millis;
    let (v1, v2) = (Version::V2, Version::V3);
    let key = "query-response-interval";
    for (version, time, expected) in [
        (v1, millis(1), Ok(())),
        (v1, millis(65_535), Ok(())),
        (v1, millis(65_536), Err(Invalid::NotMillis(key))),
        (v1, millis(0), Err(Invalid::NotMillis(key))),
        (v1, Duration::from_micros(1_500), Err(Invalid::NotMillis(key))),
        (v2, millis(8_387_584), Ok(())),
        (v2, millis(8_387_585), Err(Invalid::NotMillisCode(key))),
    ] {
        assert_eq!(check(version, time), expected, "{version:?} {time:?}");
    }
}

// RFC2710-7.4-01, RFC2710-7.5-01; RFC 9777 section 9.4
#[test]
fn mld_computes_as_igmp_does() {
    for (version, mali) in [(Version::V2, 260.0), (Version::V3, 270.0)] {
        let knobs = Knobs { version, ..Knobs::of(Family::V6) };
        assert_eq!(knobs.group_membership_interval(), secs(mali));
        assert_eq!(knobs.other_querier_present_interval(), secs(255.0));
        assert_eq!(knobs.last_member_query_time(), secs(2.0));
    }
}
