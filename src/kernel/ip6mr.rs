//! The socket that owns IPv6 multicast routing: virtual interfaces, forwarding entries, counters.
//!
//! One socket owns one multicast routing table of one network namespace, and it is also the raw
//! socket for MLD (see `packet6`). Closing it releases everything. The kernel has no TTL thresholds
//! here, so an entry with a threshold above 1 is refused, and interface indexes of 16 bits only.

use std::net::{IpAddr, Ipv6Addr};
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

/// The table that the kernel uses unless a rule says otherwise (`RT6_TABLE_DFLT`).
pub const DEFAULT_TABLE_6: u32 = 254;

/// The Hop-by-Hop Options header of every MLD message: Router Alert with the value of MLD (RFC 2711
/// section 2.1). The kernel fills in the first octet.
const ROUTER_ALERT: [u8; 8] = [0, 0, 0x05, 0x02, 0, 0, 0x01, 0];

/// The ICMPv6 types that a router hears: those of MLD (RFC2710-3.1-01, RFC3810-5-02), and Solicitations of
/// Multicast Router Discovery (RFC 4286 section 4.2).
const HEARD_TYPES: [u8; 5] = [130, 131, 132, 143, 152];

/// The owner of one IPv6 multicast routing table.
///
/// The socket stays in the network namespace of the thread that opened it; any thread may use it
/// afterwards. The descriptor does not block: wait on it with [`readable`](super::readable).
/// Dropping it removes all its virtual interfaces, entries and memberships.
#[derive(Debug)]
pub struct Mroute6 {
    owner: Owner,
}

