//! The lowest layer of the lab on the running kernel: it builds what was asked for, it captures
//! what was sent, and nothing is left behind.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

use castnet_lab::lab::carrier::noticed;
use castnet_lab::lab::link::{self, Medium};
use castnet_lab::lab::{
    BATCH_BYTES, Built, Capture, Captured, Carrier, Frame, LinkSpec, Netlink, Netns, PROOF_BOUND,
    PortSpec, Tap, alone,
};
use etherparse::{SlicedPacket, TransportSlice};
use libtest_mimic::{Arguments, Trial};
use nix::ifaddrs::{InterfaceAddress, getifaddrs};

use crate::privileged::trial;

mod privileged;
#[path = "lab/rings.rs"]
mod rings;

fn main() -> ExitCode {
    privileged::run(&Arguments::from_args(), trials())
}

fn trials() -> Vec<Trial> {
    vec![
        trial("a_wire_carries_each_datagram_once", || delivers_once(2)),
        trial("a_lan_carries_each_datagram_once", || delivers_once(3)),
        trial("a_lan_of_twenty_carries_each_datagram_once", || delivers_once(20)),
        trial("the_first_frame_after_the_proof_is_never_lost", first_frame_is_never_lost),
        trial("a_stub_captures_what_it_sends_and_hides_its_far_end", stub_captures),
        trial("ports_are_as_specified", ports_are_as_specified),
        trial("a_host_reports_its_groups_but_none_of_the_link_local_ones", reports_groups),
        trial("a_hundred_thousand_frames_are_captured_in_order", many_frames),
        trial("bursts_from_every_cpu_are_captured_to_the_last_frame", rings::bursts_from_every_cpu),
        trial("frames_that_found_no_room_are_an_error", rings::overflow_is_an_error),
        trial("what_crossed_before_a_port_went_down_is_captured", rings::crossed_before_down),
        trial("a_node_without_lo_is_captured_to_the_last_frame", rings::without_lo),
        trial("dropping_a_lab_removes_its_namespaces", dropping_removes),
        trial("an_error_names_link_port_and_operation", error_names_the_port),
        trial("a_link_that_does_not_carry_is_named_with_its_pairs", silence_is_named),
        trial("a_port_that_went_down_does_not_hold_up_the_end", down_port_is_excused),
        trial("a_carrier_that_the_kernel_has_noticed_carries", noticed_carries),
        trial("a_chain_of_fifty_is_built_and_proved", chain_of_fifty),
    ]
}

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const UDP_PORT: u16 = 5000;

/// A broadcast of IEEE 802 local experimental EtherType 2: no stack answers it, and it is no probe.
const PLAIN_FRAME: [u8; 60] = {
    let mut frame = [0xff; 60];
    // A bridge drops a frame whose source is a group address.
    frame[6] = 0x02;
    (frame[12], frame[13]) = (0x88, 0xb6);
    frame
};

/// A lab under capture, proved.
struct Lab {
    netns: Vec<Netns>,
    links: Vec<LinkSpec>,
    built: Built,
    capture: Capture,
}

impl Lab {
    /// One namespace for each node; a link is its name and the indexes of its nodes.
    async fn start(nodes: usize, links: &[(&str, &[usize])]) -> Self {
        let netns = namespaces(nodes);
        let links: Vec<_> =
            (0..).zip(links).map(|(index, (name, nodes))| lan(index, name, nodes)).collect();
        let built = link::build(&netns, &links).await.unwrap();
        let mut capture = Capture::start(&netns, &links, &built).unwrap();
        capture.prove(PROOF_BOUND).await.unwrap();
        Self { netns, links, built, capture }
    }

    /// One link with all nodes on it.
    async fn single(nodes: usize) -> Self {
        Self::start(nodes, &[("lan", &(0..nodes).collect::<Vec<_>>())]).await
    }

    fn address(&self, link: usize, port: usize) -> Ipv4Addr {
        let address = self.links[link].ports[port].addresses[0].addr();
        let IpAddr::V4(address) = address else { panic!("{address} is not of IPv4") };
        address
    }

    /// A socket on one port, bound to the port's address so that multicast leaves there too.
    fn socket(&self, link: usize, port: usize) -> UdpSocket {
        self.bound(link, port, UDP_PORT)
    }

    /// Like [`Self::socket`], bound to any free UDP port.
    fn socket_on_any_port(&self, link: usize, port: usize) -> UdpSocket {
        self.bound(link, port, 0)
    }

