//! The span of time that a check looks at, computed from when its act was really done.

use castnet::time::Instant;

use super::{Evidence, Judged};
use crate::plan::Window;
use crate::plan::arithmetic::{Count, Moment, Part};

/// A window with its ends, and how they were computed.
pub(super) struct Span {
    pub(super) from: Instant,
    /// The end; the end of the run if the window has no length.
    pub(super) to: Instant,
    from_text: String,
    to_text: String,
}

impl Span {
    pub(super) fn contains(&self, at: Instant) -> bool {
        self.from <= at && at <= self.to
    }

    /// Whether the tolerance has left no time in the window.
    pub(super) fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// The result of a check with an empty window, in which nothing could ever be wrong.
    pub(super) fn too_short(&self) -> Judged {
        let mut why = vec!["nothing is left of the window but its tolerance".to_owned()];
        why.extend(self.describe());
        Judged::vacuous(why)
    }

    /// Where the span begins and ends, with the arithmetic.
    pub(super) fn describe(&self) -> Vec<String> {
        vec![format!("from {}", self.from_text), format!("to   {}", self.to_text)]
    }

    /// How many of the instants lie in the span.
    pub(super) fn count(&self, instants: impl Iterator<Item = Instant>) -> usize {
        instants.filter(|&at| self.contains(at)).count()
    }

    /// How the beginning was computed.
    pub(super) fn beginning(&self) -> &str {
        &self.from_text
    }
}

/// The purpose of a window, which decides where the tolerance goes: an event that must come may
/// come late, and one that must have ceased may cease late. The effect of an act is never early.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Something must happen in the window: its end may be late.
    AtLeast,
    /// Nothing more may happen in the window: its beginning may be late, if it is computed from an
    /// act and not the act itself.
    AtMost,
    /// The window selects the datagrams to judge.
    Selection,
}

/// The result of counting in a window.
pub(super) enum Counted {
    /// The number is right in this span.
    Right(Span),
    /// There are too many or too few in this span.
    Wrong(Span),
    /// It cannot be judged.
    Not(Judged),
}

impl Evidence<'_> {
    /// Counts the instants in the window.
    pub(super) fn counted(
        &self,
        count: &Count,
        window: &Window,
        instants: impl Iterator<Item = Instant> + Clone,
    ) -> Counted {
        let spans = (self.span(window, Purpose::AtMost), self.span(window, Purpose::AtLeast));
        let (Some(at_most), Some(at_least)) = spans else {
            return Counted::Not(not_done(window));
        };
        if count.max.is_some_and(|max| at_most.count(instants.clone()) > max as usize) {
            return Counted::Wrong(at_most);
        }
        if at_least.count(instants) < count.min as usize {
            return Counted::Wrong(at_least);
        }
        if count.max.is_some() && at_most.is_empty() {
            return Counted::Not(at_most.too_short());
        }
        Counted::Right(at_least)
    }

    /// The window's span; `None` if the act that it counts from was not done.
    pub(super) fn span(&self, window: &Window, purpose: Purpose) -> Option<Span> {
        let tolerance = [self.tolerance_part()];
        let plus = |late| if late { &tolerance[..] } else { &[] };
        let end = Instant::ZERO + self.plan.end;
        let begins_late = purpose == Purpose::AtMost && !window.from.parts.is_empty();
        let (from, from_text) = self.moment(&window.from, plus(begins_late))?;
        let (to, to_text) = match &window.length {
            None => (end, format!("end of the run at {end}")),
            Some(length) => {
                let mut until = window.from.clone();
                until.parts.extend(length.parts.iter().cloned());
                self.moment(&until, plus(purpose == Purpose::AtLeast))?
            }
        };
        Some(Span { from, to, from_text, to_text })
    }

    /// The tolerance, as it is added to a limit.
    pub(super) fn tolerance_part(&self) -> Part {
        Part::tolerance(self.plan.tolerance)
    }

    /// A moment with `more` added to it, and its arithmetic.
    pub(super) fn moment(&self, moment: &Moment, more: &[Part]) -> Option<(Instant, String)> {
        let anchor = moment.anchor.as_ref().and_then(|(act, _)| self.done(*act));
        let mut whole = moment.clone();
        whole.parts.extend(more.iter().cloned());
        Some((whole.instant(|act| self.done(act))?, moment.arithmetic(anchor, more)))
    }
}

/// The result of a check whose act was not done; the run is Broken anyway.
pub(super) fn not_done(window: &Window) -> Judged {
    Judged::vacuous(vec![format!("{} did not come", window.from.text)])
}
