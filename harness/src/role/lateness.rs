//! How late a thread comes to do what is due: what it does late, the device under test would seem to
//! have done late.

use std::time::Duration;

use castnet::time::Instant;

use super::Clock;
use crate::recording::Lateness;

/// How often it is looked whether the thread is late.
const BEAT: Duration = Duration::from_millis(20);

/// Less is no stall, but what it takes to be woken.
const WAKING: Duration = Duration::from_millis(1);

/// Measures for ever how late the calling thread may have come to do what it has a timer for, and tells
/// each time that is worse than all before. What holds up the very start, which was due at `since`, counts
/// too. A stall that lasts until after a look is due may have begun right after the look before it.
pub async fn watch_lateness(clock: Clock, since: Instant, mut tell: impl FnMut(Lateness)) {
    let mut worst = Duration::ZERO;
    let mut last = since;
    loop {
        let due = last + BEAT;
        tokio::time::sleep(due.since(clock.now())).await;
        let now = clock.now();
        let late = now.since(due);
        let (at, by) = if late > WAKING { (last, now.since(last)) } else { (due, late) };
        if by > worst {
            worst = by;
            tell(Lateness { at, by });
        }
        last = now;
    }
}
