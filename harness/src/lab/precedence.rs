//! Who goes first on a busy machine: a thread that makes or observes what is timed.
//!
//! Real time, not a nice value. Weights of ordinary threads are shared out anew each time that a heavy
//! one wakes or sleeps, and the kernel's own workers, which are ordinary threads too, were seen to wait
//! for 0.9 s meanwhile: so long Linux took to notice that a carrier was back.

use std::marker::PhantomData;

use super::sys;

/// The calling thread goes before all ordinary ones of the machine for as long as this lives, and what
/// it starts meanwhile does not. Without the right to do so nothing happens: the run is then as late as
/// the machine.
#[derive(Debug)]
#[must_use]
pub struct Precedence {
    /// It is of this thread.
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
