//! Datagrams of one source to one group on one link.

use std::time::Duration;

use serde::Serialize;

use super::{Seen, seconds};
use crate::capture::decode::{Content, Packet};

/// A stream, as it passes an interface.
#[derive(Clone, Debug, Serialize)]
pub struct Stream {
    /// How many datagrams were seen.
    pub datagrams: u64,
    /// Octets of their payloads.
    pub octets: u64,
    /// The first datagram.
    pub first: Seen,
    /// The last datagram.
    pub last: Seen,
    /// The largest TTL or hop limit.
    pub ttl: u8,
    /// The longest time without a datagram between two of them.
    pub longest_gap: Option<Gap>,
    /// RTP packets, or castnet's own numbers, that never came.
    pub lost: u64,
    /// Datagrams whose number had been seen right before.
    pub repeated: u64,
    /// Whether the interface sent them, if the capture tells.
    pub outgoing: Option<bool>,
    /// Whether the capture has datagrams of both directions.
    #[serde(skip)]
    pub(super) passes: bool,
    /// What was known of the group's members when the last datagram came.
    #[serde(skip)]
    pub(super) then: Then,
    #[serde(skip)]
    number: Option<u64>,
}

/// A time without datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The last datagram before it.
    pub from: Seen,
    /// How long it lasted.
    #[serde(serialize_with = "seconds")]
    pub length: Duration,
    /// What was known of the group's members when it began.
    #[serde(skip)]
    pub(super) then: Then,
    /// What was known of them when it ended.
    #[serde(skip)]
    pub(super) after: Then,
}

/// What a link knew of a group at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Then {
    /// The last General Query of the group's family.
    pub(super) general: Option<Seen>,
    /// The last Report that asks for the group.
    pub(super) report: Option<Seen>,
    /// The last Leave after which no known member was left.
    pub(super) leave: Option<Seen>,
    /// That Leave, whoever asked since.
    pub(super) left: Option<Seen>,
    /// How many Queries in a row nobody answered.
    pub(super) unanswered: u32,
}

/// RTP numbers have 16 bits (RFC 3550 section 5.1).
const RTP: u64 = 1 << 16;

impl Stream {
    pub(super) fn new(packet: &Packet, at: Seen, outgoing: Option<bool>, then: Then) -> Self {
        let mut stream = Self {
            datagrams: 0,
            octets: 0,
            first: at,
            last: at,
            ttl: 0,
            longest_gap: None,
            lost: 0,
            repeated: 0,
            outgoing,
            passes: false,
            then,
            number: None,
        };
        stream.add(packet, at, outgoing, then);
        stream
    }

    /// Another datagram.
    pub(super) fn add(&mut self, packet: &Packet, at: Seen, outgoing: Option<bool>, then: Then) {
        let length = at.since(self.last);
        if self.datagrams > 0 && self.longest_gap.is_none_or(|gap| gap.length < length) {
            self.longest_gap = Some(Gap { from: self.last, length, then: self.then, after: then });
        }
        self.datagrams += 1;
        self.octets += packet.length as u64;
        self.last = at;
        self.ttl = self.ttl.max(packet.ttl);
        self.then = then;
        // A cooked capture has what a router forwards twice: as it comes, and as it goes.
        if outgoing == self.outgoing {
            self.count(packet);
        }
        self.passes |= outgoing != self.outgoing;
    }

    fn count(&mut self, packet: &Packet) {
        let (number, modulus) = match &packet.content {
            Content::Data(number) => (number.sequence, u64::MAX),
            Content::Other(other) => match other.datagram.and_then(|datagram| datagram.rtp) {
                Some(sequence) => (sequence.into(), RTP),
                None => return,
            },
            _ => return,
        };
        let Some(before) = self.number.replace(number) else { return };
        // Numbers that go back are late packets, or the stream began anew: no loss can be told.
        let ahead = if modulus == RTP {
            number.wrapping_sub(before) % RTP
        } else {
            number - before.min(number)
        };
        match ahead {
            0 => self.repeated += 1,
            1 => {}
            skipped if skipped < RTP / 2 => self.lost += skipped - 1,
            _ => self.lost = self.lost.saturating_sub(1),
        }
    }

    /// Datagrams in a second; zero for a single one.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let time = self.last.since(self.first).as_secs_f64();
        if time > 0.0 { (self.datagrams - 1) as f64 / time } else { 0.0 }
    }

    /// How long no datagram must come until the stream has stopped: a second, or three times as long
    /// as it usually pauses.
    pub(super) fn patience(&self) -> Duration {
        (self.pace() * 3).max(Duration::from_secs(1))
    }

    /// Whether it had stopped when the capture of this length ended.
    pub(super) fn is_over(&self, length: Duration) -> bool {
        self.datagrams > 1 && length.saturating_sub(self.last.at) > self.patience()
    }

    /// How far apart its datagrams are on average.
    pub(super) fn pace(&self) -> Duration {
        let apart = u32::try_from(self.datagrams).unwrap_or(u32::MAX);
        self.last.since(self.first).checked_div(apart).unwrap_or_default()
    }
}
