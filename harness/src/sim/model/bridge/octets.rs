//! What the bridge reads of a packet, and which packets it takes for damaged (`ip_mc_check_igmp` in
//! net/ipv4/igmp.c, `ipv6_mc_check_mld` in net/ipv6/mcast_snoop.c, and the walk over the records of a
//! Report in net/bridge/br_multicast.c).
//!
//! The bridge believes fewer of a message's numbers than a router does: it counts the sources that
//! a Query announces without looking for them, takes the auxiliary data of a record for the next
//! record, and follows a Report record by record up to where it lies.

use std::marker::PhantomData;
use std::net::{Ipv4Addr, Ipv6Addr};

use castnet::wire::v3::Address;
use etherparse::checksum::Sum16BitWords;

use crate::sim::model::inet::Inet;

/// Octets that the part of version 3 adds to a Query, without its sources.
const V3_PART: usize = 4;

/// The types of records (RFC 3376 section 4.2.12).
pub(super) const IS_IN: u8 = 1;
pub(super) const IS_EX: u8 = 2;
pub(super) const TO_IN: u8 = 3;
pub(super) const TO_EX: u8 = 4;
pub(super) const ALLOW: u8 = 5;
pub(super) const BLOCK: u8 = 6;

/// A packet in a frame to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read<'a, A> {
    /// Not forwarded.
    Damaged,
    /// No message that the bridge knows.
    Data {
        /// The IP source.
        source: A,
        /// The IP destination.
        destination: A,
    },
    /// A message of group management.
    Gmp(Gmp<'a, A>),
}

/// A message of a known type, and at least the octets of an older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gmp<'a, A> {
    /// The IP source.
    pub(super) source: A,
    pub(super) kind: Kind,
    /// The code of the Max Response Time of a Query.
    pub(super) code: u16,
    /// The group of a message that is no version 3 Report.
    pub(super) group: A,
    octets: &'a [u8],
}

/// The type of a message.
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
pub(super) struct Record<'a, A> {
    pub(super) kind: u8,
    pub(super) group: A,
    /// The octets of the sources.
    sources: &'a [u8],
    addresses: PhantomData<A>,
}

impl<A: Inet> Record<'_, A> {
    pub(super) fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// The sources in their order; one that stands twice comes twice.
    pub(super) fn sources(&self) -> Vec<A> {
        self.sources.chunks_exact(A::LEN).filter_map(|one| Some(A::split(one)?.0)).collect()
    }
}

/// Reads an IPv4 packet.
pub(super) fn read_igmp(packet: &[u8]) -> Read<'_, Ipv4Addr> {
    let Some((source, destination, payload)) = ipv4(packet) else { return Read::Damaged };
    let Some(octets) = payload else { return Read::Data { source, destination } };
    let Some(&[kind, code, _, _, a, b, c, d]) = octets.first_chunk() else {
        return Read::Damaged;
    };
    if sum(Sum16BitWords::new(), octets) != 0 {
        return Read::Damaged;
    }
    let kind = match kind {
        0x11 => Kind::Query,
        0x12 | 0x16 => Kind::Report,
        0x17 => Kind::Leave,
        0x22 => Kind::V3Report,
        _ => return Read::Data { source, destination },
    };
    checked(
        Gmp { source, kind, code: code.into(), group: [a, b, c, d].into(), octets },
        destination,
    )
}

/// Reads an IPv6 packet.
pub(super) fn read_mld(packet: &[u8]) -> Read<'_, Ipv6Addr> {
    const ICMPV6: u8 = 58;
    let Some((source, destination, payload)) = ipv6(packet) else { return Read::Damaged };
    let Some(octets) = payload else { return Read::Data { source, destination } };
    let pseudo_header = Sum16BitWords::new()
        .add_16bytes(source.octets())
        .add_16bytes(destination.octets())
        .add_4bytes((octets.len() as u32).to_be_bytes())
        .add_4bytes([0, 0, 0, ICMPV6]);
    if octets.len() < 4 || sum(pseudo_header, octets) != 0 {
        return Read::Damaged;
    }
    let Some(&[kind, _, _, _, high, low, _, _, group @ ..]) = octets.first_chunk::<24>() else {
        return Read::Data { source, destination };
    };
    let kind = match kind {
        // It must be of the link.
        130 if !source.is_unicast_link_local() => return Read::Damaged,
        130 => Kind::Query,
        131 => Kind::Report,
        132 => Kind::Leave,
        143 => Kind::V3Report,
        _ => return Read::Data { source, destination },
    };
    let code = u16::from_be_bytes([high, low]);
    checked(Gmp { source, kind, code, group: group.into(), octets }, destination)
}

