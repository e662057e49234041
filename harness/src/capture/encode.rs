//! Encodes injected packets, with the flaws that the plan asks for.

use castnet::igmp;
use castnet::wire::Unencodable;

use crate::plan::{Flaws, Injection, Payload};

/// The octets of an IGMP message's checksum.
const CHECKSUM: std::ops::Range<usize> = 2..4;

/// The whole IPv4 packet.
///
/// # Errors
/// A message that IGMP cannot carry, or a packet that is too long.
pub fn injected(injection: &Injection) -> Result<Vec<u8>, Unencodable> {
    let payload = match &injection.payload {
        Payload::Message(message) => igmp::message(message)?.encode()?,
        Payload::Octets(octets) => octets.clone(),
    };
    injection.header.encode(&spoiled(payload, injection.flaws))
}

/// The payload with its deliberate flaws.
fn spoiled(mut payload: Vec<u8>, flaws: Flaws) -> Vec<u8> {
    payload.resize(payload.len() + flaws.pad, 0);
    if let Some(left) = flaws.truncate {
        payload.truncate(left);
    }
    // Zeros do not change the checksum, and a truncated message cannot have a right one.
    if !flaws.good_checksum
        && let Some(checksum) = payload.get_mut(CHECKSUM)
    {
        checksum.iter_mut().for_each(|octet| *octet ^= 0xff);
    }
    payload
}
