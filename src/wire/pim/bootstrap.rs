//! Bootstrap messages and Candidate-RP-Advertisements.
//!
//! Owns RFC 5059 sections 4.1 and 4.2. Fragments of a Bootstrap message are read one by one; the
//! machine puts them together by their tag.

use std::fmt;
use std::net::IpAddr;

use crate::wire::{Malformed, Unencodable};

use super::address::{EncodedGroup, read_unicast, write_unicast};
use super::reader::Reader;
use super::{ADVERTISEMENT, BOOTSTRAP, narrow};

/// A Bootstrap message, or one fragment of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// The N bit: the message is not to be forwarded. It stands in the header of the message.
    pub is_final: bool,
    /// Fragment Tag: equal in all fragments of one message.
    pub tag: u16,
    /// Hash Mask Len, in bits.
    pub hash_mask: u8,
    /// BSR Priority; the largest wins.
    pub priority: u8,
    /// BSR Address.
    pub router: IpAddr,
    /// The ranges of groups, in the order of the message.
    pub ranges: Vec<Range>,
}

/// The RPs of one range of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The range.
    pub group: EncodedGroup,
    /// RP Count: how many RPs the range has in all fragments. Zero withdraws the range.
    pub count: u8,
    /// The RPs in this fragment.
    pub rps: Vec<Rp>,
}

/// An RP of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rp {
    /// RP Address.
    pub address: IpAddr,
    /// RP Holdtime, in seconds.
    pub holdtime: u16,
    /// RP Priority; the smallest wins.
    pub priority: u8,
}

impl Range {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let group = EncodedGroup::read(reader)?;
        let [count, here, _, _] = reader.octets("RP count")?;
        let rps = (0..here).map(|_| Rp::read(reader)).collect::<Result<_, _>>()?;
        Ok(Self { group, count, rps })
    }

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        self.group.write(bytes);
        let here = narrow(BOOTSTRAP, "Frag RP count", self.rps.len(), u8::MAX.into())?;
        bytes.extend([self.count, here, 0, 0]);
        self.rps.iter().for_each(|rp| rp.write(bytes));
        Ok(())
    }
}

impl Rp {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let address = read_unicast(reader, "RP address")?;
        let holdtime = reader.u16("RP holdtime")?;
        let [priority, _] = reader.octets("RP priority")?;
        Ok(Self { address, holdtime, priority })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        write_unicast(self.address, bytes);
        bytes.extend(self.holdtime.to_be_bytes());
        bytes.extend([self.priority, 0]);
    }
}

impl Bootstrap {
    /// Reads what follows the header, in which the N bit stands.
    pub(super) fn read(reader: &mut Reader<'_>, is_final: bool) -> Result<Self, Malformed> {
        let tag = reader.u16("fragment tag")?;
        let [hash_mask, priority] = reader.octets("BSR priority")?;
        let router = read_unicast(reader, "BSR address")?;
        let mut ranges = Vec::new();
        while !reader.is_empty() {
            ranges.push(Range::read(reader)?);
        }
        Ok(Self { is_final, tag, hash_mask, priority, router, ranges })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        bytes.extend(self.tag.to_be_bytes());
        bytes.extend([self.hash_mask, self.priority]);
        write_unicast(self.router, bytes);
        self.ranges.iter().try_for_each(|range| range.write(bytes))
    }
}

impl fmt::Display for Bootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { router, priority, hash_mask, .. } = self;
        write!(f, "{BOOTSTRAP} of {router}: priority {priority}, hash mask {hash_mask}")?;
        for Range { group, rps, .. } in &self.ranges {
            write!(f, ", {group} by")?;
            match rps.as_slice() {
                [] => f.write_str(" no RP")?,
                rps => rps.iter().try_for_each(|rp| write!(f, " {}", rp.address))?,
            }
        }
        Ok(())
    }
}

/// A Candidate-RP-Advertisement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// The RP's address, holdtime and priority.
    pub rp: Rp,
    /// The ranges that it offers to serve; none means all groups (RFC 5059 section 4.2).
    pub groups: Vec<EncodedGroup>,
}

impl Advertisement {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [count, priority] = reader.octets("prefix count")?;
        let holdtime = reader.u16("holdtime")?;
        let address = read_unicast(reader, "RP address")?;
        let groups = (0..count).map(|_| EncodedGroup::read(reader)).collect::<Result<_, _>>()?;
        Ok(Self { rp: Rp { address, holdtime, priority }, groups })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        let count = narrow(ADVERTISEMENT, "prefix count", self.groups.len(), u8::MAX.into())?;
        bytes.extend([count, self.rp.priority]);
        bytes.extend(self.rp.holdtime.to_be_bytes());
        write_unicast(self.rp.address, bytes);
        self.groups.iter().for_each(|group| group.write(bytes));
        Ok(())
    }
}

impl fmt::Display for Advertisement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rp { address, holdtime, priority } = self.rp;
        write!(f, "{ADVERTISEMENT} {address}: priority {priority}, holdtime {holdtime} s, groups")?;
        match self.groups.as_slice() {
            [] => f.write_str(" all"),
            groups => groups.iter().try_for_each(|group| write!(f, " {group}")),
        }
    }
}
