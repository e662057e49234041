//! The address families that the laboratory supports: IPv4.
//!
//! Plans, recordings and captures carry both families. Code that turns an address into octets or
//! into a socket calls this module, which refuses IPv6 in these words, so that no IPv6 address is
//! silently dropped. A search for the callers of [`spoken`] finds every place that IPv6 needs.

use std::net::{IpAddr, Ipv4Addr};

use castnet::addr::Group;
use ipnet::{IpNet, Ipv4Net};

/// An address, a network or a group of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: IPv6 is not spoken by the laboratory yet")]
pub struct Unspoken<T>(pub T);

/// The address as IPv4.
///
/// # Errors
/// The address is IPv6.
pub const fn spoken(address: IpAddr) -> Result<Ipv4Addr, Unspoken<IpAddr>> {
    match address {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => Err(Unspoken(address)),
    }
}

/// The network as IPv4.
///
/// # Errors
/// The network is IPv6.
pub const fn spoken_net(network: IpNet) -> Result<Ipv4Net, Unspoken<IpNet>> {
    match network {
        IpNet::V4(network) => Ok(network),
        IpNet::V6(_) => Err(Unspoken(network)),
    }
}

/// The group's address as IPv4.
///
/// # Errors
/// The group is IPv6.
pub const fn spoken_group(group: Group) -> Result<Ipv4Addr, Unspoken<IpAddr>> {
    spoken(group.addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_is_refused_with_the_address_and_never_taken_for_none() {
        let group = Group::new("ff3e::1".parse().unwrap()).unwrap();
        let refusals = [
            spoken(IpAddr::V6("fe80::1".parse().unwrap())).unwrap_err().to_string(),
            spoken_group(group).unwrap_err().to_string(),
            spoken_net("2001:db8::/64".parse().unwrap()).unwrap_err().to_string(),
        ];
        let words = "IPv6 is not spoken by the laboratory yet";
        let expected = ["fe80::1", "ff3e::1", "2001:db8::/64"];
        assert_eq!(refusals, expected.map(|address| format!("{address}: {words}")));
    }
}
