//! Which arrival is of which frame, and what took the others.

use super::*;
use crate::plan::compile;

const SCENARIO: &str = r#"
title = "Three on a link"
end = "1s"
[links]
lan = ["r1", "h1", "h2"]
[nodes]
r1 = { role = "router" }
h1 = { role = "listener" }
h2 = { role = "listener" }
[[fault]]
on = "lan"
drop = true
[[expect]]
packet = { on = "lan", kind = "leave" }
count = 0
"#;

const LEAVE: &[u8] = b"a Leave";

/// What happened, in milliseconds.
#[derive(Clone, Copy)]
enum Event {
    Sent(u64, usize, &'static [u8]),
    Arrived(u64, usize, &'static [u8]),
    Struck(u64, usize, Option<usize>, Strike),
}

use Event::{Arrived, Sent};

fn recording(events: &[Event]) -> (Plan, Recording) {
    let plan = compile("a.toml", SCENARIO).unwrap();
    let mut recording = Recording::new("none", Duration::ZERO, Duration::ZERO);
    let ms = |at| Instant::from_nanos(at * 1_000_000);
    for event in events.iter().copied() {
        match event {
            Sent(at, port, bytes) | Arrived(at, port, bytes) => recording.frames.push(Frame {
                at: ms(at),
                port,
                outgoing: matches!(event, Sent(..)),
                bytes: bytes.to_vec(),
                original_len: bytes.len(),
            }),
            Event::Struck(at, port, to, strike) => {
                let bytes = LEAVE.to_vec();
                let struck =
                    Struck { at: ms(at), fault: None, port, to, bytes, strike, line: Some(9) };
                recording.struck.push(struck);
            }
        }
    }
    (plan, recording)
}

/// When each port got a frame, in ms, and which ports did not, with whether a fault did it.
type Known = (Vec<(PortId, u64)>, Vec<(PortId, bool)>);

/// The fate of the frame at this position.
fn fate(events: &[Event], position: usize) -> Known {
    let (plan, recording) = recording(events);
    let fates = Fates::of(&plan, &recording, |_| true);
    let fate = fates.of_frame(position).unwrap();
    let arrivals = fate.arrivals.iter().map(|one| (one.port, one.at.as_nanos() / 1_000_000));
    let missed = fate.missed.iter().map(|(port, by)| (*port, by.is_some()));
    (arrivals.collect(), missed.collect())
}

#[test]
fn a_frame_arrives_or_is_missed_at_each_other_port() {
    let events = [Sent(10, 1, LEAVE), Arrived(11, 0, LEAVE)];
    assert_eq!(fate(&events, 0), (vec![(0, 11)], vec![(2, false)]));
    // What is lost for everybody, and a frame of equal octets later.
    let dropped = Event::Struck(10, 1, None, Strike::Dropped);
    let again = [Sent(10, 1, LEAVE), dropped, Sent(500, 1, LEAVE)];
    let all = [&again[..], &[Arrived(501, 0, LEAVE), Arrived(501, 2, LEAVE)]].concat();
    assert_eq!(fate(&all, 0), (vec![], vec![(0, true), (2, true)]));
    assert_eq!(fate(&all, 1), (vec![(0, 501), (2, 501)], vec![]));
}

#[test]
fn a_rule_for_one_port_takes_the_copy_for_that_port_alone() {
    let cut = Event::Struck(10, 1, Some(2), Strike::CutOff);
    let events = [Sent(10, 1, LEAVE), cut, Arrived(11, 0, LEAVE)];
    assert_eq!(fate(&events, 0), (vec![(0, 11)], vec![(2, true)]));
}

#[test]
fn a_delayed_frame_is_told_from_one_of_equal_octets_that_overtook_it() {
    let delayed = Event::Struck(10, 1, Some(0), Strike::Delayed(Duration::from_millis(300)));
    let events = [
        Sent(10, 1, LEAVE),
        delayed,
        Arrived(11, 2, LEAVE),
        Sent(100, 1, LEAVE),
        Arrived(101, 0, LEAVE),
        Arrived(101, 2, LEAVE),
        Arrived(311, 0, LEAVE),
    ];
    assert_eq!(fate(&events, 0), (vec![(2, 11), (0, 311)], vec![]));
    assert_eq!(fate(&events, 2), (vec![(0, 101), (2, 101)], vec![]));
}

#[test]
fn a_frame_is_recognised_that_arrives_changed_or_twice() {
    let corrupted = Event::Struck(10, 1, None, Strike::Corrupted);
    let events = [Sent(10, 1, LEAVE), corrupted, Arrived(11, 0, b"a Leavf")];
    assert_eq!(fate(&events, 0), (vec![(0, 11)], vec![(2, false)]));
    // Without such a rule it is another frame.
    assert_eq!(fate(&[Sent(10, 1, LEAVE), Arrived(11, 0, b"a Leavf")], 0).0, vec![]);
    let twice = [Sent(10, 1, LEAVE), Arrived(11, 0, LEAVE), Arrived(11, 0, LEAVE)];
    assert_eq!(fate(&twice, 0).0, [(0, 11), (0, 11)]);
}

#[test]
fn a_recording_of_senders_alone_accuses_nobody() {
    let (plan, recording) = recording(&[Sent(10, 1, LEAVE)]);
    assert!(Fates::of(&plan, &recording, |_| true).of_frame(0).is_none());
}
