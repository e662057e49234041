//! The capture of a whole lab: a ring in every namespace, read all the time, and proof that no
//! frame is missed.
//!
//! A roll call is the proof, instead of a wait. At the start every port sends a probe that every
//! other port of its link must hear: from then on each link carries and each ring listens. Where
//! switches join links, probes cross them too, which shows that they forward. At the end each CPU
//! sends the probes once more: they push everything sent earlier into the rings, and the capture
//! reads as many frames as the kernel says that it wrote. A frame that a node has yet to forward
//! has not been sent on its next link, so end the traffic first. Frames lost for want of space are
//! an error, never a shorter capture.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use super::link::Medium;
use super::probe::{Hearing, Probe, RollCall};
use super::station::{Captured, Place, Station, Store, read};
use super::wire::Line as WireLine;
use super::{Built, Ears, LabError, LinkSpec, Netns, cpu};

/// How long a proof may take before it fails; it usually takes a millisecond.
pub const PROOF_BOUND: Duration = Duration::from_secs(10);

/// An unanswered probe is sent again after this long.
const PACE: Duration = Duration::from_millis(1);

/// A running capture of all ports of a lab. Frames on other interfaces are not captured.
#[derive(Debug)]
pub struct Capture {
    stations: Vec<Arc<Station>>,
    lines: Vec<Line>,
    store: Arc<Store>,
    readers: JoinSet<()>,
    /// The wires among the links, with the links' names.
    wires: Vec<(String, Arc<WireLine>)>,
    calls: u32,
}

/// One line of the roll call: a link, with the far end of a stub as one more port; or a segment,
/// which is all ports that switches join.
#[derive(Debug)]
struct Line {
    name: String,
    callers: Vec<Caller>,
    /// For a link, the line of its segment.
    beyond: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Caller {
    station: usize,
    ifindex: u32,
    mac: [u8; 6],
}

impl Capture {
    /// Opens a ring in each namespace and starts to read them; [`Self::listen`] does so with rings
    /// opened in advance.
    ///
    /// # Errors
    /// If a ring cannot be opened.
    ///
    /// # Panics
    /// Outside a tokio runtime, or if `built` was built from something else.
    pub fn start(netns: &[Netns], links: &[LinkSpec], built: &Built) -> Result<Self, LabError> {
        Self::listen(Ears::open(netns)?, links, built)
    }

    /// Starts to read the rings of `ears` on the current runtime. `ears` belong to the namespaces
    /// that `built` was built between; `links` is what it was built from.
    ///
    /// # Errors
    /// If a ring cannot be opened.
    ///
    /// # Panics
    /// Outside a tokio runtime, or if `built` was built from something else.
    pub fn listen(ears: Ears, links: &[LinkSpec], built: &Built) -> Result<Self, LabError> {
        let far_ends = built.media.iter().filter_map(|medium| match medium {
            Medium::Stub { netns, .. } => Some(netns),
            _ => None,
        });
        let far_ends = Ears::open(far_ends)?;
        let mut rings = ears.hearing()?;
        let nodes = rings.len();
        rings.extend(far_ends.hearing()?);
        let (lines, rooms) = survey(nodes, links, built);
        let store = Arc::new(Store::default());
        let mut readers = JoinSet::new();
        let mut stations = Vec::with_capacity(rings.len());
        for ((name, ring), places) in rings.into_iter().zip(rooms) {
            let station = Arc::new(Station { name, ring: Arc::new(ring), places });
            let readable = station.ring.waiting().map_err(station.failed("wait for a ring"))?;
            readers.spawn(read(readable, Arc::clone(&station), Arc::clone(&store)));
            stations.push(station);
        }
        let wires = links.iter().zip(&built.media).filter_map(|(link, medium)| match medium {
            Medium::Wire(wire) => Some((link.name.clone(), wire.line())),
            _ => None,
        });
        let wires = wires.collect();
        Ok(Self { stations, lines, store, readers, wires, calls: 0 })
    }

    /// Returns once every port has heard every other port of its link. From then on no frame sent
    /// is lost for want of a carrier, and none escapes the capture.
    ///
    /// # Errors
    /// [`LabError::Silent`] after `bound`; at once if a port is down or a ring fails.
    pub async fn prove(&mut self, bound: Duration) -> Result<(), LabError> {
        self.call_roll(&Purpose::Prove, bound).await
    }

