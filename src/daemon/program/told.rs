//! What a program that routes writes to its log: every event if it is verbose, else some of each kind.
//!
//! What is written stands in the journal too, for whoever asks at the control socket.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::control::Journal;
use super::super::control::shown::Level;
use super::super::log::{Held, Kind, Limiter, Weight, weight, words};
use crate::addr::Family;
use crate::event::Event;
use crate::mfc::vif::Vif;
use crate::time::Instant;

/// The log.
pub(super) struct Log {
    limiter: Limiter,
    verbose: bool,
    journal: Rc<RefCell<Journal>>,
}

impl Log {
    pub(super) fn new(verbose: bool, journal: Rc<RefCell<Journal>>) -> Self {
        Self { limiter: Limiter::default(), verbose, journal }
    }

    pub(super) fn event(
        &mut self,
        now: Instant,
        family: Family,
        event: &Event,
        name: impl Fn(Vif) -> String,
    ) {
        self.journal.borrow_mut().event(now, family, event, &name);
        let weight = weight(event);
        if weight == Weight::Detail && !self.verbose {
            return;
        }
        let line = || format!("{family} {}", words(now, event, name));
        let line = match self.verbose {
            true => Some(line()),
            false => self.limiter.line(now, Kind::of(family, event), line),
        };
        if let Some(line) = line {
            self.line(now, weight, &line);
        }
    }

    pub(super) fn line(&self, now: Instant, weight: Weight, line: &str) {
        match weight {
            Weight::Warning => tracing::warn!("{line}"),
            Weight::News => tracing::info!("{line}"),
            Weight::Detail => return tracing::debug!("{line}"),
        }
        let level = if weight == Weight::Warning { Level::Warning } else { Level::Info };
        self.journal.borrow_mut().line(now, level, line);
    }

    pub(super) fn tell_held(&mut self, now: Option<Instant>) {
        for Held { count, all, example } in self.limiter.held(now) {
            tracing::warn!("{count} more such events, {all} since the start: {example}");
        }
    }
}
