//! Reads the pace of a link: `delay`, `bandwidth`, the bits that each port can send in a second, and
//! `queue`, the frames that wait there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reader::Reader;

/// The delay and the bandwidth of a link, and how long its queues are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The time from the end of sending a frame to its arrival.
    pub delay: Duration,
    /// Bits that each port can send in a second; without a limit unless given.
    pub bandwidth: Option<u64>,
    /// The most frames that wait at each port while another one is sent; without a limit unless given.
    #[serde(default)]
    pub queue: Option<u32>,
}

const FORM: &str = "so many bits a second, such as \"10Mbps\"";

/// Units of bits a second, longest first where one ends with another.
const UNITS: [(&str, u64); 8] = [
    ("kbps", 1_000),
    ("Mbps", 1_000_000),
    ("Gbps", 1_000_000_000),
    ("bps", 1),
    ("kbit/s", 1_000),
    ("Mbit/s", 1_000_000),
    ("Gbit/s", 1_000_000_000),
    ("bit/s", 1),
];

/// The slowest and the fastest link, in bits a second.
const LIMITS: std::ops::RangeInclusive<u64> = 1_000..=100_000_000_000;

/// The keys `delay` and `bandwidth` of a link.
pub(super) fn pace(link: &Reader<'_, '_>) -> Pace {
    let delay = link.duration("delay").map(|delay| delay.value).unwrap_or_default();
    let bandwidth = link.parsed("bandwidth", FORM, bandwidth).map(|bandwidth| bandwidth.value);
    let queue = link.integer::<u32>("queue");
    link.limit("queue", queue.as_ref(), |limits, _| {
        (format!("a queue is {limits} frames"), "not possible".to_owned())
    });
    if let Some(queue) = queue.as_ref().filter(|_| link.value("bandwidth").is_none()) {
        let message = "a queue without a `bandwidth`";
        let help = "give the link a `bandwidth`, such as \"10Mbps\"";
        let label = "nothing waits where each frame is sent at once";
        link.faults().borrow_mut().error_with_help(&queue.span, message, label, help);
    }
    Pace { delay, bandwidth, queue: queue.map(|queue| queue.value) }
}

fn bandwidth(text: &str) -> Result<u64, String> {
    let all = bits(text).ok_or("the units are bps, kbps, Mbps and Gbps")??;
    Some(all).filter(|all| LIMITS.contains(all)).ok_or_else(|| "1kbps to 100Gbps".to_owned())
}

/// So many bits a second: `2Mbps` or `2Mbit/s`; `None` if the unit is another one.
pub(super) fn bits(text: &str) -> Option<Result<u64, String>> {
    let find = |(unit, bits): &(&str, u64)| Some((text.trim().strip_suffix(unit)?, *bits));
    let (number, bits) = UNITS.iter().find_map(find)?;
    let number = number.trim();
    let many = number.parse::<u64>().map_err(|_| format!("`{number}` is not a whole number"));
    Some(many.map(|many| many.saturating_mul(bits)))
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
