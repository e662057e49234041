//! linux/mroute.h and linux/mroute6.h as Rust types, and the system calls that nix does not wrap.
//!
//! The structures have the layout that the kernel copies in and out; their sizes are checked at
//! compile time. The option types tie each option to the structure that the kernel reads for it,
//! which makes `setsockopt` safe to call. This module interprets no value.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use libc::{c_int, c_uint, c_ulong, cmsghdr, in_addr, sockaddr_in6};
use nix::errno::Errno;
use nix::sys::socket::sockopt::{GetStruct, SetStruct};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::addr::Family;
use crate::mfc::vif::Vif;

// The options of both families have the same numbers, at the level of their protocol.
const MRT_INIT: c_int = 200;
const MRT_DONE: c_int = 201;
const MRT_ADD_VIF: c_int = 202;
const MRT_DEL_VIF: c_int = 203;
const MRT_ADD_MFC: c_int = 204;
const MRT_DEL_MFC: c_int = 205;
const MRT_VERSION: c_int = 206;
const MRT_ASSERT: c_int = 207;
const MRT_PIM: c_int = 208;
const MRT_TABLE: c_int = 209;
const MRT_FLUSH: c_int = 212;

const SIOCGETVIFCNT: c_ulong = 0x89e0;
const SIOCGETSGCNT: c_ulong = 0x89e1;

/// `ICMP6_FILTER` of linux/icmpv6.h.
const ICMP6_FILTER: c_int = 1;

/// `VIFF_USE_IFINDEX`: the device is named by its index, not by an address.
pub(super) const VIFF_USE_IFINDEX: u8 = 0x8;
/// A virtual interface that is the register interface of PIM-SM.
pub(super) const VIFF_REGISTER: u8 = 0x4;
/// The same of IPv6.
pub(super) const MIFF_REGISTER: u8 = 0x1;

/// `IGMPMSG_NOCACHE`
pub(super) const IGMPMSG_NOCACHE: u8 = 1;
/// `IGMPMSG_WRONGVIF`
pub(super) const IGMPMSG_WRONGVIF: u8 = 2;
/// `IGMPMSG_WHOLEPKT`
pub(super) const IGMPMSG_WHOLEPKT: u8 = 3;

/// `MRT6MSG_NOCACHE`
pub(super) const MRT6MSG_NOCACHE: u8 = 1;
/// `MRT6MSG_WRONGMIF`
pub(super) const MRT6MSG_WRONGMIF: u8 = 2;
/// `MRT6MSG_WHOLEPKT`
pub(super) const MRT6MSG_WHOLEPKT: u8 = 3;

/// `struct vifctl`
#[repr(C)]
pub(super) struct VifCtl {
    pub(super) vifi: u16,
    pub(super) flags: u8,
    pub(super) threshold: u8,
    pub(super) rate_limit: c_uint,
    pub(super) lcl_ifindex: c_int,
    pub(super) rmt_addr: in_addr,
}

/// `struct mfcctl`
#[repr(C)]
pub(super) struct MfcCtl {
    pub(super) origin: in_addr,
    pub(super) mcastgrp: in_addr,
    pub(super) parent: u16,
    pub(super) ttls: [u8; Vif::MAX],
    pub(super) pkt_cnt: c_uint,
    pub(super) byte_cnt: c_uint,
    pub(super) wrong_if: c_uint,
    pub(super) expire: c_int,
}

/// `struct sioc_sg_req`
#[repr(C)]
pub(super) struct SiocSgReq {
    pub(super) src: in_addr,
    pub(super) grp: in_addr,
    pub(super) pktcnt: c_ulong,
    pub(super) bytecnt: c_ulong,
    pub(super) wrong_if: c_ulong,
}

/// `struct sioc_vif_req`
#[repr(C)]
pub(super) struct SiocVifReq {
    pub(super) vifi: u16,
    pub(super) icount: c_ulong,
    pub(super) ocount: c_ulong,
    pub(super) ibytes: c_ulong,
    pub(super) obytes: c_ulong,
}

/// `struct mif6ctl`
#[repr(C)]
pub(super) struct Mif6Ctl {
    pub(super) mifi: u16,
    pub(super) flags: u8,
    pub(super) threshold: u8,
    pub(super) pifi: u16,
    pub(super) rate_limit: c_uint,
}

