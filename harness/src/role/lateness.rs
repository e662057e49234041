//! How late a thread comes to do what is due: what it does late, the device under test would seem to
//! have done late.

use std::time::Duration;

use castnet::time::Instant;

use super::Clock;
use crate::recording::Lateness;

/// How often it is looked whether the thread is late.
const BEAT: Duration = Duration::from_millis(20);

/// Measures for ever how late the calling thread comes to do what it has a timer for, and tells each
/// time that is worse than all before. What holds up the very start, which was due at `since`, counts
/// too.
pub async fn watch_lateness(clock: Clock, since: Instant, mut tell: impl FnMut(Lateness)) {
    let mut worst = Duration::ZERO;
    let mut due = since + BEAT;
    loop {
        tokio::time::sleep(due.since(clock.now())).await;
        let by = clock.now().since(due);
        if by > worst {
            worst = by;
            tell(Lateness { at: due, by });
        }
        due = clock.now() + BEAT;
    }
}
