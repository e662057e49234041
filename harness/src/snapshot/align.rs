//! Aligns two sequences: which items are equal, added, removed, or changed into which.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::ops::Range;

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
    let mut pairing = Pairing::new(one, other, alike);
    let (mut removed, mut added) = (0..0, 0..0);
    for op in capture_diff_slices(Algorithm::Myers, one, other) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                pairing.pair(removed, added);
                pairing.steps.extend((0..len).map(|n| Step::Same(old_index + n, new_index + n)));
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
    pairing.pair(removed, added);
    pairing.steps
}

/// The most elements of both that are aligned by their longest common subsequence, which takes time
/// by the square of what differs.
const MOST: usize = 20_000;
/// The most pairs that are searched for what is alike, of all places together, and how far it is searched
/// where that is used up.
const PAIRS: usize = 1_000_000;
const AHEAD: usize = 4;

/// Aligns as [`align`] does, and says whether there was too much for that: then equal elements are
/// taken in order, each with the next one.
pub fn align_bounded<T: Hash + Ord>(
    one: &[T],
    other: &[T],
    alike: impl Fn(&T, &T) -> bool,
) -> (Vec<Step>, bool) {
    let head = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    if one.len() + other.len() - 2 * head <= MOST {
        return (align(one, other, alike), false);
    }
    let mut places = BTreeMap::<&T, Vec<usize>>::new();
    for (new, element) in other.iter().enumerate().rev() {
        places.entry(element).or_default().push(new);
    }
    let (mut removed, mut next) = (0, 0);
    let mut pairing = Pairing::new(one, other, alike);
    for (old, element) in one.iter().enumerate() {
        let Some(places) = places.get_mut(element) else { continue };
        while places.last().is_some_and(|&new| new < next) {
            places.pop();
        }
        let Some(new) = places.pop() else { continue };
        pairing.pair(removed..old, next..new);
        pairing.steps.push(Step::Same(old, new));
        (removed, next) = (old + 1, new + 1);
    }
    pairing.pair(removed..one.len(), next..other.len());
    (pairing.steps, true)
}

/// The steps so far, and how many pairs may still be searched.
struct Pairing<'a, T, F> {
    one: &'a [T],
    other: &'a [T],
    alike: F,
    left: usize,
    steps: Vec<Step>,
}

impl<'a, T, F: Fn(&T, &T) -> bool> Pairing<'a, T, F> {
    fn new(one: &'a [T], other: &'a [T], alike: F) -> Self {
        Self { one, other, alike, left: PAIRS, steps: Vec::new() }
    }

    /// Pairs items that were removed and added at one place and are alike: they were changed.
    fn pair(&mut self, removed: Range<usize>, added: Range<usize>) {
        let pairs = removed.len().saturating_mul(added.len());
        let ahead = match self.left.checked_sub(pairs) {
            Some(left) => {
                self.left = left;
                added.len()
            }
            None => AHEAD,
        };
        let mut next = added.start;
        for old in removed {
            let within = next..added.end.min(next + ahead);
            match within.into_iter().find(|&new| (self.alike)(&self.one[old], &self.other[new])) {
                Some(new) => {
                    self.steps.extend((next..new).map(Step::Added));
                    self.steps.push(Step::Changed(old, new));
                    next = new + 1;
                }
                None => self.steps.push(Step::Removed(old)),
            }
        }
        self.steps.extend((next..added.end).map(Step::Added));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

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
    fn a_million_that_differ_are_aligned_roughly_and_soon() {
        let many = |from: u32| (from..from + 300_000).collect::<Vec<_>>();
        let (steps, is_rough) = align_bounded(&many(0), &many(1_000_000), |_, _| false);
        assert_eq!((steps.len(), is_rough), (600_000, true));
        // What is equal is found, wherever it is.
        let (steps, is_rough) = align_bounded(&many(0), &many(100_000), |_, _| false);
        let same = steps.iter().filter(|step| matches!(step, Step::Same(..))).count();
        assert_eq!((same, steps.len(), is_rough), (200_000, 400_000, true));
        let (steps, is_rough) = align_bounded(&many(0), &many(0), |_, _| false);
        assert_eq!((steps.len(), is_rough), (300_000, false));
    }

    /// A file whose every thousandth frame is as before has many places of a thousand frames each.
    #[test]
    fn many_places_that_differ_are_searched_for_what_is_alike_as_far_as_one() {
        for count in [2_700, 30_000] {
            let one: Vec<u32> = (0..count).collect();
            let mixed = one.iter().map(|n| if n.is_multiple_of(900) { *n } else { n + 1_000_000 });
            let other: Vec<u32> = mixed.collect();
            let asked = Cell::new(0);
            let (steps, _) = align_bounded(&one, &other, |_, _| {
                asked.set(asked.get() + 1);
                false
            });
            let same = steps.iter().filter(|step| matches!(step, Step::Same(..))).count();
            assert_eq!(same, one.len().div_ceil(900));
            assert!(asked.get() <= PAIRS + one.len() * AHEAD, "{count}: {}", asked.get());
        }
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
