//! A tap, what the interface indexes behind it mean, and the store into which all taps are read.
//!
//! One task per tap reads whenever there is something to read. Probes answer the roll call and are
//! never traffic; frames of interfaces that are no port of the lab are not taken.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use super::probe::{self, Probe, RollCall};
use super::tap::{BATCH_BYTES, Tap};
use super::{Captured, Frame, LabError};

/// A namespace with its tap.
#[derive(Debug)]
pub(super) struct Station {
    /// The namespace's name.
    pub(super) name: String,
    pub(super) tap: Arc<Tap>,
    /// The lab's ports in the namespace, by interface index.
    pub(super) places: BTreeMap<u32, Place>,
}

/// What an interface index means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) link: u32,
    pub(super) port: u32,
    /// `None` for the far end of a stub, which hears probes but captures nothing.
    pub(super) netns: Option<usize>,
    /// Its line and port in the roll call of a segment, if switches carry its frames on.
    pub(super) beyond: Option<(u32, u32)>,
}

impl Station {
    pub(super) fn failed(&self, operation: impl Display) -> impl FnOnce(io::Error) -> LabError {
        let (netns, operation) = (self.name.clone(), operation.to_string());
        |source| LabError::Netns { netns, operation, source }
    }
}

/// What all taps have taken so far, and the roll call under way.
#[derive(Debug, Default)]
pub(super) struct Store {
    inner: Mutex<Inner>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    space: Vec<u8>,
    batch: Vec<Frame>,
    captured: Vec<Captured>,
    roll: RollCall,
    failure: Option<LabError>,
}

impl Store {
    /// Replaces the roll call.
    pub(super) fn call(&self, roll: RollCall) {
        self.inner().roll = roll;
    }

    /// Leaves a port out of the roll call.
    pub(super) fn excuse(&self, probe: Probe) {
        self.inner().roll.excuse(probe.link, probe.port);
    }

    /// The probes that still have to be sent; an error if a tap has failed.
    pub(super) fn unanswered(&self) -> Result<Vec<Probe>, LabError> {
        let mut inner = self.inner();
        inner.failure.take().map_or_else(|| Ok(inner.roll.unanswered()), Err)
    }

    /// The roll call as it stands.
    pub(super) fn roll(&self) -> RollCall {
        self.inner().roll.clone()
    }

    /// Wakes when the roll call is complete or a tap has failed.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Everything captured so far, which is then no longer here.
    pub(super) fn take_captured(&self) -> Vec<Captured> {
        std::mem::take(&mut self.inner().captured)
    }

    /// Reads one batch from a tap; returns the last frame's stamp in nanoseconds, or `WouldBlock`.
    pub(super) fn read_batch(&self, station: &Station) -> io::Result<Option<u64>> {
        let mut inner = self.inner();
        let Inner { space, batch, captured, roll, .. } = &mut *inner;
        space.resize(BATCH_BYTES, 0);
        let began_ns = station.tap.receive(space, batch)?;
        let last = batch.last().map(|frame| frame.stamp_ns);
        let missing = roll.missing().len();
        for frame in batch.drain(..) {
            let Some(&Place { link, port, netns, beyond }) = station.places.get(&frame.ifindex)
            else {
                continue;
            };
            if let Some(probe) = probe::parse(&frame.bytes) {
                // The kernel starts to stamp frames some time after the first tap asked for it, and
                // until then stamps them when they are read. Such a stamp is of no use, and so
                // neither is its frame as a proof.
                if frame.stamp_ns <= began_ns {
                    roll.heard(probe, link, port);
                    if let Some((line, port)) = beyond {
                        roll.heard(probe, line, port);
                    }
                }
            } else if let Some(netns) = netns {
                let (link, port) = (link as usize, port as usize);
                captured.push(Captured { link, port, netns, frame });
            }
        }
        if missing > 0 && roll.missing().is_empty() {
            self.news.notify_one();
        }
        Ok(last)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a tap for ever, or until it fails.
pub(super) async fn read(tap: AsyncFd<Arc<Tap>>, station: Arc<Station>, store: Arc<Store>) {
    let failure = loop {
        let ready = tap.readable().await;
        match ready.map(|mut ready| ready.try_io(|_| store.read_batch(&station))) {
            Ok(Ok(Err(error))) | Err(error) => break error,
            Ok(Ok(Ok(_)) | Err(_)) => {}
        }
    };
    store.inner().failure = Some(station.failed("read tap")(failure));
    store.news.notify_one();
}
