//! A router sends a datagram only onto a link that has a reason for it.
//!
//! GMI is 2 x 125 s + 1 s = 251 s, LMQT 1 s, and each may be late by 100 ms and 1 s. Times beyond the end of the run
//! are no matter here.

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::addr::{Channel, Source};
use castnet::gmp::message::Version;
use castnet::time::Instant;
use castnet::wire::igmp::{GroupRecord, Message, RecordKind, V3Report};
use castnet::wire::ipv4::Ipv4Header;

use super::super::super::Outcome::{self, Fail, Pass};
use super::super::{
    ALL_HOSTS, GROUP, H1, NS, OTHER_GROUP, Run, S1, S2, first, group, igmp_frame, ms, query,
    v3_query,
};
use super::run;
use crate::plan::{Action, Role, Router};
use crate::scenario::Invariant::NoUnwanted;

const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
const LATE: Duration = Duration::from_millis(1100);
const GMI: Duration = Duration::from_secs(251);

impl Run {
    /// h1 reports the group.
    pub(super) fn reports(self, at: Instant) -> Self {
        self.igmp(at, "h1:lan", GROUP, &Message::V2Report { group: GROUP })
    }

    fn leaves(self, at: Instant) -> Self {
        self.igmp(at, "h1:lan", ALL_ROUTERS, &Message::Leave { group: GROUP })
    }

    /// Whether r1 may forward to lan at this time, and no longer a nanosecond later.
    #[track_caller]
    fn may_forward_until(self, at: Instant) {
        let plan = self.plan.clone();
        let recording = self.recording.clone();
        self.sent(at, 0).forwarded(at, 0).is(NoUnwanted, Pass);
        let later = Run { plan, recording }.sent(at, 0);
        later.forwarded(at + NS, 0).is(NoUnwanted, Fail);
    }

    #[track_caller]
    fn forwarding_is(self, at: Instant, outcome: Outcome) {
        self.sent(at, 0).forwarded(at, 0).is(NoUnwanted, outcome);
    }

    fn router(&mut self) -> &mut Router {
        let r1 = self.node("r1");
        match &mut self.plan.nodes[r1].role {
            Role::Router(router) => router,
            other => panic!("r1 is {other:?}"),
        }
    }
}

#[test]
fn a_datagram_to_nobody_is_told() {
    run().sent(ms(2000), 0).forwarded(ms(2001), 0).sent(ms(2010), 1).forwarded(ms(2011), 1).breaks_and_says(
        NoUnwanted,
        &[
            "r1:lan sent a datagram of 10.0.1.2 to 239.1.1.1 that nobody wanted, 2 times from 2.001 s to 2.011 s",
            "the first one is 2.001 s  r1:lan  10.0.1.2 > 239.1.1.1 datagram 0 of stream 0",
            "no member had been heard there, and there is no static join",
        ],
    );
}

#[test]
fn a_datagram_that_never_came_in_has_no_reason_to_go_out() {
    let wanted = || run().reports(ms(1000));
    wanted().sent(ms(2000), 0).forwarded(ms(2000), 0).keeps(NoUnwanted);
    wanted().sent(ms(2000) + NS, 0).forwarded(ms(2000), 0).breaks(NoUnwanted);
    wanted().sent(ms(2000), 1).forwarded(ms(2001), 0).breaks_and_says(
        NoUnwanted,
        &["r1:lan sent a datagram to 239.1.1.1 that had not come in at 2.001 s"],
    );
    // It was lost on its way to the router.
    let mut lost = wanted().sent(ms(2000), 0);
    let r1 = lost.port("r1:up");
    lost.recording.frames.retain(|frame| frame.port != r1);
    lost.forwarded(ms(2001), 0).breaks(NoUnwanted);
}

#[test]
fn hosts_and_sources_may_send_what_they_like() {
    run().sent(ms(2000), 0).data(ms(2000), "h1:lan", S1, first(1), 31).keeps(NoUnwanted);
}

#[test]
fn a_report_is_a_reason_from_when_it_is_heard() {
    run().reports(ms(2000)).forwarding_is(ms(2000), Pass);
    run().reports(ms(2000) + NS).forwarding_is(ms(2000), Fail);
}

// RFC2236-8.4-01
#[test]
fn a_report_is_a_reason_for_group_membership_interval() {
    run().reports(ms(2000)).may_forward_until(ms(2000) + GMI + LATE);
    run().reports(ms(2000)).reports(ms(3000)).may_forward_until(ms(3000) + GMI + LATE);
}

