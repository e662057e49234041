//! The interfaces of this network namespace, as the kernel reports them.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use ipnet::IpNet;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;

/// An interface: its index and its addresses with their networks.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    /// The kernel's index.
    pub ifindex: u32,
    /// Its IPv4 addresses.
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
        let ip = |storage: Option<nix::sys::socket::SockaddrStorage>| {
            storage.as_ref().and_then(|s| s.as_sockaddr_in()).map(|sin| IpAddr::V4(sin.ip()))
        };
        if let (Some(addr), Some(mask)) = (ip(entry.address), ip(entry.netmask))
            && let Ok(net) = IpNet::with_netmask(addr, mask)
            && let Some(interface) = found.get_mut(&entry.interface_name)
        {
            interface.addresses.push(net);
        }
    }
    Ok(found)
}
