//! The port behind which an Ethernet address was last seen: a frame to the address goes only there.

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::time::Instant;

/// An address that was silent for this long is forgotten.
const AGEING: Duration = Duration::from_secs(300);

/// The addresses seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(BTreeMap<[u8; 6], (usize, Instant)>);

impl Addresses {
    pub(super) fn learn(&mut self, now: Instant, source: [u8; 6], port: usize) {
        self.0.insert(source, (port, now));
    }

    /// The port that the address is behind, if known; a group address never is.
    pub(super) fn port(&self, now: Instant, address: [u8; 6]) -> Option<usize> {
        let &(port, seen) = self.0.get(&address)?;
        (now.since(seen) < AGEING).then_some(port)
    }

    /// Forgets the addresses behind the port.
    pub(super) fn forget(&mut self, port: usize) {
        self.0.retain(|_, (behind, _)| *behind != port);
    }
}
