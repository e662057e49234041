//! The socket that owns IPv4 multicast routing: virtual interfaces, forwarding entries, counters.
//!
//! One socket owns one multicast routing table of one network namespace, and it is also the raw
//! socket for IGMP (see `packet`). Closing it releases everything. Requests that the kernel accepts
//! silently but reports wrongly are refused here.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt;

use super::echo::Echoes;
use super::error::MrouteError;
use super::owner::{Claim, Owner, number, wide};
use super::sys;
use crate::addr::Family;
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry, VifCounters};
use crate::mfc::vif::Vif;

/// The table that the kernel uses unless a rule says otherwise (`RT_TABLE_DEFAULT`).
pub const DEFAULT_TABLE: u32 = 253;

/// The owner of one IPv4 multicast routing table.
///
/// The socket stays in the network namespace of the thread that opened it; any thread may use it
/// afterwards. The descriptor does not block: wait on it with [`readable`](super::readable).
/// Dropping it removes all its virtual interfaces, entries and memberships.
#[derive(Debug)]
pub struct Mroute {
    owner: Owner,
}

impl Mroute {
    /// Takes over multicast routing in `table`, or in [`DEFAULT_TABLE`], of the calling thread's
    /// network namespace. Forwarding needs no other switch: `ip_forward` may stay off.
    ///
    /// The kernel makes a WRONGVIF upcall only for an interface that is also among the entry's
    /// `oifs`, and at most one per entry and 3 seconds (`ipmr_cache_report`).
    ///
    /// # Errors
    ///
    /// [`MrouteError::AlreadyOwned`], [`MrouteError::NoPermission`], [`MrouteError::NotSupported`].
    pub fn open(table: Option<u32>) -> Result<Self, MrouteError> {
        let fd = sys::igmp_socket().map_err(|errno| MrouteError::of("socket", errno))?;
        let owner = Owner::new(fd, Family::V4);
        // Set first: a packet that comes before this option does not carry its interface.
        owner.set("IP_PKTINFO", sockopt::Ipv4PacketInfo, &true)?;
        owner.set("IP_HDRINCL", sys::IpHdrIncl, &1)?;
        owner.set("IP_MULTICAST_LOOP", sockopt::IpMulticastLoop, &false)?;
        let claim = Claim {
            table: ("MRT_TABLE", sys::MrtTable),
            init: ("MRT_INIT", sys::MrtInit),
            assert: ("MRT_ASSERT", sys::MrtAssert),
            default: DEFAULT_TABLE,
        };
        owner.claim(table, claim)?;
        Ok(Self { owner })
    }

    /// Takes over a socket that [`Self::open`] made in another process. Of its virtual interfaces nothing is
    /// known yet.
    ///
    /// # Errors
    ///
    /// [`MrouteError::Io`] and the like for a socket that owns no table of the family.
    pub fn adopt(fd: OwnedFd) -> Result<Self, MrouteError> {
        let owner = Owner::new(fd, Family::V4);
        owner.set("MRT_ASSERT", sys::MrtAssert, &1)?;
        Ok(Self { owner })
    }

    /// Removes the virtual interfaces of an adopted socket that nobody has added since.
    ///
    /// # Errors
    ///
    /// [`MrouteError::Io`].
    pub fn delete_unclaimed(&mut self) -> Result<(), MrouteError> {
        self.owner.unclaimed().into_iter().try_for_each(|vif| self.delete_vif(vif).map(drop))
    }

    /// Makes the device with index `ifindex` take part in multicast routing, as `vif`. It then
    /// receives all multicast, and IGMP for any routable group reaches this socket.
    ///
    /// The kernel stores `threshold`, but only the thresholds of the entries' `oifs` hold a
    /// datagram back.
    ///
    /// # Errors
    ///
    /// [`MrouteError::VifInUse`], [`MrouteError::DeviceInUse`], [`MrouteError::NoSuchInterface`].
    pub fn add_vif(&mut self, vif: Vif, ifindex: u32, threshold: u8) -> Result<(), MrouteError> {
        if self.owner.claims(vif, ifindex) {
            return Ok(());
        }
        for old in self.owner.in_the_way(vif, ifindex) {
            self.delete_vif(old)?;
        }
        let request = vif_ctl(vif, signed(ifindex)?, threshold);
        self.owner.add_vif((vif, ifindex), "MRT_ADD_VIF", sys::MrtAddVif, &request)
    }

