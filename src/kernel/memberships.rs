//! Group memberships of a router, over as many sockets as it takes.
//!
//! The kernel limits the memberships of one socket (20 of IPv4, unless a sysctl says otherwise), and
//! delivers to a raw socket what any socket of the host is a member of (`IP_MULTICAST_ALL`). So further
//! sockets, which receive nothing themselves, hold what has no room on the first one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::addr::Family;

/// The memberships of one routing socket.
#[derive(Debug)]
pub(super) struct Memberships {
    more: Vec<OwnedFd>,
    /// The place of each membership: 0 is the routing socket, and then `more`.
    held: BTreeMap<(u32, IpAddr), usize>,
}

/// Sockets of IPv4 that are opened in advance. With the routing socket's own, 20 memberships each are
/// enough for three groups on each of 32 interfaces.
const IN_ADVANCE: usize = 4;

impl Memberships {
    /// None yet. What IPv4 may need is opened now, because the thread that joins may be in another
    /// network namespace than the routing socket; IPv6 has room for thousands on one socket.
    pub(super) fn of(family: Family) -> Self {
        let wanted = if family == Family::V4 { IN_ADVANCE } else { 0 };
        // Without them there is less room, which a join reports.
        let more = (0..wanted).filter_map(|_| further(family).ok()).collect();
        Self { more, held: BTreeMap::new() }
    }

    /// Becomes a member on the first socket that has room, where `add` asks for it. A further socket is
    /// of the calling thread's network namespace.
    ///
    /// # Errors
    /// `EADDRINUSE` for a membership that is held already; `ENOBUFS` or `ENOMEM` if a new socket has no
    /// room either; otherwise the error of `add`.
    pub(super) fn join(
        &mut self,
        routing: BorrowedFd<'_>,
        (family, member): (Family, (u32, IpAddr)),
        add: impl Fn(BorrowedFd<'_>) -> nix::Result<()>,
    ) -> nix::Result<()> {
        if self.held.contains_key(&member) {
            return Err(Errno::EADDRINUSE);
        }
        let sockets = [routing].into_iter().chain(self.more.iter().map(AsFd::as_fd));
        for (place, fd) in sockets.enumerate() {
            match add(fd) {
                Err(Errno::ENOBUFS | Errno::ENOMEM) => {}
                // A socket that was adopted has it from its life before.
                Ok(()) | Err(Errno::EADDRINUSE) => {
                    self.held.insert(member, place);
                    return Ok(());
                }
                Err(other) => return Err(other),
            }
        }
        let further = further(family)?;
        add(further.as_fd())?;
        self.more.push(further);
        self.held.insert(member, self.more.len());
        Ok(())
    }

    /// Ends a membership where it is held; `false` if it is not.
    ///
    /// # Errors
    /// The error of `drop`.
    pub(super) fn leave(
        &mut self,
        routing: BorrowedFd<'_>,
        member: (u32, IpAddr),
        drop: impl Fn(BorrowedFd<'_>) -> nix::Result<()>,
    ) -> nix::Result<bool> {
        let Some(place) = self.held.remove(&member) else { return Ok(false) };
        let further = place.checked_sub(1).and_then(|place| self.more.get(place));
        match drop(further.map_or(routing, AsFd::as_fd)) {
            // The kernel has ended it with the device.
            Err(Errno::EADDRNOTAVAIL | Errno::ENODEV) => Ok(false),
            other => other.map(|()| true),
        }
    }
}

/// A socket of the calling thread's network namespace.
fn further(family: Family) -> nix::Result<OwnedFd> {
    let family = match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    };
    socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
}
