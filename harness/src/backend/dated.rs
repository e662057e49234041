//! Gives what the kernel stamped by the wall clock its time in the run.
//!
//! A run in which some of it could have any of several times is broken. One whose clock was set on the way
//! accuses nobody: programs under test may have been disturbed as well.

use std::rc::Rc;
use std::time::Duration;

use castnet::time::{Instant, Seconds};

use crate::lab::Captured;
use crate::lab::wall::{ClockSet, Distances, Wall};
use crate::plan::Plan;
use crate::recording::{Delivery, Frame};
use crate::role::{Clock, Stage};

/// How often the wall clock is looked at.
const PACE: Duration = Duration::from_millis(20);

/// Looks at the wall clock for ever.
pub(super) async fn watch(wall: Rc<Wall>, stage: Stage) {
    loop {
        tokio::time::sleep(PACE).await;
        if let Err(error) = wall.measure() {
            return stage.log.borrow_mut().broken.push(format!("the wall clock: {error}"));
        }
    }
}

/// What has its time in the run.
pub(super) struct Dated {
    pub(super) frames: Vec<Frame>,
    pub(super) deliveries: Vec<Delivery>,
    /// Why the times cannot be trusted, if so.
    pub(super) broken: Option<String>,
    /// That the clock was set, a line for each time.
    pub(super) doubts: Vec<String>,
}

impl Dated {
    pub(super) fn of(
        plan: &Plan,
        clock: Clock,
        distances: &Distances,
        captured: Vec<Captured>,
        deliveries: Vec<(Duration, Delivery)>,
    ) -> Self {
        let mut unknown = 0;
        let mut at = |stamp: Duration| {
            let at = distances.instant(stamp);
            unknown += u64::from(at.is_none());
            clock.at(at.unwrap_or_default())
        };
        let frames = captured.into_iter().map(|Captured { link, port, frame, .. }| Frame {
            at: at(Duration::from_nanos(frame.stamp_ns)),
            port: plan.links[link].ports[port],
            outgoing: frame.outgoing,
            bytes: frame.bytes,
            original_len: frame.original_len,
        });
        let mut frames: Vec<Frame> = frames.collect();
        frames.sort_by_key(|frame| (frame.at, !frame.outgoing));
        let deliveries = deliveries.into_iter();
        let deliveries = deliveries.map(|(stamp, one)| Delivery { at: at(stamp), ..one });
        let mut deliveries: Vec<Delivery> = deliveries.collect();
        deliveries.sort_by_key(|delivery| delivery.at);
        let broken = (unknown > 0).then(|| {
            format!(
                "the wall clock was set, and {unknown} stamps of the kernel may mean several times"
            )
        });
        let doubts = distances.set().into_iter().map(|set| told(clock, set)).collect();
        Self { frames, deliveries, broken, doubts }
    }
}

fn told(clock: Clock, ClockSet { at, by }: ClockSet) -> String {
    let at = clock.at(at);
    let length = Duration::from_nanos(u64::try_from(by.unsigned_abs()).unwrap_or(u64::MAX));
    let whither = if by < 0 { "back" } else { "forward" };
    // What was set before the run has no part in it.
    let when = if at == Instant::ZERO { "before the run".to_owned() } else { format!("at {at}") };
    format!("the wall clock was set {whither} by {} {when}", Seconds(length, 3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::compile;

    const SCENARIO: &str = "title = 't'\nend = '8s'\nlinks = { lan = ['r1', 'h1'] }\n\
        nodes = { r1 = { role = 'router' }, h1 = { role = 'listener' } }\n\
        [[expect]]\npacket = { on = 'lan', kind = 'query' }\ncount = '>= 1'\n";

    /// Frames that crossed at these milliseconds of a run in which the clock was set at the fourth second.
    fn dated(by_ms: i64, frames: &[u64]) -> (Vec<u64>, Dated) {
        let plan = compile("x.toml", SCENARIO).unwrap_or_else(|e| panic!("{e}"));
        let clock = Clock::start();
        let ms = Duration::from_millis;
        let off = |at: u64| if at < 4000 { 0 } else { by_ms };
        let wall = |at: u64| ms(1_800_000_000_000_u64.saturating_add_signed(off(at)) + at);
        let mut distances = Distances::default();
        for at in (0..8000).step_by(20) {
            distances.note(clock.monotonic(Instant::ZERO + ms(at)), wall(at));
        }
        let captured = frames.iter().map(|&at| {
            let stamp_ns = u64::try_from(wall(at).as_nanos()).unwrap();
            let frame = crate::lab::Frame {
                ifindex: 1,
                outgoing: true,
                stamp_ns,
                bytes: Vec::new(),
                original_len: 0,
            };
            Captured { link: 0, port: 0, netns: 0, frame }
        });
        let dated = Dated::of(&plan, clock, &distances, captured.collect(), Vec::new());
        let times = dated
            .frames
            .iter()
            .map(|frame| u64::try_from(frame.at.since_start().as_micros().div_ceil(1000)).unwrap());
        (times.collect(), dated)
    }

    #[test]
    fn a_steady_clock_leaves_no_doubt() {
        let (times, dated) = dated(0, &[1, 3999, 7000]);
        assert_eq!((times, dated.broken, dated.doubts.len()), (vec![1, 3999, 7000], None, 0));
    }

    #[test]
    fn what_crosses_after_the_clock_was_set_keeps_its_time() {
        let (times, dated) = dated(5000, &[1000, 3999, 4001, 7000]);
        assert_eq!((times, dated.broken), (vec![1000, 3999, 4001, 7000], None));
        assert_eq!(dated.doubts, ["the wall clock was set forward by 5.000 s at 4.000 s"]);
    }

    #[test]
    fn what_could_have_crossed_twice_breaks_the_run() {
        let (_, dated) = dated(-2000, &[1000, 3000, 7000]);
        let why = "the wall clock was set, and 1 stamps of the kernel may mean several times";
        assert_eq!(dated.broken.as_deref(), Some(why));
        assert_eq!(dated.doubts, ["the wall clock was set back by 2.000 s at 4.000 s"]);
        // In order, although the stamps are not.
        let (times, dated) = self::dated(-2000, &[1000, 6500, 7000]);
        assert_eq!((times, dated.broken), (vec![1000, 6500, 7000], None));
    }
}
