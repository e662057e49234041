//! Join/Prune messages, and Graft messages, which are written alike.
//!
//! Owns RFC 7761 section 4.9.5, and RFC 3973 section 4.7.6 as far as octets go. Contradictory
//! entries and entries of another family than the upstream neighbour's are kept: the machine ignores
//! them (RFC7761-4.9.5-02).

use std::fmt;
use std::net::IpAddr;

use crate::wire::{Malformed, Unencodable};

use super::address::{EncodedGroup, EncodedSource, read_unicast, write_unicast};
use super::narrow;
use super::reader::Reader;

/// A Join/Prune message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinPrune {
    /// Upstream Neighbor Address: the router on the link that is meant.
    pub upstream: IpAddr,
    /// How long the receiver keeps the state, in seconds; 0xffff is for ever.
    pub holdtime: u16,
    /// The groups, in the order of the message.
    pub groups: Vec<GroupEntries>,
}

/// What a Join/Prune message says of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEntries {
    /// The group, or a range of them.
    pub group: EncodedGroup,
    /// Joined sources.
    pub joins: Vec<EncodedSource>,
    /// Pruned sources.
    pub prunes: Vec<EncodedSource>,
}

impl GroupEntries {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let group = EncodedGroup::read(reader)?;
        let joins = reader.u16("number of joined sources")?;
        let prunes = reader.u16("number of pruned sources")?;
        let mut sources =
            |count| (0..count).map(|_| EncodedSource::read(reader)).collect::<Result<_, _>>();
        Ok(Self { group, joins: sources(joins)?, prunes: sources(prunes)? })
    }

    fn write(&self, message: &'static str, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        self.group.write(bytes);
        for (field, sources) in
            [("number of joined sources", &self.joins), ("number of pruned sources", &self.prunes)]
        {
            let count: u16 = narrow(message, field, sources.len(), u16::MAX.into())?;
            bytes.extend(count.to_be_bytes());
        }
        self.joins.iter().chain(&self.prunes).for_each(|source| source.write(bytes));
        Ok(())
    }
}

impl JoinPrune {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let upstream = read_unicast(reader, "upstream neighbor address")?;
        let [_, count] = reader.octets("number of groups")?;
        let holdtime = reader.u16("holdtime")?;
        let groups = (0..count).map(|_| GroupEntries::read(reader)).collect::<Result<_, _>>()?;
        Ok(Self { upstream, holdtime, groups })
    }

    pub(super) fn write(
        &self,
        message: &'static str,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Unencodable> {
        write_unicast(self.upstream, bytes);
        let count: u8 = narrow(message, "number of groups", self.groups.len(), u8::MAX.into())?;
        bytes.extend([0, count]);
        bytes.extend(self.holdtime.to_be_bytes());
        self.groups.iter().try_for_each(|group| group.write(message, bytes))
    }
}

impl fmt::Display for JoinPrune {
    /// As in ` to 10.0.1.1: 239.1.1.1 join *(10.0.0.1) prune 10.0.2.1(rpt), holdtime 210 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " to {}: ", self.upstream)?;
        for entries in &self.groups {
            entries.group.fmt(f)?;
            for (word, sources) in [("join", &entries.joins), ("prune", &entries.prunes)] {
                for (index, source) in sources.iter().enumerate() {
                    match index {
                        0 => write!(f, " {word} {source}")?,
                        _ => write!(f, " {source}")?,
                    }
                }
            }
            f.write_str(", ")?;
        }
        write!(f, "holdtime {} s", self.holdtime)
    }
}
