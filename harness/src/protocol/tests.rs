//! The RFCs' rules about messages, compared with the book.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::{Form, Message, NotOfGroup, Query, Record, Report, Sources, Version};
use castnet::time::Instant;

use super::delivery::{Envelope, destination, is_beyond_doubt};
use super::hearing::{Acts, Hearing};
use super::wish::{Wish, takes_back, tells, wish};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn group(text: &str) -> Group {
    Group::new(ip(text)).unwrap()
}

fn sources(texts: &[&str]) -> Sources {
    texts.iter().map(|text| ip(text)).collect()
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn report(version: Version, of: &str) -> Message {
    Message::Report(Report::of_group(version, group(of)))
}

fn v3(records: &[(&str, Record)]) -> Message {
    let records = records.iter().map(|(of, record)| (group(of), record.clone())).collect();
    Message::Report(Report { version: Version::V3, records })
}

fn leave(of: &str) -> Message {
    Message::Report(Report::leave(group(of)))
}

fn query(of: Option<&str>) -> Message {
    Message::Query(Query::older(Version::V2, of.map(group), Duration::from_secs(10)))
}

fn envelope(destination: &str) -> Envelope {
    let source = ip("10.0.2.2");
    Envelope { source, destination: ip(destination), hop_limit: 1, router_alert: true }
}

// RFC3376-4.2.12-01
#[test]
fn a_record_wants_a_group_or_gives_it_up() {
    let (none, one) = (sources(&[]), sources(&["10.0.1.1"]));
    for (record, expected) in [
        (Record::IsIn(none.clone()), Wish::Nothing),
        (Record::IsIn(one.clone()), Wish::Member),
        (Record::IsEx(none.clone()), Wish::Member),
        (Record::IsEx(one.clone()), Wish::Member),
        (Record::ToIn(none.clone()), Wish::Leave),
        (Record::ToIn(one.clone()), Wish::Member),
        (Record::ToEx(none.clone()), Wish::Member),
        (Record::Allow(none), Wish::Nothing),
        (Record::Allow(one.clone()), Wish::Member),
        (Record::Block(one), Wish::FewerSources),
    ] {
        assert_eq!(wish(&record), expected, "{record:?}");
    }
}

// RFC3376-7.3.2-02
#[test]
fn a_message_joins_or_leaves_the_groups_of_its_records_and_no_others() {
    let (one, other) = (group("239.1.1.1"), group("239.1.1.2"));
    let both =
        v3(&[("239.1.1.1", Record::ToIn(sources(&[]))), ("239.1.1.2", Record::ToEx(sources(&[])))]);
    for (message, joined, left) in [
        (report(Version::V1, "239.1.1.1"), Some(one), None),
        (report(Version::V2, "239.1.1.1"), Some(one), None),
        (leave("239.1.1.1"), None, Some(one)),
        (query(Some("239.1.1.1")), None, None),
        (both.clone(), Some(other), Some(one)),
    ] {
        for group in [one, other] {
            assert_eq!(tells(&message, group, Wish::Member), joined == Some(group));
            assert_eq!(tells(&message, group, Wish::Leave), left == Some(group));
        }
    }
    let blocks = v3(&[("239.1.1.1", Record::Block(sources(&["10.0.1.1"])))]);
    assert_eq!(
        [&leave("239.1.1.1"), &blocks, &both, &v3(&[])].map(takes_back),
        [true, true, false, false]
    );
}

// RFC2236-3-07, RFC2236-7-14, RFC2236-3-12, RFC2236-9-01, RFC3376-4.2.14-01
#[test]
fn each_message_has_its_destination_in_either_family() {
    let goes = |message: &Message, from| destination(message, ip(from)).map(|to| to.to_string());
    let [v4, v6] = ["10.0.2.2", "fe80::2"];
    let unknown = Message::Unknown(0x42);
    let to_all = v3(&[]);
    for (message, from, expected) in [
        (query(None), v4, "224.0.0.1"),
        (query(Some("239.1.1.1")), v4, "239.1.1.1"),
        (report(Version::V1, "239.1.1.1"), v4, "239.1.1.1"),
        (report(Version::V2, "239.1.1.1"), v4, "239.1.1.1"),
        (leave("239.1.1.1"), v4, "224.0.0.2"),
        (to_all.clone(), v4, "224.0.0.22"),
        (query(None), v6, "ff02::1"),
        (report(Version::V2, "ff3e::1"), v6, "ff3e::1"),
        (leave("ff3e::1"), v6, "ff02::2"),
        (to_all, v6, "ff02::16"),
    ] {
        assert_eq!(goes(&message, from).as_deref(), Some(expected), "{message:?}");
    }
    assert_eq!(goes(&unknown, v4), None);
    let (version, address) = (Version::V2, ip("10.9.9.9"));
    let of_host = |form| Message::NotOfGroup(NotOfGroup { form, version, address });
    assert_eq!(goes(&of_host(Form::Report), v4).as_deref(), Some("10.9.9.9"));
    assert_eq!(goes(&of_host(Form::Leave), v4).as_deref(), Some("224.0.0.2"));
}

// RFC2236-2-02, RFC2236-2-03, RFC2236-9-01
#[test]
fn a_message_is_beyond_doubt_only_as_the_rfc_has_it_sent() {
    let leave = leave("239.1.1.1");
    let right = envelope("224.0.0.2");
    assert!(is_beyond_doubt(&leave, &right));
    for wrong in [
        Envelope { hop_limit: 2, ..right },
        Envelope { router_alert: false, ..right },
        Envelope { source: ip("0.0.0.0"), ..right },
        envelope("239.1.1.1"),
    ] {
        assert!(!is_beyond_doubt(&leave, &wrong), "{wrong:?}");
    }
}

const S1: &str = "10.0.1.1";
const S2: &str = "10.0.1.2";

/// A router that acts on everything.
const ALL: Acts = Acts {
    on_leaves: true,
    on_blocks: true,
    knows_channels: true,
    channels: None,
    most_sources: 100,
};

fn hears(hearing: &mut Hearing, seconds: u64, message: &Message) {
    let to = destination(message, ip("10.0.2.2")).unwrap();
    hearing.hear(at(seconds), message, &envelope(&to.to_string()), ALL);
}

// RFC2236-3-23, RFC2236-7-10
#[test]
fn the_first_leave_after_a_report_obliges_the_only_querier() {
    let mut hearing = Hearing::default();
    let of = group("239.1.1.1");
    hears(&mut hearing, 1, &leave("239.1.1.1"));
    let heard = hearing.of(of, ip(S1));
    assert_eq!((heard.has_to_ask, heard.left), (None, None));
    hears(&mut hearing, 2, &report(Version::V2, "239.1.1.1"));
    hears(&mut hearing, 3, &leave("239.1.1.1"));
    hears(&mut hearing, 4, &leave("239.1.1.1"));
    let heard = hearing.of(of, ip(S1));
    assert_eq!(heard.reported, Some(at(2)));
    assert_eq!((heard.has_to_ask, heard.left), (Some(at(3)), Some(at(4))));
    hears(&mut hearing, 5, &report(Version::V2, "239.1.1.1"));
    let heard = hearing.of(of, ip(S1));
    assert_eq!((heard.reported, heard.has_to_ask, heard.left), (Some(at(5)), None, None));
    // Leaves heard by a router in version 1 mode, and Leaves in packets that may be ignored.
    let deaf = Acts { on_leaves: false, on_blocks: false, ..ALL };
    hearing.hear(at(6), &leave("239.1.1.1"), &envelope("224.0.0.2"), deaf);
    hearing.hear(at(7), &leave("239.1.1.1"), &envelope("224.0.0.1"), ALL);
    let heard = hearing.of(of, ip(S1));
    assert_eq!((heard.has_to_ask, heard.left), (None, Some(at(7))));
}

// RFC2236-5-03 voids Leaves of a group with version 1 members; RFC2236-3-23 is for the querier.
#[test]
fn neither_version_1_members_nor_another_querier_leave_anybody_obliged() {
    for (message, obliged) in [
        (report(Version::V1, "239.1.1.1"), false),
        (report(Version::V1, "239.1.1.2"), true),
        (query(None), false),
    ] {
        let mut hearing = Hearing::default();
        hears(&mut hearing, 1, &message);
        hears(&mut hearing, 2, &report(Version::V2, "239.1.1.1"));
        hears(&mut hearing, 3, &leave("239.1.1.1"));
        let asks = hearing.of(group("239.1.1.1"), ip(S1)).has_to_ask.is_some();
        assert_eq!(asks, obliged, "{message:?}");
    }
    // A router that sends Queries afterwards has taken over.
    let mut hearing = Hearing::default();
    hears(&mut hearing, 1, &report(Version::V2, "239.1.1.1"));
    hears(&mut hearing, 2, &leave("239.1.1.1"));
    hears(&mut hearing, 3, &query(None));
    assert_eq!(hearing.of(group("239.1.1.1"), ip(S1)).has_to_ask, None);
}

/// A step: the time, the record, and then for both sources when it was wanted last, and since when the
/// router has to ask.
type Step<'a> = (u64, Record, [(Option<u64>, Option<u64>); 2]);

// RFC3376-4.2.12-01, RFC3376-6.4.2-02, RFC3376-6.4.2-06
#[test]
fn each_source_is_wanted_by_the_records_that_name_it_or_leave_it_out() {
    let (none, one, both) = (sources(&[]), sources(&[S1]), sources(&[S1, S2]));
    let steps: [Step<'_>; 9] = [
        (1, Record::Allow(one.clone()), [(Some(1), None), (None, None)]),
        (2, Record::Block(one.clone()), [(Some(1), Some(2)), (None, None)]),
        // Again, and of both: the first counts.
        (3, Record::Block(one.clone()), [(Some(1), Some(2)), (None, None)]),
        (4, Record::ToEx(one.clone()), [(Some(1), Some(2)), (Some(4), None)]),
        (5, Record::Block(both.clone()), [(Some(1), Some(2)), (Some(4), Some(5))]),
        (6, Record::IsEx(none.clone()), [(Some(6), None), (Some(6), None)]),
        (7, Record::IsEx(both), [(Some(6), None), (Some(6), None)]),
        (8, Record::ToIn(none), [(Some(6), Some(8)), (Some(6), Some(8))]),
        (9, Record::ToIn(one), [(Some(9), None), (Some(6), Some(8))]),
    ];
    let mut hearing = Hearing::default();
    for (seconds, record, expected) in steps {
        hears(&mut hearing, seconds, &v3(&[("239.1.1.1", record.clone())]));
        for (source, (reported, asks)) in [S1, S2].into_iter().zip(expected) {
            let heard = hearing.of(group("239.1.1.1"), ip(source));
            let found = (heard.reported, heard.has_to_ask);
            assert_eq!(found, (reported.map(at), asks.map(at)), "{seconds}: {record:?} {source}");
        }
    }
}

// RFC3376-7.3.2-02: beside a host of version 2 a router ignores a BLOCK.
#[test]
fn a_block_obliges_nobody_beside_older_hosts() {
    let mut hearing = Hearing::default();
    hears(&mut hearing, 1, &report(Version::V2, "239.1.1.1"));
    hears(&mut hearing, 2, &v3(&[("239.1.1.1", Record::Block(sources(&[S1])))]));
    let heard = hearing.of(group("239.1.1.1"), ip(S1));
    assert_eq!((heard.reported, heard.has_to_ask, heard.left), (Some(at(1)), None, Some(at(2))));
    hears(&mut hearing, 3, &leave("239.1.1.1"));
    assert_eq!(hearing.of(group("239.1.1.1"), ip(S1)).has_to_ask, Some(at(3)));
}

// RFC3376-6.4.1-04: EXCLUDE (X,Y) and IS_EX (A) give the sources of A that are in neither list GMI.
#[test]
fn an_exclusion_of_what_flows_is_a_reason_for_a_while_until_it_has_to_be_asked_about() {
    let mut hearing = Hearing::default();
    let excluded = |hearing: &Hearing, source: &str| {
        hearing.of(group("239.1.1.1"), ip(source)).excluded.map(|at| at.since_start().as_secs())
    };
    let mut says = |seconds, record: Record| {
        hears(&mut hearing, seconds, &v3(&[("239.1.1.1", record)]));
        [excluded(&hearing, S1), excluded(&hearing, S2)]
    };
    let (none, one, both) = (sources(&[]), sources(&[S1]), sources(&[S1, S2]));
    // Nothing flowed before.
    assert_eq!(says(1, Record::IsEx(one.clone())), [None, None]);
    assert_eq!(says(2, Record::IsEx(none)), [None, None]);
    // Saying it again gives no more time.
    assert_eq!(says(3, Record::IsEx(one.clone())), [Some(3), None]);
    assert_eq!(says(4, Record::IsEx(both)), [Some(3), Some(4)]);
    assert_eq!(says(5, Record::Allow(one.clone())), [None, Some(4)]);
    assert_eq!(says(6, Record::IsEx(sources(&[S1, S2]))), [Some(6), Some(4)]);
    assert_eq!(says(7, Record::Block(one)), [None, Some(4)]);
}

// RFC3376-7.3.2-02: beside a host of version 2 a TO_EX excludes nothing.
#[test]
fn a_change_to_exclude_mode_beside_older_hosts_wants_everything() {
    let mut hearing = Hearing::default();
    hears(&mut hearing, 1, &report(Version::V2, "239.1.1.1"));
    hears(&mut hearing, 2, &v3(&[("239.1.1.1", Record::ToEx(sources(&[S1])))]));
    assert_eq!(hearing.of(group("239.1.1.1"), ip(S1)).reported, Some(at(2)));
}

#[test]
fn a_block_that_a_router_may_refuse_obliges_nobody() {
    for (most_sources, obliged) in [(2, Some(at(2))), (1, None)] {
        let mut hearing = Hearing::default();
        let few = Acts { most_sources, ..ALL };
        for (seconds, record) in
            [(1, Record::IsEx(sources(&[]))), (2, Record::Block(sources(&[S1, S2])))]
        {
            let message = v3(&[("239.1.1.1", record)]);
            let to = destination(&message, ip("10.0.2.2")).unwrap();
            hearing.hear(at(seconds), &message, &envelope(&to.to_string()), few);
        }
        assert_eq!(hearing.of(group("239.1.1.1"), ip(S1)).has_to_ask, obliged);
    }
}

// RFC4604-3.1-01
#[test]
fn what_wants_or_leaves_all_sources_of_a_channel_says_nothing() {
    let mut hearing = Hearing::default();
    hears(&mut hearing, 1, &report(Version::V2, "232.1.1.1"));
    hears(&mut hearing, 2, &v3(&[("232.1.1.1", Record::ToEx(sources(&[])))]));
    assert_eq!(hearing.of(group("232.1.1.1"), ip(S1)).reported, None);
    hears(&mut hearing, 3, &v3(&[("232.1.1.1", Record::Allow(sources(&[S1])))]));
    hears(&mut hearing, 4, &leave("232.1.1.1"));
    let heard = hearing.of(group("232.1.1.1"), ip(S1));
    assert_eq!((heard.reported, heard.has_to_ask), (Some(at(3)), None));
}
