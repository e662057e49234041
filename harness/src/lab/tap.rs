//! A packet socket in a namespace that hears every interface of it, with the kernel's stamps.
//!
//! A tap hears what is sent and what arrives (packet(7)), except what it sends itself. It is opened
//! without a protocol and then bound to all of them, which avoids waiting for an RCU grace period;
//! closing does wait for one, on a thread of its own. Each frame can be had at once, but costs a
//! good part of a system call: use a ring to get all frames some time later.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, MultiHeaders, RecvMsg, SockFlag,
    SockType, bind, recvmmsg, sendto, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;

use super::{Netns, sys};

/// Bytes kept of each frame: more than the 1,514 that an interface of the lab lets through.
const SNAPLEN: usize = 2048;

/// Space to read into: each 2,048 bytes of it take one frame of a batch.
pub const BATCH_BYTES: usize = 32 * SNAPLEN;

/// Room for 160,000 small frames while nobody reads; an ordinary user gets `net.core.rmem_max`.
pub(super) const BUFFER_BYTES: usize = 64 << 20;

/// A frame, as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The interface that sent or received it.
    pub ifindex: u32,
    /// Whether the interface sent it.
    pub outgoing: bool,
    /// The kernel's stamp: CLOCK_REALTIME in nanoseconds.
    pub stamp_ns: u64,
    /// The frame from its Ethernet header on, cut to the room for one: 2,048 bytes in a tap, 16,254
    /// in a capture.
    pub bytes: Vec<u8>,
    /// The frame's length before it was cut, in bytes.
    pub original_len: usize,
}

/// A listening packet socket.
#[derive(Debug)]
pub struct Tap {
    /// `None` only during drop.
    socket: Option<Arc<OwnedFd>>,
    drops: AtomicU32,
}

impl Tap {
    /// Starts to listen in a namespace. The socket keeps the namespace alive.
    ///
    /// # Errors
    /// Errors of [`Netns::run`] and of the system calls.
    pub fn open(netns: &Netns) -> io::Result<Self> {
        netns.run(Self::open_here)?
    }

    fn open_here() -> io::Result<Self> {
        let tap = Self::deaf_here()?;
        match setsockopt(&tap, sockopt::RcvBufForce, &BUFFER_BYTES) {
            Err(Errno::EPERM) => setsockopt(&tap, sockopt::RcvBuf, &BUFFER_BYTES)?,
            other => other?,
        }
        tap.listen()?;
        Ok(tap)
    }

    /// A tap in the calling thread's namespace that does not listen yet.
    pub(super) fn deaf_here() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        // Protocol 0 hears nothing, so nothing arrives before the options are set.
        let made = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        let tap = Self { socket: Some(Arc::new(made)), drops: AtomicU32::new(0) };
        setsockopt(&tap, sockopt::ReceiveTimestampns, &true)?;
        Ok(tap)
    }

    /// Binds the tap to all protocols: it hears everything from now on.
    pub(super) fn listen(&self) -> io::Result<()> {
        Ok(bind(self.as_raw_fd(), &sys::packet_address(sys::ALL_PROTOCOLS, 0)?)?)
    }

    /// Appends a batch of waiting frames, except those of `lo`, in the order in which the kernel
    /// queued them. A batch may be less than all that wait. `space` should have [`BATCH_BYTES`].
    ///
    /// The kernel starts to stamp frames some time after the first tap asked for stamps; until then
    /// it stamps them when they are read.
    ///
    /// # Errors
    /// `WouldBlock` if no frame is waiting; else errors of recvmmsg(2).
    pub fn receive(&self, space: &mut [u8], frames: &mut Vec<Frame>) -> io::Result<()> {
        let mut slots: Vec<_> =
            space.chunks_exact_mut(SNAPLEN).map(|slot| [IoSliceMut::new(slot)]).collect();
        // Made anew for each call: the kernel shortens the lengths in it.
        let mut headers = MultiHeaders::preallocate(slots.len(), Some(cmsg_space!(TimeSpec)));
        // With MSG_TRUNC the kernel returns the frame's length, not the length that fitted.
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
        let taken = recvmmsg(self.as_raw_fd(), &mut headers, slots.iter_mut(), flags, None)?;
        for message in taken {
            frames.extend(frame(&message)?);
        }
        Ok(())
    }

    /// Sends a frame out of an interface. This tap does not hear it; others do.
    ///
    /// # Errors
    /// Errors of sendto(2): `ENETDOWN` if the interface is down, `ENXIO` if it does not exist.
    /// Success does not mean that the frame left.
    pub fn send(&self, ifindex: u32, frame: &[u8]) -> io::Result<()> {
        let address = sys::packet_address(0, ifindex)?;
        sendto(self.as_raw_fd(), frame, &address, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }

    /// The number of frames that found no room since the tap was opened.
    ///
    /// # Errors
    /// Errors of getsockopt(2).
    pub fn drops(&self) -> io::Result<u32> {
        // Reading resets the kernel's count.
        let new = sys::take_packet_drops(self.as_fd())?;
        Ok(self.drops.fetch_add(new, Ordering::Relaxed).saturating_add(new))
    }
}

/// CLOCK_REALTIME in nanoseconds: the clock of the kernel's stamps.
#[expect(clippy::disallowed_methods, reason = "to be compared with the kernel's stamps")]
pub(super) fn realtime_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn frame(message: &RecvMsg<'_, '_, LinkAddr>) -> io::Result<Option<Frame>> {
    let unexpected = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let from = message.address.ok_or_else(|| unexpected("a frame came from no interface"))?;
    if from.hatype() == libc::ARPHRD_LOOPBACK {
        return Ok(None);
    }
    let stamp = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(stamp) => Some(stamp),
        _ => None,
    });
    let stamp = stamp.ok_or_else(|| unexpected("a frame came without a stamp"))?;
    let second_ns = u64::try_from(stamp.tv_sec()).unwrap_or(0).saturating_mul(1_000_000_000);
    Ok(Some(Frame {
        ifindex: u32::try_from(from.ifindex()).map_err(|_| unexpected("an impossible index"))?,
        outgoing: from.pkttype() == libc::PACKET_OUTGOING,
        stamp_ns: second_ns.saturating_add(u64::try_from(stamp.tv_nsec()).unwrap_or(0)),
        bytes: message.iovs().next().unwrap_or_default().to_vec(),
        original_len: message.bytes,
    }))
}

impl Tap {
    /// The socket, for a reactor to wait on.
    pub(super) const fn socket(&self) -> &Arc<OwnedFd> {
        self.socket.as_ref().expect("a tap has its socket until it is dropped")
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsRawFd for Tap {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl Drop for Tap {
    /// Closing takes 8 to 20 ms, with a ring twice that, but sockets closed side by side share the
    /// wait: each gets a thread that nobody waits for. If no thread can be started, the socket is
    /// closed here.
    fn drop(&mut self) {
        let socket = self.socket.take();
        let _thread = thread::Builder::new().name("close-tap".into()).spawn(|| drop(socket));
    }
}
