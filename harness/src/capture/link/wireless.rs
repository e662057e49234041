//! Frames of 802.11, alone or behind what a card tells about each of them: Radiotap, PPI, Prism, AVS.
//!
//! Only data frames carry packets. Encrypted ones, fragments, and frames of several packets (A-MSDU) are
//! refused as such, so that nobody takes what is in them for absent.

use super::{Carried, LinkType, Unread, split, unwrapped};

/// An EtherType that is not assigned: the frame carries no packet.
const NOTHING: u16 = 0xffff;

/// Flags of Radiotap: the header is padded to a multiple of four octets.
const PADDED: u8 = 0x20;

/// Takes off what the card tells, and the header of 802.11; `None` for another link type.
pub(super) fn open(link_type: LinkType, frame: &[u8]) -> Option<Result<Carried<'_>, Unread>> {
    let skip = |length: usize| frame.get(length..).ok_or(Unread::Short);
    Some(match link_type.0 {
        105 => bare(frame, false),
        119 if !frame.starts_with(&[0x80, 0x21]) => skip(144).and_then(|rest| bare(rest, false)),
        // AVS is found in captures of Prism too.
        119 | 163 => {
            let length = frame.get(4..8).and_then(|length| length.try_into().ok());
            let length = length.map(u32::from_be_bytes).ok_or(Unread::Short);
            length.and_then(|length| skip(length as usize)).and_then(|rest| bare(rest, false))
        }
        127 => length_at_2(frame).and_then(|length| bare(skip(length)?, is_padded(frame))),
        192 => ppi(frame),
        _ => return None,
    })
}

fn length_at_2(frame: &[u8]) -> Result<usize, Unread> {
    let (_, rest) = split::<2>(frame)?;
    split(rest).map(|(length, _)| u16::from_le_bytes(length).into())
}

/// Per-Packet Information, which names the type of what follows.
fn ppi(frame: &[u8]) -> Result<Carried<'_>, Unread> {
    let rest = frame.get(length_at_2(frame)?..).ok_or(Unread::Short)?;
    let (_, of) = split::<4>(frame)?;
    let (of, _) = split(of)?;
    match u32::from_le_bytes(of) {
        105 => bare(rest, false),
        1 => super::open(LinkType::ETHERNET, rest),
        other => Err(Unread::LinkType(LinkType(u16::try_from(other).unwrap_or(u16::MAX)))),
    }
}

/// Whether Radiotap says that the header is padded.
fn is_padded(frame: &[u8]) -> bool {
    let word = |at: usize| {
        let word = frame.get(at..at + 4).and_then(|word| word.try_into().ok());
        word.map_or(0, u32::from_le_bytes)
    };
    let first = word(4);
    let mut at = 8;
    while word(at - 4) & 0x8000_0000 != 0 {
        at += 4;
    }
    // The time of the frame comes first, if it is there, at a multiple of eight octets.
    if first & 1 != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    first & 2 != 0 && frame.get(at).is_some_and(|flags| flags & PADDED != 0)
}

fn bare(frame: &[u8], padded: bool) -> Result<Carried<'_>, Unread> {
    let ([control, flags], rest) = split::<2>(frame)?;
    let (kind, subtype) = (control >> 2 & 3, control >> 4);
    let carries = kind == 2 && subtype & 4 == 0;
    if !carries {
        return Ok(Carried::bare(NOTHING, rest));
    }
    let address = |at: usize| frame.get(at..at + 6).and_then(|mac| <[u8; 6]>::try_from(mac).ok());
    let (to_ds, from_ds) = (flags & 1 != 0, flags & 2 != 0);
    let source = address(match (to_ds, from_ds) {
        (_, false) => 10,
        (false, true) => 16,
        (true, true) => 24,
    });
    let is_qos = subtype & 8 != 0;
    let qos_at = if to_ds && from_ds { 30 } else { 24 };
    let has_more = is_qos && flags & 0x80 != 0;
    let header = qos_at + if is_qos { 2 } else { 0 } + if has_more { 4 } else { 0 };
    let header = if padded { usize::next_multiple_of(header, 4) } else { header };
    let body = frame.get(header..).ok_or(Unread::Short)?;
    let has = |at: usize, bits: u8| frame.get(at).is_some_and(|octet| octet & bits != 0);
    if flags & 0x40 != 0 {
        return Err(Unread::Wireless("an encrypted frame of 802.11"));
    } else if flags & 4 != 0 || has(22, 0x0f) {
        return Err(Unread::Wireless("a fragment of 802.11"));
    } else if is_qos && has(qos_at, 0x80) {
        return Err(Unread::Wireless("a frame of 802.11 with several packets in it"));
    }
    Ok(unwrapped(Carried { source, ..Carried::bare(0, body) }))
}
