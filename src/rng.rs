//! Randomness as an input: one seeded stream for a run, forked for each node by its name.
//!
//! A fork depends on the seed and the name alone, so adding a node does not disturb the others.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng};

/// A reproducible stream of random numbers (ChaCha8, whose output is stable across versions).
#[derive(Clone, Debug)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of the node `name` in the run with this `seed`.
    #[must_use]
    pub fn for_node(seed: u64, name: &str) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(fnv1a(name.as_bytes()));
        Self(rng)
    }

    /// A stream of its own for a part of the node.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(ChaCha8Rng::seed_from_u64(self.0.next_u64()))
    }

    /// Any number of 32 bits, each as likely as any other.
    pub fn number(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A uniform duration in (0, `max`], in nanoseconds; zero only if `max` is zero.
    pub fn delay(&mut self, max: Duration) -> Duration {
        let nanos = u64::try_from(max.as_nanos()).unwrap_or(u64::MAX);
        if nanos == 0 {
            return Duration::ZERO;
        }
        // Multiply and shift: the bias of at most 2^-64 * nanos is far below a timer's resolution.
        let scaled = (u128::from(self.0.next_u64()) * u128::from(nanos)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(nanos - 1) + 1)
    }
}

/// FNV-1a, 64 bits: a fixed, well-known way from a name to a stream number.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_depends_on_seed_and_name_alone() {
        let draw = |seed, name| Rng::for_node(seed, name).delay(Duration::from_secs(10));
        assert_eq!(draw(1, "h1"), draw(1, "h1"));
        assert_ne!(draw(1, "h1"), draw(1, "h2"));
        assert_ne!(draw(1, "h1"), draw(2, "h1"));
    }

    // RFC2236-3-09: greater than zero, at most the maximum.
    #[test]
    fn delays_lie_in_the_half_open_interval() {
        let mut rng = Rng::for_node(7, "h1");
        let max = Duration::from_nanos(3);
        let drawn: std::collections::BTreeSet<Duration> =
            (0..200).map(|_| rng.delay(max)).collect();
        let expected = (1..=3).map(Duration::from_nanos).collect();
        assert_eq!(drawn, expected);
        assert_eq!(rng.delay(Duration::ZERO), Duration::ZERO);
    }
}
