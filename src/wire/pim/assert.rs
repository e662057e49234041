//! Asserts.
//!
//! Owns RFC 7761 section 4.9.6.

use std::fmt;
use std::net::IpAddr;

use crate::wire::{Malformed, Unencodable};

use super::address::{EncodedGroup, read_unicast, write_unicast};
use super::reader::Reader;
use super::{ASSERT, narrow};

/// The R bit before the Metric Preference.
const RPT: u32 = 1 << 31;

/// The metric preference of an AssertCancel: all bits of the field.
pub const INFINITE_PREFERENCE: u32 = !RPT;

/// The metric of an AssertCancel.
pub const INFINITE_METRIC: u32 = u32::MAX;

/// An Assert: how well its sender reaches the source or the RP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assert {
    /// The group.
    pub group: EncodedGroup,
    /// The source; in an Assert of (*,G) zeros or the source that caused it (RFC7761-4.9.6-01).
    pub source: IpAddr,
    /// The R bit: the metric is that of the way to the RP.
    pub is_rpt: bool,
    /// Metric Preference, at most 2^31 - 1; smaller is better.
    pub preference: u32,
    /// Metric; smaller is better.
    pub metric: u32,
}

impl Assert {
    /// Whether it is an AssertCancel: its sender has nothing to forward any more (RFC 7761 section 4.6.4).
    #[must_use]
    pub const fn is_cancel(&self) -> bool {
        self.is_rpt && self.preference == INFINITE_PREFERENCE && self.metric == INFINITE_METRIC
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let group = EncodedGroup::read(reader)?;
        let source = read_unicast(reader, "source address")?;
        let preference = reader.u32("metric preference")?;
        let metric = reader.u32("metric")?;
        let is_rpt = preference & RPT != 0;
        Ok(Self { group, source, is_rpt, preference: preference & !RPT, metric })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        let most = RPT as usize - 1;
        let preference: u32 = narrow(ASSERT, "metric preference", self.preference as usize, most)?;
        self.group.write(bytes);
        write_unicast(self.source, bytes);
        bytes.extend((preference | if self.is_rpt { RPT } else { 0 }).to_be_bytes());
        bytes.extend(self.metric.to_be_bytes());
        Ok(())
    }
}

impl fmt::Display for Assert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, source, preference, metric, .. } = self;
        let name = if self.is_cancel() { "PIM AssertCancel" } else { ASSERT };
        write!(f, "{name} ({source}, {group})")?;
        if self.is_cancel() {
            return Ok(());
        }
        f.write_str(if self.is_rpt { " on the RP's tree" } else { "" })?;
        write!(f, ": preference {preference}, metric {metric}")
    }
}