#[test]
fn only_a_report_of_the_group_that_the_port_heard_is_a_reason() {
    let report = |of| Message::V2Report { group: of };
    run().igmp(ms(1000), "h1:lan", OTHER_GROUP, &report(OTHER_GROUP)).forwarding_is(ms(2000), Fail);
    run().igmp(ms(1000), "s1:up", GROUP, &report(GROUP)).forwarding_is(ms(2000), Fail);
    run().igmp(ms(1000), "r1:lan", GROUP, &report(GROUP)).forwarding_is(ms(2000), Fail);
    // It was lost on its way to the router.
    let mut lost = run().reports(ms(1000));
    let r1 = lost.port("r1:lan");
    lost.recording.frames.retain(|frame| frame.port != r1);
    lost.forwarding_is(ms(2000), Fail);
    // Its checksum was wrong when it arrived.
    let mut spoiled = run().reports(ms(1000));
    spoiled.recording.frames.iter_mut().for_each(|frame| *frame.bytes.last_mut().unwrap() ^= 1);
    spoiled.forwarding_is(ms(2000), Fail);
}

#[test]
fn reports_of_every_version_are_reasons() {
    let v1 = Message::V1Report { group: GROUP };
    run().igmp(ms(1000), "h1:lan", GROUP, &v1).may_forward_until(ms(1000) + GMI + LATE);
    for (kind, sources, outcome) in [
        (RecordKind::IsEx, vec![], Pass),
        // What is excluded is not wanted, and all other sources are.
        (RecordKind::ToEx, vec![S1], Fail),
        (RecordKind::ToEx, vec![OTHER_SOURCE], Pass),
        (RecordKind::Allow, vec![OTHER_SOURCE], Fail),
        (RecordKind::Allow, vec![S1], Pass),
        (RecordKind::IsIn, vec![S1], Pass),
        (RecordKind::ToIn, vec![S1], Pass),
        (RecordKind::ToIn, vec![], Fail),
        (RecordKind::Block, vec![S1], Fail),
    ] {
        let records = vec![GroupRecord { kind, group: GROUP, sources, aux: Vec::new() }];
        let report = Message::V3Report(V3Report { flags: 0, records });
        let v3 = run().igmp(ms(1000), "h1:lan", Ipv4Addr::new(224, 0, 0, 22), &report);
        v3.forwarding_is(ms(2000), outcome);
    }
}

const OTHER_SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 77);

// RFC2236-7-10
#[test]
fn a_leave_that_nobody_answers_ends_the_reason_after_last_member_query_time() {
    let left = || run().reports(ms(1000)).leaves(ms(5000));
    left().may_forward_until(ms(6000) + LATE);
    // A second Leave during the check of the first prolongs nothing.
    left().leaves(ms(5900)).may_forward_until(ms(6000) + LATE);
    left().sent(ms(7000), 0).forwarded(ms(7101), 0).breaks_and_says(
        NoUnwanted,
        &[
            "r1:lan sent a datagram of 10.0.1.2 to 239.1.1.1 that nobody wanted at 7.101 s",
            "the first one is 7.101 s  r1:lan  10.0.1.2 > 239.1.1.1 datagram 0 of stream 0",
            "a Leave was heard there last at 5.000 s: + LMQT (LMQC 2 x LMQI 0.500 s) 1.000 s + tolerance \
             0.100 s + grace 1.000 s = 7.100 s",
        ],
    );
}

// RFC2236-3-25
#[test]
fn an_answer_renews_the_reason() {
    let answered = || run().reports(ms(1000)).leaves(ms(5000)).reports(ms(5500));
    answered().may_forward_until(ms(5500) + GMI + LATE);
    answered().leaves(ms(8000)).may_forward_until(ms(9000) + LATE);
}

#[test]
fn a_router_that_stops_late_but_in_time_is_told() {
    let left = || run().reports(ms(1000)).leaves(ms(5000));
    let told = |at| left().sent(at, 0).forwarded(at, 0).standing(NoUnwanted).by_tolerance;
    assert_eq!(told(ms(6000)), None);
    let words = "by the 1.100 s that a router may be late; without them r1:lan sent a datagram of \
                 10.0.1.2 to 239.1.1.1 that nobody wanted until 6.500 s";
    assert_eq!(told(ms(6500)).as_deref(), Some(words));
    // What is broken is told as such.
    assert_eq!(told(ms(7101)), None);
}

// RFC2236-7-10: the membership timer is set to LMQT, even if less was left.
#[test]
fn a_leave_prolongs_a_reason_that_there_is() {
    let over = ms(1000) + GMI;
    let left = ms(700) + GMI;
    run().reports(ms(1000)).leaves(left).may_forward_until(ms(1700) + GMI + LATE);
    // A router ignores a Leave of a forgotten group.
    run().reports(ms(1000)).leaves(ms(1001) + GMI + LATE).may_forward_until(over + LATE);
    run().leaves(ms(1000)).forwarding_is(ms(1001), Fail);
}

