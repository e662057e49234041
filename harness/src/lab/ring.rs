//! A packet socket that shares memory with the kernel (TPACKET_V3), through which a capture hears.
//!
//! The kernel writes frames into blocks, stamps them when they cross the interface, and hands a
//! block over when it is full, or at the latest after [`RETIRE_MS`]. Reading a frame costs no
//! system call, and the room for unread frames does not depend on `net.core.rmem_max`. A reader
//! that needs frames at once asks for the block: [`Ring::flush`].
//!
//! The kernel counts the frames that it writes, so a reader can tell when it has read all of them.

use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::unix::AsyncFd;

use super::sys::{self, RingMemory};
use super::{LOOPBACK_IFINDEX, Tap, probe};

/// Bytes of a block: a hundred small frames, ten large ones. A frame is cut at some 130 bytes less.
const BLOCK_BYTES: u32 = 16 << 10;

/// How long the kernel keeps a block that is not full. Its timer for each ring goes off this often
/// for ever, traffic or no, so the time must not be short.
const RETIRE_MS: u32 = 100;

/// The memory of all rings of a lab together, as long as each ring gets its least.
const BUDGET_BYTES: usize = 64 << 20;

/// The least holds 3,600 frames of 60 bytes or 320 of 1,514, the most 32 times that.
const LEAST_BYTES: usize = 512 << 10;
const MOST_BYTES: usize = 16 << 20;

/// A frame that fills a block, and that no network stack listens to.
const FILLER: [u8; BLOCK_BYTES as usize] = {
    let mut frame = [0; BLOCK_BYTES as usize];
    [frame[12], frame[13]] = probe::ETHERTYPE;
    frame
};

/// A frame where the kernel has written it.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// The interface that sent or received it.
    pub(super) ifindex: u32,
    /// Whether the interface sent it.
    pub(super) outgoing: bool,
    /// The kernel's stamp: CLOCK_REALTIME in nanoseconds.
    pub(super) stamp_ns: u64,
    /// The frame from the Ethernet header on, as far as a block has room.
    pub(super) bytes: &'a [u8],
    /// The frame's length before it was cut, in bytes.
    pub(super) original_len: usize,
}

/// A listening packet socket with its ring.
#[derive(Debug)]
pub(super) struct Ring {
    /// Drops first: the socket closes only once its memory is no longer mapped.
    state: Mutex<State>,
    tap: Tap,
}

#[derive(Debug)]
struct State {
    memory: RingMemory,
    /// The block that the kernel hands over next.
    next: usize,
    /// How many frames have been read.
    taken: u64,
    /// The frames that the kernel has written, and those that it had no room for, at the last
    /// count.
    written: u64,
    drops: u64,
}

impl Ring {
    /// Makes the ring of a tap that does not listen yet, and lets it listen; `rings` is the number
    /// of rings in the lab. It waits for an RCU grace period, which rings made side by side share.
    ///
    /// # Errors
    /// Errors of the system calls: `ENOMEM` if there is not enough memory.
    pub(super) fn listen(tap: Tap, rings: usize) -> io::Result<Self> {
        let bytes = (BUDGET_BYTES / rings.max(1)).clamp(LEAST_BYTES, MOST_BYTES);
        let blocks = bytes as u32 / BLOCK_BYTES;
        let memory = RingMemory::map(tap.as_fd(), BLOCK_BYTES, blocks, RETIRE_MS)?;
        tap.listen()?;
        let state = State { memory, next: 0, taken: 0, written: 0, drops: 0 };
        Ok(Self { tap, state: Mutex::new(state) })
    }

    /// Shows the frames of the next block, except those of `lo`, in the order in which the kernel
    /// wrote them.
    ///
    /// # Errors
    /// `WouldBlock` if no block has been handed over.
    pub(super) fn read_block(&self, mut see: impl FnMut(Seen<'_>)) -> io::Result<()> {
        let mut state = self.state();
        let State { memory, next, taken, .. } = &mut *state;
        let block = memory.block(*next).ok_or(io::ErrorKind::WouldBlock)?;
        let frames = read(block, &mut see)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a block makes no sense"))?;
        *taken += u64::from(frames);
        memory.hand_back(*next);
        *next = (*next + 1) % memory.blocks();
        Ok(())
    }

    /// Makes the kernel hand over the block that it is writing to, by sending a frame on `lo` that
    /// no longer fits. Frames that other CPUs are still writing come in a later block. If `lo` is
    /// down or busy, the kernel hands the block over later.
    pub(super) fn flush(&self) {
        let _refused = self.tap.send(LOOPBACK_IFINDEX, &FILLER);
    }

    /// Sends a frame out of an interface, as [`Tap::send`] does.
    ///
    /// # Errors
    /// Errors of [`Tap::send`].
    pub(super) fn send(&self, ifindex: u32, frame: &[u8]) -> io::Result<()> {
        self.tap.send(ifindex, frame)
    }

    /// Registers the ring's socket with the current runtime, to wait for blocks.
    ///
    /// # Errors
    /// Errors of the runtime's reactor.
    pub(super) fn waiting(&self) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
        sys::readable(Arc::clone(self.tap.socket()))
    }

    /// How many frames have been read, those of `lo` included.
    pub(super) fn taken(&self) -> u64 {
        self.state().taken
    }

