//! Groups that the machine itself joins, so that switches and other routers bring their streams here.
//!
//! Owns sections 4.1 and 5.1 of RFC 3678, over as many sockets as it takes: the kernel limits the groups
//! of a socket, and the sources of a group. The sockets receive nothing. Refuses nothing by itself; the
//! kernel's errors are handed on.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, setsockopt, socket};

use super::sys::{self, STORAGE};

/// A group, or one source of it, on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Join {
    /// The index of the device.
    pub ifindex: u32,
    /// The source; every source unless given.
    pub source: Option<IpAddr>,
    /// The group, of the family of the source.
    pub group: IpAddr,
}

/// What is joined, until it is dropped.
#[derive(Debug, Default)]
pub struct Joined {
    v4: Vec<OwnedFd>,
    v6: Vec<OwnedFd>,
    /// The place of the socket of each.
    held: BTreeMap<Join, usize>,
}

impl Joined {
    /// Everything that is joined.
    pub fn all(&self) -> impl Iterator<Item = &Join> {
        self.held.keys()
    }

    /// Joins, unless that is done already.
    ///
    /// # Errors
    /// The kernel refuses the group on the device, or another socket.
    pub fn join(&mut self, join: Join) -> nix::Result<()> {
        if self.held.contains_key(&join) {
            return Ok(());
        }
        let sockets = if join.group.is_ipv4() { &mut self.v4 } else { &mut self.v6 };
        // Those before the last one are full, or were when it was opened.
        let last = sockets.len().saturating_sub(1);
        for (place, socket) in sockets.iter().enumerate().skip(last) {
            match set(socket, &join, true) {
                // Full; or the socket has the group with another filter.
                Err(Errno::ENOBUFS | Errno::ENOMEM | Errno::EINVAL | Errno::EADDRINUSE) => {}
                Err(other) => return Err(other),
                Ok(()) => {
                    self.held.insert(join, place);
                    return Ok(());
                }
            }
        }
        let family = if join.group.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let further = socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        set(&further, &join, true)?;
        self.held.insert(join, sockets.len());
        sockets.push(further);
        Ok(())
    }

    /// Ends what was joined. With its device it has ended already.
    pub fn leave(&mut self, join: &Join) {
        let Some(place) = self.held.remove(join) else { return };
        let sockets = if join.group.is_ipv4() { &self.v4 } else { &self.v6 };
        if let Some(socket) = sockets.get(place) {
            _ = set(socket, join, false);
        }
        if self.held.is_empty() {
            (self.v4, self.v6) = (Vec::new(), Vec::new());
        }
    }
}

fn set(fd: &OwnedFd, join: &Join, joins: bool) -> nix::Result<()> {
    let head = {
        let mut head = [0; size_of::<usize>() + STORAGE];
        head[..4].copy_from_slice(&join.ifindex.to_ne_bytes());
        head[size_of::<usize>()..].copy_from_slice(&address(join.group));
        head
    };
    let Some(source) = join.source else {
        return match (join.group, joins) {
            (IpAddr::V4(_), true) => setsockopt(fd, sys::JoinGroup4, &head),
            (IpAddr::V4(_), false) => setsockopt(fd, sys::LeaveGroup4, &head),
            (IpAddr::V6(_), true) => setsockopt(fd, sys::JoinGroup6, &head),
            (IpAddr::V6(_), false) => setsockopt(fd, sys::LeaveGroup6, &head),
        };
    };
    let mut request = [0; size_of::<usize>() + 2 * STORAGE];
    request[..head.len()].copy_from_slice(&head);
    request[head.len()..].copy_from_slice(&address(source));
    match (join.group, joins) {
        (IpAddr::V4(_), true) => setsockopt(fd, sys::JoinSource4, &request),
        (IpAddr::V4(_), false) => setsockopt(fd, sys::LeaveSource4, &request),
        (IpAddr::V6(_), true) => setsockopt(fd, sys::JoinSource6, &request),
        (IpAddr::V6(_), false) => setsockopt(fd, sys::LeaveSource6, &request),
    }
}

/// A `sockaddr_in` or `sockaddr_in6` in a `sockaddr_storage`.
fn address(address: IpAddr) -> [u8; STORAGE] {
    let mut storage = [0; STORAGE];
    let (family, at) = match address {
        IpAddr::V4(_) => (libc::AF_INET, 4),
        IpAddr::V6(_) => (libc::AF_INET6, 8),
    };
    // The number of a family has one octet that is not zero.
    storage[..2].copy_from_slice(&(family as libc::sa_family_t).to_ne_bytes());
    match address {
        IpAddr::V4(address) => storage[at..at + 4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => storage[at..at + 16].copy_from_slice(&address.octets()),
    }
    storage
}
