//! The kernel's side: namespaces and links, frames into them, and the times of stimuli.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use castnet::addr::Family;
use castnet_lab::backend::{Changing, Running};
use castnet_lab::lab::link::{self, Built};
use castnet_lab::lab::{
    Capture, Carrier, LinkSpec, Netns, PROOF_BOUND, PortSpec, Stack, Tap, usable,
};
use tokio::time;

use crate::script::{Done, Played, Reaction, describe, is_noise, realtime};

/// Namespaces that are joined by wires, under capture and proved.
pub(crate) struct Ground {
    pub(crate) netns: Vec<Netns>,
    pub(crate) built: Built,
    capture: Capture,
    taps: Vec<Tap>,
    family: Family,
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
        Self::of_family(Family::V4, outer, furnish).await
    }

    /// The same in IPv6, with fd00:0:0:n::1 and fe80::1.
    pub(crate) async fn of_family(
        family: Family,
        outer: usize,
        furnish: impl AsyncFnOnce(&[Netns], &mut Built),
    ) -> Self {
        let changing = Changing::begin();
        let stack = Stack { family, ..Stack::default() };
        let wanted = (0..=outer).map(|n| (format!("n{n}"), stack)).collect();
        let netns = Netns::create_all(wanted).unwrap();
        let links: Vec<_> = (0..outer).map(|n| wire(family, n, outer)).collect();
        let mut built = link::build(&netns, &links).await.unwrap();
        furnish(&netns, &mut built).await;
        if family == Family::V6 {
            usable::ipv6(&netns[outer..], PROOF_BOUND).await.unwrap();
        }
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
            family,
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
        let frame = Self::frame(self.family, link, packet);
        self.taps[link].send(self.built.ifindex[link][0], &frame).unwrap();
    }

    /// The packet in a frame of this family from the outer end of a link, to its group or to the inner
    /// end. What version the packet names does not matter.
    pub(crate) fn frame(family: Family, link: usize, packet: &[u8]) -> Vec<u8> {
        let to = packet.get(16..20).map_or([0; 4], |to| to.try_into().unwrap());
        let destination = match (family, to) {
            (Family::V6, _) => match packet.get(24..40) {
                Some(&[0xff, .., a, b, c, d]) => [0x33, 0x33, a, b, c, d],
                _ => mac(link, INNER),
            },
            (_, [224..=239, a, b, c]) => [1, 0, 0x5e, a & 0x7f, b, c],
            (_, [255, 255, 255, 255]) => [0xff; 6],
            _ => mac(link, INNER),
        };
        [&destination[..], &mac(link, OUTER), &ether_type(family), packet].concat()
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
        let own = ether_type(self.family);
        let arrived = arrived.filter(|one| one.frame.bytes[12..14] == own);
        let arrived = arrived.filter(|one| !is_noise(&one.frame.bytes[14..]));
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

const fn ether_type(family: Family) -> [u8; 2] {
    match family {
        Family::V4 => [0x08, 0x00],
        Family::V6 => [0x86, 0xdd],
    }
}

fn wire(family: Family, link: usize, inner: usize) -> LinkSpec {
    let port = |netns: usize, end: u8, addresses| PortSpec {
        netns,
        ifname: format!("l{link}"),
        mac: mac(link, end),
        addresses,
    };
    let addresses = match family {
        Family::V4 => vec![format!("10.0.{link}.1/24")],
        Family::V6 => vec![format!("fd00:0:0:{link}::1/64"), "fe80::1/64".to_owned()],
    };
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let ports = vec![port(link, OUTER, vec![]), port(inner, INNER, addresses)];
    LinkSpec { name: format!("l{link}"), ports, carrier: Carrier::Kernel }
}
