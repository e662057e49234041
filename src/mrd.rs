//! Multicast Router Discovery: when a router says on a link that it forwards multicast.
//!
//! Owns the router's half of RFC 4286: Advertisements at the start, periodically with a jitter, and as
//! answers to Solicitations (section 3), and a Termination at the end (section 5). Switches that snoop
//! learn from them where routers are, also where these speak neither IGMP nor MLD nor PIM. Refuses
//! Solicitations that may come from beyond the link.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::addr::Family;
use crate::ignored::Ignored;
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::icmpv6::Ends;
use crate::wire::ip::{Datagram, Header, Packet};
use crate::wire::ipv4;
use crate::wire::mrd::{self, Message};

/// The bounds of the AdvertisementInterval in seconds, and its default (section 3.1.1).
pub const INTERVALS: std::ops::RangeInclusive<u8> = 4..=180;
/// The AdvertisementInterval unless another one is given, in seconds (section 3.1.1).
pub const INTERVAL: u8 = 20;

/// The most time before the first Advertisement, and between the first ones (section 3.1.3).
const INITIAL_INTERVAL: Duration = Duration::from_secs(2);
/// How many Advertisements follow each other quickly at the start (section 3.1.4).
const INITIAL_COUNT: u32 = 3;
/// The most time before a Solicitation is answered (section 4.1).
const MAX_RESPONSE_DELAY: Duration = Duration::from_secs(2);

/// The parameters of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The AdvertisementInterval in seconds, one of [`INTERVALS`].
    pub interval: u8,
}

/// The Advertisements of one link.
#[derive(Clone, Debug)]
pub struct Advertiser {
    params: Params,
    /// How many of the first Advertisements are still to come.
    initial: u32,
    next: Instant,
}

impl Advertiser {
    /// Begins on a link. The first Advertisement comes after a random time, so that routers which start
    /// together do not speak together.
    #[must_use]
    pub fn start(params: Params, now: Instant, rng: &mut Rng) -> Self {
        Self { params, initial: INITIAL_COUNT, next: now + rng.delay(INITIAL_INTERVAL) }
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> Params {
        self.params
    }

    /// When the next Advertisement is due.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.next
    }

    /// Whether an Advertisement is due; the next one is planned then.
    pub fn expire(&mut self, now: Instant, rng: &mut Rng) -> bool {
        if self.next > now {
            return false;
        }
        self.initial = self.initial.saturating_sub(1);
        let interval = Duration::from_secs(self.params.interval.into());
        // The AdvertisementJitter is 0.025 of the interval, to both sides (section 3.1.2).
        let jitter = interval / 40;
        let periodic = interval - jitter + rng.delay(2 * jitter);
        self.next = now + if self.initial > 0 { INITIAL_INTERVAL.min(periodic) } else { periodic };
        true
    }

    /// A Solicitation was heard: one Advertisement answers all that come before it, and the period begins
    /// anew with it.
    pub fn solicited(&mut self, now: Instant, rng: &mut Rng) {
        self.next = self.next.min(now + rng.delay(MAX_RESPONSE_DELAY));
    }
}

/// Whether the packet is a message of Multicast Router Discovery.
#[must_use]
pub fn is_message(packet: &Packet<'_>) -> bool {
    let Header { source, destination, protocol, .. } = packet.header;
    let is_carried = protocol == Family::of(destination).gmp_protocol();
    is_carried && mrd::is_message(packet.payload, Ends::of(source, destination))
}

/// Reads a message; only a Solicitation concerns a router.
///
/// # Errors
/// Why the packet is ignored.
pub fn read(packet: &Packet<'_>) -> Result<(), Ignored> {
    let Header { source, destination, hop_limit, router_alert, .. } = packet.header;
    let message = mrd::decode(packet.payload, Ends::of(source, destination))?;
    if message != Message::Solicitation {
        return Err(Ignored::NotForRouters);
    }
    if destination != Family::of(destination).all_routers().addr() {
        return Err(Ignored::Misaddressed(destination));
    }
    if hop_limit != 1 {
        return Err(Ignored::NotOneHop(hop_limit));
    }
    if !router_alert {
        return Err(Ignored::NoRouterAlert);
    }
    match source {
        IpAddr::V6(own) if !own.is_unicast_link_local() => Err(Ignored::NotLinkLocal(source)),
        _ if source.is_multicast() => Err(Ignored::SourceNotUnicast(source)),
        _ => Ok(()),
    }
}

/// The packet of a message to all who snoop on the link.
#[must_use]
pub fn encode(own: IpAddr, message: Message) -> Datagram {
    let destination = Family::of(own).all_snoopers().addr();
    let header = Header {
        source: own,
        destination,
        protocol: Family::of(own).gmp_protocol(),
        hop_limit: 1,
        class: ipv4::INTERNETWORK_CONTROL,
        router_alert: true,
    };
    Datagram { header, payload: message.encode(Ends::of(own, destination)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    fn started(interval: u8) -> (Advertiser, Rng) {
        let mut rng = Rng::for_node(7, "r1");
        (Advertiser::start(Params { interval }, seconds(100), &mut rng), rng)
    }

    /// The times from each Advertisement to the next, the first one from the start.
    fn gaps(of: &mut Advertiser, rng: &mut Rng, from: Instant, count: usize) -> Vec<Duration> {
        let mut last = from;
        let mut gap = || {
            let at = of.deadline();
            assert!(!of.expire(at - Duration::from_nanos(1), rng));
            assert!(of.expire(at, rng));
            at.since(std::mem::replace(&mut last, at))
        };
        (0..count).map(|_| gap()).collect()
    }

    #[test]
    fn three_advertisements_come_quickly_and_then_one_each_interval() {
        let (mut of, mut rng) = started(20);
        let gaps = gaps(&mut of, &mut rng, seconds(100), 40);
        assert!(gaps[..3].iter().all(|gap| *gap <= INITIAL_INTERVAL), "{gaps:?}");
        let periodic = Duration::from_millis(19_500)..=Duration::from_millis(20_500);
        assert!(gaps[3..].iter().all(|gap| periodic.contains(gap)), "{gaps:?}");
        let (least, most) = (gaps[3..].iter().min().unwrap(), gaps[3..].iter().max().unwrap());
        assert!(*most - *least > Duration::from_millis(500), "the jitter is drawn: {gaps:?}");
    }

    #[test]
    fn solicitations_are_answered_once_within_two_seconds_and_the_period_begins_anew() {
        let (mut of, mut rng) = started(180);
        let before = gaps(&mut of, &mut rng, seconds(100), 3);
        let now = seconds(100) + before.iter().sum::<Duration>() + Duration::from_secs(60);
        for _ in 0..5 {
            of.solicited(now, &mut rng);
        }
        let gaps = gaps(&mut of, &mut rng, now, 2);
        assert!(gaps[0] <= MAX_RESPONSE_DELAY, "{gaps:?}");
        assert!(gaps[1] >= Duration::from_millis(175_500), "{gaps:?}");
    }

    #[test]
    fn an_answer_is_not_put_off_by_a_later_solicitation() {
        let (mut of, mut rng) = started(20);
        let due = of.deadline();
        of.solicited(due - Duration::from_nanos(1), &mut rng);
        assert_eq!(of.deadline(), due);
    }
}
