//! The routing socket of either family, call by call: what a router needs, and what only whoever owns a
//! table by hand asks for.
//!
//! Chooses the family of each call, and refuses addresses of the other one. Options of the whole table
//! (linux/mroute.h) have the same names and numbers in both families.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::socket::getsockopt;

use super::error::MrouteError;
use super::ip6mr::Mroute6;
use super::mroute::Mroute;
use super::packet::Received;
use super::{packet, packet6, sys};
use crate::addr::{Family, Group};
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry, VifCounters};
use crate::mfc::upcall::Upcall;
use crate::mfc::vif::Vif;
use crate::wire::Malformed;
use crate::wire::ip::Packet;

/// The multicast routing socket of a family.
#[derive(Debug)]
pub enum RoutingSocket {
    /// IPv4.
    V4(Mroute),
    /// IPv6.
    V6(Mroute6),
}

impl From<Mroute> for RoutingSocket {
    fn from(mroute: Mroute) -> Self {
        Self::V4(mroute)
    }
}

impl From<Mroute6> for RoutingSocket {
    fn from(mroute: Mroute6) -> Self {
        Self::V6(mroute)
    }
}

impl AsFd for RoutingSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::V4(mroute) => mroute.as_fd(),
            Self::V6(mroute) => mroute.as_fd(),
        }
    }
}

/// A packet of group management as a router takes it.
pub type Read<'a> = Result<Packet<'a>, Malformed>;

/// What is flushed of a table (`MRT_FLUSH_*`). Static is what another socket than the table's owner has
/// added, which takes CAP_NET_ADMIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flush {
    /// Entries (`MRT_FLUSH_MFC`).
    pub entries: bool,
    /// Static entries (`MRT_FLUSH_MFC_STATIC`).
    pub static_entries: bool,
    /// Virtual interfaces (`MRT_FLUSH_VIFS`).
    pub vifs: bool,
    /// Static virtual interfaces (`MRT_FLUSH_VIFS_STATIC`).
    pub static_vifs: bool,
}

impl Flush {
    /// Everything.
    pub const ALL: Self =
        Self { entries: true, static_entries: true, vifs: true, static_vifs: true };

    /// The kernel's number for it.
    #[must_use]
    pub fn bits(self) -> i32 {
        let Self { entries, static_entries, vifs, static_vifs } = self;
        let parts = [(entries, 1), (static_entries, 2), (vifs, 4), (static_vifs, 8)];
        parts.into_iter().filter(|(is_meant, _)| *is_meant).map(|(_, bit)| bit).sum()
    }
}

/// The upcall that a message from a routing socket of the family holds: a `struct igmpmsg`, or a
/// `struct mrt6msg`. `None` for anything else, and for one that makes no sense.
#[must_use]
pub fn parse_upcall(family: Family, message: &[u8]) -> Option<Upcall> {
    match family {
        // Where a packet has its protocol, an upcall has 0.
        Family::V4 => packet::upcall(message).filter(|_| message.get(9) == Some(&0)),
        Family::V6 => packet6::upcall(message).filter(|_| message.first() == Some(&0)),
    }
}

impl RoutingSocket {
    /// Takes over the family's multicast routing in `table`, or in the default one, of the calling
    /// thread's network namespace.
    ///
    /// # Errors
    /// [`MrouteError::AlreadyOwned`], [`MrouteError::NoPermission`], [`MrouteError::NotSupported`].
    pub fn open(family: Family, table: Option<u32>) -> Result<Self, MrouteError> {
        Ok(match family {
            Family::V4 => Self::V4(Mroute::open(table)?),
            Family::V6 => Self::V6(Mroute6::open(table)?),
        })
    }

    /// Takes over a socket that [`Self::open`] made in another process.
    ///
    /// # Errors
    /// [`MrouteError::Io`] and the like for a socket that owns no table of the family.
    pub fn adopt(family: Family, fd: OwnedFd) -> Result<Self, MrouteError> {
        Ok(match family {
            Family::V4 => Self::V4(Mroute::adopt(fd)?),
            Family::V6 => Self::V6(Mroute6::adopt(fd)?),
        })
    }

    /// The adopted table has these virtual interfaces, each with the index of its device.
    pub fn inherit(&mut self, vifs: BTreeMap<Vif, u32>) {
        match self {
            Self::V4(mroute) => mroute.owner_mut().inherit(vifs),
            Self::V6(mroute) => mroute.owner_mut().inherit(vifs),
        }
    }

    /// The family that is routed.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }

    /// Gives the table back (`MRT_DONE`): all its virtual interfaces and entries go.
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub fn done(self) -> Result<(), MrouteError> {
        match &self {
            Self::V4(mroute) => mroute.owner().set("MRT_DONE", sys::MrtDone, &1),
            Self::V6(mroute) => mroute.owner().set("MRT6_DONE", sys::Mrt6Done, &1),
        }
    }

