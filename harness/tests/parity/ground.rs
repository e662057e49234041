//! The kernel's side: namespaces and links, frames into them, and the time of what is done.

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
}

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
        Self { netns, built, capture, taps, links, start, began }
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

    /// Sends the packet from the outer end of a link.
    pub(crate) fn send(&self, link: usize, packet: &[u8]) {
        let [outer, inner] = [0, 1].map(|port| self.links[link].ports[port].mac);
        let to = packet.get(16..20).map_or([0; 4], |to| to.try_into().unwrap());
        let destination = match to {
            [224..=239, a, b, c] => [1, 0, 0x5e, a & 0x7f, b, c],
            [255, 255, 255, 255] => [0xff; 6],
            _ => inner,
        };
        let frame = [&destination[..], &outer, &[8, 0], packet].concat();
        self.taps[link].send(self.built.ifindex[link][0], &frame).unwrap();
    }

    /// Ends the capture: the packets that the inner namespace sent, each with its link.
    pub(crate) async fn finish(self) -> Vec<Reaction> {
        let captured = self.capture.finish(PROOF_BOUND).await.unwrap();
        let sent = captured.into_iter().filter(|one| one.port == 0 && !one.frame.outgoing);
        let sent = sent.filter(|one| one.frame.bytes[12..14] == [8, 0]);
        sent.map(|one| {
            let at = Duration::from_nanos(one.frame.stamp_ns).saturating_sub(self.start);
            Reaction {
                at,
                what: format!("link {}: {}", one.link, describe(&one.frame.bytes[14..])),
            }
        })
        .collect()
    }
}

fn wire(link: usize, inner: usize) -> LinkSpec {
    let port = |netns: usize, host: u8| Port {
        netns,
        ifname: format!("l{link}"),
        mac: [2, 0, 0, 0, link as u8, host],
        addresses: match host {
            1 => vec![format!("10.0.{link}.1/24").parse().unwrap()],
            _ => Vec::new(),
        },
    };
    let ports = vec![port(link, 9), port(inner, 1)];
    LinkSpec { name: format!("l{link}"), ports, carrier: Carrier::Kernel }
}
