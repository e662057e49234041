//! The lowest layer of the lab with IPv6 on the running kernel: addresses work as soon as the links
//! are proved, idle nodes ask nothing, unicast is forwarded, and the forwarding cache is watched.

use std::net::{IpAddr, Ipv6Addr, SocketAddrV6, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

use castnet::addr::{Family, Group, Source};
use castnet::kernel::Mroute6;
use castnet::mfc::entry::{Flow, MfcEntry};
use castnet::mfc::vif::Vif;
use castnet_lab::lab::{
    BATCH_BYTES, Built, Capture, Captured, Carrier, Frame, LinkSpec, MfcMessage, MfcMonitor,
    Netlink, Netns, PROOF_BOUND, PortSpec, Stack, Tap, UnicastRoute, Way, counters, link, unicast,
    usable,
};
use libtest_mimic::Arguments;

use crate::privileged::trial;

mod privileged;

fn main() -> ExitCode {
    let trials = vec![
        trial("a_datagram_from_a_link_local_address_arrives_at_once", link_local_works_at_once),
        trial("ports_have_their_addresses_and_no_others", ports_are_as_specified),
        trial("idle_nodes_only_report_groups_of_the_link", idle_nodes_ask_nothing),
        trial("a_router_forwards_unicast", unicast_is_forwarded),
        trial("an_interface_that_never_carries_is_told", no_carrier_is_told),
        trial("changes_and_counters_of_the_forwarding_cache_are_told", cache_is_watched),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

const GROUP: Ipv6Addr = Ipv6Addr::new(0xff1e, 0, 0, 0, 0, 0, 1, 1);
const UDP_PORT: u16 = 5000;

/// The router's place among the nodes.
const ROUTER: usize = 1;

/// s - r - h, proved.
struct Lab {
    netns: Vec<Netns>,
    built: Built,
    capture: Capture,
}

impl Lab {
    async fn start() -> Self {
        let stack =
            |node| Stack { family: Family::V6, forwards: node == ROUTER, ..Stack::default() };
        let names = ["s", "r", "h"].into_iter().enumerate();
        let names = names.map(|(node, name)| (name.to_owned(), stack(node)));
        let netns = Netns::create_all(names.collect()).unwrap();
        let links = [lan(1, "up", [0, ROUTER]), lan(2, "lan", [2, ROUTER])];
        let built = link::build(&netns, &links).await.unwrap();
        let mut capture = Capture::start(&netns, &links, &built).unwrap();
        capture.prove(PROOF_BOUND).await.unwrap();
        usable::ipv6(&netns, PROOF_BOUND).await.unwrap();
        Self { netns, built, capture }
    }

    /// A socket on a port, bound to this address, from which multicast leaves by that port.
    fn socket(&self, link: usize, port: usize, address: Ipv6Addr) -> UdpSocket {
        let node = if port == 1 { ROUTER } else { 2 * link };
        let ifindex = self.built.ifindex[link][port];
        let made = self.netns[node].run(|| {
            let (domain, kind) = (socket2::Domain::IPV6, socket2::Type::DGRAM);
            let socket = socket2::Socket::new(domain, kind, None)?;
            socket.set_multicast_if_v6(ifindex)?;
            socket.set_multicast_hops_v6(8)?;
            socket.bind(&SocketAddrV6::new(address, UDP_PORT, 0, ifindex).into())?;
            Ok::<UdpSocket, std::io::Error>(socket.into())
        });
        let socket = made.unwrap().unwrap();
        socket.set_read_timeout(Some(PROOF_BOUND)).unwrap();
        socket
    }
}

/// The first port ends with 1, the router's with 2.
fn lan(number: u8, name: &str, nodes: [usize; 2]) -> LinkSpec {
    let port = |(at, netns): (u8, usize)| PortSpec {
        netns,
        ifname: name.to_owned(),
        mac: [2, 0, 0, 0, number, at],
        addresses: [global(number, at), link_local(number, at)]
            .map(|address| format!("{address}/64").parse().unwrap())
            .to_vec(),
    };
    let ports = (1..).zip(nodes).map(port).collect();
    LinkSpec { name: name.to_owned(), ports, carrier: Carrier::Kernel }
}

fn global(link: u8, port: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, link.into(), 0, 0, 0, port.into())
}

fn link_local(link: u8, port: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, link.into(), port.into())
}

/// An address that is still tentative cannot be bound to, and a port that is not ready hears nothing.
async fn link_local_works_at_once() {
    for _ in 0..20 {
        let lab = Lab::start().await;
        let (near, far) = (link_local(1, 1), link_local(1, 2));
        let (sender, receiver) = (lab.socket(0, 0, near), lab.socket(0, 1, Ipv6Addr::UNSPECIFIED));
        receiver.join_multicast_v6(&GROUP, lab.built.ifindex[0][1]).unwrap();
        sender.send_to(b"to all", (GROUP, UDP_PORT)).unwrap();
        let mut space = [0; 16];
        let (length, from) = receiver.recv_from(&mut space).unwrap();
        assert_eq!((&space[..length], from.ip()), (&b"to all"[..], IpAddr::V6(near)));
        let to_one = SocketAddrV6::new(far, UDP_PORT, 0, lab.built.ifindex[0][0]);
        sender.send_to(b"to one", to_one).unwrap();
        let (length, _) = receiver.recv_from(&mut space).unwrap();
        assert_eq!(&space[..length], b"to one");
    }
}

async fn ports_are_as_specified() {
    let lab = Lab::start().await;
    for (node, ports) in [(0, vec![(1, 1)]), (ROUTER, vec![(1, 2), (2, 2)]), (2, vec![(2, 1)])] {
        let read = || std::fs::read_to_string("/proc/thread-self/net/if_inet6");
        let text = lab.netns[node].run(read).unwrap().unwrap();
        // Address, ifindex, prefix, scope, flags, device; 0x40 is IFA_F_TENTATIVE.
        let mut seen = Vec::new();
        for row in text.lines().filter(|row| !row.ends_with(" lo")) {
            let words: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(u32::from_str_radix(words[4], 16).unwrap() & 0x40, 0, "{row}");
            seen.push((Ipv6Addr::from(u128::from_str_radix(words[0], 16).unwrap()), words[2]));
        }
        seen.sort_unstable();
        let all = ports.iter().flat_map(|&(link, at)| [global(link, at), link_local(link, at)]);
        let mut wanted: Vec<_> = all.map(|address| (address, "40")).collect();
        wanted.sort_unstable();
        assert_eq!(seen, wanted);
    }
}

/// The ICMPv6 types of frames, and for Reports of MLDv2 the groups in them.
fn icmpv6(captured: &[Captured]) -> Vec<(u8, Vec<Ipv6Addr>)> {
    /// Octets before ICMPv6 in a packet of MLD: Ethernet, IPv6, Hop-by-Hop Options.
    const BEFORE: usize = 14 + 40 + 8;
    let outgoing = captured.iter().filter(|one| one.frame.outgoing);
    outgoing
        .map(|one| {
            let bytes = &one.frame.bytes;
            assert_eq!(bytes[12..14], [0x86, 0xdd], "only IPv6 is spoken");
            // Neighbour discovery has no Hop-by-Hop Options.
            if bytes[20] != 0 {
                return (bytes[14 + 40], Vec::new());
            }
            let message = &bytes[BEFORE..];
            let records = message[8..].chunks_exact(20);
            let group = |record: &[u8]| <[u8; 16]>::try_from(&record[4..]).unwrap().into();
            (message[0], records.map(group).collect())
        })
        .collect()
}

/// No duplicate address detection, no router solicitation, no membership that any router counts.
async fn idle_nodes_ask_nothing() {
    let lab = Lab::start().await;
    let (listener, group) = (lab.socket(1, 0, Ipv6Addr::UNSPECIFIED), GROUP);
    let tap = Tap::open(&lab.netns[2]).unwrap();
    listener.join_multicast_v6(&group, lab.built.ifindex[1][0]).unwrap();
    // Everything that the kernel sends of its own accord is due before the second Report of the join.
    let names = |frame: &Frame| frame.bytes.windows(16).any(|some| some == group.octets());
    let (mut space, mut frames) = (vec![0; BATCH_BYTES], Vec::new());
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    while frames.iter().filter(|frame| names(frame)).count() < 2 {
        pace.tick().await;
        let _nothing_yet = tap.receive(&mut space, &mut frames);
    }
    let seen = icmpv6(&lab.capture.finish(PROOF_BOUND).await.unwrap());
    for (kind, groups) in seen {
        assert_eq!(kind, 143, "only Reports");
        let own = |of: &Ipv6Addr| *of == group || of.segments()[0] == 0xff02;
        assert!(groups.iter().all(own), "{groups:?}");
    }
}

async fn unicast_is_forwarded() {
    let lab = Lab::start().await;
    let route = |link: usize, to: u8| UnicastRoute {
        to: format!("{}/64", global(to, 0)).parse().unwrap(),
        way: Way::Via(global(link as u8 + 1, 2).into(), lab.built.ifindex[link][0]),
    };
    unicast::install(&lab.netns, &[vec![route(0, 2)], vec![], vec![route(1, 1)]]).unwrap();
    let (near, far) = (lab.socket(0, 0, global(1, 1)), lab.socket(1, 0, global(2, 1)));
    near.send_to(b"there", (global(2, 1), UDP_PORT)).unwrap();
    let mut space = [0; 16];
    let (length, sender) = far.recv_from(&mut space).unwrap();
    assert_eq!((&space[..length], sender.ip()), (&b"there"[..], IpAddr::V6(global(1, 1))));
    far.send_to(b"back", sender).unwrap();
    assert_eq!(near.recv(&mut space).unwrap(), 4);
}

async fn no_carrier_is_told() {
    let lab = Lab::start().await;
    let netlink = Netlink::open(&lab.netns[0]).unwrap();
    netlink.down(lab.built.ifindex[0][0]).await.unwrap();
    // Its own port is down and need not work; the router's is up, has no carrier, and is named.
    usable::ipv6(&lab.netns[..1], PROOF_BOUND).await.unwrap();
    let netlink = Netlink::open(&lab.netns[ROUTER]).unwrap();
    netlink.down(lab.built.ifindex[0][1]).await.unwrap();
    netlink.up(lab.built.ifindex[0][1]).await.unwrap();
    let error = usable::ipv6(&lab.netns, Duration::from_millis(20)).await.unwrap_err().to_string();
    assert_eq!(error, "namespace r: wait until IPv6 works: timed out");
}

async fn cache_is_watched() {
    let lab = Lab::start().await;
    let router = &lab.netns[ROUTER];
    let mut monitor = MfcMonitor::open(router).unwrap();
    let mut mroute = router.run(|| Mroute6::open(None)).unwrap().unwrap();
    let (up, down) = (Vif::new(0).unwrap(), Vif::new(1).unwrap());
    let (iif, oif) = (lab.built.ifindex[0][1], lab.built.ifindex[1][1]);
    mroute.add_vif(up, iif).unwrap();
    mroute.add_vif(down, oif).unwrap();
    let (source, group): (IpAddr, IpAddr) = (global(1, 1).into(), GROUP.into());
    let flow = Flow { source: Source::new(source).unwrap(), group: Group::new(group).unwrap() };
    assert_eq!(counters(router, source, group).await.unwrap(), None);
    mroute.add_mfc(&MfcEntry { flow, iif: up, oifs: [(down, 1)].into() }).unwrap();
    let told = monitor.next().await;
    let entry = MfcMessage::Entry { source, group, iif: Some(iif), oifs: vec![oif] };
    assert_eq!(told, Some(entry));

    let (sender, receiver) = (lab.socket(0, 0, global(1, 1)), lab.socket(1, 0, GROUP));
    receiver.join_multicast_v6(&GROUP, lab.built.ifindex[1][0]).unwrap();
    sender.send_to(b"forwarded", (GROUP, UDP_PORT)).unwrap();
    assert_eq!(receiver.recv(&mut [0; 16]).unwrap(), 9);
    let counted = counters(router, source, group).await.unwrap().expect("there is an entry");
    // IPv6 and UDP before the nine octets.
    assert_eq!((counted.packets, counted.bytes, counted.wrong_if), (1, 40 + 8 + 9, 0));
    assert!(mroute.delete_mfc(flow).unwrap());
    assert_eq!(monitor.next().await, Some(MfcMessage::Deleted { source, group }));
}
