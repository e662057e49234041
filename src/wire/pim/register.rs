//! Registers and Register-Stops.
//!
//! Owns RFC 7761 sections 4.9.3 and 4.9.4. The datagram in a Register is kept as octets. The
//! checksum of a Register leaves the datagram out; where it covers the whole message it is accepted
//! as well (RFC7761-4.9.3-02), which the reader of all messages sees to.

use std::fmt;
use std::net::IpAddr;

use crate::wire::Malformed;

use super::address::{EncodedGroup, read_unicast, write_unicast};
use super::reader::Reader;

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
