//! The contents of the kernel's tables at a moment: a router's forwarding cache, a switch's
//! members.
//!
//! A table is known by its changes. A claim is true if the state at its time, or one that came
//! within the tolerance after it, is the claimed one.

use castnet::time::{Instant, Seconds};

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
        let Some((at, at_text)) = self.moment(at, &[]) else {
            return Judged::vacuous(vec![format!("{} did not come", at.text)]);
        };
        if history.iter().all(|(_, entry)| entry.is_none()) && claimed.is_none() {
            let why = "there never was such an entry, so its absence here proves nothing";
            return Judged::vacuous(vec![why.to_owned()]);
        }
        // The state at that time, and those that came within the tolerance after it.
        let until = at + self.plan.tolerance;
        let then = history.iter().rev().find(|(since, _)| *since <= at).and_then(|(_, e)| *e);
        let soon = history.iter().filter(|(since, _)| at < *since && *since <= until);
        if std::iter::once(then).chain(soon.map(|(_, entry)| *entry)).any(|e| e == claimed) {
            return PASS;
        }
        let tolerance = Seconds(self.plan.tolerance, 3);
        let mut why = vec![
            format!("at {at_text} (tolerance {tolerance})"),
            format!("expected {}", words(claimed)),
            format!("found    {}", words(then)),
        ];
        if history.is_empty() {
            why.push("there never was one".to_owned());
        }
        why.extend(history.iter().map(|(since, entry)| {
            let since = since.to_string();
            format!("{since:>10}  {}", words(*entry))
        }));
        Judged::fail(why).at(at)
    }
}