impl Mroute6 {
    /// Takes over multicast routing in `table`, or in [`DEFAULT_TABLE_6`], of the calling thread's
    /// network namespace. Forwarding needs no other switch: `forwarding` may stay off.
    ///
    /// The socket hears MLD, Solicitations for routers, and no other ICMPv6. The kernel makes a WRONGMIF
    /// upcall only for an interface that is also among the entry's `oifs`, and at most one per entry and
    /// 3 seconds.
    ///
    /// # Errors
    ///
    /// [`MrouteError::AlreadyOwned`], [`MrouteError::NoPermission`], [`MrouteError::NotSupported`].
    pub fn open(table: Option<u32>) -> Result<Self, MrouteError> {
        let fd = sys::icmpv6_socket().map_err(|errno| MrouteError::of("socket", errno))?;
        let owner = Owner::new(fd, Family::V6);
        // Set first: of a packet that comes before these options nothing is known but its payload.
        owner.set("IPV6_RECVPKTINFO", sockopt::Ipv6RecvPacketInfo, &true)?;
        owner.set("IPV6_RECVHOPLIMIT", sockopt::Ipv6RecvHopLimit, &true)?;
        owner.set("IPV6_RECVTCLASS", sockopt::Ipv6RecvTClass, &true)?;
        owner.set("IPV6_RECVHOPOPTS", sys::Ipv6RecvHopOpts, &1)?;
        owner.set("ICMP6_FILTER", sys::Icmp6Filter, &only(&HEARD_TYPES))?;
        owner.set("IPV6_MULTICAST_LOOP", sys::Ipv6MulticastLoop, &0)?;
        owner.set("IPV6_HOPOPTS", sys::Ipv6HopOpts, &ROUTER_ALERT)?;
        let claim = Claim {
            table: ("MRT6_TABLE", sys::Mrt6Table),
            init: ("MRT6_INIT", sys::Mrt6Init),
            assert: ("MRT6_ASSERT", sys::Mrt6Assert),
            default: DEFAULT_TABLE_6,
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
        let owner = Owner::new(fd, Family::V6);
        owner.set("MRT6_ASSERT", sys::Mrt6Assert, &1)?;
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
    /// receives all multicast, and MLDv1 for any routable group reaches this socket if it has Router
    /// Alert; without it the kernel takes a Report for a datagram and makes an upcall.
    ///
    /// # Errors
    ///
    /// [`MrouteError::VifInUse`], [`MrouteError::DeviceInUse`]; [`MrouteError::NoSuchInterface`], also
    /// for an index above 65535, which the kernel's structure has no room for.
    pub fn add_vif(&mut self, vif: Vif, ifindex: u32) -> Result<(), MrouteError> {
        if self.owner.claims(vif, ifindex) {
            return Ok(());
        }
        for old in self.owner.in_the_way(vif, ifindex) {
            self.delete_vif(old)?;
        }
        let none = MrouteError::NoSuchInterface { ifindex, family: Family::V6 };
        let pifi = u16::try_from(ifindex).ok().filter(|&pifi| pifi > 0).ok_or(none)?;
        let request =
            sys::Mif6Ctl { mifi: number(vif), flags: 0, threshold: 1, pifi, rate_limit: 0 };
        self.owner.add_vif((vif, ifindex), "MRT6_ADD_MIF", sys::Mrt6AddMif, &request)
    }

    /// Adds the register interface of PIM-SM (`MIFF_REGISTER`), as [`Mroute::add_register`] does.
    ///
    /// # Errors
    ///
    /// [`MrouteError::VifInUse`]; [`MrouteError::Io`] for a kernel without PIM.
    ///
    /// [`Mroute::add_register`]: super::Mroute::add_register
    pub fn add_register(&self, vif: Vif) -> Result<(), MrouteError> {
        let (mifi, flags) = (number(vif), sys::MIFF_REGISTER);
        let request = sys::Mif6Ctl { mifi, flags, threshold: 1, pifi: 0, rate_limit: 0 };
        self.owner.add_register(vif, "MRT6_ADD_MIF", sys::Mrt6AddMif, &request)
    }

    /// Removes the virtual interface; `false` if the kernel has no such interface, because it removes
    /// one itself when the device vanishes. Entries keep its number: the next device with that
    /// number is forwarded to by them.
    ///
    /// # Errors
    ///
    /// [`MrouteError::Io`].
    pub fn delete_vif(&mut self, vif: Vif) -> Result<bool, MrouteError> {
        self.owner.delete_vif(vif, "MRT6_DEL_MIF", sys::Mrt6DelMif, &number(vif))
    }

    /// Forwards the flow as `entry` says, in place of any earlier entry for it. At most 4 datagrams
    /// that waited for the entry are forwarded at once.
    ///
    /// An outgoing interface that does not exist yet is left out, and stays out when it is added
    /// later: then add the entry again.
    ///
    /// # Errors
    ///
    /// [`MrouteError::OtherFamily`]; [`MrouteError::NoThresholds`] for a threshold above 1;
    /// [`MrouteError::Io`].
    pub fn add_mfc(&self, entry: &MfcEntry) -> Result<(), MrouteError> {
        let mut request = mfc_ctl(entry.flow)?;
        request.parent = number(entry.iif);
        for (&oif, &threshold) in &entry.oifs {
            if threshold > 1 {
                return Err(MrouteError::NoThresholds { vif: oif, threshold });
            }
            request.ifset[oif.index() / 32] |= 1 << (oif.index() % 32);
        }
        self.owner.set("MRT6_ADD_MFC", sys::Mrt6AddMfc, &request)
    }

    /// Deletes the flow's entry; `false` if there was no entry for it. The next datagram makes a
    /// NOCACHE upcall again.
    ///
    /// # Errors
    ///
    /// [`MrouteError::OtherFamily`], [`MrouteError::Io`].
    pub fn delete_mfc(&self, flow: Flow) -> Result<bool, MrouteError> {
        self.owner.delete("MRT6_DEL_MFC", sys::Mrt6DelMfc, &mfc_ctl(flow)?, Errno::ENOENT)
    }

    /// The counters of the flow's entry since it was added; `None` if there is no entry.
    ///
    /// # Errors
    ///
    /// [`MrouteError::OtherFamily`], [`MrouteError::Io`].
    pub fn flow_counters(&self, flow: Flow) -> Result<Option<FlowCounters>, MrouteError> {
        let (source, group) = ends(flow)?;
        let (src, grp) = (sys::sockaddr_in6_of(source), sys::sockaddr_in6_of(group));
        let mut request = sys::SiocSgReq6 { src, grp, pktcnt: 0, bytecnt: 0, wrong_if: 0 };
        let result = sys::sg_count_6(&self.owner, &mut request);
        let counted = Owner::counted("SIOCGETSGCNT_IN6", result, &[Errno::EADDRNOTAVAIL])?;
        Ok(counted.map(|()| FlowCounters {
            packets: wide(request.pktcnt),
            bytes: wide(request.bytecnt),
            wrong_if: wide(request.wrong_if),
        }))
    }

    /// The counters of the virtual interface since it was added; `None` if there is no such
    /// interface. They count only datagrams that matched an entry, and no MLD.
    ///
    /// # Errors
    ///
    /// [`MrouteError::Io`].
    pub fn vif_counters(&self, vif: Vif) -> Result<Option<VifCounters>, MrouteError> {
        let mut request =
            sys::SiocMifReq6 { mifi: number(vif), icount: 0, ocount: 0, ibytes: 0, obytes: 0 };
        let result = sys::mif_count_6(&self.owner, &mut request);
        // EINVAL: the number is above the highest one in use.
        let missing = [Errno::EADDRNOTAVAIL, Errno::EINVAL];
        let counted = Owner::counted("SIOCGETMIFCNT_IN6", result, &missing)?;
        Ok(counted.map(|()| VifCounters {
            packets_in: wide(request.icount),
            packets_out: wide(request.ocount),
            bytes_in: wide(request.ibytes),
            bytes_out: wide(request.obytes),
        }))
    }

    /// Makes the router itself a member of `group` on one interface. The socket receives messages to
    /// ff02::2, ff02::16 and every other group of the link only where it joined them, and messages to
    /// routable groups without joining. The router's kernel then sends Reports of its own for the
    /// group.
    ///
    /// A membership for which the routing socket has no room (`net.core.optmem_max`) is held by a further
    /// socket, which is of the calling thread's network namespace.
    ///
    /// # Errors
    ///
    /// [`MrouteError::NoSuchInterface`]; [`MrouteError::TooManyMemberships`] where no socket has room;
    /// [`MrouteError::Io`] for a group that is joined already.
    pub fn join(&mut self, ifindex: u32, group: Ipv6Addr) -> Result<(), MrouteError> {
        let request = membership(ifindex, group)?;
        let joined = self.owner.join((ifindex, group.into()), &sys::Ipv6AddMembership, &request);
        joined.map_err(|errno| match errno {
            Errno::ENODEV => MrouteError::NoSuchInterface { ifindex, family: Family::V6 },
            Errno::ENOBUFS | Errno::ENOMEM => MrouteError::TooManyMemberships {
                call: "IPV6_JOIN_GROUP: ENOMEM",
                sysctl: "net.core.optmem_max",
            },
            other => MrouteError::of("IPV6_JOIN_GROUP", other),
        })
    }

    /// Ends a membership; `false` if there is none, or no longer because the device is gone.
    ///
    /// # Errors
    ///
    /// [`MrouteError::NoSuchInterface`] for an index that no device can have; [`MrouteError::Io`].
    pub fn leave(&mut self, ifindex: u32, group: Ipv6Addr) -> Result<bool, MrouteError> {
        let request = membership(ifindex, group)?;
        let left = self.owner.leave((ifindex, group.into()), &sys::Ipv6DropMembership, &request);
        left.map_err(|errno| MrouteError::of("IPV6_LEAVE_GROUP", errno))
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

impl AsFd for Mroute6 {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.owner.as_fd()
    }
}

/// The filter that passes only these types (RFC 3542 section 3.2): in Linux a bit that is set blocks.
fn only(types: &[u8]) -> [u32; 8] {
    let mut blocked = [u32::MAX; 8];
    for &kind in types {
        blocked[usize::from(kind) / 32] &= !(1 << (kind % 32));
    }
    blocked
}

fn ends(flow: Flow) -> Result<(Ipv6Addr, Ipv6Addr), MrouteError> {
    let v6 = |addr| match addr {
        IpAddr::V6(addr) => Ok(addr),
        IpAddr::V4(_) => Err(MrouteError::OtherFamily { addr, family: Family::V6 }),
    };
    Ok((v6(flow.source.addr())?, v6(flow.group.addr())?))
}

fn mfc_ctl(flow: Flow) -> Result<sys::Mf6cCtl, MrouteError> {
    let (source, group) = ends(flow)?;
    Ok(sys::Mf6cCtl {
        origin: sys::sockaddr_in6_of(source),
        mcastgrp: sys::sockaddr_in6_of(group),
        parent: 0,
        ifset: [0; 8],
    })
}

fn membership(ifindex: u32, group: Ipv6Addr) -> Result<libc::ipv6_mreq, MrouteError> {
    // The kernel would read 0 as "any device".
    if ifindex == 0 {
        return Err(MrouteError::NoSuchInterface { ifindex, family: Family::V6 });
    }
    let ipv6mr_multiaddr = libc::in6_addr { s6_addr: group.octets() };
    Ok(libc::ipv6_mreq { ipv6mr_multiaddr, ipv6mr_interface: ifindex })
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 3542 section 3.2
    #[test]
    fn a_filter_passes_the_types_that_a_router_hears_and_blocks_the_others() {
        let filter = only(&HEARD_TYPES);
        let passed: Vec<u8> = (0..=255)
            .filter(|&kind: &u8| filter[usize::from(kind) / 32] >> (kind % 32) & 1 == 0)
            .collect();
        assert_eq!(passed, HEARD_TYPES);
    }
}