    fn bound(&self, link: usize, port: usize, udp_port: u16) -> UdpSocket {
        let address = self.address(link, port);
        let netns = &self.netns[self.links[link].ports[port].netns];
        netns.run(|| UdpSocket::bind((address, udp_port))).unwrap().unwrap()
    }

    async fn finish(self) -> Vec<Captured> {
        self.capture.finish(PROOF_BOUND).await.unwrap()
    }
}

/// Namespaces named `h1` and so on.
fn namespaces(nodes: usize) -> Vec<Netns> {
    (1..=nodes).map(|number| Netns::create(format!("h{number}")).unwrap()).collect()
}

fn lan(index: u8, name: &str, nodes: &[usize]) -> LinkSpec {
    let port = |(at, &netns): (u8, &usize)| PortSpec {
        netns,
        ifname: name.to_owned(),
        mac: [2, 0, 0, 0, index, at + 1],
        addresses: vec![format!("10.0.{index}.{}/24", at + 1).parse().unwrap()],
    };
    let ports = (0..).zip(nodes).map(port).collect();
    LinkSpec { name: name.to_owned(), ports, carrier: Carrier::Kernel }
}

/// The UDP datagrams with this payload, as (link, port, outgoing); all with good checksums.
fn datagrams(captured: &[Captured], payload: &[u8]) -> Vec<(usize, usize, bool)> {
    let carries = |one: &&Captured| {
        let Ok(sliced) = SlicedPacket::from_ethernet(&one.frame.bytes) else { return false };
        let (Some(etherparse::NetSlice::Ipv4(ip)), Some(TransportSlice::Udp(udp))) =
            (&sliced.net, &sliced.transport)
        else {
            return false;
        };
        let header = udp.to_header();
        let sum = header.calc_checksum_ipv4(&ip.header().to_header(), udp.payload()).unwrap();
        assert_eq!(header.checksum, sum, "the checksum must be that of the wire");
        udp.payload() == payload
    };
    let place = |one: &Captured| (one.link, one.port, one.frame.outgoing);
    captured.iter().filter(carries).map(place).collect()
}

/// Sent by port 0, first of all; received by each other port.
fn once_on_each(ports: usize) -> Vec<(usize, usize, bool)> {
    std::iter::once((0, 0, true)).chain((1..ports).map(|port| (0, port, false))).collect()
}

async fn delivers_once(ports: usize) {
    let lab = Lab::single(ports).await;
    let sender = lab.socket(0, 0);
    sender.send_to(b"multicast", (GROUP, UDP_PORT)).unwrap();
    let receiver = lab.socket(0, 1);
    receiver.set_nonblocking(true).unwrap();
    let receiver = tokio::net::UdpSocket::from_std(receiver).unwrap();
    sender.send_to(b"unicast", (lab.address(0, 1), UDP_PORT)).unwrap();
    // ARP comes first, so only the arrival of the datagram shows that it was on the link.
    let mut buffer = [0; 16];
    let arrived = tokio::time::timeout(PROOF_BOUND, receiver.recv(&mut buffer)).await;
    assert_eq!(arrived.unwrap().unwrap(), 7);

    let (built, links) = (lab.built.ifindex.clone(), lab.links.clone());
    let captured = lab.finish().await;
    for payload in [&b"multicast"[..], b"unicast"] {
        let mut seen = datagrams(&captured, payload);
        assert_eq!(seen[0], (0, 0, true), "the sender's copy has the first stamp");
        seen.sort_by_key(|&(_, port, _)| port);
        assert_eq!(seen, once_on_each(ports));
    }
    for one in &captured {
        assert_eq!(one.frame.ifindex, built[one.link][one.port]);
        assert_eq!(one.netns, links[one.link].ports[one.port].netns);
        assert_eq!(one.frame.original_len, one.frame.bytes.len());
    }
    assert!(captured.is_sorted_by_key(|one| one.frame.stamp_ns));
}

/// Sends from the ends that are the last to carry: the end of a wire that was up first, and the
/// port of a hub that was up last. Without the proof most of these frames are lost.
async fn first_frame_is_never_lost() {
    for round in 0..50 {
        for (nodes, from) in [(1, 0), (2, 0), (3, 2)] {
            let netns = namespaces(nodes);
            // Opened beforehand, so that nothing delays the first frame.
            let sender = Tap::open(&netns[from]).unwrap();
            let links = [lan(0, "lan", &(0..nodes).collect::<Vec<_>>())];
            let built = link::build(&netns, &links).await.unwrap();
            let mut capture = Capture::start(&netns, &links, &built).unwrap();
            capture.prove(PROOF_BOUND).await.unwrap();
            sender.send(built.ifindex[0][from], &PLAIN_FRAME).unwrap();
            let captured = capture.finish(PROOF_BOUND).await.unwrap();
            assert!(captured.iter().all(|one| one.frame.bytes == PLAIN_FRAME));
            let mut seen: Vec<_> =
                captured.iter().map(|one| (one.port, one.frame.outgoing)).collect();
            seen.sort_unstable();
            let wanted: Vec<_> = (0..nodes).map(|port| (port, port == from)).collect();
            assert_eq!(seen, wanted, "lab {round} of {nodes} nodes");
        }
    }
}

