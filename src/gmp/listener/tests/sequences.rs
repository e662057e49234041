//! Random sequences of inputs, checked against the rules that hold after any of them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Op {
    Join(u8),
    Leave(u8),
    Query {
        group: Option<u8>,
        max_resp: Duration,
    },
    V1Query,
    Report(u8),
    /// Time passes, and every timer is served at its instant.
    Run(Duration),
    /// Time passes, and the driver oversleeps.
    Skip(Duration),
    Expire,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let millis = |range| proptest::strategy::Strategy::prop_map(range, Duration::from_millis);
    let op = prop_oneof![
        4 => (0..4u8).prop_map(Op::Join),
        2 => (0..4u8).prop_map(Op::Leave),
        3 => (proptest::option::of(0..4u8), millis(1..25_500u64))
            .prop_map(|(group, max_resp)| Op::Query { group, max_resp }),
        1 => Just(Op::V1Query),
        2 => (0..4u8).prop_map(Op::Report),
        4 => millis(0..15_000u64).prop_map(Op::Run),
        1 => millis(0..500_000u64).prop_map(Op::Run),
        1 => millis(0..15_000u64).prop_map(Op::Skip),
        1 => Just(Op::Expire),
    ];
    proptest::collection::vec(op, 1..60)
}

/// What an observer can conclude from the RFC about one joined group.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The latest time for the group's pending Report: the earliest limit of all inputs since.
    due: Option<Instant>,
    /// The number of Reports of the join that are still due.
    unsolicited: u8,
    /// Whether the last Report that counted was the host's own.
    own_last: bool,
}

/// The link as an observer sees it.
struct Onlooker {
    robustness: u8,
    members: BTreeMap<Group, Seen>,
    v1_until: Instant,
}

impl Onlooker {
    fn expect_answer(&mut self, group: Group, by: Instant) {
        if let Some(seen) = self.members.get_mut(&group) {
            seen.due = Some(seen.due.map_or(by, |due| due.min(by)));
        }
    }

    /// Notes an input before the host receives it.
    fn note(&mut self, op: &Op, host: &Host) {
        match *op {
            Op::Join(n) if !self.members.contains_key(&g(n)) => {
                let unsolicited = self.robustness.max(1);
                let seen = Seen { due: Some(host.now), unsolicited, own_last: false };
                self.members.insert(g(n), seen);
            }
            Op::Query { group: Some(n), max_resp } => self.expect_answer(g(n), host.now + max_resp),
            Op::Query { group: None, max_resp } => {
                (0..4).for_each(|n| self.expect_answer(g(n), host.now + max_resp));
            }
            Op::V1Query => {
                self.v1_until = host.now + secs(400.0);
                (0..4).for_each(|n| self.expect_answer(g(n), host.now + secs(10.0)));
            }
            Op::Report(n) => {
                let waits = self.members.get_mut(&g(n)).filter(|seen| seen.due.is_some());
                if let Some(seen) = waits {
                    *seen = Seen { due: None, unsolicited: 0, own_last: false };
                }
            }
            _ => {}
        }
    }

    /// Judges the host's messages; `left` is the group that was just left.
    fn judge(&mut self, host: &mut Host, left: Option<Group>) {
        for (at, say) in std::mem::take(&mut host.heard) {
            let v1 = at < self.v1_until;
            match say {
                Say::Report { version, group } => {
                    let seen = self.members.get_mut(&group).expect("reported by a member only");
                    assert_eq!(version == Version::V1, v1);
                    assert!(seen.due.is_some(), "nothing called for a Report of {group}");
                    let unsolicited = seen.unsolicited.saturating_sub(1);
                    let due = (unsolicited > 0).then(|| at + secs(10.0));
                    *seen = Seen { due, unsolicited, own_last: true };
                }
                Say::Leave { group } => {
                    assert_eq!(Some(group), left);
                    assert!(self.members[&group].own_last && !v1);
                }
            }
        }
        if let Some(group) = left {
            self.members.remove(&group);
        }
    }

