//! What the routing sockets of both families have in common: one owner of one table, and the devices
//! behind its virtual interfaces.
//!
//! The kernel's two implementations differ in structures and in the names of calls, and share the
//! rest. Requests that the kernel accepts silently but reports wrongly are refused here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{SetSockOpt, setsockopt, sockopt};

use super::echo::Echoes;
use super::error::MrouteError;
use super::memberships::Memberships;
use super::sys;
use crate::addr::Family;
use crate::mfc::vif::Vif;

/// The octets requested by `SO_RCVBUF`. The default holds 256 upcalls, and a burst of new flows can
/// exceed that; this holds some 40,000.
const RECEIVE_BUFFER: usize = 16 << 20;

/// The socket that owns one multicast routing table.
#[derive(Debug)]
pub(super) struct Owner {
    fd: OwnedFd,
    family: Family,
    vifs: BTreeMap<Vif, u32>,
    /// Those of an adopted socket that nobody has asked for yet.
    unclaimed: BTreeMap<Vif, u32>,
    memberships: Memberships,
    echoes: Echoes,
}

/// Takes over a descriptor that the process was started with; each number can be taken once.
///
/// # Errors
/// `EBADF` for what is not open, or is standard input, output or error.
pub fn inherited(fd: RawFd) -> nix::Result<OwnedFd> {
    sys::inherited(fd)
}