    /// The version of the kernel's interface (`MRT_VERSION`): 0x0305 in every Linux.
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub fn version(&self) -> Result<i32, MrouteError> {
        let of = |call, result: nix::Result<i32>| result.map_err(|why| MrouteError::of(call, why));
        match self {
            Self::V4(_) => of("MRT_VERSION", getsockopt(self, sys::MrtVersion)),
            Self::V6(_) => of("MRT6_VERSION", getsockopt(self, sys::Mrt6Version)),
        }
    }

    /// Has the kernel tell of datagrams on wrong interfaces, or no longer (`MRT_ASSERT`).
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub fn set_assert(&self, on: bool) -> Result<(), MrouteError> {
        match self {
            Self::V4(mroute) => mroute.owner().set("MRT_ASSERT", sys::MrtAssert, &on.into()),
            Self::V6(mroute) => mroute.owner().set("MRT6_ASSERT", sys::Mrt6Assert, &on.into()),
        }
    }

    /// Has the kernel do what PIM needs, or no longer (`MRT_PIM`): it hands up whole datagrams from the
    /// register interface. The kernel sets `MRT_ASSERT` to the same.
    ///
    /// # Errors
    /// [`MrouteError::Io`], as of a kernel without PIM.
    pub fn set_pim(&self, on: bool) -> Result<(), MrouteError> {
        match self {
            Self::V4(mroute) => mroute.owner().set("MRT_PIM", sys::MrtPim, &on.into()),
            Self::V6(mroute) => mroute.owner().set("MRT6_PIM", sys::Mrt6Pim, &on.into()),
        }
    }

    /// Flushes these parts of the table (`MRT_FLUSH`).
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub fn flush(&mut self, parts: Flush) -> Result<(), MrouteError> {
        let bits = parts.bits();
        let owner = match self {
            Self::V4(mroute) => {
                mroute.owner().set("MRT_FLUSH", sys::MrtFlush, &bits)?;
                mroute.owner_mut()
            }
            Self::V6(mroute) => {
                mroute.owner().set("MRT6_FLUSH", sys::Mrt6Flush, &bits)?;
                mroute.owner_mut()
            }
        };
        if parts.vifs {
            owner.forget_vifs();
        }
        Ok(())
    }

    /// Makes a device take part: [`Mroute::add_vif`], [`Mroute6::add_vif`].
    ///
    /// # Errors
    /// Theirs; [`MrouteError::NoThresholds`] for a threshold above 1 of IPv6.
    pub fn add_vif(&mut self, vif: Vif, ifindex: u32, threshold: u8) -> Result<(), MrouteError> {
        match self {
            Self::V4(mroute) => mroute.add_vif(vif, ifindex, threshold),
            Self::V6(_) if threshold > 1 => Err(MrouteError::NoThresholds { vif, threshold }),
            Self::V6(mroute) => mroute.add_vif(vif, ifindex),
        }
    }

    /// Has the kernel do what PIM needs, with this number for the register interface.
    ///
    /// # Errors
    /// Those of [`Self::set_pim`] and [`Mroute::add_register`].
    pub fn add_register(&mut self, vif: Vif) -> Result<(), MrouteError> {
        let owner = match self {
            Self::V4(mroute) => mroute.owner(),
            Self::V6(mroute) => mroute.owner(),
        };
        // What an adopted socket has of that number.
        if owner.is_unclaimed(vif) {
            self.delete_vif(vif)?;
        }
        self.set_pim(true)?;
        match self {
            Self::V4(mroute) => mroute.add_register(vif),
            Self::V6(mroute) => mroute.add_register(vif),
        }
    }

    /// Takes back what [`Self::add_register`] did. The kernel tells of wrong interfaces as before.
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub fn delete_register(&mut self, vif: Vif) -> Result<(), MrouteError> {
        self.delete_vif(vif)?;
        self.set_pim(false)?;
        self.set_assert(true)
    }

    /// Removes a virtual interface; `false` if the kernel has no such interface.
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub fn delete_vif(&mut self, vif: Vif) -> Result<bool, MrouteError> {
        match self {
            Self::V4(mroute) => mroute.delete_vif(vif),
            Self::V6(mroute) => mroute.delete_vif(vif),
        }
    }

    /// Removes the virtual interfaces that an adopted socket had, and that nobody has added since.
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub(super) fn delete_unclaimed(&mut self) -> Result<(), MrouteError> {
        match self {
            Self::V4(mroute) => mroute.delete_unclaimed(),
            Self::V6(mroute) => mroute.delete_unclaimed(),
        }
    }