/// `struct mf6cctl`
#[repr(C)]
pub(super) struct Mf6cCtl {
    pub(super) origin: sockaddr_in6,
    pub(super) mcastgrp: sockaddr_in6,
    pub(super) parent: u16,
    pub(super) ifset: [u32; 8],
}

/// `struct sioc_sg_req6`
#[repr(C)]
pub(super) struct SiocSgReq6 {
    pub(super) src: sockaddr_in6,
    pub(super) grp: sockaddr_in6,
    pub(super) pktcnt: c_ulong,
    pub(super) bytecnt: c_ulong,
    pub(super) wrong_if: c_ulong,
}

/// `struct sioc_mif_req6`
#[repr(C)]
pub(super) struct SiocMifReq6 {
    pub(super) mifi: u16,
    pub(super) icount: c_ulong,
    pub(super) ocount: c_ulong,
    pub(super) ibytes: c_ulong,
    pub(super) obytes: c_ulong,
}

const _: () = {
    assert!(size_of::<Mif6Ctl>() == 12);
    assert!(size_of::<Mf6cCtl>() == 92);
    assert!(size_of::<SiocSgReq6>() == 56 + 3 * size_of::<c_ulong>());
    assert!(size_of::<SiocMifReq6>() == 5 * size_of::<c_ulong>());
    assert!(size_of::<VifCtl>() == 16);
    assert!(size_of::<MfcCtl>() == 60);
    assert!(size_of::<SiocSgReq>() == 8 + 3 * size_of::<c_ulong>());
    assert!(size_of::<SiocVifReq>() == 5 * size_of::<c_ulong>());
};

/// Octets of a `sockaddr_storage`.
pub(super) const STORAGE: usize = 128;

/// `struct group_req`, whose address is aligned like a pointer.
pub(super) type GroupReq = [u8; size_of::<usize>() + STORAGE];

/// `struct group_source_req`.
pub(super) type GroupSourceReq = [u8; size_of::<usize>() + 2 * STORAGE];

/// Options of a level, each with the type that the kernel copies in for it.
macro_rules! options {
    ($level:path: $($name:ident = $flag:path, $value:ty;)*) => {$(
        #[doc = concat!("`", stringify!($flag), "`")]
        #[derive(Clone)]
        pub(super) struct $name;
        nix::setsockopt_impl!($name, $level, $flag, $value, SetStruct<$value>);
    )*};
}

options! { libc::IPPROTO_IP:
    MrtInit = MRT_INIT, c_int;
    MrtDone = MRT_DONE, c_int;
    MrtPim = MRT_PIM, c_int;
    MrtTable = MRT_TABLE, u32;
    MrtAssert = MRT_ASSERT, c_int;
    MrtAddVif = MRT_ADD_VIF, VifCtl;
    MrtDelVif = MRT_DEL_VIF, VifCtl;
    MrtAddMfc = MRT_ADD_MFC, MfcCtl;
    MrtDelMfc = MRT_DEL_MFC, MfcCtl;
    MrtFlush = MRT_FLUSH, c_int;
    IpHdrIncl = libc::IP_HDRINCL, c_int;
    IpAddMembership = libc::IP_ADD_MEMBERSHIP, libc::ip_mreqn;
    IpDropMembership = libc::IP_DROP_MEMBERSHIP, libc::ip_mreqn;
    JoinGroup4 = libc::MCAST_JOIN_GROUP, GroupReq;
    LeaveGroup4 = libc::MCAST_LEAVE_GROUP, GroupReq;
    JoinSource4 = libc::MCAST_JOIN_SOURCE_GROUP, GroupSourceReq;
    LeaveSource4 = libc::MCAST_LEAVE_SOURCE_GROUP, GroupSourceReq;
}

