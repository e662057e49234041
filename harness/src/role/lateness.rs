//! Measures how late a thread serves its timers: if the laboratory is late, the device under test
//! seems late.

use std::time::Duration;

use castnet::time::Instant;

use super::Clock;
use crate::recording::{Late, Lateness};

/// How often the thread checks whether it is late.
const BEAT: Duration = Duration::from_millis(20);

/// Less than this is no stall, but the time that waking up takes.
const WAKING: Duration = Duration::from_millis(1);

/// Less than this is of no consequence, unless it is the worst of all.
const NOTABLE: Duration = Duration::from_millis(10);

/// Measures for ever how late the calling thread may have served its timers. Each check tells of a delay
/// that is notable or worse than all before, or that there is no such delay. A delay of the very start,
/// which was due at `since`, counts too. A stall that spans a check may have started right after the
/// previous check, so it is counted from there.
pub async fn watch_lateness(clock: Clock, since: Instant, mut tell: impl FnMut(Option<Lateness>)) {
    let mut worst = Duration::ZERO;
    let mut last = since;
    loop {
        let due = last + BEAT;
        tokio::time::sleep(due.since(clock.now())).await;
        let now = clock.now();
        let late = now.since(due);
        let (at, by) = if late > WAKING { (last, now.since(last)) } else { (due, late) };
        let is_told = by > worst || late > NOTABLE;
        worst = by.max(worst);
        tell(is_told.then_some(Lateness { what: Late::Timer, at, by }));
        last = now;
    }
}
