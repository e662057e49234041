//! Hellos and their options.
//!
//! Owns RFC 7761 section 4.9.2. An option of an unknown type is kept with its octets, because it must
//! not prevent an adjacency (RFC7761-4.9.2-01). Refuses an option of a known type with another
//! length than the type has.

use std::fmt;
use std::net::IpAddr;

use crate::wire::{Malformed, Unencodable, Why};

use super::address::{read_unicast, write_unicast};
use super::reader::Reader;
use super::{HELLO, narrow};

const HOLDTIME: u16 = 1;
const LAN_PRUNE_DELAY: u16 = 2;
const DR_PRIORITY: u16 = 19;
const GENERATION_ID: u16 = 20;
const ADDRESS_LIST: u16 = 24;

/// The T bit of LAN Prune Delay.
const TRACKING: u16 = 0x8000;

/// A Hello: its options in the order of the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The options.
    pub options: Vec<HelloOption>,
}

/// An option of a Hello (RFC 7761 section 4.9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelloOption {
    /// 1: how long the neighbour lives without another Hello, in seconds; 0xffff never ends and zero
    /// ends at once (RFC7761-4.9.2-02).
    Holdtime(u16),
    /// 2: the delays that the neighbour reckons with on the LAN.
    LanPruneDelay {
        /// The T bit: Joins of others need not be suppressed, and each downstream router is tracked.
        can_track: bool,
        /// `Propagation_Delay`, in milliseconds, at most 32767.
        propagation_delay: u16,
        /// `Override_Interval`, in milliseconds.
        override_interval: u16,
    },
    /// 19: the priority in the election of the Designated Router; the largest wins.
    DrPriority(u32),
    /// 20: a number that the neighbour draws whenever it starts.
    GenerationId(u32),
    /// 24: the secondary addresses of the interface, in whatever family.
    AddressList(Vec<IpAddr>),
    /// Any other type.
    Unknown {
        /// `OptionType`.
        kind: u16,
        /// `OptionValue`.
        value: Vec<u8>,
    },
}

impl HelloOption {
    /// `OptionType`.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Holdtime(_) => HOLDTIME,
            Self::LanPruneDelay { .. } => LAN_PRUNE_DELAY,
            Self::DrPriority(_) => DR_PRIORITY,
            Self::GenerationId(_) => GENERATION_ID,
            Self::AddressList(_) => ADDRESS_LIST,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let kind = reader.u16("option type")?;
        let length = reader.u16("option length")?;
        let mut value = reader.split("option length", length.into())?;
        let option = match kind {
            HOLDTIME => Self::Holdtime(value.u16("Holdtime")?),
            LAN_PRUNE_DELAY => {
                let delay = value.u16("LAN Prune Delay")?;
                Self::LanPruneDelay {
                    can_track: delay & TRACKING != 0,
                    propagation_delay: delay & !TRACKING,
                    override_interval: value.u16("LAN Prune Delay")?,
                }
            }
            DR_PRIORITY => Self::DrPriority(value.u32("DR Priority")?),
            GENERATION_ID => Self::GenerationId(value.u32("Generation ID")?),
            ADDRESS_LIST => {
                let mut addresses = Vec::new();
                while !value.is_empty() {
                    addresses.push(read_unicast(&mut value, "Address List")?);
                }
                Self::AddressList(addresses)
            }
            kind => Self::Unknown { kind, value: value.rest().to_vec() },
        };
        if !value.is_empty() {
            let right = usize::from(length) - value.len();
            let why = Why::Length { found: length.into(), right };
            return Err(value.malformed("option length", right + 2, why));
        }
        Ok(option)
    }

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        let mut value = Vec::new();
        match self {
            Self::Holdtime(seconds) => value.extend(seconds.to_be_bytes()),
            Self::LanPruneDelay { can_track, propagation_delay, override_interval } => {
                let most = usize::from(!TRACKING);
                let delay: u16 =
                    narrow(HELLO, "Propagation_Delay", (*propagation_delay).into(), most)?;
                let tracking = if *can_track { TRACKING } else { 0 };
                value.extend((delay | tracking).to_be_bytes());
                value.extend(override_interval.to_be_bytes());
            }
            Self::DrPriority(number) | Self::GenerationId(number) => {
                value.extend(number.to_be_bytes());
            }
            Self::AddressList(addresses) => {
                addresses.iter().for_each(|address| write_unicast(*address, &mut value));
            }
            Self::Unknown { value: octets, .. } => value.extend(octets),
        }
        let length: u16 = narrow(HELLO, "option length", value.len(), u16::MAX.into())?;
        bytes.extend(self.kind().to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(value);
        Ok(())
    }
}

impl Hello {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut options = Vec::new();
        while !reader.is_empty() {
            options.push(HelloOption::read(reader)?);
        }
        Ok(Self { options })
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        self.options.iter().try_for_each(|option| option.write(bytes))
    }
}

impl fmt::Display for HelloOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holdtime(u16::MAX) => f.write_str("holdtime for ever"),
            Self::Holdtime(seconds) => write!(f, "holdtime {seconds} s"),
            Self::LanPruneDelay { can_track, propagation_delay, override_interval } => {
                write!(f, "propagation delay {propagation_delay} ms")?;
                write!(f, ", override interval {override_interval} ms")?;
                f.write_str(if *can_track { ", tracking" } else { "" })
            }
            Self::DrPriority(priority) => write!(f, "DR priority {priority}"),
            Self::GenerationId(id) => write!(f, "generation ID {id:#010x}"),
            Self::AddressList(addresses) => {
                f.write_str("addresses")?;
                addresses.iter().try_for_each(|address| write!(f, " {address}"))
            }
            Self::Unknown { kind, value } => {
                write!(f, "option {kind} of {} octets", value.len())
            }
        }
    }
}

impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HELLO)?;
        for (index, option) in self.options.iter().enumerate() {
            write!(f, "{}{option}", if index == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}