    fn agrees(&self, host: &Host) {
        let listener = &host.listener;
        assert_eq!(listener.state(group("224.0.0.1")), GroupState::Idle);
        assert_eq!(listener.v1_router_present(host.now), host.now < self.v1_until);
        for group in (0..4).map(g) {
            let state = listener.state(group);
            let seen = self.members.get(&group);
            assert_eq!(state == GroupState::NonMember, seen.is_none());
            let own_last = seen.is_some_and(|seen| seen.own_last);
            assert_eq!(listener.is_last_reporter(group), own_last);
            let due = seen.and_then(|seen| seen.due);
            assert_eq!(state == GroupState::Delaying, due.is_some(), "{group}");
            if let Some(due) = due {
                let at = listener.timers.expiry(ListenerTimer::Delay(group)).unwrap();
                assert!(at <= due, "{group} waits until {at}, promised for {due}");
                assert!(listener.deadline().unwrap().at <= at);
            }
        }
    }
}

/// Serves the timers of a copy until none runs: time always advances, and every pending group is
/// reported, once for its timer and then only as often as a join repeats.
fn winds_down(host: &Host, robustness: u8) {
    let mut host = Host {
        listener: host.listener.clone(),
        rng: host.rng.clone(),
        now: host.now,
        heard: Vec::new(),
    };
    let waiting: Vec<Group> =
        (0..4).map(g).filter(|&group| host.listener.state(group) == GroupState::Delaying).collect();
    host.input(|listener, cx| listener.expire(cx));
    while let Some(next) = host.listener.deadline() {
        assert!(next.at > host.now, "{next:?} at {}", host.now);
        host.now = next.at;
        host.input(|listener, cx| listener.expire(cx));
    }
    let mut reports = BTreeMap::<Group, usize>::new();
    for (_, say) in host.heard {
        let Say::Report { group, .. } = say else { panic!("nobody left") };
        *reports.entry(group).or_default() += 1;
    }
    assert_eq!(reports.keys().copied().collect::<Vec<_>>(), waiting);
    let most = usize::from(robustness.saturating_sub(1)).max(1);
    assert!(reports.values().all(|&count| count <= most), "{reports:?}");
}

fn play(robustness: u8, ops: &[Op]) {
    let mut host = Host::with(HostParams { robustness, ..HostParams::default() });
    let mut onlooker = Onlooker { robustness, members: BTreeMap::new(), v1_until: Instant::ZERO };
    for op in ops {
        onlooker.note(op, &host);
        let mut left = None;
        match *op {
            Op::Join(n) => host.join(g(n)),
            Op::Leave(n) => {
                host.leave(g(n));
                left = Some(g(n));
            }
            Op::Query { group, max_resp } => {
                let query = QueryHeard { version: Version::V2, group: group.map(g), max_resp };
                host.input(|listener, cx| listener.heard_query(cx, query));
            }
            Op::V1Query => host.v1_query(),
            Op::Report(n) => host.listener.heard_report(g(n)),
            Op::Run(time) => host.run(time.as_secs_f64()),
            Op::Skip(time) => host.now = host.now + time,
            Op::Expire => host.input(|listener, cx| listener.expire(cx)),
        }
        onlooker.judge(&mut host, left);
        onlooker.agrees(&host);
        winds_down(&host, robustness);
    }
}

proptest! {
    // RFC2236-3-08 to RFC2236-3-20, RFC2236-4-03 to RFC2236-4-05, RFC2236-6-03 to RFC2236-6-09
    #[test]
    fn any_sequence_of_inputs_keeps_the_rules(robustness in 0..5u8, ops in ops()) {
        play(robustness, &ops);
    }
}

// A query is answered by each of 100 000 groups, and the timers come to rest.
#[test]
fn a_hundred_thousand_groups_are_reported_in_time() {
    let mut host = Host::with(HostParams { robustness: 1, ..HostParams::default() });
    let groups = 100_000_u32;
    for n in 1..=groups {
        host.join(Group::new(std::net::Ipv4Addr::from(0xefaa_0000 + n).into()).unwrap());
    }
    host.heard.clear();
    host.query(None, 10.0);
    host.run(10.0);
    let reported: BTreeSet<String> = host.said().iter().map(|say| format!("{say:?}")).collect();
    assert_eq!(reported.len(), usize::try_from(groups).unwrap());
    assert_eq!(host.listener.deadline(), None);
}
