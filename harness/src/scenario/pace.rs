//! Reads the pace of a link: `delay`, and `bandwidth`, the bits that each port can send in a
//! second.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reader::Reader;

/// The delay and the bandwidth of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The time from the end of sending a frame to its arrival.
    pub delay: Duration,
    /// Bits that each port can send in a second; without a limit unless given.
    pub bandwidth: Option<u64>,
}

const FORM: &str = "so many bits a second, such as \"10Mbps\"";

/// Units of bandwidth, longest first where one ends with another.
const UNITS: [(&str, u64); 4] =
    [("kbps", 1_000), ("Mbps", 1_000_000), ("Gbps", 1_000_000_000), ("bps", 1)];

/// The slowest and the fastest link, in bits a second.
const LIMITS: std::ops::RangeInclusive<u64> = 1_000..=100_000_000_000;

/// The keys `delay` and `bandwidth` of a link.
pub(super) fn pace(link: &Reader<'_, '_>) -> Pace {
    let delay = link.duration("delay").map(|delay| delay.value).unwrap_or_default();
    let bandwidth = link.parsed("bandwidth", FORM, bandwidth).map(|bandwidth| bandwidth.value);
    Pace { delay, bandwidth }
}

fn bandwidth(text: &str) -> Result<u64, String> {
    let unit = UNITS.iter().find_map(|(unit, bits)| Some((text.trim().strip_suffix(unit)?, bits)));
    let (number, bits) = unit.ok_or("the units are bps, kbps, Mbps and Gbps")?;
    let number = number.trim();
    let many: u64 = number.parse().map_err(|_| format!("`{number}` is not a whole number"))?;
    let all = many.checked_mul(*bits).filter(|all| LIMITS.contains(all));
    all.ok_or_else(|| "1kbps to 100Gbps".to_owned())
}

impl Pace {
    /// How long a port takes to send so many octets.
    #[must_use]
    pub fn sending(&self, octets: usize) -> Duration {
        let Some(bandwidth) = self.bandwidth else { return Duration::ZERO };
        let nanos = octets as u128 * 8 * 1_000_000_000 / u128::from(bandwidth.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
