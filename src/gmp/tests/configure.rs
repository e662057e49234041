//! Parameters that change while the router serves: RFC 2236 section 8 defines each, and so from
//! when on a new value counts.

use super::querier::Role;
use super::*;

fn params(qi: f64, qri: f64) -> Params {
    Params { query_interval: secs(qi), query_response_interval: secs(qri), ..Params::v2() }
}

impl Link {
    pub(super) fn configure(&mut self, params: Params) {
        self.input(|interface, cx| interface.configure(cx, params));
    }

    /// When General Queries were sent since the last call, and with which Max Response Time.
    fn general(&mut self) -> Vec<(f64, f64)> {
        let general = |(at, say): (Duration, Say)| match say {
            Say::Query(Query { group: None, max_resp, .. }) => {
                Some((at.as_secs_f64(), max_resp.as_secs_f64()))
            }
            _ => None,
        };
        self.said.drain(..).filter_map(general).collect()
    }

    /// Past the Queries of the start, at 0 s and QI / 4, with the next one due at QI * 5 / 4.
    fn started(params: Params) -> Self {
        let mut link = Self::with(params.clone());
        link.run_to(params.startup_query_interval() + NANO);
        link.said.clear();
        link
    }
}

// RFC2236-8.2-01: the interval between General Queries, which begins with the last one.
#[test]
fn a_shorter_query_interval_counts_from_the_last_general_query() {
    let mut link = Link::started(params(100.0, 10.0));
    link.run_to(secs(30.0));
    link.configure(params(20.0, 1.0));
    link.run_to(secs(70.0));
    assert_eq!(link.general(), [(45.0, 1.0), (65.0, 1.0)]);
}

// RFC2236-8.2-01
#[test]
fn a_general_query_that_is_overdue_by_the_new_interval_is_sent_at_once() {
    let mut link = Link::started(params(100.0, 10.0));
    link.run_to(secs(60.0));
    link.configure(params(20.0, 1.0));
    link.run_to(secs(81.0));
    assert_eq!(link.general(), [(60.0, 1.0), (80.0, 1.0)]);
}

// RFC2236-8.2-01: the next Query comes when hosts and other routers expect it.
#[test]
fn a_longer_query_interval_counts_from_the_next_general_query() {
    let mut link = Link::started(params(20.0, 1.0));
    link.run_to(secs(10.0));
    link.configure(params(100.0, 10.0));
    link.run_to(secs(130.0));
    assert_eq!(link.general(), [(25.0, 10.0), (125.0, 10.0)]);
}

// RFC2236-8.6-01: the startup interval is a parameter of its own.
#[test]
fn during_the_start_the_startup_query_interval_counts() {
    let mut link = Link::with(params(100.0, 10.0));
    link.said.clear();
    link.configure(Params { startup_query_interval: Some(secs(3.0)), ..params(200.0, 10.0) });
    link.run_to(secs(210.0));
    assert_eq!(link.general(), [(3.0, 10.0), (203.0, 10.0)]);
}

// RFC2236-8.5-01, RFC2236-3-04: the length of an interval is fixed when it begins.
#[test]
fn an_election_is_not_disturbed() {
    let mut link = Link::started(params(100.0, 10.0));
    link.query(router(1), &ask(None, "", false));
    let heard = link.now.since_start();
    link.said.clear();
    link.configure(params(20.0, 1.0));
    link.run_to(heard + secs(205.0) - NANO);
    assert_eq!((link.interface.role(), link.said.len()), (Role::NonQuerier(router(1)), 0));
    link.run_to(heard + secs(205.0));
    assert_eq!(link.interface.role(), Role::Querier);
    // Afterwards Queries follow the configured interval, and the next wait is the configured 2 x 20
    // + 1 / 2.
    link.said.clear();
    link.run_to(heard + secs(225.0));
    assert_eq!(link.general().len(), 1);
    let again = link.now.since_start();
    link.query(router(1), &ask(None, "", false));
    link.run_to(again + secs(40.5) - NANO);
    assert_eq!(link.interface.role(), Role::NonQuerier(router(1)));
    link.run_to(again + secs(40.5));
    assert_eq!(link.interface.role(), Role::Querier);
}

