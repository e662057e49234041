//! Aligns two sequences: which items are equal, added, removed, or changed into which.

use std::hash::Hash;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// One row of the two; positions count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Both have it.
    Same(usize, usize),
    /// What the first has became what the second has.
    Changed(usize, usize),
    /// Only the first has it.
    Removed(usize),
    /// Only the second has it.
    Added(usize),
}

/// The longest common subsequence, and between its parts what is `alike`, taken in order.
pub fn align<T: Hash + Ord>(one: &[T], other: &[T], alike: impl Fn(&T, &T) -> bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut removed, mut added) = (0..0, 0..0);
    for op in capture_diff_slices(Algorithm::Myers, one, other) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                pair(one, other, removed, added, &alike, &mut steps);
                steps.extend((0..len).map(|n| Step::Same(old_index + n, new_index + n)));
                removed = old_index + len..old_index + len;
                added = new_index + len..new_index + len;
            }
            DiffOp::Delete { old_index, old_len, .. } => removed.end = old_index + old_len,
            DiffOp::Insert { new_index, new_len, .. } => added.end = new_index + new_len,
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                removed.end = old_index + old_len;
                added.end = new_index + new_len;
            }
        }
    }
    pair(one, other, removed, added, &alike, &mut steps);
    steps
}

/// Pairs items that were removed and added at one place and are alike: they were changed.
fn pair<T>(
    one: &[T],
    other: &[T],
    removed: std::ops::Range<usize>,
    added: std::ops::Range<usize>,
    alike: &impl Fn(&T, &T) -> bool,
    steps: &mut Vec<Step>,
) {
    let mut next = added.start;
    for old in removed {
        match (next..added.end).find(|&new| alike(&one[old], &other[new])) {
            Some(new) => {
                steps.extend((next..new).map(Step::Added));
                steps.push(Step::Changed(old, new));
                next = new + 1;
            }
            None => steps.push(Step::Removed(old)),
        }
    }
    steps.extend((next..added.end).map(Step::Added));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(one: &str, other: &str) -> Vec<Step> {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        align(&words(one), &words(other), |a, b| a[..1] == b[..1])
    }

    #[test]
    fn what_is_alike_was_changed_and_the_rest_came_or_went() {
        use Step::{Added, Changed, Removed, Same};
        assert_eq!(steps("a b c", "a b c"), [Same(0, 0), Same(1, 1), Same(2, 2)]);
        assert_eq!(steps("a c", "a b c"), [Same(0, 0), Added(1), Same(1, 2)]);
        assert_eq!(steps("a b c", "a c"), [Same(0, 0), Removed(1), Same(2, 1)]);
        assert_eq!(steps("a b1 c", "a b2 c"), [Same(0, 0), Changed(1, 1), Same(2, 2)]);
        let mixed = steps("a b1 d", "a x b2 y d");
        assert_eq!(mixed, [Same(0, 0), Added(1), Changed(1, 2), Added(3), Same(2, 4)]);
        assert_eq!(steps("a", "b"), [Removed(0), Added(0)]);
    }

    #[test]
    fn every_element_is_in_exactly_one_step_and_in_order() {
        let (one, other) = ("a b c d e a b", "b x1 d a y b x2");
        let steps = steps(one, other);
        let old: Vec<usize> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Same(old, _) | Step::Changed(old, _) | Step::Removed(old) => Some(*old),
                Step::Added(_) => None,
            })
            .collect();
        let new: Vec<usize> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Same(_, new) | Step::Changed(_, new) | Step::Added(new) => Some(*new),
                Step::Removed(_) => None,
            })
            .collect();
        assert_eq!((old, new), ((0..7).collect(), (0..7).collect()));
    }
}