    /// Adds the register interface of PIM-SM (`VIFF_REGISTER`): the kernel makes its device, hands up each
    /// datagram that is forwarded to it, and hands it the datagrams of Registers that come to an address of
    /// the machine. The kernel allows one in a table.
    ///
    /// # Errors
    ///
    /// [`MrouteError::VifInUse`]; [`MrouteError::Io`] for a kernel without PIM.
    pub fn add_register(&self, vif: Vif) -> Result<(), MrouteError> {
        let request = sys::VifCtl { flags: sys::VIFF_REGISTER, ..vif_ctl(vif, 0, 1) };
        self.owner.add_register(vif, "MRT_ADD_VIF", sys::MrtAddVif, &request)
    }

    /// Removes the virtual interface, from all entries too; `false` if the kernel has no such
    /// interface, because it removes one itself when the device vanishes.
    ///
    /// # Errors
    ///
    /// [`MrouteError::Io`].
    pub fn delete_vif(&mut self, vif: Vif) -> Result<bool, MrouteError> {
        self.owner.delete_vif(vif, "MRT_DEL_VIF", sys::MrtDelVif, &vif_ctl(vif, 0, 0))
    }

    /// Forwards the flow as `entry` says, in place of any earlier entry for it. At most 4 datagrams
    /// that waited for the entry are forwarded at once.
    ///
    /// An outgoing interface that does not exist yet is left out, and stays out when it is added
    /// later: then add the entry again.
    ///
    /// # Errors
    ///
    /// [`MrouteError::OtherFamily`], [`MrouteError::Io`].
    pub fn add_mfc(&self, entry: &MfcEntry) -> Result<(), MrouteError> {
        let mut request = mfc_ctl(entry.flow)?;
        request.parent = number(entry.iif);
        for (oif, &threshold) in &entry.oifs {
            // The kernel reads 0 as "not an outgoing interface". A datagram with TTL 1 is never
            // forwarded (RFC 1812 section 5.3.1), so a threshold of 1 lets out exactly those that 0
            // would.
            request.ttls[oif.index()] = threshold.max(1);
        }
        self.owner.set("MRT_ADD_MFC", sys::MrtAddMfc, &request)
    }

    /// Deletes the flow's entry; `false` if there was no entry for it. The next datagram makes a
    /// NOCACHE upcall again.
    ///
    /// # Errors
    ///
    /// [`MrouteError::OtherFamily`], [`MrouteError::Io`].
    pub fn delete_mfc(&self, flow: Flow) -> Result<bool, MrouteError> {
        self.owner.delete("MRT_DEL_MFC", sys::MrtDelMfc, &mfc_ctl(flow)?, Errno::ENOENT)
    }

    /// The counters of the flow's entry since it was added; `None` if there is no entry.
    ///
    /// # Errors
    ///
    /// [`MrouteError::OtherFamily`], [`MrouteError::Io`].
    pub fn flow_counters(&self, flow: Flow) -> Result<Option<FlowCounters>, MrouteError> {
        let (source, group) = ipv4(flow)?;
        let (src, grp) = (sys::in_addr_of(source), sys::in_addr_of(group));
        let mut request = sys::SiocSgReq { src, grp, pktcnt: 0, bytecnt: 0, wrong_if: 0 };
        let result = sys::sg_count(&self.owner, &mut request);
        let counted = Owner::counted("SIOCGETSGCNT", result, &[Errno::EADDRNOTAVAIL])?;
        Ok(counted.map(|()| FlowCounters {
            packets: wide(request.pktcnt),
            bytes: wide(request.bytecnt),
            wrong_if: wide(request.wrong_if),
        }))
    }

    /// The counters of the virtual interface since it was added; `None` if there is no such
    /// interface. They count only datagrams that matched an entry, and no IGMP.
    ///
    /// # Errors
    ///
    /// [`MrouteError::Io`].
    pub fn vif_counters(&self, vif: Vif) -> Result<Option<VifCounters>, MrouteError> {
        let vifi = number(vif);
        let mut request = sys::SiocVifReq { vifi, icount: 0, ocount: 0, ibytes: 0, obytes: 0 };
        let result = sys::vif_count(&self.owner, &mut request);
        // EINVAL: the number is above the highest one in use.
        let missing = [Errno::EADDRNOTAVAIL, Errno::EINVAL];
        let counted = Owner::counted("SIOCGETVIFCNT", result, &missing)?;
        Ok(counted.map(|()| VifCounters {
            packets_in: wide(request.icount),
            packets_out: wide(request.ocount),
            bytes_in: wide(request.ibytes),
            bytes_out: wide(request.obytes),
        }))
    }

