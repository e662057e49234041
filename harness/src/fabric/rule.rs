//! Which frames a rule strikes, and what it does to them.
//!
//! Every rule sees every frame that enters the link, whatever the rules before it did: "the second
//! Leave" is the second that was sent. A rule acts on what the rules before it have left: a dropped
//! frame cannot be delayed, and a copy made by one rule is delayed by the next.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use castnet::addr::Group;
use castnet::rng::Rng;
use castnet::time::Instant;

use crate::capture::decode::Packet;
use crate::scenario::PacketKind;

/// One rule of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The frames that the rule strikes.
    pub select: Selector,
    /// What happens to those frames.
    pub action: Action,
}

/// Selects frames: a frame must meet every condition that is given. The default is all frames, ARP
/// included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// IPv4 packets of this kind.
    pub kind: Option<PacketKind>,
    /// Messages that name this group, and numbered datagrams to it ([`Packet::names`]).
    pub group: Option<Group>,
    /// Frames that entered the link from this port.
    pub from: Option<usize>,
    /// Only the copy that would arrive at this port; without it, the copies for all ports alike.
    pub to: Option<usize>,
    /// Frames that entered the link at this instant or later.
    pub since: Instant,
    /// Frames that entered the link before this instant.
    pub until: Option<Instant>,
    /// Of the frames selected so far only the nth to the mth, counted from 1 as they enter the
    /// link. A link repeats each frame to all ports, so `to` does not affect the count.
    pub nth: Option<RangeInclusive<u64>>,
    /// Of those, each with this chance in millionths; one draw holds for all receiving ports.
    pub chance_ppm: Option<u32>,
}

/// What a rule does to a frame, on its way to each port that the rule selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The frame never arrives.
    Drop,
    /// The frame does not arrive on the other side: these ports are cut off from all others, in
    /// both directions, but not from each other. The cut lasts for the selector's time window.
    Partition(BTreeSet<usize>),
    /// The frame arrives later by this much; later frames may overtake it. Delays add up.
    Delay(Duration),
    /// This many copies of the frame arrive with it, at the same time. Of two such rules the second
    /// copies the copies.
    Duplicate(u32),
    /// The frame arrives with a wrong checksum.
    Corrupt,
    /// The frame waits until others have overtaken it. Of two such rules the second decides.
    HoldBack {
        /// How many frames that entered later must arrive at the same port first; at least 1.
        behind: u32,
        /// The frame arrives after this time in any case, on top of its delay.
        at_most: Duration,
    },
}

impl Selector {
    /// Whether the selector needs the frame decoded.
    pub(super) const fn reads_packets(&self) -> bool {
        self.kind.is_some() || self.group.is_some()
    }

    fn covers(&self, now: Instant, port: usize, packet: Option<&Packet>) -> bool {
        self.from.is_none_or(|from| from == port)
            && self.since <= now
            && self.until.is_none_or(|until| now < until)
            && self.kind.is_none_or(|kind| packet.is_some_and(|packet| packet.is(kind)))
            && self.group.is_none_or(|group| packet.is_some_and(|packet| packet.names(group)))
    }
}

/// A rule at work.
#[derive(Clone, Debug)]
pub(super) struct Armed {
    pub(super) rule: Rule,
    /// The number of frames selected so far.
    covered: u64,
    rng: Rng,
}

impl Armed {
    pub(super) const fn new(rule: Rule, rng: Rng) -> Self {
        Self { rule, covered: 0, rng }
    }

    /// Whether the rule strikes the frame. Call it once for each frame that enters.
    pub(super) fn strikes(&mut self, now: Instant, port: usize, packet: Option<&Packet>) -> bool {
        let select = &self.rule.select;
        if !select.covers(now, port, packet) {
            return false;
        }
        self.covered += 1;
        select.nth.as_ref().is_none_or(|nth| nth.contains(&self.covered))
            && select.chance_ppm.is_none_or(|ppm| one_in_a_million(&mut self.rng) <= ppm)
    }
}

/// A uniform number from 1 to 1,000,000.
fn one_in_a_million(rng: &mut Rng) -> u32 {
    // A delay is uniform in (0, max], to the nanosecond.
    rng.delay(Duration::from_nanos(1_000_000)).subsec_nanos()
}