async fn stub_captures() {
    let lab = Lab::single(1).await;
    assert!(matches!(lab.built.media[0], Medium::Stub { .. }));
    lab.socket(0, 0).send_to(b"alone", (GROUP, UDP_PORT)).unwrap();
    assert_eq!(datagrams(&lab.finish().await, b"alone"), [(0, 0, true)]);
}

async fn ports_are_as_specified() {
    let lab = Lab::start(3, &[("lan", &[0, 1, 2]), ("wire", &[1, 2])]).await;
    for port in lab.links.iter().flat_map(|link| &link.ports) {
        let all = lab.netns[port.netns].run(|| getifaddrs().map(Iterator::collect));
        let mut all: Vec<InterfaceAddress> = all.unwrap().unwrap();
        assert!(
            all.iter().filter_map(|one| one.address).all(|one| one.as_sockaddr_in6().is_none())
        );
        all.retain(|one| one.interface_name == port.ifname);
        let mut macs = all.iter().filter_map(|one| one.address?.as_link_addr()?.addr());
        assert_eq!(macs.next(), Some(port.mac));
        let addresses = all.iter().filter_map(|one| {
            let (ip, mask) = (one.address?, one.netmask?);
            Some((ip.as_sockaddr_in()?.ip().into(), mask.as_sockaddr_in()?.ip().into()))
        });
        let wanted = port.addresses.iter().map(|net| (net.addr(), net.netmask()));
        assert!(addresses.eq(wanted));
    }
    // Idle nodes send nothing: no discovery, no solicitation, no report.
    assert_eq!(lab.finish().await, []);
}

async fn reports_groups() {
    let lab = Lab::single(2).await;
    let tap = Tap::open(&lab.netns[1]).unwrap();
    let member = lab.socket(0, 0);
    let address = lab.address(0, 0);
    let link_local = Ipv4Addr::new(224, 0, 0, 251);
    member.join_multicast_v4(&link_local, &address).unwrap();
    member.join_multicast_v4(&GROUP, &address).unwrap();
    let names =
        |frame: &Frame, group: Ipv4Addr| frame.bytes.windows(4).any(|four| four == group.octets());
    // The kernel reports a join from a timer of its own.
    let (mut space, mut frames) = (vec![0; BATCH_BYTES], Vec::new());
    until(async || {
        let _nothing_yet = tap.receive(&mut space, &mut frames);
        frames.iter().any(|frame| names(frame, GROUP))
    })
    .await;
    assert!(!lab.finish().await.iter().any(|one| names(&one.frame, link_local)));
}

