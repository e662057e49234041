//! Packets whose header is wrong, or of which only a part is there.
//!
//! What can be mended is told with a mark; of a part the addresses and the protocol are told.

use std::net::IpAddr;

use castnet::addr::Family;
use castnet::wire::{Malformed, Why, icmpv6, ipv6};
use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::FrameContent;
use crate::capture::decode::{decode_of, may_be_mld};
use crate::capture::file::CapturedFrame;

const MALFORMED: &str = "their IP header is malformed";
const CUT: &str = "they end in the IP header";

/// What can be told of a packet with a fault in its header, of which `first` is the first one.
pub(super) fn odd(
    family: Family,
    octets: &[u8],
    first: Malformed,
    captured: &CapturedFrame,
) -> FrameContent {
    let (kept, length) = (captured.bytes.len(), captured.original_len);
    let malformed = |fault| {
        let words = format!("malformed {fault}, {length} octets");
        FrameContent::Headless { family, why: MALFORMED, words }
    };
    let (mut octets, mut marks) = (octets.to_vec(), Vec::new());
    let mut next = first;
    // A mended header may show another fault, and each can be mended once.
    for _ in 0..3 {
        match next.why {
            Why::Checksum { found, right } if next.at == 10 => {
                marks.push(format!("IP header checksum {found:#06x}, should be {right:#06x}"));
                octets[10..12].copy_from_slice(&right.to_be_bytes());
            }
            // Offloading to the device, and packets beyond 65535 octets, leave it to the link.
            Why::TooFew { found: 0, .. } if next.field == "total length" && kept == length => {
                marks.push("IP total length 0".to_owned());
                let total = u16::try_from(octets.len()).unwrap_or(u16::MAX);
                octets[2..4].copy_from_slice(&total.to_be_bytes());
                mend_checksum(&mut octets);
            }
            Why::Fragment { offset, more } => {
                let place = if more { "more to come" } else { "the last one" };
                let words = format!("fragment at octet {offset}, {place}");
                return part(family, &octets, Some(next), &words, marks)
                    .unwrap_or_else(|| malformed(first));
            }
            _ if kept < length => {
                let words = format!("of which {kept} of {length} octets were captured");
                let headless = FrameContent::Headless {
                    family,
                    why: CUT,
                    words: format!("{family}, {words}"),
                };
                return part(family, &octets, None, &words, marks).unwrap_or(headless);
            }
            _ => return malformed(first),
        }
        match decode_of(family, &octets) {
            Ok(packet) => return FrameContent::Marked(Box::new(packet), marks.join(", ")),
            Err(malformed) => next = malformed,
        }
    }
    malformed(first)
}

/// Addresses and protocol of a packet, and what is missing of it; `None` without whole headers.
fn part(
    family: Family,
    octets: &[u8],
    fragment: Option<Malformed>,
    words: &str,
    marks: Vec<String>,
) -> Option<FrameContent> {
    let Part { source, destination, protocol, is_gmp } = match family {
        Family::V4 => {
            let header = Ipv4HeaderSlice::from_slice(octets).ok()?;
            let protocol = header.protocol().0;
            Part {
                source: header.source_addr().into(),
                destination: header.destination_addr().into(),
                protocol,
                is_gmp: protocol == family.gmp_protocol(),
            }
        }
        Family::V6 => part_of_ipv6(octets, fragment)?,
    };
    let words: Vec<String> = [words.to_owned()].into_iter().chain(marks).collect();
    let words = format!("{source} > {destination} IP protocol {protocol}, {}", words.join(", "));
    Some(FrameContent::Part { family, is_gmp, words })
}

/// What the headers of a part say.
struct Part {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    /// Whether it belongs to a message of group management, or may do so.
    is_gmp: bool,
}

fn part_of_ipv6(octets: &[u8], fragment: Option<Malformed>) -> Option<Part> {
    let header = Ipv6HeaderSlice::from_slice(octets).ok()?;
    let (protocol, payload) = match fragment {
        // The Fragment header begins 2 octets before the offset, with the protocol of the whole.
        Some(Malformed { at, why: Why::Fragment { offset, .. }, .. }) => {
            let payload = octets.get(at + 6..).filter(|_| offset == 0).unwrap_or_default();
            (*octets.get(at.checked_sub(2)?)?, payload)
        }
        // What was captured, read as if it were all.
        _ => {
            let mut whole = octets.to_vec();
            let kept = u16::try_from(octets.len() - ipv6::HEADER).unwrap_or(u16::MAX);
            whole[4..6].copy_from_slice(&kept.to_be_bytes());
            let packet = ipv6::decode(&whole).ok()?;
            (packet.protocol, &octets[packet.header_len..])
        }
    };
    Some(Part {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol,
        is_gmp: protocol == icmpv6::ICMPV6 && may_be_mld(payload),
    })
}

/// Writes the header checksum that is right (RFC 791 section 3.1).
fn mend_checksum(octets: &mut [u8]) {
    octets[10..12].fill(0);
    let header = usize::from(octets[0] & 0x0f) * 4;
    let words = octets.iter().take(header).enumerate();
    let sum: u32 = words.map(|(n, octet)| u32::from(*octet) << (8 * (1 - n % 2))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let [.., high, low] = (!((folded & 0xffff) + (folded >> 16))).to_be_bytes();
    octets[10..12].copy_from_slice(&[high, low]);
}
