//! The members of one group in a population, and what each wants: found, added and removed in constant
//! time.

/// A set of numbers below a bound, each with the number of what it wants.
#[derive(Debug)]
pub(super) struct Members {
    /// In no meaningful order, but always the same order for the same calls.
    list: Vec<u32>,
    /// What each member of the list wants.
    wishes: Vec<u32>,
    /// The index of each number in the list; [`ABSENT`] if it is not there.
    places: Vec<u32>,
}

const ABSENT: u32 = u32::MAX;

impl Members {
    pub(super) fn new(bound: usize) -> Self {
        Self { list: Vec::new(), wishes: Vec::new(), places: vec![ABSENT; bound] }
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

    /// All members, each with its wish.
    pub(super) fn with_wishes(&self) -> impl Iterator<Item = (u32, u32)> {
        self.list.iter().copied().zip(self.wishes.iter().copied())
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.places[number as usize] != ABSENT
    }

    /// Adds the number with its wish, or gives it another wish; returns the wish before.
    pub(super) fn put(&mut self, number: u32, wish: u32) -> Option<u32> {
        let place = &mut self.places[number as usize];
        if *place != ABSENT {
            return Some(std::mem::replace(&mut self.wishes[*place as usize], wish));
        }
        *place = self.list.len() as u32;
        self.list.push(number);
        self.wishes.push(wish);
        None
    }

    /// Removes the number; returns its wish if it was present.
    pub(super) fn remove(&mut self, number: u32) -> Option<u32> {
        let place = std::mem::replace(&mut self.places[number as usize], ABSENT);
        if place == ABSENT {
            return None;
        }
        self.list.swap_remove(place as usize);
        if let Some(&moved) = self.list.get(place as usize) {
            self.places[moved as usize] = place;
        }
        Some(self.wishes.swap_remove(place as usize))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((prop::option::of(0_u32..3), 0_u32..20), 0..200)) {
            let (mut members, mut model) = (Members::new(20), BTreeMap::new());
            for (wish, number) in steps {
                if let Some(wish) = wish {
                    prop_assert_eq!(members.put(number, wish), model.insert(number, wish));
                } else {
                    prop_assert_eq!(members.remove(number), model.remove(&number));
                }
                let listed: BTreeMap<u32, u32> = members.with_wishes().collect();
                prop_assert_eq!(&listed, &model);
                prop_assert!((0..members.len() as u32).all(|n| model.contains_key(&members.nth(n))));
                prop_assert_eq!(members.len(), model.len());
                prop_assert!((0..20).all(|n| members.contains(n) == model.contains_key(&n)));
                prop_assert_eq!(members.is_empty(), model.is_empty());
            }
        }
    }
}
