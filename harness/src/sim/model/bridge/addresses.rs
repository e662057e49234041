//! Behind which port an Ethernet address was last seen, so that a frame for it goes nowhere else.

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::time::Instant;

/// An address that has been silent for so long is forgotten.
const AGEING: Duration = Duration::from_secs(300);

/// The addresses seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(BTreeMap<[u8; 6], (usize, Instant)>);

impl Addresses {
    pub(super) fn learn(&mut self, now: Instant, source: [u8; 6], port: usize) {
        self.0.insert(source, (port, now));
    }

    /// The port that the address is behind, if that is known; of a group it never is.
    pub(super) fn port(&self, now: Instant, address: [u8; 6]) -> Option<usize> {
        let &(port, seen) = self.0.get(&address)?;
        (now.since(seen) < AGEING).then_some(port)
    }

    /// Forgets what is behind the port.
    pub(super) fn forget(&mut self, port: usize) {
        self.0.retain(|_, (behind, _)| *behind != port);
    }
}
