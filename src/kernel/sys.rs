//! linux/mroute.h as Rust types, and the system calls that nix does not wrap.
//!
//! The structures have the layout that the kernel copies in and out; their sizes are checked at
//! compile time. The option types tie each option to the structure that the kernel reads for it,
//! which makes `setsockopt` safe to call. This module interprets no value.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{c_int, c_uint, c_ulong, in_addr};
use nix::errno::Errno;
use nix::sys::socket::sockopt::SetStruct;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::mfc::vif::Vif;

const MRT_INIT: c_int = 200;
const MRT_ADD_VIF: c_int = 202;
const MRT_DEL_VIF: c_int = 203;
const MRT_ADD_MFC: c_int = 204;
const MRT_DEL_MFC: c_int = 205;
const MRT_ASSERT: c_int = 207;
const MRT_TABLE: c_int = 209;

const SIOCGETVIFCNT: c_ulong = 0x89e0;
const SIOCGETSGCNT: c_ulong = 0x89e1;

/// `VIFF_USE_IFINDEX`: the device is named by its index, not by an address.
pub(super) const VIFF_USE_IFINDEX: u8 = 0x8;

/// `IGMPMSG_NOCACHE`
pub(super) const IGMPMSG_NOCACHE: u8 = 1;
/// `IGMPMSG_WRONGVIF`
pub(super) const IGMPMSG_WRONGVIF: u8 = 2;
/// `IGMPMSG_WHOLEPKT`
pub(super) const IGMPMSG_WHOLEPKT: u8 = 3;

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

const _: () = {
    assert!(size_of::<VifCtl>() == 16);
    assert!(size_of::<MfcCtl>() == 60);
    assert!(size_of::<SiocSgReq>() == 8 + 3 * size_of::<c_ulong>());
    assert!(size_of::<SiocVifReq>() == 5 * size_of::<c_ulong>());
};

/// Options of level `IPPROTO_IP`, each with the type that the kernel copies in for it.
macro_rules! options {
    ($($name:ident = $flag:path, $value:ty;)*) => {$(
        #[doc = concat!("`", stringify!($flag), "`")]
        #[derive(Clone)]
        pub(super) struct $name;
        nix::setsockopt_impl!($name, libc::IPPROTO_IP, $flag, $value, SetStruct<$value>);
    )*};
}

options! {
    MrtInit = MRT_INIT, c_int;
    MrtTable = MRT_TABLE, u32;
    MrtAssert = MRT_ASSERT, c_int;
    MrtAddVif = MRT_ADD_VIF, VifCtl;
    MrtDelVif = MRT_DEL_VIF, VifCtl;
    MrtAddMfc = MRT_ADD_MFC, MfcCtl;
    MrtDelMfc = MRT_DEL_MFC, MfcCtl;
    IpHdrIncl = libc::IP_HDRINCL, c_int;
    IpAddMembership = libc::IP_ADD_MEMBERSHIP, libc::ip_mreqn;
    IpDropMembership = libc::IP_DROP_MEMBERSHIP, libc::ip_mreqn;
}

mod request {
    nix::ioctl_readwrite_bad!(sg_count, super::SIOCGETSGCNT, super::SiocSgReq);
    nix::ioctl_readwrite_bad!(vif_count, super::SIOCGETVIFCNT, super::SiocVifReq);
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

/// A non-blocking raw socket for IGMP, closed on exec, in the network namespace of this thread.
/// nix has no name for the protocol.
pub(super) fn igmp_socket() -> nix::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: the call takes no pointer.
    let fd = Errno::result(unsafe { libc::socket(libc::AF_INET, kind, libc::IPPROTO_IGMP) })?;
    // SAFETY: the descriptor was just created, and nobody else knows it.
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
