//! Judges which packet comes before which.
//!
//! The packet of a step is the first one in the window that matches it and belongs to no earlier
//! step. Each must come after the packet of the step before it; a later match does not help.

use super::window::{Purpose, not_done};
use super::{Evidence, Judged, PASS, Seen};
use crate::plan::{Step, Window};

impl Evidence<'_> {
    pub(super) fn order(&self, steps: &[Step], window: &Window) -> Judged {
        let Some(span) = self.span(window, Purpose::AtLeast) else { return not_done(window) };
        // At one instant the position in the recording decides which packet is first.
        let mut taken: Vec<(usize, &Step, &Seen)> = Vec::new();
        for step in steps {
            let found = self.seen.iter().enumerate().find(|(position, seen)| {
                span.contains(seen.at)
                    && self.matches(&step.filter, seen)
                    && taken.iter().all(|(other, ..)| other != position)
            });
            let Some((position, seen)) = found else {
                return self.no_step(step, &taken, span.describe());
            };
            taken.push((position, step, seen));
        }
        let wrong = taken.windows(2).find(|pair| pair[1].0 < pair[0].0);
        let Some([(_, earlier, first), (_, later, second)]) = wrong else { return PASS };
        let mut why = vec![
            format!("{} came before {}:", later.text, earlier.text),
            self.describe(second),
            self.describe(first),
        ];
        why.extend(span.describe());
        Judged::fail(why).at(second.at)
    }

    /// Without the first packet of an order the claim is vacuous; without a later one it is false.
    fn no_step(&self, step: &Step, taken: &[(usize, &Step, &Seen)], window: Vec<String>) -> Judged {
        let mut why = vec![format!("there was no {}", step.text)];
        if !taken.is_empty() {
            why[0].push_str(", but before it came");
        }
        why.extend(taken.iter().map(|(_, _, seen)| self.describe(seen)));
        why.extend(window);
        if taken.is_empty() { Judged::vacuous(why) } else { Judged::fail(why) }
    }
}
