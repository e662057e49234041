//! Switches on the running kernel: the proof holds only where the bridge forwards, and the end of a
//! capture does not wait for a port that is down.

use std::process::ExitCode;
use std::time::Duration;

use castnet::gmp::message::Version;
use castnet_lab::knobs::BridgeKnobs;
use castnet_lab::lab::{
    Capture, Carrier, LabError, LinkSpec, MdbEntry, MdbMessage, MdbMonitor, Netlink, Netns,
    PROOF_BOUND, PortSpec, SwitchSpec, link, switch,
};
use libtest_mimic::Arguments;

use crate::privileged::trial;

mod privileged;

fn main() -> ExitCode {
    let trials = vec![
        trial("a_switch_is_proved_to_forward_between_its_links", forwards),
        trial("a_switch_that_forwards_nothing_is_named_with_its_pairs", silence_is_named),
        trial("a_port_of_a_switch_that_is_down_does_not_hold_up_the_end", down_port_is_excused),
        trial("a_report_is_told_as_a_member_at_its_port", members_are_told),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

/// Three hosts, each with a link of its own to the switch in the last namespace.
const HOSTS: usize = 3;

struct Lab {
    netns: Vec<Netns>,
    links: Vec<LinkSpec>,
    built: link::Built,
}

impl Lab {
    async fn build() -> Self {
        let name = |node| if node == HOSTS { "sw".to_owned() } else { format!("h{node}") };
        let netns = (0..=HOSTS).map(|node| Netns::create(name(node)).unwrap()).collect::<Vec<_>>();
        let port = |link: usize, netns: usize| PortSpec {
            netns,
            ifname: format!("c{link}"),
            mac: [2, 0, 0, 0, link as u8, netns as u8],
            addresses: Vec::new(),
        };
        let links = (0..HOSTS)
            .map(|n| LinkSpec {
                name: format!("c{n}"),
                ports: vec![port(n, n), port(n, HOSTS)],
                carrier: Carrier::Kernel,
            })
            .collect::<Vec<_>>();
        let mut built = link::build(&netns, &links).await.unwrap();
        built.segments = vec![(0..HOSTS).map(|link| (link, 0)).collect()];
        Self { netns, links, built }
    }

    /// Joins only these links of the switch.
    async fn switch(&self, links: &[usize]) {
        let second = Duration::from_secs(1);
        let spec = SwitchSpec {
            knobs: BridgeKnobs {
                snooping: true,
                querier: false,
                version: Version::V2,
                query_interval: second * 125,
                query_response_interval: second * 10,
                startup_query_interval: second * 31,
                startup_query_count: 2,
                last_member_interval: second,
                last_member_count: 2,
                membership_interval: second * 260,
                querier_interval: second * 255,
                hash_max: 4096,
                port_max_groups: 0,
            },
            mac: [2, 0, 0, 0, 0, HOSTS as u8],
            address: None,
            ports: links.iter().map(|&link| self.built.ifindex[link][1]).collect(),
            fast_leave: Vec::new(),
        };
        switch::build(&self.netns[HOSTS], &spec).await.unwrap();
    }

    fn capture(&self) -> Capture {
        Capture::start(&self.netns, &self.links, &self.built).unwrap()
    }
}

async fn forwards() {
    let lab = Lab::build().await;
    lab.switch(&[0, 1, 2]).await;
    let mut capture = lab.capture();
    capture.prove(PROOF_BOUND).await.unwrap();
    // Probes are no traffic, wherever the switch has forwarded them.
    assert_eq!(capture.finish(PROOF_BOUND).await.unwrap(), []);
}

async fn silence_is_named() {
    let lab = Lab::build().await;
    lab.switch(&[0, 1]).await;
    let mut capture = lab.capture();
    let error = capture.prove(Duration::from_millis(500)).await.unwrap_err();
    let LabError::Silent { silent, .. } = &error else { panic!("{error}") };
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let pairs = vec![pair("h0", "h2"), pair("h1", "h2"), pair("h2", "h0"), pair("h2", "h1")];
    assert_eq!(silent, &[("c0+c1+c2".to_owned(), pairs)]);
}

async fn down_port_is_excused() {
    let lab = Lab::build().await;
    lab.switch(&[0, 1, 2]).await;
    let mut capture = lab.capture();
    capture.prove(PROOF_BOUND).await.unwrap();
    let netlink = Netlink::open(&lab.netns[HOSTS]).unwrap();
    netlink.down(lab.built.ifindex[1][1]).await.unwrap();
    netlink.close().await;
    capture.finish(PROOF_BOUND).await.unwrap();
}

/// A version 2 Report of 192.0.2.9 for 239.1.1.1 in its frame.
const REPORT: [u8; 46] = [
    0x01, 0x00, 0x5e, 0x01, 0x01, 0x01, 2, 0, 0, 0, 1, 9, 0x08, 0x00, // Ethernet
    0x46, 0xc0, 0, 32, 0, 0, 0x40, 0, 1, 2, 0x32, 0x0c, // IPv4
    192, 0, 2, 9, 239, 1, 1, 1, 0x94, 4, 0, 0, // Router Alert
    0x16, 0, 0xf9, 0xfc, 239, 1, 1, 1, // IGMP
];

async fn members_are_told() {
    let lab = Lab::build().await;
    lab.switch(&[0, 1, 2]).await;
    let mut capture = lab.capture();
    capture.prove(PROOF_BOUND).await.unwrap();
    let monitor = MdbMonitor::open(&lab.netns[HOSTS]).unwrap();
    let tap = castnet_lab::lab::Tap::open(&lab.netns[1]).unwrap();
    tap.send(lab.built.ifindex[1][0], &REPORT).unwrap();
    let told = tokio::time::timeout(PROOF_BOUND, monitor.next()).await.unwrap().unwrap();
    let (group, port) = ([239, 1, 1, 1].into(), lab.built.ifindex[1][1]);
    let entry =
        MdbEntry { group, source: None, port, is_blocked: false, mode: None, sources: vec![] };
    assert_eq!(told, [MdbMessage::Entry { entry, on: true }]);
}
