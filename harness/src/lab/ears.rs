//! The rings of a lab, one in each namespace, while the kernel makes them ready.
//!
//! The kernel needs a grace period of RCU, mostly 8 to 20 ms, for each ring. Links can be built
//! meanwhile: a ring also hears interfaces that appear later. All rings wait side by side, each on
//! a thread of its own.

use std::io;
use std::thread::{self, JoinHandle};

use super::ring::Ring;
use super::{LabError, Netns, Tap};

/// Rings that are being opened in some namespaces. They keep the namespaces alive.
#[derive(Debug)]
pub struct Ears(Vec<(String, JoinHandle<io::Result<Ring>>)>);

impl Ears {
    /// Starts to open the rings, without waiting until they hear.
    ///
    /// # Errors
    /// If the kernel refuses a socket or a thread.
    pub fn open<'a>(netns: impl IntoIterator<Item = &'a Netns>) -> Result<Self, LabError> {
        let netns: Vec<_> = netns.into_iter().collect();
        let Some(first) = netns.first() else { return Ok(Self(Vec::new())) };
        let taps = Netns::visit(&netns, |_| Tap::deaf_here());
        let taps = taps.map_err(failed(first.name()))?;
        let ready = |(one, tap): (&&Netns, io::Result<Tap>)| {
            let rings = netns.len();
            let aside = thread::Builder::new().name("open-tap".into());
            let opened = tap.and_then(|tap| aside.spawn(move || Ring::listen(tap, rings)));
            Ok((one.name().to_owned(), opened.map_err(failed(one.name()))?))
        };
        netns.iter().zip(taps).map(ready).collect::<Result<_, _>>().map(Self)
    }

    /// Waits until all rings hear; returns them in order, with the names of their namespaces.
    pub(super) fn hearing(self) -> Result<Vec<(String, Ring)>, LabError> {
        let join = |(name, opening): (String, JoinHandle<io::Result<Ring>>)| {
            let opened = opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            opened.map_err(failed(&name)).map(|ring| (name, ring))
        };
        self.0.into_iter().map(join).collect()
    }
}

fn failed(netns: &str) -> impl FnOnce(io::Error) -> LabError {
    let (netns, operation) = (netns.to_owned(), "open a ring to capture with".to_owned());
    |source| LabError::Netns { netns, operation, source }
}
