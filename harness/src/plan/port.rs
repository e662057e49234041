//! An interface of a node on a link, and which of its addresses is for what.
//!
//! Owns which address MLD is spoken from (RFC 2710 section 4, RFC 3810 section 5.1.14).

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{LinkId, NodeId};

/// The prefix length of link-local addresses (RFC 4291 section 2.5.6).
pub const LINK_LOCAL_LENGTH: u8 = 64;

/// An interface of a node on a link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Port {
    /// The node.
    pub node: NodeId,
    /// The link.
    pub link: LinkId,
    /// Its primary address; `None` for a port of a switch.
    pub address: Option<IpAddr>,
    /// Its further addresses, on the same network.
    pub secondary: Vec<IpAddr>,
    /// Its link-local address, which follows from `mac` (RFC 4291 section 2.5.1); `None` in IPv4 and
    /// for a port of a switch.
    pub link_local: Option<Ipv6Addr>,
    /// Its Ethernet address.
    pub mac: [u8; 6],
}

impl Port {
    /// All its addresses that can be reached from other links, the primary one first; a port of a
    /// switch has none.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.address.iter().chain(&self.secondary).copied()
    }

    /// Whether the address is one of its own.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.speaks_from() == Some(address) || self.addresses().any(|own| own == address)
    }

    /// The address that it sends messages of group management from: the link-local one of IPv6
    /// (RFC2710-4-01, RFC3810-5.1.14-01), or the primary one; `None` for a port of a switch.
    #[must_use]
    pub fn speaks_from(&self) -> Option<IpAddr> {
        self.link_local.map(IpAddr::V6).or(self.address)
    }

    /// All its addresses with their networks: the primary one first, the link-local one last; a port
    /// of a switch has none.
    #[must_use]
    pub fn networks(&self, subnet: IpNet) -> Vec<IpNet> {
        let with = |address, length| IpNet::new(address, length).ok();
        // The prefix is that of the subnet, which is valid.
        let global = self.addresses().filter_map(|address| with(address, subnet.prefix_len()));
        let link_local =
            self.link_local.and_then(|address| with(address.into(), LINK_LOCAL_LENGTH));
        global.chain(link_local).collect()
    }
}
