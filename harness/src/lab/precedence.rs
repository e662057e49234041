//! Real-time scheduling for a thread that makes or observes what is timed on a busy machine.
//!
//! A nice value is not enough. The scheduler shares out the weights of ordinary threads anew each
//! time that a heavy one wakes or sleeps; meanwhile the kernel's own workers, which are ordinary
//! threads too, were seen to wait for 0.9 s, so that Linux noticed a carrier that late.

use std::marker::PhantomData;

use super::sys;

/// Puts the calling thread before all ordinary threads of the machine for as long as this value
/// lives; threads and processes that it starts stay ordinary. Without the right to do so this does
/// nothing, and the run is as late as the machine.
#[derive(Debug)]
#[must_use]
pub struct Precedence {
    /// The value belongs to the thread that made it.
    _here: PhantomData<*const ()>,
}

impl Precedence {
    /// Puts the calling thread first.
    pub fn take() -> Self {
        _ = sys::go_first(true);
        Self { _here: PhantomData }
    }
}

impl Drop for Precedence {
    fn drop(&mut self) {
        _ = sys::go_first(false);
    }
}
