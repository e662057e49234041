//! The few system calls that no safe crate offers, each behind a safe function.
//!
//! This is the only module of the package in which `unsafe` is allowed.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Arc;

use nix::sys::signal::Signal;
use nix::sys::socket::sockopt::GetStruct;
use nix::sys::socket::{LinkAddr, SockaddrLike, getsockopt};
use nix::unistd::{Pid, getpid, getppid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Tap;

/// `ETH_P_ALL`: every protocol, and outgoing frames too (packet(7)).
pub(super) const ALL_PROTOCOLS: u16 = 0x0003;

/// The address of packet sockets for `protocol` on interface `ifindex`; 0 is every interface.
pub(super) fn packet_address(protocol: u16, ifindex: u32) -> io::Result<LinkAddr> {
    let ifindex = i32::try_from(ifindex).map_err(|_| io::ErrorKind::InvalidInput)?;
    let raw = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: ifindex,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the pointer is to a whole, initialised sockaddr_ll of `length` bytes, alive during
    // the call, and `from_raw` copies it.
    let address = unsafe { LinkAddr::from_raw((&raw const raw).cast(), Some(length)) };
    address.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// The tap as something to wait on, registered with the current runtime.
pub(super) fn readable(tap: Arc<Tap>) -> io::Result<AsyncFd<Arc<Tap>>> {
    // SAFETY: a tap keeps one socket, open until it is dropped, and the `Arc` inside the `AsyncFd`
    // keeps it from being dropped before.
    Ok(unsafe { AsyncFd::register_with_interest(tap, Interest::READABLE) }?)
}

#[derive(Clone, Copy)]
struct PacketStatistics;

// SAFETY (in the macro): the kernel fills a `tpacket_stats`, two plain integers, for this option.
nix::getsockopt_impl!(
    PacketStatistics,
    libc::SOL_PACKET,
    libc::PACKET_STATISTICS,
    libc::tpacket_stats,
    GetStruct<libc::tpacket_stats>
);

/// Frames that the packet socket had no room for since this was last asked (packet(7)).
pub(super) fn take_packet_drops(socket: BorrowedFd<'_>) -> io::Result<u32> {
    Ok(getsockopt(&socket, PacketStatistics)?.tp_drops)
}

nix::ioctl_readwrite_bad!(siocethtool, 0x8946, libc::ifreq);

/// `struct ethtool_value` of linux/ethtool.h.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// `ETHTOOL_STXCSUM` of linux/ethtool.h.
const ETHTOOL_STXCSUM: u32 = 0x17;

/// Makes the kernel compute checksums before it sends on `ifname`, as if the device could not.
///
/// `socket` is any socket of the namespace that the interface is in.
pub(super) fn tx_checksum_offload_off(socket: BorrowedFd<'_>, ifname: &str) -> io::Result<()> {
    let mut value = EthtoolValue { command: ETHTOOL_STXCSUM, data: 0 };
    let mut request = libc::ifreq {
        ifr_name: [0; libc::IFNAMSIZ],
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_data: (&raw mut value).cast() },
    };
    if ifname.len() >= libc::IFNAMSIZ {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(ifname.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: `request` is a whole ifreq with a terminated name; its data points to `value`, which
    // has the layout that ETHTOOL_STXCSUM reads and outlives the call.
    unsafe { siocethtool(socket.as_raw_fd(), &raw mut request) }?;
    Ok(())
}

/// Has the program killed when the thread that starts it ends.
pub(super) fn die_with_thread(command: &mut Command) {
    let starter = getpid();
    let die = move || {
        nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        // Who was killed before that gives no signal any more.
        if getppid() == starter { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
    };
    // SAFETY: between fork and exec the closure makes two system calls, which are async-signal-safe,
    // and allocates nothing.
    unsafe { command.pre_exec(die) };
}

/// A descriptor of a process that this one has not waited for yet (pidfd_open(2)).
pub(super) fn pidfd_open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two integers and touches no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the kernel has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal to the process behind the descriptor (pidfd_send_signal(2)).
pub(super) fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
    let info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the call takes three integers and a null pointer, which means no siginfo.
    let sent = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal as i32, info, 0)
    };
    if sent == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Puts the calling thread before all ordinary ones. Says whether it was allowed: an ordinary user's
/// threads stay where they are.
pub(super) fn take_precedence() -> bool {
    /// The calling thread, for setpriority(2) of Linux.
    const THIS_THREAD: libc::id_t = 0;
    const FIRST: libc::c_int = -20;
    // SAFETY: the call takes three integers and touches no memory.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, THIS_THREAD, FIRST) == 0 }
}
