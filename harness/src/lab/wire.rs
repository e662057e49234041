//! A link whose frames pass through this process, so that it can treat them as no kernel would.
//!
//! Each port has a veth whose far end is in a namespace of the link's own. One packet socket hears
//! all far ends there, in one order, and a thread repeats each frame on all other ports, or lets a
//! [`Relay`] decide. Probes always pass, behind every frame that the relay has released, so that a
//! capture's proofs hold here as on any other link. The thread waits in the kernel, never spins,
//! and ends with the link.
//!
//! Frames leave from one CPU, since order is kept per CPU only. The sockets need no promiscuous
//! mode (a veth has no filter) and no bypass of queueing disciplines (a veth has none).

use std::fmt;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::{TimeSpec, TimeValLike};

use super::tap::realtime_ns;
use super::wall::monotonic;
use super::{BATCH_BYTES, Frame, Netns, Precedence, Tap, cpu, probe};

/// A stamp that seems older than this, or younger than now, is of a wall clock that was set.
const OLDEST_NS: u64 = 100_000_000;

/// Decides what happens to the frames on a wire. All times are CLOCK_MONOTONIC in nanoseconds.
pub trait Relay: Send {
    /// A frame entered the wire from a port. Calls come in the order of time.
    fn enter(&mut self, at_ns: u64, port: usize, frame: &[u8]);

    /// The next frame that is due by now, and the port that it leaves through. The wire polls until
    /// it gets `None`.
    fn poll(&mut self, now_ns: u64) -> Option<(usize, Arc<[u8]>)>;

    /// When the wire must poll again if no frame enters before.
    fn deadline(&self) -> Option<u64>;
}

/// A relay that its owner inspects while the wire uses it. Holding the lock holds up the wire.
pub type SharedRelay = Arc<Mutex<dyn Relay>>;

/// A running wire. Dropping it ends it.
#[derive(Debug)]
pub struct Wire {
    line: Arc<Line>,
    /// Closing the pipe wakes the thread for the last time.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// Joins the interfaces `ports` of a namespace, given by their indexes. `number` spreads wires
    /// over CPUs.
    ///
    /// # Errors
    /// Errors of opening a tap, a pipe and a thread.
    pub(super) fn start(netns: &Netns, ports: Vec<u32>, number: usize) -> io::Result<Self> {
        let line = Arc::new(Line { tap: Tap::open(netns)?, ports, state: Mutex::default() });
        let (stopped, stop) = io::pipe()?;
        let running = Arc::clone(&line);
        let run = move || {
            let cpus = cpu::allowed();
            cpu::move_to(cpus[number % cpus.len()]);
            let _first = Precedence::take();
            if let Err(error) = running.run(&stopped) {
                running.state().failure = Some(error);
            }
        };
        let thread = thread::Builder::new().name("wire".into()).spawn(run)?;
        Ok(Self { line, stop: Some(stop), thread: Some(thread) })
    }

    /// Lets the relay, which must hold no frames yet, decide about the traffic from the next frame
    /// on. Frames that an earlier relay still holds never arrive. Plugging in a relay after the end
    /// of a capture has no effect.
    pub fn plug(&self, relay: SharedRelay) {
        let mut state = self.line.state();
        if !state.closed {
            state.relay = Some(relay);
        }
    }

    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread catches its own failures, and a relay's panic has been printed.
            let _ended = thread.join();
        }
    }
}

/// State that the thread, the link and its capture share.
#[derive(Debug)]
pub(super) struct Line {
    tap: Tap,
    /// The far ends' interface indexes by port.
    ports: Vec<u32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    relay: Option<SharedRelay>,
    /// Whether only probes pass.
    closed: bool,
    /// The time of the latest frame: stamps of several CPUs may disagree by some nanoseconds.
    latest_ns: u64,
    failure: Option<io::Error>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl Line {
    /// Lets only probes pass from now on. Frames that the relay holds stay there.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.relay = None;
        state.closed = true;
    }

    /// Succeeds if the wire has carried everything so far.
    ///
    /// # Errors
    /// The failure that ended the wire early. It is reported once.
    pub(super) fn check(&self) -> io::Result<()> {
        self.state().failure.take().map_or(Ok(()), Err)
    }

    /// The number of frames that found no room in the wire's socket.
    pub(super) fn drops(&self) -> io::Result<u32> {
        self.tap.drops()
    }

