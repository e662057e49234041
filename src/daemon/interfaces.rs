//! The interfaces of this network namespace, as the kernel reports them.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use ipnet::IpNet;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::SockaddrStorage;

/// An interface: its index and its addresses with their networks.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    /// The kernel's index.
    pub ifindex: u32,
    /// Its addresses of both families.
    pub addresses: Vec<IpNet>,
}

/// The interfaces of the calling thread's network namespace, by name.
///
/// # Errors
/// Errors of `getifaddrs` and `if_nametoindex`.
pub fn interfaces() -> io::Result<BTreeMap<String, Interface>> {
    let mut found: BTreeMap<String, Interface> = BTreeMap::new();
    for entry in getifaddrs()? {
        if !found.contains_key(&entry.interface_name) {
            let ifindex = if_nametoindex(entry.interface_name.as_str())?;
            let interface = Interface { ifindex, addresses: Vec::new() };
            found.insert(entry.interface_name.clone(), interface);
        }
        if let (Some(addr), Some(mask)) = (entry.address.and_then(ip), entry.netmask.and_then(ip))
            && let Ok(net) = IpNet::with_netmask(addr, mask)
            && let Some(interface) = found.get_mut(&entry.interface_name)
        {
            interface.addresses.push(net);
        }
    }
    Ok(found)
}

fn ip(storage: SockaddrStorage) -> Option<IpAddr> {
    let v4 = storage.as_sockaddr_in().map(|addr| IpAddr::V4(addr.ip()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|addr| IpAddr::V6(addr.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_either_family() {
        for text in ["192.0.2.1", "2001:db8::1"] {
            let addr: IpAddr = text.parse().unwrap();
            let storage = SockaddrStorage::from(std::net::SocketAddr::new(addr, 0));
            assert_eq!(ip(storage), Some(addr));
        }
    }
}