    /// Makes the router itself a member of `group` on one interface. The socket receives messages
    /// to 224.0.0.2 and 224.0.0.22 only where it joined these groups, and messages to routable
    /// groups without joining. The router's kernel then sends Reports of its own for the group.
    ///
    /// A membership for which the routing socket has no room (`net.ipv4.igmp_max_memberships`, 20 by
    /// default, over all interfaces) is held by a further socket, which is of the calling thread's network
    /// namespace.
    ///
    /// # Errors
    ///
    /// [`MrouteError::NoSuchInterface`]; [`MrouteError::TooManyMemberships`] where no socket may have
    /// any; [`MrouteError::Io`] for a group that is joined already.
    pub fn join(&mut self, ifindex: u32, group: Ipv4Addr) -> Result<(), MrouteError> {
        let request = membership(ifindex, group)?;
        let joined = self.owner.join((ifindex, group.into()), &sys::IpAddMembership, &request);
        joined.map_err(|errno| match errno {
            Errno::ENODEV => MrouteError::NoSuchInterface { ifindex, family: Family::V4 },
            Errno::ENOBUFS => MrouteError::TooManyMemberships {
                call: "IP_ADD_MEMBERSHIP: ENOBUFS",
                sysctl: "net.ipv4.igmp_max_memberships",
            },
            other => MrouteError::of("IP_ADD_MEMBERSHIP", other),
        })
    }

    /// Ends a membership; `false` if there is none, or no longer because the device is gone.
    ///
    /// # Errors
    ///
    /// [`MrouteError::NoSuchInterface`] for an index that no device can have; [`MrouteError::Io`].
    pub fn leave(&mut self, ifindex: u32, group: Ipv4Addr) -> Result<bool, MrouteError> {
        let request = membership(ifindex, group)?;
        let left = self.owner.leave((ifindex, group.into()), &sys::IpDropMembership, &request);
        left.map_err(|errno| MrouteError::of("IP_DROP_MEMBERSHIP", errno))
    }

    /// The copies of own Queries that are still to come.
    pub(super) const fn echoes(&self) -> &Echoes {
        self.owner.echoes()
    }

    /// What it has in common with the other family.
    pub(super) const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What it has in common with the other family, to be changed.
    pub(super) const fn owner_mut(&mut self) -> &mut Owner {
        &mut self.owner
    }

    /// The virtual interface of the device.
    pub(super) fn vif_on(&self, ifindex: u32) -> Option<Vif> {
        self.owner.vif_on(ifindex)
    }
}

impl AsFd for Mroute {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.owner.as_fd()
    }
}

fn ipv4(flow: Flow) -> Result<(Ipv4Addr, Ipv4Addr), MrouteError> {
    let v4 = |addr| match addr {
        IpAddr::V4(addr) => Ok(addr),
        IpAddr::V6(_) => Err(MrouteError::OtherFamily { addr, family: Family::V4 }),
    };
    Ok((v4(flow.source.addr())?, v4(flow.group.addr())?))
}

fn vif_ctl(vif: Vif, ifindex: i32, threshold: u8) -> sys::VifCtl {
    sys::VifCtl {
        vifi: number(vif),
        flags: sys::VIFF_USE_IFINDEX,
        threshold,
        rate_limit: 0,
        lcl_ifindex: ifindex,
        rmt_addr: sys::in_addr_of(Ipv4Addr::UNSPECIFIED),
    }
}

fn mfc_ctl(flow: Flow) -> Result<sys::MfcCtl, MrouteError> {
    let (source, group) = ipv4(flow)?;
    Ok(sys::MfcCtl {
        origin: sys::in_addr_of(source),
        mcastgrp: sys::in_addr_of(group),
        parent: 0,
        ttls: [0; Vif::MAX],
        pkt_cnt: 0,
        byte_cnt: 0,
        wrong_if: 0,
        expire: 0,
    })
}

fn membership(ifindex: u32, group: Ipv4Addr) -> Result<libc::ip_mreqn, MrouteError> {
    Ok(libc::ip_mreqn {
        imr_multiaddr: sys::in_addr_of(group),
        imr_address: sys::in_addr_of(Ipv4Addr::UNSPECIFIED),
        imr_ifindex: signed(ifindex)?,
    })
}

/// The kernel's `int` for an index; 0 is refused, since the kernel would read it as "any device".
fn signed(ifindex: u32) -> Result<i32, MrouteError> {
    let index = i32::try_from(ifindex).ok().filter(|&index| index > 0);
    index.ok_or(MrouteError::NoSuchInterface { ifindex, family: Family::V4 })
}
