//! The contents of the kernel's tables at a moment: a router's forwarding cache, a switch's
//! members.
//!
//! A table is known by its changes, and a claim is about one instant of it: of two that contradict
//! each other one is false.

use castnet::time::Instant;

use super::window::StateAt;
use super::{Evidence, Judged, PASS};
use crate::plan::arithmetic::Moment;

/// The changes of one entry, in the order of time; `None` is no entry.
pub(super) type History<'a, T> = Vec<(Instant, Option<&'a T>)>;

impl Evidence<'_> {
    /// Judges one entry at a moment; `words` describes an entry, or its absence.
    pub(super) fn held<T: PartialEq>(
        &self,
        history: &History<'_, T>,
        at: &Moment,
        claimed: Option<&T>,
        words: impl Fn(Option<&T>) -> String,
    ) -> Judged {
        let Some(StateAt { at, last, text }) = self.state_at(at) else {
            return Judged::vacuous(vec![format!("{} did not come", at.text)]);
        };
        if history.iter().all(|(_, entry)| entry.is_none()) && claimed.is_none() {
            let why = "there never was such an entry, so its absence here proves nothing";
            return Judged::vacuous(vec![why.to_owned()]);
        }
        let then = history.iter().rev().find(|(since, _)| *since <= last).and_then(|(_, e)| *e);
        if then == claimed {
            return PASS;
        }
        let soon = history.iter().find(|(since, entry)| *since > last && *entry == claimed);
        let missed_by = soon.map(|(since, _)| since.since(at));
        let mut why = vec![
            format!("at {text}"),
            format!("expected {}", words(claimed)),
            format!("found    {}", words(then)),
        ];
        if history.is_empty() {
            why.push("there never was one".to_owned());
        }
        why.extend(history.iter().map(|(since, entry)| {
            let since = format!("{since:.6}");
            format!("{since:>13}  {}", words(*entry))
        }));
        Judged { missed_by, ..Judged::fail(why).at(at) }
    }
}
