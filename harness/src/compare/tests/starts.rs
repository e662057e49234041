//! Starts of PIM routers, after which streams are left to chance for a while.

use std::path::Path;

use super::*;

/// Frames of the stream out of this port in these milliseconds are missing in the other run.
fn without(port: &str, [from, to]: [u64; 2]) -> Vec<Disagreement> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/pim/assert/winner-restarts.toml");
    let plan = crate::plan::load(Path::new(file)).unwrap().remove(0);
    let (one, mut other) = (run(&plan, "sim"), run(&plan, "netns"));
    let gap = Duration::from_millis(from)..Duration::from_millis(to);
    let frames = other.frames.len();
    other.frames.retain(|frame| {
        !(gap.contains(&frame.at.since_start()) && is(&plan, frame, port, PacketKind::Data))
    });
    assert!(other.frames.len() < frames, "no datagram was there");
    compare(&plan, &one, &other).disagreements
}

// RFC7761-4.3.1-02: r1 is back at 101 s, and who forwards is settled within the Override_Interval.
#[test]
fn a_gap_counts_as_chance_while_a_start_settles_and_not_later() {
    assert_eq!(without("r2:lan", [101_000, 101_500]), []);
    let told = without("r1:lan", [130_000, 132_000]);
    assert!(told.iter().any(|one| one.text.contains("out of r1:lan")), "{told:?}");
}
