//! The context that every protocol machine gets with every call: the time, randomness, and a queue
//! for its outputs.

use std::collections::VecDeque;

use crate::rng::Rng;
use crate::time::Instant;

/// The context of one call of a machine with outputs of type `S`.
pub struct Cx<'a, S> {
    /// The time of the call.
    pub now: Instant,
    /// The only source of randomness.
    pub rng: &'a mut Rng,
    /// The machine's outputs, in order.
    pub out: &'a mut VecDeque<S>,
}

impl<S> Cx<'_, S> {
    /// Adds an output.
    pub fn say(&mut self, said: impl Into<S>) {
        self.out.push_back(said.into());
    }
}
