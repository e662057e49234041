//! What holds for any traffic under any rules.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const PORTS: usize = 3;

/// Frames as (milliseconds since the one before, port), identified by their number.
fn traffic() -> impl Strategy<Value = Vec<(u64, usize)>> {
    vec((0u64..4, 0..PORTS), 0..40)
}

fn select() -> impl Strategy<Value = Selector> {
    let port = || proptest::option::of(0..PORTS);
    let window = (0u64..40, proptest::option::of(0u64..80));
    let nth = proptest::option::of((1u64..5, 0u64..5));
    (port(), port(), window, nth, proptest::option::of(0u32..=1_000_000)).prop_map(
        |(from, to, (since, until), nth, chance_ppm)| Selector {
            from,
            to,
            since: at(since),
            until: until.map(at),
            nth: nth.map(|(first, more)| first..=first + more),
            chance_ppm,
            ..everything()
        },
    )
}

/// Actions that lose nothing.
fn harmless() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0u64..30).prop_map(|by| Action::Delay(ms(by))),
        (0u32..3).prop_map(Action::Duplicate),
        (0u32..4, 0u64..50)
            .prop_map(|(behind, most)| Action::HoldBack { behind, at_most: ms(most) }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let side = proptest::collection::btree_set(0..PORTS, 0..PORTS);
    prop_oneof![
        harmless(),
        Just(Action::Drop),
        side.prop_map(Action::Partition),
        Just(Action::Corrupt),
    ]
}

fn rules(action: impl Strategy<Value = Action>) -> impl Strategy<Value = Vec<Rule>> {
    vec((select(), action).prop_map(|(select, action)| Rule { select, action }), 0..5)
}

/// Lets the traffic in and takes everything out: at each deadline, or, if `late`, only when the
/// next frame enters.
fn play(wire: &mut Wire, traffic: &[(u64, usize)], late: bool) -> Vec<(usize, Arc<[u8]>)> {
    let (mut now, mut out) = (1, Vec::new());
    for (name, &(gap, port)) in (0..).zip(traffic) {
        now += gap;
        while let Some(due) = wire.deadline().filter(|&due| due < at(now)) {
            let asked = if late { at(now) - Duration::from_nanos(1) } else { due };
            out.push(wire.poll(asked).expect("what is due arrives"));
        }
        wire.enter(at(now), port, &plain(name));
    }
    while let Some(due) = wire.deadline() {
        assert_eq!(wire.poll(due - Duration::from_nanos(1)), None, "before its time");
        let asked = if late { at(1_000_000) } else { due };
        out.push(wire.poll(asked).expect("what is due arrives"));
    }
    out
}

proptest! {
    #[test]
    fn without_rules_each_port_hears_every_other_once_and_in_order(traffic in traffic()) {
        let mut wire = wire(PORTS, []);
        let arrived = play(&mut wire, &traffic, false);
        for port in 0..PORTS {
            let heard = arrived.iter().filter(|(to, _)| *to == port).map(|(_, frame)| frame[0]);
            let others = (0u8..).zip(&traffic).filter(|(_, (_, from))| *from != port);
            prop_assert!(heard.eq(others.map(|(name, _)| name)));
        }
        prop_assert!(wire.log().is_empty());
    }

    #[test]
    fn the_same_seed_does_the_same_however_often_it_is_asked(
        traffic in traffic(),
        rules in rules(action()),
        seed in any::<u64>(),
    ) {
        let mut one = Wire::new("lan", PORTS, rules, seed);
        let mut other = one.clone();
        prop_assert_eq!(play(&mut one, &traffic, false), play(&mut other, &traffic, true));
        prop_assert_eq!(one.log(), other.log());
    }

    #[test]
    fn each_arrival_missing_or_added_is_in_the_log(traffic in traffic(), rules in rules(action())) {
        let mut wire = Wire::new("lan", PORTS, rules, 1);
        let mut times = BTreeMap::<(u64, usize), u32>::new();
        for (to, frame) in play(&mut wire, &traffic, false) {
            *times.entry((frame[0].into(), to)).or_default() += 1;
        }
        for (serial, &(_, from)) in (0..).zip(&traffic) {
            for to in (0..PORTS).filter(|&to| to != from) {
                let mut wanted = 1;
                let about = |one: &&FaultEvent| one.serial == serial && one.to.is_none_or(|port| port == to);
                for event in wire.log().iter().filter(about) {
                    match event.what {
                        Strike::Dropped | Strike::CutOff => wanted = 0,
                        Strike::Duplicated(copies) => wanted *= copies + 1,
                        _ => {}
                    }
                }
                prop_assert_eq!(times.get(&(serial, to)).copied().unwrap_or(0), wanted);
            }
        }
    }

    #[test]
    fn nothing_is_lost_but_by_a_rule_that_loses(traffic in traffic(), rules in rules(harmless())) {
        let mut wire = Wire::new("lan", PORTS, rules, 1);
        let arrived = play(&mut wire, &traffic, false);
        for (name, &(_, from)) in (0u8..).zip(&traffic) {
            for port in (0..PORTS).filter(|&port| port != from) {
                prop_assert!(arrived.iter().any(|(to, frame)| *to == port && frame[0] == name));
            }
        }
    }
}
