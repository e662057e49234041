//! The few system calls that no safe crate offers, each behind a safe function.
//!
//! `unsafe` is allowed in no other module of this package.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IoSliceMut};
use std::mem::offset_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::socket::sockopt::{GetStruct, SetStruct};
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, SockaddrLike, getsockopt, recvmsg, setsockopt,
};
use nix::unistd::{ForkResult, Pid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

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

/// Registers a socket with the current runtime, to wait for its readability.
pub(super) fn readable(socket: Arc<OwnedFd>) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    // SAFETY: an `OwnedFd` keeps one descriptor open until it is dropped, and the `Arc` inside the
    // `AsyncFd` keeps it from being dropped before.
    Ok(unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?)
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

/// The frames that the packet socket had no room for since the last call (packet(7)).
pub(super) fn take_packet_drops(socket: BorrowedFd<'_>) -> io::Result<u32> {
    Ok(getsockopt(&socket, PacketStatistics)?.tp_drops)
}

#[derive(Clone, Copy)]
struct RingStatistics;
#[derive(Clone, Copy)]
struct PacketVersion;
#[derive(Clone, Copy)]
struct RxRing;

// SAFETY (in the macro): the kernel fills a `tpacket_stats_v3`, three plain integers, for this
// option of a socket with a ring; of any other socket it fills less, which nix refuses.
nix::getsockopt_impl!(
    RingStatistics,
    libc::SOL_PACKET,
    libc::PACKET_STATISTICS,
    libc::tpacket_stats_v3,
    GetStruct<libc::tpacket_stats_v3>
);
nix::setsockopt_impl!(
    PacketVersion,
    libc::SOL_PACKET,
    libc::PACKET_VERSION,
    libc::c_uint,
    SetStruct<libc::c_uint>
);
nix::setsockopt_impl!(
    RxRing,
    libc::SOL_PACKET,
    libc::PACKET_RX_RING,
    libc::tpacket_req3,
    SetStruct<libc::tpacket_req3>
);

/// The frames that a packet socket with a ring has heard, and those among them that found no room,
/// since the last call.
pub(super) fn take_ring_statistics(socket: BorrowedFd<'_>) -> io::Result<(u32, u32)> {
    let counted = getsockopt(&socket, RingStatistics)?;
    Ok((counted.tp_packets, counted.tp_drops))
}

/// The offset of the word that tells whether the kernel or this process owns a block.
const BLOCK_STATUS: usize =
    offset_of!(libc::tpacket_block_desc, hdr) + offset_of!(libc::tpacket_hdr_v1, block_status);

/// Memory that the kernel writes frames into, in blocks. Each block belongs either to the kernel or
/// to this process (TPACKET_V3, Documentation/networking/packet_mmap).
#[derive(Debug)]
pub(super) struct RingMemory {
    start: NonNull<u8>,
    block_len: usize,
    blocks: usize,
}

// SAFETY: the memory is mapped for the whole process, and nothing else in it has the address.
unsafe impl Send for RingMemory {}

impl RingMemory {
    /// Makes the kernel share this memory with a packet socket that is not bound yet. The kernel
    /// hands a block over when it is full, or this long after its first frame. Blocks are whole
    /// pages.
    ///
    /// The call waits for an RCU grace period.
    pub(super) fn map(
        socket: BorrowedFd<'_>,
        block_len: u32,
        blocks: u32,
        retire_ms: u32,
    ) -> io::Result<Self> {
        setsockopt(&socket, PacketVersion, &(libc::tpacket_versions::TPACKET_V3 as libc::c_uint))?;
        let request = libc::tpacket_req3 {
            tp_block_size: block_len,
            tp_block_nr: blocks,
            // Frames take the space they need of a block; these two only have to agree.
            tp_frame_size: block_len,
            tp_frame_nr: blocks,
            tp_retire_blk_tov: retire_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        setsockopt(&socket, RxRing, &request)?;
        let (block_len, blocks) = (block_len as usize, blocks as usize);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let (shared, fd) = (libc::MAP_SHARED, socket.as_raw_fd());
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), block_len * blocks, access, shared, fd, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let ring = Self { start, block_len, blocks };
        // Rings are excluded from fork (MADV_DONTFORK): copying their page tables stalled the whole
        // process for up to 1 s.
        // SAFETY: nothing is read or written, and it is all of a mapping of ours.
        let kept = unsafe {
            libc::madvise(start.as_ptr().cast(), block_len * blocks, libc::MADV_DONTFORK)
        };
        if kept == -1 { Err(io::Error::last_os_error()) } else { Ok(ring) }
    }

    /// The number of blocks.
    pub(super) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// A block, if the kernel has handed it over.
    pub(super) fn block(&mut self, index: usize) -> Option<&[u8]> {
        if self.status(index).load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return None;
        }
        // SAFETY: `status` has checked that the block lies within the mapping, which lives as long
        // as `self`. The block is this process' until `hand_back`, which the borrow rules out for
        // as long as the slice lives; until then the kernel does not write to it.
        Some(unsafe {
            std::slice::from_raw_parts(
                self.start.add(index * self.block_len).as_ptr(),
                self.block_len,
            )
        })
    }

    /// Gives a block back to the kernel.
    pub(super) fn hand_back(&mut self, index: usize) {
        self.status(index).store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }

    fn status(&self, index: usize) -> &AtomicU32 {
        assert!(index < self.blocks, "block {index} of {}", self.blocks);
        // SAFETY: the address is within the mapping, which lives as long as `self`, and aligned:
        // blocks begin at whole pages. The kernel and this process only ever access the word whole.
        unsafe {
            self.start.add(index * self.block_len + BLOCK_STATUS).cast::<AtomicU32>().as_ref()
        }
    }
}

