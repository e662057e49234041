//! The parameters of a host (RFC 2236 sections 8.10 and 8.11), and how long it repeats a Report.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The parameters of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKnobs {
    /// Robustness Variable: how often an unsolicited Report is sent in all (RFC2236-3-18).
    pub robustness: u8,
    /// Unsolicited Report Interval, URI (RFC2236-8.10-01).
    pub unsolicited_report_interval: Duration,
    /// Version 1 Router Present Timeout (RFC2236-8.11-01).
    pub v1_router_present_timeout: Duration,
}

impl Default for HostKnobs {
    fn default() -> Self {
        Self {
            robustness: 2,
            unsolicited_report_interval: Duration::from_secs(10),
            v1_router_present_timeout: Duration::from_secs(400),
        }
    }
}

impl HostKnobs {
    /// How long after a join the last unsolicited Report may be sent: each one follows the one before
    /// it within the Unsolicited Report Interval (RFC2236-3-18).
    #[must_use]
    pub fn longest_repetition(&self) -> Duration {
        self.unsolicited_report_interval * u32::from(self.robustness.saturating_sub(1))
    }
}
