//! Registers and Register-Stops.
//!
//! Owns RFC 7761 sections 4.9.3 and 4.9.4. The datagram in a Register is kept as octets, and only its
//! addresses are read. The checksum of a Register leaves the datagram out; where it covers the whole
//! message it is accepted as well (RFC7761-4.9.3-02), which the reader of all messages sees to.

use std::fmt;
use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;
use etherparse::{Ipv4Header, Ipv4HeaderSlice, Ipv6HeaderSlice};

use crate::wire::icmpv6::Ends;
use crate::wire::ip::{Datagram, Header, lower_hop_limit};
use crate::wire::{Malformed, Unencodable, Why, ipv6, seal, verify};

use super::address::{EncodedGroup, read_unicast, write_unicast};
use super::reader::Reader;
use super::{CHECKSUM_AT, HEAD, PIM, pseudo_header};

const DATAGRAM: &str = "datagram of a PIM Register";

/// The offset of the checksum in a header of IPv4.
const CHECKSUM_OF_IPV4: usize = 10;

const BORDER: u32 = 1 << 31;
const NULL: u32 = 1 << 30;

/// A Register: a datagram on its way to the RP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// The B bit, which is sent as zero and ignored (RFC7761-4.9.3-01).
    pub is_border: bool,
    /// The N bit: a Null-Register, which carries a header only.
    pub is_null: bool,
    /// The multicast datagram, IP header included.
    pub datagram: Vec<u8>,
}

impl Register {
    /// The Register of a datagram that a source has sent, with its Time to Live lowered by one
    /// (RFC7761-4.4.1-05), and the datagram's Type of Service or Traffic Class. `None` if it may not go on.
    #[must_use]
    pub fn of(datagram: &[u8]) -> Option<(Self, u8)> {
        let class = match *datagram {
            [first, second, ..] if first >> 4 == 6 => first << 4 | second >> 4,
            [_, second, ..] => second,
            _ => return None,
        };
        let mut datagram = datagram.to_vec();
        let goes_on = lower_hop_limit(&mut datagram);
        goes_on.then_some((Self { is_border: false, is_null: false, datagram }, class))
    }

    /// The Null-Register of a flow: a header, followed in IPv6 by a dummy header of PIM.
    ///
    /// # Errors
    /// Addresses of two families.
    pub fn null(source: IpAddr, destination: IpAddr) -> Result<Self, Unencodable> {
        let payload = match (source, destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let mut dummy = vec![0; HEAD];
                seal(
                    pseudo_header(Some(Ends { source, destination }), HEAD),
                    &mut dummy,
                    CHECKSUM_AT,
                );
                dummy
            }
            _ => Vec::new(),
        };
        let header = Header {
            source,
            destination,
            protocol: PIM,
            hop_limit: u8::MAX,
            class: 0,
            router_alert: false,
        };
        let datagram = Datagram { header, payload }.encode()?;
        Ok(Self { is_border: false, is_null: true, datagram })
    }

    /// Source and destination of the datagram. In a Null-Register a checksum of zero is none, and a wrong
    /// one is an error (RFC7761-4.9.3-03).
    ///
    /// # Errors
    /// No whole header of either version, or a wrong checksum of one.
    pub fn ends(&self) -> Result<(IpAddr, IpAddr), Malformed> {
        let bytes = &self.datagram[..];
        let no_header = |least| {
            let why = Why::TooFew { unit: "octets", found: bytes.len(), least };
            Malformed { message: DATAGRAM, field: "header", at: 0, why }
        };
        if bytes.first().is_some_and(|first| first >> 4 == 6) {
            let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| no_header(ipv6::HEADER))?;
            let (source, destination) = (header.source_addr(), header.destination_addr());
            if self.is_null
                && header.next_header().0 == PIM
                && let Some(dummy) = bytes[ipv6::HEADER..].first_chunk::<HEAD>()
                && dummy[CHECKSUM_AT..] != [0, 0]
            {
                let sum = pseudo_header(Some(Ends { source, destination }), HEAD);
                verify(DATAGRAM, sum, dummy, CHECKSUM_AT)?;
            }
            return Ok((source.into(), destination.into()));
        }
        let header =
            Ipv4HeaderSlice::from_slice(bytes).map_err(|_| no_header(Ipv4Header::MIN_LEN))?;
        if !(self.is_null && header.header_checksum() == 0) {
            verify(DATAGRAM, Sum16BitWords::new(), header.slice(), CHECKSUM_OF_IPV4)?;
        }
        Ok((header.source_addr().into(), header.destination_addr().into()))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let flags = reader.u32("flags")?;
        let datagram = reader.rest().to_vec();
        Ok(Self { is_border: flags & BORDER != 0, is_null: flags & NULL != 0, datagram })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags: u32 = flag(self.is_border, BORDER) | flag(self.is_null, NULL);
        bytes.extend(flags.to_be_bytes());
        bytes.extend(&self.datagram);
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.is_null { "Null-Register" } else { "Register" };
        write!(f, "PIM {name} of {} octets", self.datagram.len())
    }
}

/// A Register-Stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterStop {
    /// The group.
    pub group: EncodedGroup,
    /// The source; an address of zeros means all sources of the group.
    pub source: IpAddr,
}

impl RegisterStop {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let group = EncodedGroup::read(reader)?;
        Ok(Self { group, source: read_unicast(reader, "source address")? })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        self.group.write(bytes);
        write_unicast(self.source, bytes);
    }
}

impl fmt::Display for RegisterStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PIM Register-Stop ({}, {})", self.source, self.group)
    }
}