impl Drop for RingMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, as long as when it was made, and no slice of it
        // outlives the value.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.block_len * self.blocks) };
    }
}

/// Sets a socket option to these octets (setsockopt(2)).
pub(super) fn set_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    octets: &[u8],
) -> io::Result<()> {
    let (fd, length) = (socket.as_raw_fd(), octets.len() as libc::socklen_t);
    // SAFETY: the kernel reads `length` octets, which the slice has, and keeps no pointer.
    let set = unsafe { libc::setsockopt(fd, level, option, octets.as_ptr().cast(), length) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
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

/// Splits this process in two, and returns the number of the new one; `None` in the new one, which
/// goes on with copies of everything. The process must have one thread: locks that other threads
/// hold would stay locked in the new one.
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: with one thread, the new process is in the same state as this one.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}

/// Closes every descriptor but the standard streams. To be called before this process has opened any:
/// what is open then was inherited.
pub(super) fn close_inherited() {
    const FIRST: libc::c_uint = 3;
    // SAFETY: nothing in this process owns a descriptor yet. Without the call (before Linux 5.9) they
    // stay open, as they would in any program.
    unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
}

/// Receives a message and the descriptors that came with it, without waiting. Programs that this
/// process starts do not inherit them.
pub(super) fn receive_descriptors(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = nix::cmsg_space!([RawFd; 8]);
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let mut slices = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
    let mut descriptors = Vec::new();
    for cmsg in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = cmsg {
            // SAFETY: the kernel has just made them for this process, and nobody else knows them.
            descriptors.extend(received.iter().map(|&fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    Ok((message.bytes, descriptors))
}

/// A descriptor of this process, or of a child that it has not waited for yet (pidfd_open(2)).
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

/// Gives the calling thread real-time priority, or takes it back. Threads and processes that it
/// starts are ordinary in either case.
pub(super) fn go_first(first: bool) -> io::Result<()> {
    /// The calling thread, for sched_setscheduler(2) of Linux.
    const THIS_THREAD: libc::pid_t = 0;
    // Real-time threads take turns among themselves.
    let policy = if first { libc::SCHED_RR } else { libc::SCHED_OTHER };
    let param = libc::sched_param { sched_priority: first.into() };
    // SAFETY: the call takes two integers and a pointer to a whole sched_param, which it only reads.
    let set = unsafe {
        libc::sched_setscheduler(THIS_THREAD, policy | libc::SCHED_RESET_ON_FORK, &raw const param)
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the program killed once the thread that starts it ends, however that happens.
pub(crate) fn end_with_this_thread(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;
    let dies = || Ok(nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?);
    // SAFETY: between fork and exec the call only enters the kernel.
    unsafe { command.pre_exec(dies) };
}

/// Makes every program that links this crate call `$serve` before `main`, while the process has one
/// thread only (System V ABI, `.init_array`).
macro_rules! before_main {
    ($serve:path) => {
        #[used]
        #[allow(unsafe_code, reason = "the section holds functions of this type")]
        #[unsafe(link_section = ".init_array")]
        static BEFORE_MAIN: extern "C" fn() = {
            extern "C" fn before_main() {
                $serve();
            }
            before_main
        };
    };
}
pub(crate) use before_main;

/// Gives this process these variables in addition to its own.
///
/// # Errors
/// The process has further threads, which may read its variables at the same time.
pub(crate) fn add_to_environment(variables: &BTreeMap<String, String>) -> io::Result<()> {
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("only a process of one thread may change its variables"));
    }
    for (key, value) in variables {
        // SAFETY: no other thread of this process reads or writes variables, because there is none.
        unsafe { std::env::set_var(key, value) };
    }
    Ok(())
}

/// Turns writing to a pipe without a reader into an error, instead of the end of the process. The
/// standard library does so too, but later.
pub(super) fn ignore_broken_pipes() -> io::Result<()> {
    // SAFETY: no handler of this process is replaced by another one that could be unsound.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) }?;
    Ok(())
}
