//! The time that a check looks at, computed from when its acts were really done.
//!
//! A window has its beginning and not its end. A moment that is by plan the time of an act means
//! that act: a window that begins there has what the act does, one that ends there has not, and a
//! state there is the one just before. Such a moment, and the start of the run, is exact. The
//! tolerance belongs to edges of windows between acts, and never to a state or a measured length.

use castnet::time::Instant;

use super::{Evidence, Judged};
use crate::plan::arithmetic::{Count, Moment, Part};
use crate::plan::{Place, Window};

/// A window with its ends, and how they were computed.
pub(super) struct Span {
    pub(super) from: Instant,
    /// The end, which is outside; the end of the run if the window has no length.
    pub(super) to: Instant,
    from_text: String,
    to_text: String,
}

impl Span {
    pub(super) fn contains(&self, at: Instant) -> bool {
        self.from <= at && at < self.to
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
    /// Nothing more may happen in the window: its beginning may be late.
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
        let end = Instant::ZERO + self.plan.end;
        let (from, from_text) = match purpose {
            Purpose::AtMost => self.settled(&window.from, Edge::Begin)?,
            Purpose::AtLeast | Purpose::Selection => self.moment(&window.from, Edge::Begin, &[])?,
        };
        let (to, to_text) = match &window.length {
            None => (end, format!("end of the run at {end}")),
            Some(length) => {
                let mut until = window.from.clone();
                until.parts.extend(length.parts.iter().cloned());
                match purpose {
                    Purpose::AtLeast => self.settled(&until, Edge::End)?,
                    Purpose::AtMost | Purpose::Selection => self.moment(&until, Edge::End, &[])?,
                }
            }
        };
        Some(Span { from, to, from_text, to_text })
    }

    /// When a state is judged; `None` if the act that it counts from was not done.
    pub(super) fn state_at(&self, moment: &Moment) -> Option<StateAt> {
        let (at, text) = self.moment(moment, Edge::End, &[])?;
        Some(StateAt { last: Instant::from_nanos(at.as_nanos().saturating_sub(1)), at, text })
    }

    /// The tolerance, as it is added to a limit; nothing if there is none.
    fn tolerance_part(&self) -> Option<Part> {
        (!self.tolerance.is_zero()).then(|| Part::tolerance(self.tolerance))
    }

    /// A moment with the tolerance, unless it is exact.
    fn settled(&self, moment: &Moment, edge: Edge) -> Option<(Instant, String)> {
        let tolerance = self.tolerance_part().filter(|_| self.plan.place(moment).is_between());
        self.moment(moment, edge, tolerance.as_slice())
    }

    /// A moment with `more` added to it, and its arithmetic.
    fn moment(&self, moment: &Moment, edge: Edge, more: &[Part]) -> Option<(Instant, String)> {
        let anchor = moment.anchor.as_ref().and_then(|(act, _)| self.done(*act));
        let mut whole = moment.clone();
        whole.parts.extend(more.iter().cloned());
        let computed = whole.instant(|act| self.done(act))?;
        let text = moment.arithmetic(anchor, more);
        let Place::At(act) = self.plan.place(moment) else { return Some((computed, text)) };
        let done = match edge {
            Edge::Begin => self.done(act),
            Edge::End => self.recording.begun(act),
        };
        let label = &self.plan.acts[act].label;
        Some(match done {
            Some(at) if at != computed => (at, format!("{text}: {label} at {at}")),
            _ => (computed, text),
        })
    }
}

/// The moment of a claim about a state.
pub(super) struct StateAt {
    pub(super) at: Instant,
    /// The last instant before it, whose state counts.
    pub(super) last: Instant,
    /// How the moment was computed.
    pub(super) text: String,
}

/// What a moment is the edge of, if it is the time of an act: that which the act does lies after
/// the beginning of a window, and after its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// Where a window begins.
    Begin,
    /// Where a window ends, or where a state is looked at.
    End,
}

/// The result of a check whose act was not done; the run is Broken anyway.
pub(super) fn not_done(window: &Window) -> Judged {
    Judged::vacuous(vec![format!("{} did not come", window.from.text)])
}