async fn many_frames() {
    const FRAMES: u32 = 100_000;
    let lab = Lab::single(2).await;
    let sender = lab.socket(0, 0);
    for number in 0..FRAMES {
        sender.send_to(&number.to_be_bytes(), (GROUP, UDP_PORT)).unwrap();
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let captured = lab.finish().await;
    let numbers = |port: usize| {
        let there = captured.iter().filter(move |one| one.port == port);
        there.map(|one| u32::from_be_bytes(one.frame.bytes[42..46].try_into().unwrap()))
    };
    assert!(numbers(0).eq(0..FRAMES));
    assert!(numbers(1).eq(0..FRAMES));
}

async fn dropping_removes() {
    let mut lab = Lab::start(5, &[("lan", &[0, 1, 2]), ("wire", &[0, 3]), ("stub", &[4])]).await;
    let canary = lab.netns.remove(0);
    drop(lab);
    tokio::time::timeout(PROOF_BOUND, alone(&canary)).await.expect("all else vanishes").unwrap();
}

async fn error_names_the_port() {
    let netns = namespaces(2);
    let links = [lan(0, "lan", &[0, 1]), lan(1, "lan", &[0, 1])];
    let error = link::build(&netns, &links).await.unwrap_err().to_string();
    assert_eq!(error, "link lan, port h1: create veth: EEXIST: File exists");

    let mut nowhere = lan(0, "lan", &[0, 2]);
    let error = link::build(&netns, std::slice::from_ref(&nowhere)).await.unwrap_err().to_string();
    assert_eq!(error, "link lan: check: lan: there is no namespace 2");
    nowhere.ports.clear();
    let error = link::build(&netns, &[nowhere]).await.unwrap_err().to_string();
    assert_eq!(error, "link lan: check: it has no ports");
}

async fn silence_is_named() {
    let mut lab = Lab::start(3, &[("up", &[0, 1]), ("lan", &[0, 1, 2])]).await;
    drop(lab.capture);
    // The capture takes one link for the other, so no port is where the roll call expects it.
    let ports = &mut lab.built.ifindex;
    (ports[0][1], ports[1][1]) = (ports[1][1], ports[0][1]);
    let mut capture = Capture::start(&lab.netns, &lab.links, &lab.built).unwrap();
    let bound = Duration::from_millis(50);
    let silence = "link up carries nothing from h1 to h2, h2 to h1; \
                   link lan carries nothing from h1 to h2, h2 to h1, h2 to h3, h3 to h2 after 50ms";
    assert_eq!(capture.prove(bound).await.unwrap_err().to_string(), silence);
    assert_eq!(capture.finish(bound).await.unwrap_err().to_string(), silence);
}

async fn down_port_is_excused() {
    for nodes in [2, 3] {
        let mut lab = Lab::single(nodes).await;
        let netlink = Netlink::open(&lab.netns[1]).unwrap();
        netlink.down(lab.built.ifindex[0][1]).await.unwrap();
        let error = lab.capture.prove(PROOF_BOUND).await.unwrap_err().to_string();
        assert_eq!(error, "link lan, port h2: send probe: ENETDOWN: Network is down");
        lab.socket(0, 0).send_to(b"left", (GROUP, UDP_PORT)).unwrap();
        // A wire has lost its carrier, sooner or later; a hub still serves the others.
        let mut seen = datagrams(&lab.finish().await, b"left");
        seen.sort_unstable();
        match nodes {
            2 => assert!(seen.is_empty() || seen == [(0, 0, true)]),
            _ => assert_eq!(seen, [(0, 0, true), (0, 2, false)]),
        }
    }
}

async fn noticed_carries() {
    const FLAPS: usize = 20;
    for nodes in [2, 3] {
        let lab = Lab::single(nodes).await;
        let (near, netlink) = (lab.built.ifindex[0][1], Netlink::open(&lab.netns[1]).unwrap());
        let (far_netns, far) = match &lab.built.media[0] {
            Medium::Hub(netns) => (netns, lab.built.far[0][1]),
            _ => (&lab.netns[0], lab.built.ifindex[0][0]),
        };
        for _ in 0..FLAPS {
            netlink.down(near).await.unwrap();
            noticed(far_netns, far).await.unwrap();
            netlink.up(near).await.unwrap();
            noticed(&lab.netns[1], near).await.unwrap();
            noticed(far_netns, far).await.unwrap();
            lab.socket(0, 0).send_to(b"flap", (GROUP, UDP_PORT)).unwrap();
        }
        netlink.close().await;
        let seen = datagrams(&lab.finish().await, b"flap");
        let arrived = seen.iter().filter(|&&(_, port, outgoing)| (port, outgoing) == (1, false));
        assert_eq!(arrived.count(), FLAPS, "{nodes} nodes: {seen:?}");
    }
}

async fn chain_of_fifty() {
    let names: Vec<_> = (0..49).map(|index| format!("l{index}")).collect();
    let nodes: Vec<_> = (0..49).map(|index| [index, index + 1]).collect();
    let links: Vec<_> =
        names.iter().zip(&nodes).map(|(name, nodes)| (name.as_str(), &nodes[..])).collect();
    let lab = Lab::start(50, &links).await;
    for (link, _) in links.iter().enumerate() {
        lab.socket_on_any_port(link, 0).send_to(b"hop", (GROUP, UDP_PORT)).unwrap();
    }
    let mut seen = datagrams(&lab.finish().await, b"hop");
    seen.sort_unstable();
    let wanted = (0..49).flat_map(|link| [(link, 0, true), (link, 1, false)]);
    assert!(seen.into_iter().eq(wanted));
}

/// Returns when `done` returns true, which it checks every millisecond.
async fn until(mut done: impl AsyncFnMut() -> bool) {
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    let asked = async {
        while !done().await {
            pace.tick().await;
        }
    };
    tokio::time::timeout(PROOF_BOUND, asked).await.expect("it must come to pass");
}