options! { libc::IPPROTO_IPV6:
    Mrt6Init = MRT_INIT, c_int;
    Mrt6Done = MRT_DONE, c_int;
    Mrt6Pim = MRT_PIM, c_int;
    Mrt6Table = MRT_TABLE, u32;
    Mrt6Assert = MRT_ASSERT, c_int;
    Mrt6AddMif = MRT_ADD_VIF, Mif6Ctl;
    Mrt6DelMif = MRT_DEL_VIF, u16;
    Mrt6AddMfc = MRT_ADD_MFC, Mf6cCtl;
    Mrt6DelMfc = MRT_DEL_MFC, Mf6cCtl;
    Mrt6Flush = MRT_FLUSH, c_int;
    Ipv6RecvHopOpts = libc::IPV6_RECVHOPOPTS, c_int;
    Ipv6HopOpts = libc::IPV6_HOPOPTS, [u8; 8];
    Ipv6MulticastLoop = libc::IPV6_MULTICAST_LOOP, c_int;
    Ipv6AddMembership = libc::IPV6_ADD_MEMBERSHIP, libc::ipv6_mreq;
    Ipv6DropMembership = libc::IPV6_DROP_MEMBERSHIP, libc::ipv6_mreq;
    JoinGroup6 = libc::MCAST_JOIN_GROUP, GroupReq;
    LeaveGroup6 = libc::MCAST_LEAVE_GROUP, GroupReq;
    JoinSource6 = libc::MCAST_JOIN_SOURCE_GROUP, GroupSourceReq;
    LeaveSource6 = libc::MCAST_LEAVE_SOURCE_GROUP, GroupSourceReq;
}

options! { libc::IPPROTO_ICMPV6:
    Icmp6Filter = ICMP6_FILTER, [u32; 8];
}

/// `MRT_VERSION`
#[derive(Clone, Copy)]
pub(super) struct MrtVersion;
nix::getsockopt_impl!(MrtVersion, libc::IPPROTO_IP, MRT_VERSION, c_int, GetStruct<c_int>);

/// `MRT6_VERSION`
#[derive(Clone, Copy)]
pub(super) struct Mrt6Version;
nix::getsockopt_impl!(Mrt6Version, libc::IPPROTO_IPV6, MRT_VERSION, c_int, GetStruct<c_int>);

mod request {
    nix::ioctl_readwrite_bad!(sg_count, super::SIOCGETSGCNT, super::SiocSgReq);
    nix::ioctl_readwrite_bad!(vif_count, super::SIOCGETVIFCNT, super::SiocVifReq);
    nix::ioctl_readwrite_bad!(sg_count_6, super::SIOCGETSGCNT, super::SiocSgReq6);
    nix::ioctl_readwrite_bad!(mif_count_6, super::SIOCGETVIFCNT, super::SiocMifReq6);
}

/// Fills in the counters of the flow that `request` names.
pub(super) fn sg_count(fd: &impl AsFd, request: &mut SiocSgReq) -> nix::Result<()> {
    // SAFETY: `request` is the structure that SIOCGETSGCNT reads and writes; it outlives it.
    unsafe { request::sg_count(fd.as_fd().as_raw_fd(), request) }.map(drop)
}

/// Fills in the counters of the virtual interface that `request` names.
pub(super) fn vif_count(fd: &impl AsFd, request: &mut SiocVifReq) -> nix::Result<()> {
    // SAFETY: `request` is the structure that SIOCGETVIFCNT reads and writes; it outlives it.
    unsafe { request::vif_count(fd.as_fd().as_raw_fd(), request) }.map(drop)
}

/// Fills in the counters of the IPv6 flow that `request` names.
pub(super) fn sg_count_6(fd: &impl AsFd, request: &mut SiocSgReq6) -> nix::Result<()> {
    // SAFETY: `request` is the structure that SIOCGETSGCNT_IN6 reads and writes; it outlives it.
    unsafe { request::sg_count_6(fd.as_fd().as_raw_fd(), request) }.map(drop)
}

/// Fills in the counters of the IPv6 virtual interface that `request` names.
pub(super) fn mif_count_6(fd: &impl AsFd, request: &mut SiocMifReq6) -> nix::Result<()> {
    // SAFETY: `request` is the structure that SIOCGETMIFCNT_IN6 reads and writes; it outlives it.
    unsafe { request::mif_count_6(fd.as_fd().as_raw_fd(), request) }.map(drop)
}

/// A non-blocking raw socket for IGMP, closed on exec, in the network namespace of this thread.
pub(super) fn igmp_socket() -> nix::Result<OwnedFd> {
    raw_socket(libc::AF_INET, libc::IPPROTO_IGMP)
}

/// A non-blocking raw socket for ICMPv6, closed on exec, in the network namespace of this thread.
pub(super) fn icmpv6_socket() -> nix::Result<OwnedFd> {
    raw_socket(libc::AF_INET6, libc::IPPROTO_ICMPV6)
}