// RFC2236-8.8-01, RFC2236-7-10: all Queries of a running check are like the first one.
#[test]
fn a_check_that_has_begun_ends_as_it_began_and_the_next_one_is_as_configured() {
    for profile in [Profile::Rfc2236, Profile::Rfc3376] {
        let thrice = Params { last_member_query_count: Some(3), ..params(100.0, 10.0) };
        let mut link = Link::started(Params { profile: Some(profile), ..thrice });
        link.record(&Record::IsEx(set("")));
        let leave = link.now.since_start();
        link.record(&Record::ToIn(set("")));
        let slow = Params {
            profile: Some(profile),
            last_member_query_interval: secs(3.0),
            last_member_query_count: Some(4),
            ..params(100.0, 10.0)
        };
        link.configure(slow);
        link.run_to(leave + secs(3.0));
        let says = |(_, say): &(Duration, Say)| match say {
            Say::Query(Query { group: Some(_), max_resp, .. }) => Some(*max_resp),
            _ => None,
        };
        assert_eq!(link.said.iter().filter_map(says).collect::<Vec<_>>(), [secs(1.0); 3]);
        let asked: Vec<_> = link.asked().into_iter().map(|(at, ..)| at - leave).collect();
        assert_eq!(asked, [0.0, 1.0, 2.0].map(secs));
        assert!(link.interface.groups().is_empty(), "after 3 x 1 s");

        link.record(&Record::IsEx(set("")));
        let leave = link.now.since_start();
        link.record(&Record::ToIn(set("")));
        link.run_to(leave + secs(12.0) - NANO);
        let asked: Vec<_> = link.asked().into_iter().map(|(at, ..)| at - leave).collect();
        assert_eq!(asked, [0.0, 3.0, 6.0, 9.0].map(secs));
        assert!(!link.interface.groups().is_empty());
        link.run_to(leave + secs(12.0));
        assert!(link.interface.groups().is_empty(), "after 4 x 3 s");
    }
}

// RFC2236-8.4-01: no member is forgotten before a Query of the new interval could reach it.
#[test]
fn members_outlive_a_longer_interval_and_are_not_cut_off_by_a_shorter_one() {
    let mut link = Link::started(params(20.0, 1.0));
    let reported = link.now.since_start();
    link.record(&Record::IsEx(set("")));
    assert_eq!(link.group_timer(), Some(reported + secs(41.0)));
    link.configure(params(100.0, 25.0));
    assert_eq!(link.group_timer(), Some(reported + secs(225.0)));
    link.configure(params(20.0, 1.0));
    assert_eq!(link.group_timer(), Some(reported + secs(225.0)));
    // However often the interval changes, no membership outlives GMI from now.
    link.run_to(secs(50.0));
    link.configure(params(100.0, 25.0));
    assert_eq!(link.group_timer(), Some(secs(50.0 + 225.0)));
    link.configure(params(20.0, 1.0));
    // A Report from now on counts by the new interval.
    let reported = link.now.since_start();
    link.record(&Record::IsEx(set("")));
    assert_eq!(link.group_timer(), Some(reported + secs(41.0)));
    // A group that is being checked is not prolonged.
    link.record(&Record::ToIn(set("")));
    link.configure(params(100.0, 25.0));
    assert_eq!(link.group_timer(), Some(reported + secs(2.0)));
}

// RFC2236-3-29: another router checks, and this one's timers must not outlive that check.
#[test]
fn what_a_non_querier_has_lowered_stays_lowered() {
    let mut link = Link::started(params(20.0, 1.0));
    link.record(&Record::IsEx(set("")));
    link.query(router(1), &ask(None, "", false));
    link.query(router(1), &ask(Some(g()), "", false));
    let lowered = link.group_timer();
    assert_eq!(lowered, Some(link.now.since_start() + secs(2.0)));
    link.configure(params(100.0, 25.0));
    assert_eq!(link.group_timer(), lowered);
}

#[test]
fn the_same_parameters_change_nothing() {
    let mut link = Link::started(params(20.0, 1.0));
    link.record(&Record::IsEx(set("")));
    let before = format!("{:?}", link.interface);
    link.run_to(secs(11.0));
    link.configure(params(20.0, 1.0));
    // Timers are equal except for the order in which they were set.
    let timers = |link: &Link| (link.group_timer(), link.interface.deadline());
    assert_eq!(timers(&link).1.map(|next| next.at.since_start()), Some(secs(25.0)));
    assert!(before.contains("Group"), "{before}");
    assert_eq!(timers(&link).0, Some(secs(5.0) + NANO + secs(41.0)));
}
