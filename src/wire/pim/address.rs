//! Addresses as PIM writes them, with their family before them.
//!
//! Owns RFC 7761 section 4.9.1. Refuses families other than IPv4 and IPv6, and encodings other than
//! the native one, because the length of what follows is not known then. Mask lengths and flags are
//! kept as they are: which of them a receiver ignores is for the machine to decide
//! (RFC7761-4.9.1-01).

use std::fmt;
use std::net::IpAddr;

use crate::wire::{Malformed, Why};

use super::reader::Reader;

/// The native encoding of a family, which is the only one that is read.
const NATIVE: u8 = 0;

// Flags of an Encoded-Group address.
const BIDIRECTIONAL: u8 = 0x80;
const ZONE: u8 = 0x01;

// Flags of an Encoded-Source address.
const SPARSE: u8 = 0x04;
const WILDCARD: u8 = 0x02;
const RPT: u8 = 0x01;

/// An Encoded-Group address: one group or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EncodedGroup {
    /// The B bit, which RFC 7761 sends as zero and ignores (RFC7761-4.9.1-01).
    pub is_bidirectional: bool,
    /// The Z bit: an administratively scoped range, in Bootstrap messages (RFC 5059 section 4).
    pub is_zone: bool,
    /// Mask Len, in bits.
    pub mask: u8,
    /// Group multicast address.
    pub group: IpAddr,
}

impl EncodedGroup {
    /// One group without flags.
    #[must_use]
    pub const fn one(group: IpAddr) -> Self {
        Self { is_bidirectional: false, is_zone: false, mask: width(group), group }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let length = address_length(reader, "group address")?;
        let [flags, mask] = reader.octets("group address")?;
        let group = address(reader, "group address", length)?;
        let is_bidirectional = flags & BIDIRECTIONAL != 0;
        Ok(Self { is_bidirectional, is_zone: flags & ZONE != 0, mask, group })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let bidirectional = if self.is_bidirectional { BIDIRECTIONAL } else { 0 };
        let zone = if self.is_zone { ZONE } else { 0 };
        bytes.extend([family(self.group), NATIVE, bidirectional | zone, self.mask]);
        write_address(self.group, bytes);
    }
}

impl fmt::Display for EncodedGroup {
    /// As in `239.1.1.1` or `239.0.0.0/8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.group.fmt(f)?;
        if self.mask != width(self.group) {
            write!(f, "/{}", self.mask)?;
        }
        Ok(())
    }
}

/// An Encoded-Source address: the source, or in (*,G) the RP (RFC7761-4.9.5.1-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EncodedSource {
    /// The S bit, which sparse mode always sets.
    pub is_sparse: bool,
    /// The W bit: the entry is of (*,G).
    pub is_wildcard: bool,
    /// The R bit: the entry is of the RP's tree.
    pub is_rpt: bool,
    /// Mask Len, in bits.
    pub mask: u8,
    /// Source address.
    pub source: IpAddr,
}

impl EncodedSource {
    /// The entry of (S,G) (RFC7761-4.9.5.1-01).
    #[must_use]
    pub const fn source(source: IpAddr) -> Self {
        let mask = width(source);
        Self { is_sparse: true, is_wildcard: false, is_rpt: false, mask, source }
    }

    /// The entry of (S,G,rpt) (RFC7761-4.9.5.1-01).
    #[must_use]
    pub const fn source_rpt(source: IpAddr) -> Self {
        Self { is_rpt: true, ..Self::source(source) }
    }

    /// The entry of (*,G), with the RP's address (RFC7761-4.9.5.1-01).
    #[must_use]
    pub const fn any(rp: IpAddr) -> Self {
        Self { is_wildcard: true, is_rpt: true, ..Self::source(rp) }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let length = address_length(reader, "source address")?;
        let [flags, mask] = reader.octets("source address")?;
        let source = address(reader, "source address", length)?;
        let has = |flag| flags & flag != 0;
        let (is_sparse, is_wildcard, is_rpt) = (has(SPARSE), has(WILDCARD), has(RPT));
        Ok(Self { is_sparse, is_wildcard, is_rpt, mask, source })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(self.is_sparse, SPARSE)
            | flag(self.is_wildcard, WILDCARD)
            | flag(self.is_rpt, RPT);
        bytes.extend([family(self.source), NATIVE, flags, self.mask]);
        write_address(self.source, bytes);
    }
}

impl fmt::Display for EncodedSource {
    /// As in `10.0.0.1` for (S,G), `10.0.0.1(rpt)` for (S,G,rpt) and `*(10.0.0.1)` for (*,G).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_wildcard, self.is_rpt) {
            (true, _) => write!(f, "*({})", self.source)?,
            (false, true) => write!(f, "{}(rpt)", self.source)?,
            (false, false) => self.source.fmt(f)?,
        }
        if self.mask != width(self.source) {
            write!(f, "/{}", self.mask)?;
        }
        Ok(())
    }
}

/// Reads an Encoded-Unicast address.
pub(super) fn read_unicast(
    reader: &mut Reader<'_>,
    field: &'static str,
) -> Result<IpAddr, Malformed> {
    let length = address_length(reader, field)?;
    address(reader, field, length)
}

/// Writes an Encoded-Unicast address.
pub(super) fn write_unicast(address: IpAddr, bytes: &mut Vec<u8>) {
    bytes.extend([family(address), NATIVE]);
    write_address(address, bytes);
}

/// How many octets an address of a family has.
#[derive(Clone, Copy)]
enum Length {
    Four,
    Sixteen,
}

/// The largest mask length of an address.
const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The IANA number of the address family.
const fn family(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 1,
        IpAddr::V6(_) => 2,
    }
}

/// Reads Addr Family and Encoding Type.
fn address_length(reader: &mut Reader<'_>, field: &'static str) -> Result<Length, Malformed> {
    let [family, encoding] = reader.octets(field)?;
    if encoding != NATIVE {
        let why = Why::NotKnown { found: encoding, known: "encoding 0" };
        return Err(reader.malformed(field, 1, why));
    }
    match family {
        1 => Ok(Length::Four),
        2 => Ok(Length::Sixteen),
        found => {
            let known = "families 1 (IPv4) and 2 (IPv6)";
            Err(reader.malformed(field, 2, Why::NotKnown { found, known }))
        }
    }
}

fn address(
    reader: &mut Reader<'_>,
    field: &'static str,
    length: Length,
) -> Result<IpAddr, Malformed> {
    Ok(match length {
        Length::Four => IpAddr::from(reader.octets::<4>(field)?),
        Length::Sixteen => IpAddr::from(reader.octets::<16>(field)?),
    })
}

fn write_address(address: IpAddr, bytes: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => bytes.extend(address.octets()),
        IpAddr::V6(address) => bytes.extend(address.octets()),
    }
}
