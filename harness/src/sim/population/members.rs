//! The members of one group in a population: found, added and removed in constant time.

/// A set of numbers below a bound.
#[derive(Debug)]
pub(super) struct Members {
    /// In no meaningful order, but always the same order for the same calls.
    list: Vec<u32>,
    /// The index of each number in the list; [`ABSENT`] if it is not there.
    places: Vec<u32>,
}

const ABSENT: u32 = u32::MAX;

impl Members {
    pub(super) fn new(bound: usize) -> Self {
        Self { list: Vec::new(), places: vec![ABSENT; bound] }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn nth(&self, nth: u32) -> u32 {
        self.list[nth as usize]
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.places[number as usize] != ABSENT
    }

    /// Adds the number; returns whether it was absent before.
    pub(super) fn add(&mut self, number: u32) -> bool {
        let is_new = !self.contains(number);
        if is_new {
            self.places[number as usize] = self.list.len() as u32;
            self.list.push(number);
        }
        is_new
    }

    /// Removes the number; returns whether it was present before.
    pub(super) fn remove(&mut self, number: u32) -> bool {
        let place = std::mem::replace(&mut self.places[number as usize], ABSENT);
        if place == ABSENT {
            return false;
        }
        self.list.swap_remove(place as usize);
        if let Some(&moved) = self.list.get(place as usize) {
            self.places[moved as usize] = place;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((any::<bool>(), 0_u32..20), 0..200)) {
            let (mut members, mut model) = (Members::new(20), BTreeSet::new());
            for (add, number) in steps {
                if add {
                    prop_assert_eq!(members.add(number), model.insert(number));
                } else {
                    prop_assert_eq!(members.remove(number), model.remove(&number));
                }
                let listed: BTreeSet<u32> = (0..members.len() as u32).map(|n| members.nth(n)).collect();
                prop_assert_eq!(&listed, &model);
                prop_assert_eq!(members.len(), model.len());
                prop_assert!((0..20).all(|n| members.contains(n) == model.contains(&n)));
                prop_assert_eq!(members.is_empty(), model.is_empty());
            }
        }
    }
}