    /// The frames that the kernel has written so far, and those that it had no room for.
    ///
    /// # Errors
    /// Errors of getsockopt(2).
    pub(super) fn counted(&self) -> io::Result<(u64, u64)> {
        // Reading resets the kernel's counts.
        let (heard, drops) = sys::take_ring_statistics(self.tap.as_fd())?;
        let mut state = self.state();
        state.written += u64::from(heard.saturating_sub(drops));
        state.drops += u64::from(drops);
        Ok((state.written, state.drops))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the frames of a block and counts them, those of `lo` included. `None` if the block is
/// malformed.
fn read(block: &[u8], see: &mut impl FnMut(Seen<'_>)) -> Option<u32> {
    const HEADER: usize = offset_of!(libc::tpacket_block_desc, hdr);
    let frames = word(block, HEADER + offset_of!(libc::tpacket_hdr_v1, num_pkts))?;
    let mut at =
        word(block, HEADER + offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt))? as usize;
    for number in 1..=frames {
        let frame = block.get(at..)?;
        if let Some(seen) = parse(frame)? {
            see(seen);
        }
        let next = word(frame, offset_of!(libc::tpacket3_hdr, tp_next_offset))?;
        if next == 0 && number < frames {
            return None;
        }
        at += next as usize;
    }
    Some(frames)
}

/// The frame at the start of `at`; `Some(None)` if it crossed `lo`.
fn parse(at: &[u8]) -> Option<Option<Seen<'_>>> {
    /// The offset of the frame's address (`struct sockaddr_ll`).
    const ADDRESS: usize =
        size_of::<libc::tpacket3_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT);
    if half(at, ADDRESS + offset_of!(libc::sockaddr_ll, sll_hatype))? == libc::ARPHRD_LOOPBACK {
        return Some(None);
    }
    let field = |offset| word(at, offset);
    let start = usize::from(half(at, offset_of!(libc::tpacket3_hdr, tp_mac))?);
    let length = field(offset_of!(libc::tpacket3_hdr, tp_snaplen))? as usize;
    let seconds = u64::from(field(offset_of!(libc::tpacket3_hdr, tp_sec))?);
    let nanoseconds = u64::from(field(offset_of!(libc::tpacket3_hdr, tp_nsec))?);
    Some(Some(Seen {
        ifindex: field(ADDRESS + offset_of!(libc::sockaddr_ll, sll_ifindex))?,
        outgoing: *at.get(ADDRESS + offset_of!(libc::sockaddr_ll, sll_pkttype))?
            == libc::PACKET_OUTGOING,
        stamp_ns: seconds * 1_000_000_000 + nanoseconds,
        bytes: at.get(start..start + length)?,
        original_len: field(offset_of!(libc::tpacket3_hdr, tp_len))? as usize,
    }))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 60] = [7; 60];

    /// A block of these frames as linux/if_packet.h lays it out, each as (interface, packet type).
    fn block(frames: &[(u32, u8)], hatype: u16) -> Vec<u8> {
        const FIRST: usize = 48;
        const EACH: usize = 144;
        let mut block = vec![0; FIRST + frames.len() * EACH];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(12, &(frames.len() as u32).to_ne_bytes());
        put(16, &(FIRST as u32).to_ne_bytes());
        for (number, (ifindex, pkttype)) in frames.iter().enumerate() {
            let at = FIRST + number * EACH;
            let next = if number + 1 < frames.len() { EACH as u32 } else { 0 };
            for (offset, field) in [(0, next), (4, 3), (8, 5), (12, 60), (16, 1514), (52, *ifindex)]
            {
                put(at + offset, &field.to_ne_bytes());
            }
            put(at + 24, &82u16.to_ne_bytes());
            put(at + 56, &hatype.to_ne_bytes());
            put(at + 58, &[*pkttype]);
            put(at + 82, &BYTES);
        }
        block
    }

    fn seen(block: &[u8]) -> (Option<u32>, Vec<(u32, bool)>) {
        let mut all = Vec::new();
        let frames = read(block, &mut |seen| {
            assert_eq!((seen.stamp_ns, seen.original_len), (3_000_000_005, 1514));
            assert_eq!(seen.bytes, BYTES);
            all.push((seen.ifindex, seen.outgoing));
        });
        (frames, all)
    }

    #[test]
    fn the_frames_of_a_block_are_seen_in_order() {
        let block =
            block(&[(2, libc::PACKET_OUTGOING), (3, libc::PACKET_HOST)], libc::ARPHRD_ETHER);
        assert_eq!(seen(&block), (Some(2), vec![(2, true), (3, false)]));
    }

    #[test]
    fn frames_of_lo_are_counted_and_not_seen() {
        let block = block(&[(1, libc::PACKET_HOST)], libc::ARPHRD_LOOPBACK);
        assert_eq!(seen(&block), (Some(1), vec![]));
    }

    #[test]
    fn a_block_that_makes_no_sense_is_refused() {
        let whole =
            block(&[(2, libc::PACKET_OUTGOING), (3, libc::PACKET_HOST)], libc::ARPHRD_ETHER);
        for length in 0..whole.len() - 2 {
            assert_eq!(read(&whole[..length], &mut |_| {}), None, "cut after {length}");
        }
        // A count, an offset or a length that leads out of the block.
        for at in [12, 16, 48, 48 + 12, 48 + 24] {
            let mut spoiled = whole.clone();
            spoiled[at..at + 2].fill(0xff);
            assert_eq!(read(&spoiled, &mut |_| {}), None, "spoiled at {at}");
        }
    }
}
