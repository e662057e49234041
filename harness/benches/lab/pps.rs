//! A source of frames as regular, or as fast, as one thread can be.

use std::io::IoSlice;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};

use crate::Watch;

/// With the headers of UDP, IPv4 and Ethernet a frame of 60 bytes.
const PAYLOAD: [u8; 18] = [0; 18];

/// Datagrams a system call.
const BATCH: usize = 64;

/// How many datagrams were sent, and in what time.
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

/// Sends for this long, at this rate in datagrams a second or, without one, without a pause.
pub(crate) fn send(
    socket: &UdpSocket,
    to: SocketAddrV4,
    rate: Option<u64>,
    length: Duration,
) -> Result<Sent> {
    let watch = Watch::start();
    let mut frames = 0;
    loop {
        let passed = watch.passed();
        if passed >= length {
            return Ok(Sent { frames, took: passed });
        }
        let due = rate.map_or(u64::MAX, |rate| (passed.as_secs_f64() * rate as f64) as u64);
        if due <= frames {
            thread::park_timeout(Duration::from_micros(100));
            continue;
        }
        let batch = usize::try_from(due - frames).unwrap_or(BATCH).min(BATCH);
        frames += send_batch(socket, to.into(), batch)? as u64;
    }
}

fn send_batch(socket: &UdpSocket, to: SockaddrIn, batch: usize) -> Result<usize> {
    let mut headers = MultiHeaders::preallocate(batch, None);
    let slices = [[IoSlice::new(&PAYLOAD)]; BATCH];
    let to = [Some(to); BATCH];
    let (slices, to) = (&slices[..batch], &to[..batch]);
    match sendmmsg(socket.as_raw_fd(), &mut headers, slices, to, [], MsgFlags::empty()) {
        Ok(sent) => Ok(sent.count()),
        Err(Errno::ENOBUFS) => Ok(0),
        Err(error) => Err(error.into()),
    }
}
