//! What a Linux bridge does differently with IGMP and with MLD.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use castnet::wire::float::{decode_float, decode_float_16};

use super::octets::{self, Read};
use crate::sim::model::inet::Inet;

/// An address of a family that a bridge snoops.
pub trait BridgeInet: Inet {
    /// The unit of a Query's code of its Max Response Time.
    const UNIT: Duration;
    /// Whether any Query is accepted while no querier has been elected yet, whoever runs a timer.
    const ACCEPTS_ANY_FIRST: bool;
    /// The Max Response Time of a short Query without one, which is then general; `None` if such a
    /// Query is ignored.
    const SHORT_WITHOUT_TIME: Option<Duration>;

    /// Whether the group may have members here. Other groups are forwarded everywhere.
    fn is_kept(self) -> bool;

    /// Whether the address may be the source of a group.
    fn may_be_source(self) -> bool;

    /// Reads a packet in a frame to a group.
    fn read(packet: &[u8]) -> Read<'_, Self>;

    /// The units of a code of version 3.
    fn newer_units(code: u16) -> u32;
}

impl BridgeInet for Ipv4Addr {
    const UNIT: Duration = Duration::from_millis(100);
    const ACCEPTS_ANY_FIRST: bool = true;
    const SHORT_WITHOUT_TIME: Option<Duration> = Some(Duration::from_secs(10));

    fn is_kept(self) -> bool {
        !self.is_link_local()
    }

    fn may_be_source(self) -> bool {
        self.octets()[0] != 0 && !self.is_multicast()
    }

    fn read(packet: &[u8]) -> Read<'_, Self> {
        octets::read_igmp(packet)
    }

    fn newer_units(code: u16) -> u32 {
        decode_float(code as u8)
    }
}

impl BridgeInet for Ipv6Addr {
    const UNIT: Duration = Duration::from_millis(1);
    const ACCEPTS_ANY_FIRST: bool = false;
    const SHORT_WITHOUT_TIME: Option<Duration> = None;

    fn is_kept(self) -> bool {
        self != Self::ALL_HOSTS
    }

    fn may_be_source(self) -> bool {
        self != Self::NOBODY && !self.is_multicast()
    }

    fn read(packet: &[u8]) -> Read<'_, Self> {
        octets::read_mld(packet)
    }

    fn newer_units(code: u16) -> u32 {
        decode_float_16(code)
    }
}