/// The options that claim a table, each with its name in the kernel's headers.
pub(super) struct Claim<T, I, A> {
    pub(super) table: (&'static str, T),
    pub(super) init: (&'static str, I),
    pub(super) assert: (&'static str, A),
    /// The table that the kernel uses unless a rule says otherwise.
    pub(super) default: u32,
}

impl Owner {
    /// A socket of the family that owns no table yet.
    pub(super) fn new(fd: OwnedFd, family: Family) -> Self {
        let (memberships, echoes) = (Memberships::of(family), Echoes::default());
        let (vifs, unclaimed) = (BTreeMap::new(), BTreeMap::new());
        Self { fd, family, vifs, unclaimed, memberships, echoes }
    }

    /// The table has had these virtual interfaces since before this process.
    pub(super) fn inherit(&mut self, vifs: BTreeMap<Vif, u32>) {
        (self.unclaimed, self.vifs) = (vifs.clone(), vifs);
    }

    /// Whether the virtual interface is there already; it is then no longer unclaimed.
    pub(super) fn claims(&mut self, vif: Vif, ifindex: u32) -> bool {
        let is_it = self.unclaimed.get(&vif) == Some(&ifindex);
        if is_it {
            self.unclaimed.remove(&vif);
        }
        is_it
    }

    /// What stands in the way of this virtual interface: unclaimed ones of its number or its device.
    pub(super) fn in_the_way(&self, vif: Vif, ifindex: u32) -> Vec<Vif> {
        let all = self.unclaimed.iter().map(|(&old, &device)| (old, device));
        all.filter(|&(old, device)| old == vif || device == ifindex).map(|(old, _)| old).collect()
    }

    /// The virtual interfaces that nobody has asked for.
    pub(super) fn unclaimed(&self) -> Vec<Vif> {
        self.unclaimed.keys().copied().collect()
    }

    /// Sets an option of the socket.
    pub(super) fn set<O: SetSockOpt>(
        &self,
        call: &'static str,
        option: O,
        value: &O::Val,
    ) -> Result<(), MrouteError> {
        set(&self.fd, call, option, value)
    }

    /// Takes over multicast routing in `table`, or in the default one, and has the kernel tell of wrong
    /// interfaces.
    pub(super) fn claim<T, I, A>(
        &self,
        table: Option<u32>,
        by: Claim<T, I, A>,
    ) -> Result<(), MrouteError>
    where
        T: SetSockOpt<Val = u32>,
        I: SetSockOpt<Val = libc::c_int>,
        A: SetSockOpt<Val = libc::c_int>,
    {
        self.enlarge_receive_buffer()?;
        if let Some(table) = table {
            self.set(by.table.0, by.table.1, &table)?;
        }
        setsockopt(&self.fd, by.init.1, &1).map_err(|errno| match errno {
            Errno::EADDRINUSE => {
                MrouteError::AlreadyOwned { table: table.unwrap_or(by.default), call: by.init.0 }
            }
            other => MrouteError::of(by.init.0, other),
        })?;
        self.set(by.assert.0, by.assert.1, &1)
    }

    /// Beyond `net.core.rmem_max` if the kernel allows it, which it does not in a user namespace.
    fn enlarge_receive_buffer(&self) -> Result<(), MrouteError> {
        match setsockopt(&self.fd, sockopt::RcvBufForce, &RECEIVE_BUFFER) {
            Err(Errno::EPERM) => self.set("SO_RCVBUF", sockopt::RcvBuf, &RECEIVE_BUFFER),
            other => other.map_err(|errno| MrouteError::of("SO_RCVBUFFORCE", errno)),
        }
    }

    /// Makes the device take part in multicast routing, as `vif`.
    pub(super) fn add_vif<O: SetSockOpt>(
        &mut self,
        (vif, ifindex): (Vif, u32),
        call: &'static str,
        option: O,
        request: &O::Val,
    ) -> Result<(), MrouteError> {
        if let Some(vif) = self.vif_on(ifindex) {
            return Err(MrouteError::DeviceInUse { ifindex, vif });
        }
        let family = self.family;
        setsockopt(&self.fd, option, request).map_err(|errno| match errno {
            Errno::EADDRINUSE => MrouteError::VifInUse { vif },
            Errno::EADDRNOTAVAIL | Errno::ENODEV => {
                MrouteError::NoSuchInterface { ifindex, family }
            }
            other => MrouteError::of(call, other),
        })?;
        self.vifs.insert(vif, ifindex);
        Ok(())
    }

    /// Adds the register interface, whose device the kernel makes. What an adopted socket has of that number
    /// must be gone.
    pub(super) fn add_register<O: SetSockOpt>(
        &self,
        vif: Vif,
        call: &'static str,
        option: O,
        request: &O::Val,
    ) -> Result<(), MrouteError> {
        setsockopt(&self.fd, option, request).map_err(|errno| match errno {
            Errno::EADDRINUSE => MrouteError::VifInUse { vif },
            other => MrouteError::of(call, other),
        })
    }

    /// Whether an adopted socket has a virtual interface of this number.
    pub(super) fn is_unclaimed(&self, vif: Vif) -> bool {
        self.unclaimed.contains_key(&vif)
    }

    /// Removes the virtual interface; `false` if the kernel has no such interface.
    pub(super) fn delete_vif<O: SetSockOpt>(
        &mut self,
        vif: Vif,
        call: &'static str,
        option: O,
        request: &O::Val,
    ) -> Result<bool, MrouteError> {
        self.vifs.remove(&vif);
        self.unclaimed.remove(&vif);
        self.delete(call, option, request, Errno::EADDRNOTAVAIL)
    }

    /// Sets an option that deletes something; `false` if there was no such thing, which the kernel says
    /// by `missing`.
    pub(super) fn delete<O: SetSockOpt>(
        &self,
        call: &'static str,
        option: O,
        request: &O::Val,
        missing: Errno,
    ) -> Result<bool, MrouteError> {
        match setsockopt(&self.fd, option, request) {
            Ok(()) => Ok(true),
            Err(errno) if errno == missing => Ok(false),
            Err(other) => Err(MrouteError::of(call, other)),
        }
    }

    /// The result of an ioctl that counts something; `None` if there is no such thing.
    pub(super) fn counted<T>(
        call: &'static str,
        result: nix::Result<T>,
        missing: &[Errno],
    ) -> Result<Option<T>, MrouteError> {
        match result {
            Ok(counters) => Ok(Some(counters)),
            Err(errno) if missing.contains(&errno) => Ok(None),
            Err(other) => Err(MrouteError::of(call, other)),
        }
    }

    /// Becomes a member of a group on a device, as `request` says.
    pub(super) fn join<O: SetSockOpt + Clone>(
        &mut self,
        member: (u32, IpAddr),
        option: &O,
        request: &O::Val,
    ) -> nix::Result<()> {
        let add = |fd: BorrowedFd<'_>| setsockopt(&fd, option.clone(), request);
        self.memberships.join(self.fd.as_fd(), (self.family, member), add)
    }

    /// Ends a membership, as `request` says; `false` if there is none.
    pub(super) fn leave<O: SetSockOpt + Clone>(
        &mut self,
        member: (u32, IpAddr),
        option: &O,
        request: &O::Val,
    ) -> nix::Result<bool> {
        let drop = |fd: BorrowedFd<'_>| setsockopt(&fd, option.clone(), request);
        self.memberships.leave(self.fd.as_fd(), member, drop)
    }

    /// The kernel has removed all virtual interfaces.
    pub(super) fn forget_vifs(&mut self) {
        (self.vifs, self.unclaimed) = (BTreeMap::new(), BTreeMap::new());
    }

    /// The copies of own Queries that are still to come.
    pub(super) const fn echoes(&self) -> &Echoes {
        &self.echoes
    }

    /// The virtual interface of the device.
    pub(super) fn vif_on(&self, ifindex: u32) -> Option<Vif> {
        self.vifs.iter().find(|&(_, &device)| device == ifindex).map(|(&vif, _)| vif)
    }
}

impl AsFd for Owner {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Sets an option of a socket, which an error names as `call`.
pub(super) fn set<O: SetSockOpt>(
    fd: &OwnedFd,
    call: &'static str,
    option: O,
    value: &O::Val,
) -> Result<(), MrouteError> {
    setsockopt(fd, option, value).map_err(|errno| MrouteError::of(call, errno))
}

#[allow(clippy::useless_conversion, reason = "c_ulong has 32 bits on some targets")]
pub(super) fn wide(count: libc::c_ulong) -> u64 {
    u64::from(count)
}

/// The kernel's `vifi_t` and `mifi_t`.
pub(super) fn number(vif: Vif) -> u16 {
    u16::try_from(vif.index()).expect("a Vif is below 32")
}
