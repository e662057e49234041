//! An entry of the multicast forwarding cache, and the kernel's counters for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::vif::Vif;
use crate::addr::{Group, Source};

/// The source and group of the datagrams that one entry forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// The source of the datagrams.
    pub source: Source,
    /// Their destination.
    pub group: Group,
}

impl std::fmt::Display for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {})", self.source, self.group)
    }
}

/// How one flow is forwarded: in through `iif`, out through each of `oifs` whose threshold the TTL
/// exceeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfcEntry {
    /// The flow.
    pub flow: Flow,
    /// The only interface that the flow may come in on.
    pub iif: Vif,
    /// The outgoing interfaces, each with its TTL threshold: a datagram leaves there only if its TTL
    /// on arrival is greater than the threshold.
    pub oifs: BTreeMap<Vif, u8>,
}

/// The kernel's counters of one flow (`SIOCGETSGCNT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowCounters {
    /// Datagrams that matched the entry, those on a wrong interface included.
    pub packets: u64,
    /// Their octets, IP headers included.
    pub bytes: u64,
    /// Datagrams that came in on another interface than `iif`.
    pub wrong_if: u64,
}

/// The kernel's counters of one virtual interface (`SIOCGETVIFCNT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VifCounters {
    /// Datagrams in.
    pub packets_in: u64,
    /// Datagrams out.
    pub packets_out: u64,
    /// Octets in.
    pub bytes_in: u64,
    /// Octets out.
    pub bytes_out: u64,
}