/// A non-blocking raw socket for PIM, closed on exec, in the network namespace of this thread.
pub(super) fn pim_socket(family: Family) -> nix::Result<OwnedFd> {
    let domain = match family {
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    raw_socket(domain, libc::IPPROTO_PIM)
}

/// nix has no names for these protocols.
fn raw_socket(family: c_int, protocol: c_int) -> nix::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: the call takes no pointer.
    let fd = Errno::result(unsafe { libc::socket(family, kind, protocol) })?;
    // SAFETY: the descriptor was just created, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Takes over a descriptor that the process was started with, and closes it on exec from now on. Each
/// number can be taken once, and not those of standard input, output and error.
///
/// # Errors
/// `EBADF` for what is not open or may not be taken.
pub(super) fn inherited(fd: RawFd) -> nix::Result<OwnedFd> {
    static TAKEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if fd <= libc::STDERR_FILENO || taken.contains(&fd) {
        return Err(Errno::EBADF);
    }
    // SAFETY: the call takes no pointer; it fails for a descriptor that is not open.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    taken.insert(fd);
    // SAFETY: the descriptor is open, and whoever started the process meant it for this one taker.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Registers a descriptor with tokio's epoll, for reading, until the result is dropped.
pub(super) fn registered(fd: BorrowedFd<'_>) -> io::Result<AsyncFd<BorrowedFd<'_>>> {
    // SAFETY: a `BorrowedFd` is open for its whole lifetime, which the result cannot outlive, and
    // always yields the same descriptor.
    unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.map_err(io::Error::from)
}

/// An address as the kernel's structures hold it, in network order.
pub(super) fn in_addr_of(addr: Ipv4Addr) -> in_addr {
    in_addr { s_addr: u32::from_ne_bytes(addr.octets()) }
}

/// An address as the kernel's structures for IPv6 hold it; it looks at nothing else in them.
pub(super) fn sockaddr_in6_of(addr: Ipv6Addr) -> sockaddr_in6 {
    sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: 0,
        sin6_flowinfo: 0,
        sin6_addr: libc::in6_addr { s6_addr: addr.octets() },
        sin6_scope_id: 0,
    }
}

/// Whether the ancillary data are the Hop-by-Hop Options of a packet (`IPV6_HOPOPTS`).
pub(super) fn is_hop_by_hop(header: &cmsghdr) -> bool {
    (header.cmsg_level, header.cmsg_type) == (libc::IPPROTO_IPV6, libc::IPV6_HOPOPTS)
}

/// Has the socket receive only packets that this classic BPF program accepts.
pub(super) fn attach_filter(
    fd: BorrowedFd<'_>,
    program: &mut [libc::sock_filter],
) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(io::Error::other)?;
    let filter = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    // SAFETY: the kernel copies the program, which `filter` describes with its length, during the call.
    let done = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const filter).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    Errno::result(done).map(drop).map_err(io::Error::from)
}

/// Has a packet socket receive this protocol of all devices; nothing if it is 0.
pub(super) fn bind_packets(fd: BorrowedFd<'_>, protocol: u16) -> io::Result<()> {
    // SAFETY: all zeros are a value of this structure.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol.to_be();
    // SAFETY: the address is a whole sockaddr_ll, whose size is given.
    let done = unsafe {
        libc::bind(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    Errno::result(done).map(drop).map_err(io::Error::from)
}

/// Receives a packet, and where it was seen: its length, the index of the device, and the kernel's type
/// of packet (`PACKET_HOST` and so on).
pub(super) fn receive_packet(fd: BorrowedFd<'_>, space: &mut [u8]) -> io::Result<(usize, u32, u8)> {
    // SAFETY: all zeros are a value of this structure.
    let mut from: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the space and the address are writable for the lengths that are given.
    let received = unsafe {
        libc::recvfrom(
            fd.as_raw_fd(),
            space.as_mut_ptr().cast(),
            space.len(),
            libc::MSG_DONTWAIT,
            (&raw mut from).cast(),
            &raw mut length,
        )
    };
    let received = Errno::result(received).map_err(io::Error::from)?;
    let received = usize::try_from(received).map_err(io::Error::other)?;
    Ok((received, u32::try_from(from.sll_ifindex).unwrap_or_default(), from.sll_pkttype))
}
