//! Probe frames, and the roll call that they answer: which port has heard which on which link.
//!
//! A probe is a broadcast of EtherType 0x88B5 (IEEE 802 local experimental 1) that no network stack
//! listens to. Frames keep their order on a link, so a probe that was heard proves two things: the
//! link carries and is captured from now on, and everything sent on it earlier has been captured.
//!
//! Order is kept per CPU, since each has its own queue of received frames. A probe therefore names
//! the `lane` in which it was sent, and a caller who needs order asks for one answer per CPU.

use std::collections::BTreeSet;

/// Marks a frame as a probe, and rules out other users of the EtherType.
const MAGIC: [u8; 8] = *b"castnet?";

/// IEEE 802 local experimental EtherType 1.
pub(super) const ETHERTYPE: [u8; 2] = [0x88, 0xb5];

/// The least length of an Ethernet frame, without the checksum.
const FRAME_LEN: usize = 60;

/// The port that sent the probe, and its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The roll call that it belongs to.
    pub call: u32,
    /// The CPU's turn in which it was sent.
    pub lane: u32,
    /// The link that it was sent on.
    pub link: u32,
    /// The port that sent it.
    pub port: u32,
}

impl Probe {
    /// The probe as an Ethernet frame from `source` to everyone.
    #[must_use]
    pub fn frame(&self, source: [u8; 6]) -> [u8; FRAME_LEN] {
        let mut frame = [0; FRAME_LEN];
        frame[..6].fill(0xff);
        frame[6..12].copy_from_slice(&source);
        frame[12..14].copy_from_slice(&ETHERTYPE);
        frame[14..22].copy_from_slice(&MAGIC);
        let fields = [self.call, self.lane, self.link, self.port];
        for (slot, field) in frame[22..38].chunks_exact_mut(4).zip(fields) {
            slot.copy_from_slice(&field.to_be_bytes());
        }
        frame
    }
}

/// The probe in an Ethernet frame; `None` if the frame is traffic.
#[must_use]
pub fn parse(frame: &[u8]) -> Option<Probe> {
    let payload = frame.get(12..)?.strip_prefix(&ETHERTYPE)?.strip_prefix(&MAGIC)?;
    let (fields, _) = payload.as_chunks::<4>();
    let &[call, lane, link, port, ..] = fields else { return None };
    let [call, lane, link, port] = [call, lane, link, port].map(u32::from_be_bytes);
    Some(Probe { call, lane, link, port })
}

/// One probe to be heard: `to` hears `from`. The fields are in the order in which a person looks
/// for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hearing {
    /// The link.
    pub link: u32,
    /// The port that sends.
    pub from: u32,
    /// Another port of the link.
    pub to: u32,
    /// The CPU's turn.
    pub lane: u32,
}

/// A roll call under way: the probes that have not been heard yet.
#[derive(Clone, Debug, Default)]
pub struct RollCall {
    call: u32,
    missing: BTreeSet<Hearing>,
}

impl RollCall {
    /// Roll call number `call`: on each link, given by its number of ports, every port must hear
    /// every other port once in each of `lanes` lanes.
    #[must_use]
    pub fn new(call: u32, lanes: u32, ports: impl IntoIterator<Item = u32>) -> Self {
        let on_link = |(link, ports)| {
            let pairs = (0..ports).flat_map(move |from| (0..ports).map(move |to| (from, to)));
            let others = pairs.filter(|(from, to)| from != to);
            others.flat_map(move |(from, to)| {
                (0..lanes).map(move |lane| Hearing { link, from, to, lane })
            })
        };
        Self { call, missing: (0..).zip(ports).flat_map(on_link).collect() }
    }

    /// Port `to` of `link` has heard a probe. A probe of another roll call or link is ignored.
    pub fn heard(&mut self, probe: Probe, link: u32, to: u32) {
        if probe.call == self.call && probe.link == link {
            self.missing.remove(&Hearing { link, from: probe.port, to, lane: probe.lane });
        }
    }

    /// The port is down: the roll call expects no probe from it or at it.
    pub fn excuse(&mut self, link: u32, port: u32) {
        self.missing.retain(|one| one.link != link || (one.from != port && one.to != port));
    }

    /// The number of this roll call.
    #[must_use]
    pub const fn call(&self) -> u32 {
        self.call
    }

    /// The probes that have not been heard, by link, sender and receiver.
    #[must_use]
    pub const fn missing(&self) -> &BTreeSet<Hearing> {
        &self.missing
    }

    /// The probes that have to be sent, or sent again.
    #[must_use]
    pub fn unanswered(&self) -> Vec<Probe> {
        let probe = |one: &Hearing| (one.lane, one.link, one.from);
        let due: BTreeSet<_> = self.missing.iter().map(probe).collect();
        due.into_iter()
            .map(|(lane, link, port)| Probe { call: self.call, lane, link, port })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBE: Probe = Probe { call: 1, lane: 0, link: 0, port: 1 };

    #[test]
    fn a_probe_is_recognised_and_nothing_else_is() {
        let frame = PROBE.frame([2, 0, 0, 0, 0, 9]);
        assert_eq!(parse(&frame), Some(PROBE));
        assert_eq!(parse(&frame[..37]), None);
        assert_eq!(parse(&[]), None);
        for at in 12..22 {
            let mut other = frame;
            other[at] ^= 1;
            assert_eq!(parse(&other), None, "byte {at}");
        }
    }

    #[test]
    fn a_roll_call_ends_when_every_port_has_heard_every_other_in_every_lane() {
        let mut roll = RollCall::new(1, 2, [1, 2]);
        assert_eq!(roll.unanswered().len(), 4);
        for (lane, port) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            assert!(!roll.missing().is_empty());
            roll.heard(Probe { call: 1, lane, link: 1, port }, 1, 1 - port);
        }
        assert!(roll.missing().is_empty());
    }

    #[test]
    fn a_probe_of_another_call_or_on_another_link_counts_for_nothing() {
        let mut roll = RollCall::new(1, 1, [2, 2]);
        roll.heard(Probe { call: 0, ..PROBE }, 0, 0);
        roll.heard(PROBE, 1, 0);
        assert_eq!(roll.missing().len(), 4);
        roll.heard(PROBE, 0, 0);
        assert_eq!(roll.missing().len(), 3);
    }

    #[test]
    fn a_port_that_is_down_is_excused_both_ways_on_its_link_only() {
        let mut roll = RollCall::new(1, 1, [3, 2]);
        roll.excuse(0, 1);
        let left: Vec<_> = roll.missing().iter().map(|one| (one.link, one.from, one.to)).collect();
        assert_eq!(left, [(0, 0, 2), (0, 2, 0), (1, 0, 1), (1, 1, 0)]);
    }
}
