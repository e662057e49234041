//! What the bridge reads of a packet, and which packets it takes for damaged (`ip_mc_check_igmp` in
//! net/ipv4/igmp.c, and the walk over the records of a Report in net/bridge/br_multicast.c).
//!
//! The bridge believes fewer of a message's numbers than a router does: it counts the sources that
//! a Query announces without looking for them, takes the auxiliary data of a record for the next
//! record, and follows a Report record by record up to where it lies.

use std::net::Ipv4Addr;

use etherparse::checksum::Sum16BitWords;

/// Octets of a version 3 Query before its sources.
const V3_QUERY: usize = 12;

/// A packet in a frame to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read<'a> {
    /// Not forwarded.
    Damaged,
    /// No message that the bridge knows; its IP destination.
    Data(Ipv4Addr),
    /// An IGMP message.
    Igmp(Igmp<'a>),
}

/// An IGMP message of a known type, and at least its first eight octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Igmp<'a> {
    /// The IP source.
    pub(super) source: Ipv4Addr,
    pub(super) kind: Kind,
    /// Octet 1, the Max Resp Code of a Query.
    pub(super) code: u8,
    /// The group of a message that is no version 3 Report.
    pub(super) group: Ipv4Addr,
    octets: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Query,
    Report,
    V3Report,
    Leave,
}

/// The part of a version 3 Query that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct V3Part {
    /// The S flag.
    pub(super) suppress: bool,
    pub(super) has_sources: bool,
}

/// A record of a version 3 Report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: u8,
    pub(super) group: Ipv4Addr,
    pub(super) has_sources: bool,
}

pub(super) fn read(packet: &[u8]) -> Read<'_> {
    let Some((source, destination, payload)) = ip(packet) else { return Read::Damaged };
    let Some(payload) = payload else { return Read::Data(destination) };
    let Some(&[kind, code, _, _, a, b, c, d]) = payload.first_chunk() else {
        return Read::Damaged;
    };
    if sum(payload) != 0 {
        return Read::Damaged;
    }
    let group = Ipv4Addr::new(a, b, c, d);
    let kind = match kind {
        0x11 => Kind::Query,
        0x12 | 0x16 => Kind::Report,
        0x17 => Kind::Leave,
        0x22 => Kind::V3Report,
        _ => return Read::Data(destination),
    };
    let is_odd_query = !matches!(payload.len(), 8 | V3_QUERY..)
        || group.is_unspecified() && destination != super::querier::ALL_HOSTS;
    if kind == Kind::Query && is_odd_query {
        return Read::Damaged;
    }
    Read::Igmp(Igmp { source, kind, code, group, octets: payload })
}

/// Source, destination and, of IGMP, the payload of a packet whose header is sound. Whether it is a
/// fragment is not looked at.
fn ip(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr, Option<&[u8]>)> {
    const IGMP: u8 = 2;
    let fixed: &[u8; 20] = packet.first_chunk()?;
    let header = packet.get(..usize::from(fixed[0] & 0x0f) * 4)?;
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    let is_sound = fixed[0] >> 4 == 4 && header.len() >= fixed.len() && sum(header) == 0;
    let payload = packet.get(..total)?.get(header.len()..)?;
    let address = |at: usize| Ipv4Addr::new(fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]);
    is_sound.then(|| (address(12), address(16), (fixed[9] == IGMP).then_some(payload)))
}

/// The checksum of octets that contain theirs: 0 if that is right (RFC 1071).
fn sum(octets: &[u8]) -> u16 {
    Sum16BitWords::new().add_slice(octets).ones_complement()
}

impl Igmp<'_> {
    /// The version 3 part of a Query; `None` in an older one.
    pub(super) fn v3(&self) -> Option<V3Part> {
        let part = self.octets.get(8..V3_QUERY)?;
        Some(V3Part { suppress: part[0] & 8 != 0, has_sources: part[2..] != [0, 0] })
    }

    /// The records of a version 3 Report one after the other; the last one is an error if the
    /// message ends within it.
    pub(super) fn records(&self) -> impl Iterator<Item = Result<Record, ()>> + '_ {
        let announced = u16::from_be_bytes([self.octets[6], self.octets[7]]);
        let mut rest = Some(&self.octets[8..]);
        let mut left = announced;
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let here = rest.take()?;
            let record = record(here);
            rest = record.map(|(_, behind)| behind);
            Some(record.map(|(record, _)| record).ok_or(()))
        })
    }
}

/// The first record, and what is behind its sources.
fn record(octets: &[u8]) -> Option<(Record, &[u8])> {
    let (&[kind, _, high, low, a, b, c, d], behind) = octets.split_first_chunk()?;
    let sources = u16::from_be_bytes([high, low]);
    let behind = behind.get(usize::from(sources) * 4..)?;
    let group = Ipv4Addr::new(a, b, c, d);
    Some((Record { kind, group, has_sources: sources > 0 }, behind))
}