/// The message, unless it is a Query of no version or a misaddressed one.
fn checked<A: Inet>(message: Gmp<'_, A>, destination: A) -> Read<'_, A> {
    let (octets, older) = (message.octets.len(), A::QUERY_PART_AT);
    let is_odd_query = octets != older && octets < older + V3_PART
        || message.group == A::NOBODY && destination != A::ALL_HOSTS;
    match message.kind == Kind::Query && is_odd_query {
        true => Read::Damaged,
        false => Read::Gmp(message),
    }
}

/// Source, destination and, of IGMP, the payload of a packet whose header is sound. Whether it is a
/// fragment is not looked at.
fn ipv4(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr, Option<&[u8]>)> {
    const IGMP: u8 = 2;
    let fixed: &[u8; 20] = packet.first_chunk()?;
    let header = packet.get(..usize::from(fixed[0] & 0x0f) * 4)?;
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    let right = sum(Sum16BitWords::new(), header) == 0;
    let is_sound = fixed[0] >> 4 == 4 && header.len() >= fixed.len() && right;
    let payload = packet.get(..total)?.get(header.len()..)?;
    let address = |at: usize| Ipv4Addr::new(fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]);
    is_sound.then(|| (address(12), address(16), (fixed[9] == IGMP).then_some(payload)))
}

/// Source, destination and the ICMPv6 message of a packet whose headers are sound. Without Hop-by-Hop
/// options it counts as data, and what they say is not looked at.
fn ipv6(packet: &[u8]) -> Option<(Ipv6Addr, Ipv6Addr, Option<&[u8]>)> {
    const HOP_BY_HOP: u8 = 0;
    const ICMPV6: u8 = 58;
    let fixed: &[u8; 40] = packet.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    if fixed[0] >> 4 != 6 || length == 0 {
        return None;
    }
    let mut rest = packet.get(40..40 + length)?;
    let (source, _) = Ipv6Addr::split(&fixed[8..])?;
    let (destination, _) = Ipv6Addr::split(&fixed[24..])?;
    let mut next = fixed[6];
    if next != HOP_BY_HOP {
        return Some((source, destination, None));
    }
    while let Some(octets) = extension(next, rest) {
        next = *rest.first()?;
        rest = rest.get(octets..)?;
    }
    Some((source, destination, (next == ICMPV6).then_some(rest)))
}

/// The octets of an extension header of this type; `None` if it is none.
fn extension(kind: u8, octets: &[u8]) -> Option<usize> {
    let units = octets.get(1).map_or(0, |&units| usize::from(units));
    match kind {
        // Hop-by-Hop options, Routing, Destination options.
        0 | 43 | 60 => Some(8 * (units + 1)),
        // Fragment, Authentication.
        44 => Some(8),
        51 => Some(4 * (units + 2)),
        _ => None,
    }
}

/// The checksum of octets that contain theirs, behind what else it covers: 0 if that is right
/// (RFC 1071).
fn sum(before: Sum16BitWords, octets: &[u8]) -> u16 {
    before.add_slice(octets).ones_complement()
}

impl<A: Inet> Gmp<'_, A> {
    /// The version 3 part of a Query; `None` in an older one.
    pub(super) fn v3(&self) -> Option<V3Part> {
        let part = self.octets.get(A::QUERY_PART_AT..A::QUERY_PART_AT + V3_PART)?;
        Some(V3Part { suppress: part[0] & 8 != 0, has_sources: part[2..] != [0, 0] })
    }

    /// The records of a version 3 Report one after the other; the last one is an error if the
    /// message ends within it.
    pub(super) fn records(&self) -> impl Iterator<Item = Result<Record<'_, A>, ()>> {
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
fn record<A: Inet>(octets: &[u8]) -> Option<(Record<'_, A>, &[u8])> {
    let (&[kind, _, high, low], behind) = octets.split_first_chunk()?;
    let (group, behind) = A::split(behind)?;
    let announced = u16::from_be_bytes([high, low]);
    let (sources, behind) = behind.split_at_checked(usize::from(announced) * A::LEN)?;
    Some((Record { kind, group, sources, addresses: PhantomData }, behind))
}
