//! The kernel's side: namespaces and links, frames into them, and the times of stimuli.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use castnet_lab::backend::{Changing, Running};
use castnet_lab::family::spoken;
use castnet_lab::lab::link::{self, Built};
use castnet_lab::lab::{Capture, Carrier, LinkSpec, Netns, PROOF_BOUND, PortSpec, Tap};
use tokio::time;

use crate::script::{Done, Played, Reaction, describe, realtime};

/// Namespaces that are joined by wires, under capture and proved.
pub(crate) struct Ground {
    pub(crate) netns: Vec<Netns>,
    pub(crate) built: Built,
    capture: Capture,
    taps: Vec<Tap>,
    links: Vec<LinkSpec>,
    start: Duration,
    began: time::Instant,
    /// The last time that the observer was awake and saw nothing.
    quiet: Cell<Duration>,
    /// The most that the observer was late; the kernel may have been as late.
    late: Cell<Duration>,
    /// How far the rest of the script is postponed, so that its steps keep their distance however
    /// late one of them was.
    slipped: Cell<Duration>,
    /// No lab is built meanwhile. The script itself has ordinary priority: ordinary threads serve
    /// the kernel's timers, and so many real-time scripts would hold them up.
    _running: Running,
}

/// The distance between the starts of scripts. Most do several things at once at their start, and
/// would hold each other up there.
const APART: Duration = Duration::from_millis(15);

/// The number of scripts that have begun.
static BEGUN: AtomicU32 = AtomicU32::new(0);

/// How often the observer checks that there is nothing to see.
const PACE: Duration = Duration::from_millis(5);

impl Ground {
    /// A wire from each namespace except the last to the last one, which has 10.0.n.1 on each;
    /// `furnish` adds to the namespaces what is not a link.
    pub(crate) async fn build(
        outer: usize,
        furnish: impl AsyncFnOnce(&[Netns], &mut Built),
    ) -> Self {
        let changing = Changing::begin();
        let netns: Vec<_> = (0..=outer).map(|n| Netns::create(format!("n{n}")).unwrap()).collect();
        let links: Vec<_> = (0..outer).map(|n| wire(n, outer)).collect();
        let mut built = link::build(&netns, &links).await.unwrap();
        furnish(&netns, &mut built).await;
        let mut capture = Capture::start(&netns, &links, &built).unwrap();
        capture.prove(PROOF_BOUND).await.unwrap();
        let taps = netns[..outer].iter().map(|netns| Tap::open(netns).unwrap()).collect();
        let running = changing.done();
        time::sleep(APART * BEGUN.fetch_add(1, Ordering::Relaxed)).await;
        let (start, began) = (realtime(), time::Instant::now());
        let [quiet, late, slipped] = [Duration::ZERO; 3].map(Cell::new);
        Self {
            netns,
            built,
            capture,
            taps,
            links,
            start,
            began,
            quiet,
            late,
            slipped,
            _running: running,
        }
    }

    /// Time since the start of the script.
    pub(crate) fn now(&self) -> Duration {
        realtime().saturating_sub(self.start)
    }

    /// The address of the inner namespace on a link.
    pub(crate) fn address(&self, link: usize) -> Ipv4Addr {
        spoken(self.links[link].ports[1].addresses[0].addr()).unwrap()
    }

    /// Waits until the script has reached this time.
    pub(crate) async fn until(&self, ms: u64) {
        self.next(ms, std::future::pending::<()>).await;
    }

    /// The next reaction before the script reaches this time; `None` when it does.
    pub(crate) async fn next<T>(&self, ms: u64, mut come: impl AsyncFnMut() -> T) -> Option<T> {
        let end = self.began + Duration::from_millis(ms) + self.slipped.get();
        loop {
            let due = end.min(time::Instant::now() + PACE);
            tokio::select! {
                biased;
                come = come() => return Some(come),
                () = time::sleep_until(due) => {}
            }
            self.late.set(self.late.get().max(due.elapsed()));
            self.quiet.set(self.now());
            if due == end {
                if due.elapsed() > PACE {
                    self.slipped.set(self.slipped.get() + due.elapsed());
                }
                return None;
            }
        }
    }

    /// A reaction seen just now.
    pub(crate) fn seen(&self, what: String) -> Reaction {
        Reaction { since: self.quiet.get(), at: self.now(), what }
    }

    /// Sends the packet from the outer end of a link.
    pub(crate) fn send(&self, link: usize, packet: &[u8]) {
        let frame = Self::frame(link, packet);
        self.taps[link].send(self.built.ifindex[link][0], &frame).unwrap();
    }

    /// The packet in a frame from the outer end of a link, to its group or to the inner end.
    pub(crate) fn frame(link: usize, packet: &[u8]) -> Vec<u8> {
        let to = packet.get(16..20).map_or([0; 4], |to| to.try_into().unwrap());
        let destination = match to {
            [224..=239, a, b, c] => [1, 0, 0x5e, a & 0x7f, b, c],
            [255, 255, 255, 255] => [0xff; 6],
            _ => mac(link, INNER),
        };
        [&destination[..], &mac(link, OUTER), &[8, 0], packet].concat()
    }

    /// Ends the script, and adds the packets that arrived at the outer ends to what was seen.
    pub(crate) async fn finish<S>(
        self,
        stimuli: Vec<Done<S>>,
        mut reactions: Vec<Reaction>,
    ) -> Played<S> {
        let (end, late) = (self.now(), self.late.get());
        let captured = self.capture.finish(PROOF_BOUND).await.unwrap();
        let arrived = captured.into_iter().filter(|one| one.port == 0 && !one.frame.outgoing);
        let arrived = arrived.filter(|one| one.frame.bytes[12..14] == [8, 0]);
        reactions.extend(arrived.map(|one| {
            let at = Duration::from_nanos(one.frame.stamp_ns).saturating_sub(self.start);
            let what = format!("link {}: {}", one.link, describe(&one.frame.bytes[14..]));
            Reaction { since: at, at, what }
        }));
        OVER.lock().unwrap().push((self.netns, self.built));
        Played { stimuli, reactions, end, late }
    }
}

/// The grounds of finished scripts, kept until all are finished: while the kernel removes
/// namespaces, running scripts would wait for its lock.
static OVER: Mutex<Vec<(Vec<Netns>, Built)>> = Mutex::new(Vec::new());

/// The last octet of the Ethernet addresses of a link's ends.
const OUTER: u8 = 9;
const INNER: u8 = 1;

fn mac(link: usize, end: u8) -> [u8; 6] {
    [2, 0, 0, 0, link as u8, end]
}

fn wire(link: usize, inner: usize) -> LinkSpec {
    let port = |netns: usize, end: u8, addresses| PortSpec {
        netns,
        ifname: format!("l{link}"),
        mac: mac(link, end),
        addresses,
    };
    let address = format!("10.0.{link}.1/24").parse().unwrap();
    let ports = vec![port(link, OUTER, vec![]), port(inner, INNER, vec![address])];
    LinkSpec { name: format!("l{link}"), ports, carrier: Carrier::Kernel }
}
