//! Encodes injected packets, with the flaws that the plan asks for.

use std::net::IpAddr;

use castnet::wire::Unencodable;
use castnet::wire::icmpv6::{Ends, seal_message};
use castnet::wire::ip::Datagram;

use crate::plan::{Flaws, Injection, Payload};

/// The octets of a message's checksum, in IGMP as in MLD.
const CHECKSUM: std::ops::Range<usize> = 2..4;

/// The whole IP packet.
///
/// # Errors
/// A message that the protocol cannot carry, a packet that is too long, or addresses of two families.
pub fn injected(injection: &Injection) -> Result<Vec<u8>, Unencodable> {
    let Injection { header, payload, flaws, .. } = injection;
    let ends = match (header.source, header.destination) {
        (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Ends { source, destination }),
        _ => None,
    };
    let payload = match (payload, ends) {
        (Payload::Message(message), None) => castnet::igmp::message(message)?.encode()?,
        (Payload::Message(message), Some(ends)) => castnet::mld::message(message)?.encode(ends)?,
        (Payload::Octets(octets), _) => octets.clone(),
    };
    Datagram { header: *header, payload: spoiled(payload, ends, *flaws) }.encode()
}

/// The payload with its deliberate flaws.
fn spoiled(mut payload: Vec<u8>, ends: Option<Ends>, flaws: Flaws) -> Vec<u8> {
    payload.resize(payload.len() + flaws.pad, 0);
    // Zeros do not change the checksum of IGMP. That of ICMPv6 covers the length as well, and octets
    // without one get theirs, because it depends on addresses that the author does not write.
    if let Some(ends) = ends
        && (flaws.pad > 0 || payload.get(CHECKSUM) == Some(&[0, 0]))
    {
        seal_message(&mut payload, ends);
    }
    if let Some(left) = flaws.truncate {
        payload.truncate(left);
    }
    // A truncated message cannot have a right checksum.
    if !flaws.good_checksum
        && let Some(checksum) = payload.get_mut(CHECKSUM)
    {
        checksum.iter_mut().for_each(|octet| *octet ^= 0xff);
    }
    payload
}
