//! A namespace's ring, the meaning of its interface indexes, and the store of all that rings have
//! read.
//!
//! One task per ring reads whenever there is something to read. Probes answer the roll call and are
//! never traffic; frames of other interfaces than the lab's ports are skipped.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use super::probe::{self, Probe, RollCall};
use super::ring::{Ring, Seen};
use super::{Frame, LabError};

/// A frame that crossed a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Index of the link.
    pub link: usize,
    /// Index of the port on the link.
    pub port: usize,
    /// Index of the namespace that the port is in.
    pub netns: usize,
    /// The frame, its stamp and its direction.
    pub frame: Frame,
}

/// A namespace with its ring.
#[derive(Debug)]
pub(super) struct Station {
    /// The namespace's name.
    pub(super) name: String,
    pub(super) ring: Arc<Ring>,
    /// The lab's ports in the namespace, by interface index.
    pub(super) places: BTreeMap<u32, Place>,
}

/// What an interface index means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) link: u32,
    pub(super) port: u32,
    /// The namespace; `None` for the far end of a stub, which hears probes but captures nothing.
    pub(super) netns: Option<usize>,
    /// The line and port in the roll call of a segment, if switches carry frames on from here.
    pub(super) beyond: Option<(u32, u32)>,
}

impl Station {
    pub(super) fn failed(&self, operation: impl Display) -> impl FnOnce(io::Error) -> LabError {
        let (netns, operation) = (self.name.clone(), operation.to_string());
        |source| LabError::Netns { netns, operation, source }
    }
}

/// Everything read from all rings so far, and the roll call under way.
#[derive(Debug, Default)]
pub(super) struct Store {
    inner: Mutex<Inner>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    captured: Vec<Captured>,
    roll: RollCall,
    failure: Option<LabError>,
}

impl Store {
    /// Replaces the roll call.
    pub(super) fn call(&self, roll: RollCall) {
        self.inner().roll = roll;
    }

    /// Excuses a port from the roll call.
    pub(super) fn excuse(&self, probe: Probe) {
        self.inner().roll.excuse(probe.link, probe.port);
    }

    /// The probes that still have to be sent; an error if a ring has failed.
    pub(super) fn unanswered(&self) -> Result<Vec<Probe>, LabError> {
        let mut inner = self.inner();
        inner.failure.take().map_or_else(|| Ok(inner.roll.unanswered()), Err)
    }

    /// The roll call as it stands.
    pub(super) fn roll(&self) -> RollCall {
        self.inner().roll.clone()
    }

    /// Wakes when the roll call is complete or a ring has failed.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Takes everything captured so far out of the store.
    pub(super) fn take_captured(&self) -> Vec<Captured> {
        std::mem::take(&mut self.inner().captured)
    }

    /// Reads one block of a ring; returns `WouldBlock` if none is ready.
    pub(super) fn read_block(&self, station: &Station) -> io::Result<()> {
        let mut inner = self.inner();
        let Inner { captured, roll, .. } = &mut *inner;
        let missing = roll.missing().len();
        let read = station.ring.read_block(|seen| take(seen, &station.places, captured, roll));
        if missing > 0 && roll.missing().is_empty() {
            self.news.notify_one();
        }
        read
    }

    /// Reads all that a ring has handed over.
    pub(super) fn drain(&self, station: &Station) -> io::Result<()> {
        loop {
            match self.read_block(station) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores a frame, or notes a probe.
fn take(
    seen: Seen<'_>,
    places: &BTreeMap<u32, Place>,
    captured: &mut Vec<Captured>,
    roll: &mut RollCall,
) {
    let Seen { ifindex, outgoing, stamp_ns, bytes, original_len } = seen;
    let Some(&Place { link, port, netns, beyond }) = places.get(&ifindex) else { return };
    if let Some(probe) = probe::parse(bytes) {
        roll.heard(probe, link, port);
        if let Some((line, port)) = beyond {
            roll.heard(probe, line, port);
        }
    } else if let Some(netns) = netns {
        let (link, port, bytes) = (link as usize, port as usize, bytes.to_vec());
        let frame = Frame { ifindex, outgoing, stamp_ns, bytes, original_len };
        captured.push(Captured { link, port, netns, frame });
    }
}

/// Reads a ring for ever, or until it fails.
pub(super) async fn read(ring: AsyncFd<Arc<OwnedFd>>, station: Arc<Station>, store: Arc<Store>) {
    let failure = loop {
        let ready = ring.readable().await;
        match ready.map(|mut ready| ready.try_io(|_| store.read_block(&station))) {
            Ok(Ok(Err(error))) | Err(error) => break error,
            Ok(Ok(Ok(())) | Err(_)) => {}
        }
    };
    store.inner().failure = Some(station.failed("read ring")(failure));
    store.news.notify_one();
}