#[test]
fn a_leave_of_another_group_or_on_another_link_ends_nothing() {
    let joined = || run().reports(ms(1000));
    let other = Message::Leave { group: OTHER_GROUP };
    joined().igmp(ms(5000), "h1:lan", ALL_ROUTERS, &other).forwarding_is(ms(9000), Pass);
    let leave = Message::Leave { group: GROUP };
    joined().igmp(ms(5000), "s1:up", ALL_ROUTERS, &leave).forwarding_is(ms(9000), Pass);
}

/// Where the router may have had a right to ignore the Leave, only GMI counts.
#[test]
fn a_leave_in_doubt_counts_for_nothing() {
    let in_doubt = |run: Run| run.may_forward_until(ms(1000) + GMI + LATE);
    let leave = Message::Leave { group: GROUP };
    let joined = || run().reports(ms(1000));
    let sound = Ipv4Header::igmp(H1, ALL_ROUTERS);
    for header in [
        Ipv4Header { ttl: 2, ..sound },
        Ipv4Header { router_alert: false, ..sound },
        Ipv4Header { destination: GROUP, ..sound },
        Ipv4Header { source: Ipv4Addr::UNSPECIFIED, ..sound },
    ] {
        in_doubt(joined().frame(ms(5000), "h1:lan", &igmp_frame(&header, &leave)));
    }
    // RFC2236-5-03: with version 1 hosts a Leave is ignored.
    let v1 = Message::V1Report { group: GROUP };
    in_doubt(run().igmp(ms(500), "h2:lan", GROUP, &v1).reports(ms(1000)).leaves(ms(5000)));
    // RFC2236-3-27: a Non-Querier ignores it; and during a check the router may have become one.
    for asked in [query(10, Ipv4Addr::UNSPECIFIED), query(0, Ipv4Addr::UNSPECIFIED)] {
        let asks = |run: Run, at| run.igmp(at, "h2:lan", ALL_HOSTS, &asked);
        in_doubt(asks(joined(), ms(2000)).leaves(ms(5000)));
        in_doubt(asks(joined().leaves(ms(5000)), ms(5100)));
    }
    let v3 = v3_query(Ipv4Addr::UNSPECIFIED, &[]);
    in_doubt(joined().igmp(ms(2000), "h2:lan", ALL_HOSTS, &v3).leaves(ms(5000)));
    // Its own Queries raise no doubt.
    let own = joined().igmp(ms(2000), "r1:lan", ALL_HOSTS, &query(10, Ipv4Addr::UNSPECIFIED));
    own.leaves(ms(5000)).may_forward_until(ms(6000) + LATE);
}

// RFC2236-4-09
#[test]
fn a_router_in_version_1_mode_knows_no_leave() {
    let mut run = run().reports(ms(1000)).leaves(ms(5000));
    for interface in &mut run.router().interfaces {
        interface.knobs.version = Version::V1;
    }
    run.forwarding_is(ms(9000), Pass);
}

#[test]
fn a_router_to_which_something_was_done_may_have_missed_a_leave() {
    let lan = run().port("r1:lan");
    for action in [
        Action::Kill,
        Action::Restart,
        Action::Interface { port: lan, up: false },
        Action::Exec(vec!["true".to_owned()]),
    ] {
        let done_to = |node: &str| {
            let mut run = run().reports(ms(1000)).leaves(ms(5000));
            run.plan.acts[0].action = action.clone();
            run.plan.acts[0].node = run.node(node);
            run
        };
        done_to("r1").forwarding_is(ms(9000), Pass);
        done_to("h1").forwarding_is(ms(9000), Fail);
    }
}

#[test]
fn a_static_join_is_a_reason_for_ever_on_its_link_and_for_its_channel() {
    let joined = |interface: usize, source, of| {
        let mut run = run();
        run.router().interfaces[interface]
            .static_joins
            .insert(Channel { source, group: group(of) });
        run
    };
    joined(1, None, GROUP).forwarding_is(ms(2000), Pass);
    joined(1, Source::new(S1.into()), GROUP).forwarding_is(ms(2000), Pass);
    joined(1, Source::new(S2.into()), GROUP).forwarding_is(ms(2000), Fail);
    joined(1, None, OTHER_GROUP).forwarding_is(ms(2000), Fail);
    joined(0, None, GROUP).forwarding_is(ms(2000), Fail);
    joined(1, None, GROUP).reports(ms(1000)).leaves(ms(1500)).forwarding_is(ms(9000), Pass);
}
