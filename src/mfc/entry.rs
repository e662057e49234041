//! An entry of the multicast forwarding cache, and what the kernel counts for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::vif::Vif;
use crate::addr::{Group, Source};

/// The source and group of the datagrams that one entry forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// Where the datagrams come from.
    pub source: Source,
    /// Where they go.
    pub group: Group,
}

impl std::fmt::Display for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {})", self.source, self.group)
    }
}

/// How one flow is forwarded: in through `iif`, out through each of `oifs` on which the TTL suffices.
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

/// What the kernel counted for one flow (`SIOCGETSGCNT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowCounters {
    /// Datagrams that matched the entry, those on a wrong interface included.
    pub packets: u64,
    /// Their octets, IP headers included.
    pub bytes: u64,
    /// Those that came in on another interface than `iif`.
    pub wrong_if: u64,
}

/// What the kernel counted for one virtual interface (`SIOCGETVIFCNT`).
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
