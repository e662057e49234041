//! The draws that follow from a seed.

use std::time::Duration;

use castnet::rng::Rng;

/// A stream of draws.
pub(super) struct Dice(Rng);

impl Dice {
    /// The draws of the swarm's world with this seed, for a purpose: other draws do not change what
    /// these are.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        Self(Rng::for_node(seed, purpose))
    }

    /// A number from `least` to `most`.
    pub(super) fn within(&mut self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1);
        let drawn = self.0.delay(Duration::from_nanos(span)).as_nanos();
        least + u64::try_from(drawn).unwrap_or(span).saturating_sub(1)
    }

    /// One of them.
    pub(super) fn one_of<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        all[usize::try_from(self.within(1, N as u64)).unwrap_or(1) - 1]
    }

    /// Whether one case in so many has come up.
    pub(super) fn one_in(&mut self, cases: u64) -> bool {
        self.within(1, cases) == 1
    }
}
