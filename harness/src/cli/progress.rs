//! One line on the terminal about what is running now. Without a terminal, nothing.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};

use castnet::kernel::Clock;
use castnet::time::{Instant, Seconds};
use castnet_lab::printable;

pub(super) struct Progress {
    terminal: bool,
    clock: Clock,
    of: usize,
    done: usize,
    failed: usize,
    /// The jobs that run.
    running: BTreeMap<usize, Running>,
    /// What the terminal shows now.
    shown: String,
}

struct Running {
    name: String,
    since: Instant,
    /// The progress in virtual time, on the simulator.
    simulated: Option<Instant>,
}

impl Progress {
    pub(super) fn new(of: usize) -> Self {
        let terminal = io::stderr().is_terminal();
        let (clock, running) = (Clock::start(), BTreeMap::new());
        Self { terminal, clock, of, done: 0, failed: 0, running, shown: String::new() }
    }

    pub(super) fn started(&mut self, job: usize, name: String) {
        let name = printable::line(&name).into_owned();
        let running = Running { name, since: self.clock.now(), simulated: None };
        self.running.insert(job, running);
    }

    /// A job has reached this virtual time.
    pub(super) fn simulated(&mut self, job: usize, now: Instant) {
        if let Some(running) = self.running.get_mut(&job) {
            running.simulated = Some(now);
        }
    }

    pub(super) fn ended(&mut self, job: usize, passed: bool) {
        self.running.remove(&job);
        self.done += 1;
        self.failed += usize::from(!passed);
    }

    pub(super) fn show(&mut self) {
        let line = self.line(self.clock.now());
        if self.terminal && !self.running.is_empty() && line != self.shown {
            // With wrapping off the terminal cuts the line, however narrow it is.
            _ = write!(io::stderr(), "\r\x1b[K\x1b[?7l{line}\x1b[?7h");
            _ = io::stderr().flush();
            self.shown = line;
        }
    }

    /// Clears the line, to make room for other output.
    pub(super) fn clear(&mut self) {
        if !self.shown.is_empty() {
            _ = write!(io::stderr(), "\r\x1b[K");
            _ = io::stderr().flush();
            self.shown.clear();
        }
    }

    /// The most important words come first: the terminal cuts off the rest.
    fn line(&self, now: Instant) -> String {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} not passed"),
        };
        let mut running: Vec<&Running> = self.running.values().collect();
        running.sort_by_key(|running| running.since);
        let words = |Running { name, since, simulated }: &Running| {
            let virtual_time =
                simulated.map_or_else(String::new, |at| format!(" ({at:.1} simulated)"));
            format!("{name} {}{virtual_time}", Seconds(now.since(*since), 0))
        };
        let running: Vec<String> = running.into_iter().map(words).collect();
        let (done, of, count) = (self.done, self.of, running.len());
        format!("{done} of {of} done{failed}; {count} running: {}", running.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_line_names_what_runs_the_longest_first_and_for_how_long() {
        let mut progress = Progress::new(9);
        progress.started(0, "a".to_owned());
        progress.started(1, "b".to_owned());
        progress.started(2, "c".to_owned());
        progress.ended(0, true);
        let later = progress.clock.now() + Duration::from_secs(7);
        assert_eq!(progress.line(later), "1 of 9 done; 2 running: b 7 s, c 7 s");
        progress.simulated(1, Instant::ZERO + Duration::from_millis(90_250));
        progress.ended(2, false);
        assert_eq!(
            progress.line(later),
            "2 of 9 done, 1 not passed; 1 running: b 7 s (90.2 s simulated)"
        );
    }
}
