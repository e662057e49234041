//! What every protocol machine is handed with every call, and nothing else: the time, randomness, and
//! where to put what it says.

use std::collections::VecDeque;

use crate::rng::Rng;
use crate::time::Instant;

/// The context of one call of a machine that says things of type `S`.
pub struct Cx<'a, S> {
    /// The time of the call.
    pub now: Instant,
    /// The only source of randomness.
    pub rng: &'a mut Rng,
    /// What the machine says, in order.
    pub out: &'a mut VecDeque<S>,
}

impl<S> Cx<'_, S> {
    /// Says something.
    pub fn say(&mut self, said: impl Into<S>) {
        self.out.push_back(said.into());
    }
}
