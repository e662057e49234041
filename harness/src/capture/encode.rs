//! Encodes injected packets, with the flaws that the plan asks for.

use std::net::IpAddr;

use castnet::gmp::message::Message;
use castnet::wire::Unencodable;
use castnet::wire::icmpv6::{Ends, seal_message};
use castnet::wire::ip::Datagram;
use castnet::wire::v3::Report;

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
        (Payload::Message(message), None) => of_igmp(message, &flaws.aux)?,
        (Payload::Message(message), Some(ends)) => of_mld(message, &flaws.aux, ends)?,
        (Payload::Octets(octets), _) => octets.clone(),
    };
    Datagram { header: *header, payload: spoiled(payload, ends, flaws) }.encode()
}

/// The message of IGMP, with auxiliary data in its records.
fn of_igmp(message: &Message, aux: &[Vec<u8>]) -> Result<Vec<u8>, Unencodable> {
    let mut message = castnet::igmp::message(message)?;
    if let castnet::wire::igmp::Message::V3Report(report) = &mut message {
        add_aux(report, aux);
    }
    message.encode()
}

/// The message of MLD, with auxiliary data in its records.
fn of_mld(message: &Message, aux: &[Vec<u8>], ends: Ends) -> Result<Vec<u8>, Unencodable> {
    let mut message = castnet::mld::message(message)?;
    if let castnet::wire::mld::Message::V2Report(report) = &mut message {
        add_aux(report, aux);
    }
    message.encode(ends)
}

fn add_aux<A>(report: &mut Report<A>, aux: &[Vec<u8>]) {
    for (record, aux) in report.records.iter_mut().zip(aux) {
        record.aux.clone_from(aux);
    }
}

/// The payload with its deliberate flaws.
fn spoiled(mut payload: Vec<u8>, ends: Option<Ends>, flaws: &Flaws) -> Vec<u8> {
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