    /// Ends the capture once everything sent before has been captured, and returns it in the order
    /// of (stamp, sent before received, arrival). The proof leaves out ports that are down, in both
    /// directions. Wires carry no traffic afterwards: frames that a relay still delays are in no
    /// capture and never arrive.
    ///
    /// # Errors
    /// [`LabError::Silent`] after `bound`; [`LabError::Dropped`] if frames were lost.
    pub async fn finish(mut self, bound: Duration) -> Result<Vec<Captured>, LabError> {
        // The reader empties the rings to make room for the marks.
        self.drain()?;
        self.call_roll(&Purpose::Mark(cpu::allowed()), bound).await?;
        if !self.wires.is_empty() {
            // A frame that a relay released may still have been on its way to a ring.
            self.wires.iter().for_each(|(_, wire)| wire.close());
            self.call_roll(&Purpose::Mark(cpu::allowed()), bound).await?;
        }
        for (link, wire) in &self.wires {
            match wire.drops().map_err(wire_failed(link, "count drops"))? {
                0 => {}
                frames => {
                    let (netns, frames) = (format!("{link}-wire"), frames.into());
                    return Err(LabError::Dropped { netns, frames });
                }
            }
        }
        self.read_all_written(bound).await?;
        self.readers.shutdown().await;
        // Closing rings takes time, and nobody needs to wait for it.
        self.stations.clear();
        let mut captured = self.store.take_captured();
        captured.sort_by_key(|one| (one.frame.stamp_ns, !one.frame.outgoing));
        Ok(captured)
    }

    /// Reads all that rings have handed over.
    fn drain(&self) -> Result<(), LabError> {
        self.stations
            .iter()
            .try_for_each(|station| self.store.drain(station).map_err(station.failed("read ring")))
    }

    /// Returns once everything that the kernel has written by now has been read.
    async fn read_all_written(&self, bound: Duration) -> Result<(), LabError> {
        let mut behind = Vec::with_capacity(self.stations.len());
        for station in &self.stations {
            let counted = station.ring.counted();
            let (written, frames) = counted.map_err(station.failed("count frames"))?;
            if frames > 0 {
                return Err(LabError::Dropped { netns: station.name.clone(), frames });
            }
            behind.push((station, written));
        }
        let deadline = Instant::now() + bound;
        let mut pace = interval(PACE);
        loop {
            self.drain()?;
            behind.retain(|(station, written)| station.ring.taken() < *written);
            match behind.first() {
                None => return Ok(()),
                Some((station, _)) if Instant::now() > deadline => {
                    return Err(station.failed("read ring")(io::ErrorKind::TimedOut.into()));
                }
                Some(_) => behind.iter().for_each(|(station, _)| station.ring.flush()),
            }
            // Reads at once the first time: a flush is mostly done when it returns.
            pace.tick().await;
        }
    }

    /// Sends probes until every expected receiver has heard them.
    async fn call_roll(&mut self, purpose: &Purpose, bound: Duration) -> Result<(), LabError> {
        self.calls += 1;
        let ports = self.lines.iter().map(|line| line.callers.len() as u32);
        self.store.call(RollCall::new(self.calls, purpose.lanes(), ports));
        let answered = timeout(bound, async {
            loop {
                for (link, wire) in &self.wires {
                    wire.check().map_err(wire_failed(link, "carry"))?;
                }
                let probes = self.store.unanswered()?;
                if probes.is_empty() {
                    return Ok(());
                }
                for (probe, error) in self.send(purpose, &probes) {
                    if !purpose.excuses(&error) {
                        return Err(self.at_port(probe, error));
                    }
                    self.excuse(probe);
                }
                self.flush_unanswered();
                let _answered_or_paced = timeout(PACE, self.store.news()).await;
            }
        });
        answered.await.unwrap_or_else(|_elapsed| Err(self.silence(bound)))
    }

    /// Flushes the rings that have not heard all probes yet, so that what they have heard is read
    /// at once.
    fn flush_unanswered(&self) {
        let deaf = |one: &Hearing| self.caller(one.link, one.to).station;
        let stations: BTreeSet<_> = self.store.roll().missing().iter().map(deaf).collect();
        stations.into_iter().for_each(|station| self.stations[station].ring.flush());
    }

    /// Leaves a port that is down out of the roll call. A segment without that port may be split in
    /// two, so only its links are called from then on.
    fn excuse(&self, probe: Probe) {
        self.store.excuse(probe);
        if let Some(line) = self.lines[probe.link as usize].beyond {
            let ports = 0..self.lines[line as usize].callers.len() as u32;
            ports.for_each(|port| self.store.excuse(Probe { link: line, port, ..probe }));
        }
    }