    fn run(&self, stopped: &PipeReader) -> io::Result<()> {
        let (mut space, mut batch) = (vec![0; BATCH_BYTES], Vec::new());
        while self.wait(stopped)? {
            match self.tap.receive(&mut space, &mut batch) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                // No new frame, but a frame of the relay may be due.
                _ => self.carry(batch.drain(..))?,
            }
        }
        Ok(())
    }

    /// Waits until there is something to do; returns whether to go on.
    fn wait(&self, stopped: &PipeReader) -> io::Result<bool> {
        let deadline_ns = self.state().relay.as_ref().and_then(|relay| lock(relay).deadline());
        let timeout = deadline_ns.map(|at_ns| {
            let wait_ns = at_ns.saturating_sub(monotonic_ns());
            TimeSpec::nanoseconds(i64::try_from(wait_ns).unwrap_or(i64::MAX))
        });
        let mut fds =
            [self.tap.as_fd(), stopped.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        match ppoll(&mut fds, timeout, None) {
            Ok(_) => Ok(fds[1].any() == Some(false)),
            Err(Errno::EINTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes frames in, and sends what is due.
    fn carry(&self, frames: impl Iterator<Item = Frame>) -> io::Result<()> {
        let (now_ns, wall_ns) = (monotonic_ns(), realtime_ns());
        let mut state = self.state();
        let relay = state.relay.clone();
        let mut relay = relay.as_ref().map(|relay| lock(relay));
        for frame in frames {
            let Some(port) = self.ports.iter().position(|&ifindex| ifindex == frame.ifindex) else {
                continue;
            };
            if frame.bytes.len() < frame.original_len {
                let what = format!("a frame of {} octets is too long", frame.original_len);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            // A frame entered when the kernel stamped it, which was some time before it was read.
            let age_ns = wall_ns.checked_sub(frame.stamp_ns).filter(|age| *age <= OLDEST_NS);
            let entered_ns = now_ns.saturating_sub(age_ns.unwrap_or_default());
            state.latest_ns = state.latest_ns.max(entered_ns);
            let is_probe = probe::parse(&frame.bytes).is_some();
            match &mut relay {
                Some(relay) if !is_probe => {
                    let latest_ns = state.latest_ns;
                    relay.enter(latest_ns, port, &frame.bytes);
                    self.deliver(&mut **relay, latest_ns)?;
                }
                _ if state.closed && !is_probe => {}
                _ => self.repeat(port, &frame.bytes)?,
            }
        }
        relay.map_or(Ok(()), |mut relay| self.deliver(&mut *relay, now_ns))
    }

    fn deliver(&self, relay: &mut dyn Relay, now_ns: u64) -> io::Result<()> {
        while let Some((port, frame)) = relay.poll(now_ns) {
            self.send(port, &frame)?;
        }
        Ok(())
    }

    fn repeat(&self, from: usize, frame: &[u8]) -> io::Result<()> {
        let others = (0..self.ports.len()).filter(|&port| port != from);
        others.into_iter().try_for_each(|port| self.send(port, frame))
    }

    fn send(&self, port: usize, frame: &[u8]) -> io::Result<()> {
        let Some(&ifindex) = self.ports.get(port) else { return Ok(()) };
        loop {
            let sent = self.tap.send(ifindex, frame);
            match sent.as_ref().map_err(io::Error::raw_os_error) {
                Err(Some(libc::EAGAIN)) => self.wait_for_room()?,
                Err(Some(libc::EINTR)) => {}
                // No port is there to take the frame, as on an Ethernet with a cable pulled out.
                Err(Some(libc::ENETDOWN | libc::ENXIO | libc::ENODEV | libc::ENOBUFS)) => {
                    return Ok(());
                }
                _ => return sent,
            }
        }
    }

    fn wait_for_room(&self) -> io::Result<()> {
        let bound = TimeSpec::from_duration(Duration::from_secs(1));
        let mut fds = [PollFd::new(self.tap.as_fd(), PollFlags::POLLOUT)];
        match ppoll(&mut fds, Some(bound), None) {
            Ok(0) => Err(io::ErrorKind::TimedOut.into()),
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn monotonic_ns() -> u64 {
    u64::try_from(monotonic().as_nanos()).unwrap_or(u64::MAX)
}

fn lock(relay: &SharedRelay) -> MutexGuard<'_, dyn Relay + 'static> {
    relay.lock().unwrap_or_else(PoisonError::into_inner)
}
