//! The address family of a model: its well-known groups, and its messages as packets.
//!
//! The models are generic over the address, so that IPv4 costs what it did, and an address of one
//! family never meets the other. What Linux does differently in a family is data of each model.
//! Versions are numbered as in IGMP: MLDv1 is version 2, and MLDv2 version 3.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use castnet::addr::Family;
use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv6::Ipv6Header;
use castnet::wire::v3::{Address, QueryPart, Report};
use castnet::wire::{igmp, ipv4, mld};

/// An address of one family.
pub trait Inet: Address + Ord + fmt::Debug + Into<IpAddr> {
    /// The family.
    const FAMILY: Family;
    /// 0.0.0.0, or `::`.
    const NOBODY: Self;
    /// All hosts of the link.
    const ALL_HOSTS: Self;
    /// All routers of the link, to which Leaves go.
    const ALL_ROUTERS: Self;
    /// All routers that hear Reports of version 3.
    const ALL_V3_ROUTERS: Self;
    /// Octets of an IP header with Router Alert.
    const HEADER: usize;

    /// The address, if it is of this family.
    fn of(address: IpAddr) -> Option<Self>;

    /// The address of the host with this number behind a port with this address; host 0 has the
    /// port's.
    fn of_host(self, number: u32) -> Self;

    /// Whether datagrams to the group stay on the link.
    fn is_link_local(self) -> bool;

    /// The packet that carries a message.
    fn packet(self, to: Self, said: Said<Self>) -> Vec<u8>;
}

/// A message of group management.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<A> {
    /// A Query with this code of its Max Response Time.
    Query {
        /// The code.
        code: u16,
        /// The group, or the unspecified address.
        group: A,
        /// What only version 3 has.
        part: Option<QueryPart<A>>,
    },
    /// A Report of version 1, which MLD does not have.
    V1Report(A),
    /// A Report of version 2.
    Report(A),
    /// A Leave, or a Done.
    Leave(A),
    /// A Report of version 3.
    Records(Report<A>),
}

impl Inet for Ipv4Addr {
    const FAMILY: Family = Family::V4;
    const NOBODY: Self = Self::UNSPECIFIED;
    const ALL_HOSTS: Self = Self::new(224, 0, 0, 1);
    const ALL_ROUTERS: Self = Self::new(224, 0, 0, 2);
    const ALL_V3_ROUTERS: Self = Self::new(224, 0, 0, 22);
    const HEADER: usize = 24;

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }

    fn of_host(self, number: u32) -> Self {
        Self::from_bits(self.to_bits() + number)
    }

    fn is_link_local(self) -> bool {
        self.octets()[..3] == [224, 0, 0]
    }

    fn packet(self, to: Self, said: Said<Self>) -> Vec<u8> {
        let message = match said {
            Said::Query { code, group, part: v3 } => {
                // The kernel cuts the code to its octet.
                igmp::Message::Query(igmp::Query { max_resp_code: code as u8, group, v3 })
            }
            Said::V1Report(group) => igmp::Message::V1Report { group },
            Said::Report(group) => igmp::Message::V2Report { group },
            Said::Leave(group) => igmp::Message::Leave { group },
            Said::Records(report) => igmp::Message::V3Report(report),
        };
        ipv4::encode_igmp(self, to, &message).expect("what the kernel says fits a packet")
    }
}

impl Inet for Ipv6Addr {
    const FAMILY: Family = Family::V6;
    const NOBODY: Self = Self::UNSPECIFIED;
    const ALL_HOSTS: Self = Self::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    const ALL_ROUTERS: Self = Self::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
    const ALL_V3_ROUTERS: Self = Self::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);
    const HEADER: usize = 48;

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address),
        }
    }

    /// The interface identifiers of ports differ in the lower half, and are no host's.
    fn of_host(self, number: u32) -> Self {
        let identifier = if number == 0 { 0 } else { 1 << 58 | u128::from(number) << 32 };
        Self::from_bits(self.to_bits() + identifier)
    }

    fn is_link_local(self) -> bool {
        self.octets()[1] & 0x0f <= 2
    }

    fn packet(self, to: Self, said: Said<Self>) -> Vec<u8> {
        let message = match said {
            Said::Query { code: max_resp_code, group, part: v2 } => {
                mld::Message::Query(mld::Query { max_resp_code, group, v2 })
            }
            Said::V1Report(group) | Said::Report(group) => mld::Message::V1Report { group },
            Said::Leave(group) => mld::Message::Done { group },
            Said::Records(report) => mld::Message::V2Report(report),
        };
        let octets = message.encode(Ends { source: self, destination: to });
        let packet = octets.and_then(|octets| Ipv6Header::mld(self, to).encode(&octets));
        packet.expect("what the kernel says fits a packet")
    }
}