    /// Sends each probe, in its lane; returns those that the kernel refused for good.
    fn send(&self, purpose: &Purpose, probes: &[Probe]) -> Vec<(Probe, io::Error)> {
        let send = |probe: &Probe| self.send_one(*probe).err().map(|error| (*probe, error));
        let Purpose::Mark(cpus) = purpose else { return probes.iter().filter_map(send).collect() };
        let send_in_lanes = || {
            let mut refused = Vec::new();
            for lane in probes.chunk_by(|one, next| one.lane == next.lane) {
                cpu::move_to(cpus[lane[0].lane as usize]);
                refused.extend(lane.iter().filter_map(send));
            }
            refused
        };
        // A helper thread enters the namespace: the caller's thread must stay in its own.
        thread::scope(|scope| scope.spawn(send_in_lanes).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn send_one(&self, probe: Probe) -> io::Result<()> {
        let caller = self.caller(probe.link, probe.port);
        let sent =
            self.stations[caller.station].ring.send(caller.ifindex, &probe.frame(caller.mac));
        match sent.as_ref().map_err(io::Error::raw_os_error) {
            // The kernel has no room at the moment: the probe stays unanswered and is sent again.
            Err(Some(libc::EAGAIN | libc::ENOBUFS | libc::EINTR)) => Ok(()),
            _ => sent,
        }
    }

    fn caller(&self, link: u32, port: u32) -> &Caller {
        &self.lines[link as usize].callers[port as usize]
    }

    fn at_port(&self, probe: Probe, source: io::Error) -> LabError {
        LabError::Port {
            link: self.lines[probe.link as usize].name.clone(),
            port: self.stations[self.caller(probe.link, probe.port).station].name.clone(),
            operation: "send probe".to_owned(),
            source,
        }
    }

    fn silence(&self, bound: Duration) -> LabError {
        let mut pairs = BTreeMap::<u32, BTreeSet<(u32, u32)>>::new();
        for one in self.store.roll().missing() {
            pairs.entry(one.link).or_default().insert((one.from, one.to));
        }
        let silent = pairs.into_iter().map(|(link, pairs)| {
            let name = |port| self.stations[self.caller(link, port).station].name.clone();
            let pairs = pairs.into_iter().map(|(from, to)| (name(from), name(to))).collect();
            (self.lines[link as usize].name.clone(), pairs)
        });
        LabError::Silent { bound, silent: silent.collect() }
    }
}

/// The purpose of a roll call.
#[derive(Debug)]
enum Purpose {
    /// To show that links carry and rings listen: one call, from any CPU.
    Prove,
    /// To show that nothing is under way: one call from each of these CPUs. Each CPU has its own
    /// queue of received frames, and frames keep their order only within one queue.
    Mark(Vec<usize>),
}

impl Purpose {
    fn lanes(&self) -> u32 {
        match self {
            Self::Prove => 1,
            Self::Mark(cpus) => cpus.len() as u32,
        }
    }

    /// Whether the error means that a port is down or gone, which may happen to a port.
    fn excuses(&self, error: &io::Error) -> bool {
        let down = [libc::ENETDOWN, libc::ENXIO, libc::ENODEV];
        matches!(self, Self::Mark(_)) && error.raw_os_error().is_some_and(|one| down.contains(&one))
    }
}

/// Ports by interface index.
type Places = BTreeMap<u32, Place>;

/// Who calls on which link, and who hears it in which namespace: first the namespaces of the nodes,
/// then the far ends of stubs.
fn survey(nodes: usize, links: &[LinkSpec], built: &Built) -> (Vec<Line>, Vec<Places>) {
    let mut rooms = vec![Places::new(); nodes];
    let mut lines = Vec::with_capacity(links.len());
    for (link, (spec, medium)) in (0..).zip(links.iter().zip(&built.media)) {
        let mut callers = Vec::with_capacity(spec.ports.len());
        let ifindex = &built.ifindex[link as usize];
        for (port, (of, &ifindex)) in (0..).zip(spec.ports.iter().zip(ifindex)) {
            let place = Place { link, port, netns: Some(of.netns), beyond: None };
            rooms[of.netns].insert(ifindex, place);
            callers.push(Caller { station: of.netns, ifindex, mac: of.mac });
        }
        if let Medium::Stub { ifindex, .. } = medium {
            let port = callers.len() as u32;
            let place = Place { link, port, netns: None, beyond: None };
            // Only that port ever sees the address that it calls from.
            callers.push(Caller {
                station: rooms.len(),
                ifindex: *ifindex,
                mac: [2, 0, 0, 0, 0, 0],
            });
            rooms.push(Places::from([(*ifindex, place)]));
        }
        lines.push(Line { name: spec.name.clone(), callers, beyond: None });
    }
    for segment in &built.segments {
        join(segment, &mut lines, &mut rooms);
    }
    (lines, rooms)
}

/// Adds the line of a segment, on which every port must hear every other port.
fn join(segment: &[(usize, usize)], lines: &mut Vec<Line>, rooms: &mut [Places]) {
    let line = lines.len() as u32;
    let mut callers = Vec::with_capacity(segment.len());
    let mut names = Vec::new();
    for &(link, port) in segment {
        let caller = lines[link].callers[port];
        if let Some(place) = rooms[caller.station].get_mut(&caller.ifindex) {
            place.beyond = Some((line, callers.len() as u32));
        }
        if lines[link].beyond.replace(line).is_none() {
            names.push(lines[link].name.clone());
        }
        callers.push(caller);
    }
    lines.push(Line { name: names.join("+"), callers, beyond: None });
}

fn wire_failed(link: &str, operation: &str) -> impl FnOnce(io::Error) -> LabError {
    let (link, operation) = (link.to_owned(), operation.to_owned());
    |source| LabError::Link { link, operation, source }
}
