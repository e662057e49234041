//! One turn of a router, as every driver makes it: an input in, its outputs carried out.
//!
//! The daemon, the laboratory and a simulator differ in their [`DataPlane`] and in where their time
//! comes from, in nothing else.

use crate::router::{Input, Output, Refusal, Router};
use crate::time::Instant;

/// What carries out a router's outputs: the kernel's multicast routing, or a model of it.
pub trait DataPlane {
    /// Carries out one output. Some have an answer, which is the router's next input.
    ///
    /// # Errors
    /// The output and why it could not be carried out.
    fn apply(&mut self, now: Instant, output: Output) -> Result<Option<Input<'static>>, Refusal>;
}

/// Hands the input to the router and carries out all that follows from it.
pub fn turn(router: &mut Router, plane: &mut impl DataPlane, now: Instant, input: Input<'_>) {
    router.handle(now, input);
    settle(router, plane, now);
}

/// Carries out what the router has to say, until it is silent.
pub fn settle(router: &mut Router, plane: &mut impl DataPlane, now: Instant) {
    while let Some(output) = router.poll() {
        match plane.apply(now, output) {
            Ok(None) => {}
            Ok(Some(answer)) => router.handle(now, answer),
            Err(refusal) => router.handle(now, Input::Refused(refusal)),
        }
    }
}