    /// Forwards a flow as the entry says: [`Mroute::add_mfc`], [`Mroute6::add_mfc`].
    ///
    /// # Errors
    /// Theirs.
    pub fn add_mfc(&self, entry: &MfcEntry) -> Result<(), MrouteError> {
        match self {
            Self::V4(mroute) => mroute.add_mfc(entry),
            Self::V6(mroute) => mroute.add_mfc(entry),
        }
    }

    /// Deletes the flow's entry; `false` if there is none.
    ///
    /// # Errors
    /// [`MrouteError::OtherFamily`], [`MrouteError::Io`].
    pub fn delete_mfc(&self, flow: Flow) -> Result<bool, MrouteError> {
        match self {
            Self::V4(mroute) => mroute.delete_mfc(flow),
            Self::V6(mroute) => mroute.delete_mfc(flow),
        }
    }

    /// The counters of the flow's entry; `None` if there is none.
    ///
    /// # Errors
    /// [`MrouteError::OtherFamily`], [`MrouteError::Io`].
    pub fn flow_counters(&self, flow: Flow) -> Result<Option<FlowCounters>, MrouteError> {
        match self {
            Self::V4(mroute) => mroute.flow_counters(flow),
            Self::V6(mroute) => mroute.flow_counters(flow),
        }
    }

    /// The counters of a virtual interface; `None` if there is none of this number.
    ///
    /// # Errors
    /// [`MrouteError::Io`].
    pub fn vif_counters(&self, vif: Vif) -> Result<Option<VifCounters>, MrouteError> {
        match self {
            Self::V4(mroute) => mroute.vif_counters(vif),
            Self::V6(mroute) => mroute.vif_counters(vif),
        }
    }

    /// Makes the router itself a member of the group: [`Mroute::join`], [`Mroute6::join`].
    ///
    /// # Errors
    /// Theirs; [`MrouteError::OtherFamily`].
    pub fn join(&mut self, ifindex: u32, group: Group) -> Result<(), MrouteError> {
        match (self, group.addr()) {
            (Self::V4(mroute), IpAddr::V4(group)) => mroute.join(ifindex, group),
            (Self::V6(mroute), IpAddr::V6(group)) => mroute.join(ifindex, group),
            (socket, addr) => Err(socket.other_family(addr)),
        }
    }

    /// Ends a membership; `false` if there is none.
    ///
    /// # Errors
    /// Those of [`Mroute::leave`] and [`Mroute6::leave`]; [`MrouteError::OtherFamily`].
    pub fn leave(&mut self, ifindex: u32, group: Group) -> Result<bool, MrouteError> {
        match (self, group.addr()) {
            (Self::V4(mroute), IpAddr::V4(group)) => mroute.leave(ifindex, group),
            (Self::V6(mroute), IpAddr::V6(group)) => mroute.leave(ifindex, group),
            (socket, addr) => Err(socket.other_family(addr)),
        }
    }

    /// Takes the next message off the socket; `None` if no message waits.
    ///
    /// # Errors
    /// Errors of recvmsg(2).
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<Received<'a, Read<'a>>>> {
        Ok(match self {
            Self::V4(mroute) => {
                mroute.receive(buffer)?.map(|received| received.map(Packet::decode))
            }
            // The kernel has read the header.
            Self::V6(mroute) => mroute.receive(buffer)?.map(|received| received.map(Read::Ok)),
        })
    }

    /// The virtual interface of the device.
    pub(super) fn vif_on(&self, ifindex: u32) -> Option<Vif> {
        match self {
            Self::V4(mroute) => mroute.vif_on(ifindex),
            Self::V6(mroute) => mroute.vif_on(ifindex),
        }
    }

    /// The error of an address of the family that this socket does not route.
    const fn other_family(&self, addr: IpAddr) -> MrouteError {
        MrouteError::OtherFamily { addr, family: self.family() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // linux/mroute.h
    #[test]
    fn each_part_of_a_table_has_a_bit() {
        assert_eq!(Flush::ALL.bits(), 0b1111);
        assert_eq!(Flush { static_entries: true, vifs: true, ..Flush::default() }.bits(), 0b0110);
        assert_eq!(Flush::default().bits(), 0);
    }

    #[test]
    fn a_packet_is_no_upcall() {
        let mut message = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 1, 0, 3, 0, 10, 0, 1, 2, 239, 1, 2, 3];
        let upcall = parse_upcall(Family::V4, &message).unwrap();
        assert_eq!(
            (upcall.vif.index(), upcall.flow.to_string()),
            (3, "(10.0.1.2, 239.1.2.3)".into())
        );
        message[9] = 2;
        assert_eq!(parse_upcall(Family::V4, &message), None);
        assert_eq!(parse_upcall(Family::V6, &[130; 40]), None);
    }
}
