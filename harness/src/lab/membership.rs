//! Memberships of sockets with their source filters, by the options that both families share.
//!
//! Owns sections 4.1 and 5.1 of RFC 3678: `MCAST_JOIN_GROUP` and its sisters. The kernel checks
//! everything; its errors are handed on.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use super::sys;

/// Octets of a `sockaddr_storage`.
const STORAGE: usize = 128;

/// The group of a socket on an interface.
#[derive(Clone, Copy, Debug)]
pub struct Membership<'s> {
    socket: BorrowedFd<'s>,
    ifindex: u32,
    group: IpAddr,
}

impl<'s> Membership<'s> {
    /// The group on the interface, for this socket; nothing is joined yet.
    #[must_use]
    pub fn of(socket: &'s impl AsFd, ifindex: u32, group: IpAddr) -> Self {
        Self { socket: socket.as_fd(), ifindex, group }
    }

    /// Joins all sources.
    ///
    /// # Errors
    /// Errors of `MCAST_JOIN_GROUP`.
    pub fn join(self) -> io::Result<()> {
        self.set(libc::MCAST_JOIN_GROUP, &self.head())
    }

    /// Leaves the group, whatever the filter.
    ///
    /// # Errors
    /// Errors of `MCAST_LEAVE_GROUP`.
    pub fn leave(self) -> io::Result<()> {
        self.set(libc::MCAST_LEAVE_GROUP, &self.head())
    }

    /// Joins one source of the group.
    ///
    /// # Errors
    /// Errors of `MCAST_JOIN_SOURCE_GROUP`.
    pub fn join_source(self, source: IpAddr) -> io::Result<()> {
        let mut request = self.head();
        request.extend(address(source));
        self.set(libc::MCAST_JOIN_SOURCE_GROUP, &request)
    }

    /// Replaces the filter of a group that was joined: only these sources are wanted, or all except
    /// these.
    ///
    /// # Errors
    /// Errors of `MCAST_MSFILTER`; more sources than `net.ipv4.igmp_max_msf` are refused.
    pub fn filter(self, excluded: bool, sources: &BTreeSet<IpAddr>) -> io::Result<()> {
        let mode = if excluded { libc::MCAST_EXCLUDE } else { libc::MCAST_INCLUDE };
        let count = u32::try_from(sources.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut request = self.head();
        request.extend((mode as u32).to_ne_bytes());
        request.extend(count.to_ne_bytes());
        sources.iter().for_each(|&source| request.extend(address(source)));
        self.set(libc::MCAST_MSFILTER, &request)
    }

    /// The interface and the group: `struct group_req`, and the beginning of the other two.
    fn head(self) -> Vec<u8> {
        let mut head = self.ifindex.to_ne_bytes().to_vec();
        // The address is aligned like a pointer.
        head.resize(size_of::<usize>(), 0);
        head.extend(address(self.group));
        head
    }

    fn set(self, option: libc::c_int, request: &[u8]) -> io::Result<()> {
        let level = match self.group {
            IpAddr::V4(_) => libc::IPPROTO_IP,
            IpAddr::V6(_) => libc::IPPROTO_IPV6,
        };
        sys::set_option(self.socket, level, option, request)
    }
}

/// A `sockaddr_in` or `sockaddr_in6` in a `sockaddr_storage`.
fn address(address: IpAddr) -> [u8; STORAGE] {
    let mut storage = [0; STORAGE];
    let mut put = |at: usize, octets: &[u8]| {
        storage[at..at + octets.len()].copy_from_slice(octets);
    };
    match address {
        IpAddr::V4(address) => {
            put(0, &(libc::AF_INET as u16).to_ne_bytes());
            put(4, &address.octets());
        }
        IpAddr::V6(address) => {
            put(0, &(libc::AF_INET6 as u16).to_ne_bytes());
            put(8, &address.octets());
        }
    }
    storage
}
