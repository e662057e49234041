//! A source of frames as regular, or as fast, as one thread can be, and the choice of its
//! processor.

use std::io::IoSlice;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use nix::errno::Errno;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};
use nix::unistd::Pid;

use crate::Watch;

/// The headers of UDP, IPv4 and Ethernet.
const HEADERS: usize = 8 + 20 + 14;

/// The longest Ethernet frame, without its checksum.
const LONGEST: usize = 1514;

/// Datagrams a system call.
const BATCH: usize = 64;

/// The number of datagrams sent, and the time that it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) frames: u64,
    pub(crate) took: Duration,
}

impl Sent {
    pub(crate) fn pps(self) -> f64 {
        self.frames as f64 / self.took.as_secs_f64()
    }
}

/// The load to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) to: SocketAddrV4,
    /// Bytes of a frame, 60 to 1,514.
    pub(crate) frame: usize,
    /// Datagrams a second; `None` sends as fast as possible.
    pub(crate) rate: Option<u64>,
}

impl Load {
    /// Sends this many datagrams without a pause.
    pub(crate) fn burst(self, socket: &UdpSocket, frames: u64) -> Result<()> {
        let mut sent = 0;
        while sent < frames {
            let batch = usize::try_from(frames - sent).unwrap_or(BATCH).min(BATCH);
            sent += self.send_batch(socket, batch)? as u64;
        }
        Ok(())
    }

    /// Sends for this long.
    pub(crate) fn send(self, socket: &UdpSocket, length: Duration) -> Result<Sent> {
        let watch = Watch::start();
        let mut frames = 0;
        loop {
            let passed = watch.passed();
            if passed >= length {
                return Ok(Sent { frames, took: passed });
            }
            let due =
                self.rate.map_or(u64::MAX, |rate| (passed.as_secs_f64() * rate as f64) as u64);
            if due <= frames {
                thread::park_timeout(Duration::from_micros(100));
                continue;
            }
            let batch = usize::try_from(due - frames).unwrap_or(BATCH).min(BATCH);
            frames += self.send_batch(socket, batch)? as u64;
        }
    }

    fn send_batch(self, socket: &UdpSocket, batch: usize) -> Result<usize> {
        let payload = [0; LONGEST - HEADERS];
        let mut headers = MultiHeaders::preallocate(batch, None);
        let slices = [[IoSlice::new(&payload[..self.frame - HEADERS])]; BATCH];
        let to = [Some(SockaddrIn::from(self.to)); BATCH];
        let (slices, to) = (&slices[..batch], &to[..batch]);
        match sendmmsg(socket.as_raw_fd(), &mut headers, slices, to, [], MsgFlags::empty()) {
            Ok(sent) => Ok(sent.count()),
            Err(Errno::ENOBUFS) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

/// The processors that this thread may run on.
pub(crate) fn processors() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu).unwrap_or(false)).collect())
}

/// Keeps the calling thread, and threads that it starts later, on these processors.
pub(crate) fn stay_on(processors: &[usize]) -> Result<()> {
    let mut only = CpuSet::new();
    processors.iter().try_for_each(|&cpu| only.set(cpu))?;
    Ok(sched_setaffinity(Pid::from_raw(0), &only)?)
}
