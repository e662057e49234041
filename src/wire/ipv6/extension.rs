//! The way through the extension headers of a packet to its payload.
//!
//! Owns RFC 8200 sections 4.1 to 4.6 and RFC 4302 section 2 as a reader needs them.

use etherparse::ip_number;

use super::{HEADER, MESSAGE};
use crate::wire::{Malformed, Why};

const HOP_BY_HOP: u8 = ip_number::IPV6_HOP_BY_HOP.0;
const ROUTING: u8 = ip_number::IPV6_ROUTE_HEADER.0;
const FRAGMENT: u8 = ip_number::IPV6_FRAGMENTATION_HEADER.0;
const AUTHENTICATION: u8 = ip_number::AUTHENTICATION_HEADER.0;
const DESTINATION: u8 = ip_number::IPV6_DESTINATION_OPTIONS.0;

const PAD_1: u8 = 0x00;
const ROUTER_ALERT: u8 = 0x05;
const JUMBO_PAYLOAD: u8 = 0xc2;

/// What lies between the IPv6 header and the payload.
pub(super) struct Walked {
    /// The protocol of the payload.
    pub(super) protocol: u8,
    /// The value of the Router Alert option.
    pub(super) router_alert: Option<u16>,
    /// The octet at which the payload begins.
    pub(super) header_len: usize,
}

/// Walks the extension headers of a packet, the first of which is of type `next`. `whole` ends by the
/// payload length; `bytes` may hold more, which only a jumbogram would mean.
pub(super) fn walk(whole: &[u8], bytes: &[u8], next: u8) -> Result<Walked, Malformed> {
    let mut walked = Walked { protocol: next, router_alert: None, header_len: HEADER };
    // The octet of the Next Header field that named the header being read.
    let mut named_at = 6;
    loop {
        let at = walked.header_len;
        let extension = match walked.protocol {
            HOP_BY_HOP if at != HEADER => {
                // RFC 8200 section 4.1: only right behind the IPv6 header.
                return Err(malformed("Next Header", named_at, Why::OutOfPlace));
            }
            HOP_BY_HOP => {
                // Of a jumbogram the payload length is 0, and its options lie behind that.
                let octets = if whole.len() == HEADER { bytes } else { whole };
                let extension = extension(octets, at, 1)?;
                walked.router_alert = options(octets, at, extension.end)?;
                extension
            }
            DESTINATION => {
                let extension = extension(whole, at, 1)?;
                options(whole, at, extension.end)?;
                extension
            }
            ROUTING => {
                let extension = extension(whole, at, 1)?;
                if whole[at + 3] != 0 {
                    return Ok(walked);
                }
                extension
            }
            FRAGMENT => fragment(whole, at)?,
            AUTHENTICATION => extension(whole, at, 2)?,
            _ => return Ok(walked),
        };
        if extension.end > whole.len() {
            return Err(too_few(whole.len(), extension.end));
        }
        (walked.protocol, walked.header_len, named_at) = (extension.next, extension.end, at);
    }
}

/// The bounds of an extension header.
struct Extension {
    next: u8,
    /// The octet behind it.
    end: usize,
}

/// The extension header at octet `at`. Its length is counted in 8 octets beyond the first 8, except in
/// Authentication headers, where the unit is 4 octets beyond the first 8 (RFC 4302 section 2.2).
fn extension(octets: &[u8], at: usize, halves: usize) -> Result<Extension, Malformed> {
    let Some(&[next, length, ..]) = octets.get(at..).and_then(<[u8]>::first_chunk::<8>) else {
        return Err(too_few(octets.len(), at + 8));
    };
    let (announced, room) = (8 + usize::from(length) * 8 / halves, octets.len() - at);
    if announced > room {
        let why = Why::NoRoom { unit: "octets", announced, room };
        return Err(malformed("Hdr Ext Len", at + 1, why));
    }
    Ok(Extension { next, end: at + announced })
}

/// The Fragment header at octet `at` of a packet that is its only fragment (RFC 6946).
fn fragment(octets: &[u8], at: usize) -> Result<Extension, Malformed> {
    let Some(&[next, _, high, low, ..]) = octets.get(at..).and_then(<[u8]>::first_chunk::<8>)
    else {
        return Err(too_few(octets.len(), at + 8));
    };
    let field = u16::from_be_bytes([high, low]);
    let (offset, more) = (usize::from(field & !7), field & 1 != 0);
    if offset != 0 || more {
        return Err(malformed("fragment offset", at + 2, Why::Fragment { offset, more }));
    }
    Ok(Extension { next, end: at + 8 })
}

/// The value of Router Alert among the options of the header from `at` to `end`.
pub(super) fn options(octets: &[u8], at: usize, end: usize) -> Result<Option<u16>, Malformed> {
    let (mut alert, mut here) = (None, at + 2);
    while here < end {
        if octets[here] == PAD_1 {
            here += 1;
            continue;
        }
        let Some(&length) = octets[..end].get(here + 1) else {
            let why = Why::TooFew { unit: "octets", found: end - here, least: 2 };
            return Err(malformed("option", here, why));
        };
        let (announced, room) = (usize::from(length), end - here - 2);
        if announced > room {
            let why = Why::NoRoom { unit: "octets", announced, room };
            return Err(malformed("Opt Data Len", here + 1, why));
        }
        match &octets[here..here + 2 + announced] {
            [JUMBO_PAYLOAD, 4, ..] => return Err(malformed("option", here, Why::Jumbogram)),
            // RFC 2711 section 2.1: the length is always 2.
            [ROUTER_ALERT, 2, high, low] => {
                alert = alert.or(Some(u16::from_be_bytes([*high, *low])));
            }
            _ => {}
        }
        here += 2 + announced;
    }
    Ok(alert)
}

const fn malformed(field: &'static str, at: usize, why: Why) -> Malformed {
    Malformed { message: MESSAGE, field, at, why }
}

const fn too_few(found: usize, least: usize) -> Malformed {
    malformed("end", found, Why::TooFew { unit: "octets", found, least })
}
