//! The kernel's side: namespaces and links, frames into them, and the time of what is done.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::time::Duration;

use castnet_lab::lab::link::{self, Built};
use castnet_lab::lab::{Capture, Carrier, LinkSpec, Netns, PROOF_BOUND, Port, Tap};
use tokio::time;

use crate::script::{Reaction, describe, realtime};

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
}

/// How often the observer makes sure that there is nothing to see.
const PACE: Duration = Duration::from_millis(5);

impl Ground {
    /// A wire from each but the last namespace to the last one, which has 10.0.n.1 on each; `furnish`
    /// adds to the namespaces what is not a link.
    pub(crate) async fn build(
        outer: usize,
        furnish: impl AsyncFnOnce(&[Netns], &mut Built),
    ) -> Self {
        let netns: Vec<_> = (0..=outer).map(|n| Netns::create(format!("n{n}")).unwrap()).collect();
        let links: Vec<_> = (0..outer).map(|n| wire(n, outer)).collect();
        let mut built = link::build(&netns, &links).await.unwrap();
        furnish(&netns, &mut built).await;
        let mut capture = Capture::start(&netns, &links, &built).unwrap();
        capture.prove(PROOF_BOUND).await.unwrap();
        let taps = netns[..outer].iter().map(|netns| Tap::open(netns).unwrap()).collect();
        let (start, began) = (realtime(), time::Instant::now());
        let quiet = Cell::new(Duration::ZERO);
        Self { netns, built, capture, taps, links, start, began, quiet }
    }

    /// Time since the start of the script.
    pub(crate) fn now(&self) -> Duration {
        realtime().saturating_sub(self.start)
    }

    /// The address of the inner namespace on a link.
    pub(crate) fn address(&self, link: usize) -> Ipv4Addr {
        self.links[link].ports[1].addresses[0].addr()
    }

    /// Waits until the script is so far.
    pub(crate) async fn until(&self, ms: u64) {
        time::sleep_until(self.began + Duration::from_millis(ms)).await;
    }

    /// The next thing that comes to pass until the script is so far; `None` then.
    pub(crate) async fn next<T>(&self, ms: u64, mut come: impl AsyncFnMut() -> T) -> Option<T> {
        let mut pace = time::interval(PACE);
        pace.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                come = come() => return Some(come),
                () = self.until(ms) => return None,
                _ = pace.tick() => self.quiet.set(self.now()),
            }
        }
    }

    /// What has come to pass just now.
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

    /// Ends the capture: the packets that the inner namespace sent, each with its link.
    pub(crate) async fn finish(self) -> Vec<Reaction> {
        let captured = self.capture.finish(PROOF_BOUND).await.unwrap();
        let sent = captured.into_iter().filter(|one| one.port == 0 && !one.frame.outgoing);
        let sent = sent.filter(|one| one.frame.bytes[12..14] == [8, 0]);
        sent.map(|one| {
            let at = Duration::from_nanos(one.frame.stamp_ns).saturating_sub(self.start);
            Reaction {
                since: at,
                at,
                what: format!("link {}: {}", one.link, describe(&one.frame.bytes[14..])),
            }
        })
        .collect()
    }
}

/// The ends of a link, as the last octet of their Ethernet addresses.
const OUTER: u8 = 9;
const INNER: u8 = 1;

fn mac(link: usize, end: u8) -> [u8; 6] {
    [2, 0, 0, 0, link as u8, end]
}

fn wire(link: usize, inner: usize) -> LinkSpec {
    let port = |netns: usize, end: u8, addresses| Port {
        netns,
        ifname: format!("l{link}"),
        mac: mac(link, end),
        addresses,
    };
    let address = format!("10.0.{link}.1/24").parse().unwrap();
    let ports = vec![port(link, OUTER, vec![]), port(inner, INNER, vec![address])];
    LinkSpec { name: format!("l{link}"), ports, carrier: Carrier::Kernel }
}
