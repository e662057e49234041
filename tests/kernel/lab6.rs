//! The topology of `lab` over IPv6: source (2001:db8:1::2) - a, router, b - host (2001:db8:2::2), each
//! end with a link-local address of its own.

use std::fs;
use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use castnet::addr::{Group, Source};
use castnet::kernel::{Mroute6, Received, readable};
use castnet::mfc::entry::{Flow, MfcEntry};
use castnet::mfc::upcall::Upcall;
use castnet::wire::ip::Packet;
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::{Handle, LinkUnspec, LinkVeth};
use socket2::{Domain, Protocol, Socket, Type};

use crate::lab::{BOUND, Namespace, netlink, until, vif};

pub(crate) const SOURCE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2);
pub(crate) const ROUTER_A: Ipv6Addr = link_local(1, 1);
pub(crate) const ROUTER_B: Ipv6Addr = link_local(2, 1);
pub(crate) const SENDER: Ipv6Addr = link_local(1, 2);
pub(crate) const HOST: Ipv6Addr = link_local(2, 2);
pub(crate) const GROUP: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3);
pub(crate) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

const PORT: u16 = 5000;

const fn link_local(link: u16, end: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, link, end)
}

/// The topology, with a router socket whose interfaces are vif 0 and vif 1.
pub(crate) struct Lab6 {
    pub(crate) router: Namespace,
    pub(crate) host: Namespace,
    pub(crate) source: Namespace,
    pub(crate) mroute: Mroute6,
    pub(crate) a: u32,
    pub(crate) b: u32,
    sender: UdpSocket,
    marker: UdpSocket,
    receiver: UdpSocket,
}

impl Lab6 {
    pub(crate) async fn new() -> Self {
        let (router, source, host) = (namespace(), namespace(), namespace());
        let links = netlink(&router);
        let a = wire(&router, &links, &source, "a", 1).await;
        let b = wire(&router, &links, &host, "b", 2).await;
        let mut mroute = router.inside(|| Mroute6::open(None)).unwrap();
        mroute.add_vif(vif(0), a).unwrap();
        mroute.add_vif(vif(1), b).unwrap();
        let sender = udp(&source, SOURCE, "a");
        let marker = udp(&router, ROUTER_B, "b");
        let receiver = listener(&host);
        receiver.join_multicast_v6(&GROUP, host.ifindex("b")).unwrap();
        Self { router, host, source, mroute, a, b, sender, marker, receiver }
    }

    /// The source sends a datagram to the group.
    pub(crate) fn send(&self, text: &str) {
        self.sender.send_to(text.as_bytes(), (GROUP, PORT)).unwrap();
    }

    /// The next datagram that reaches the host.
    pub(crate) async fn received(&self) -> String {
        let take = || {
            let mut buffer = [0; 100];
            let length = self.receiver.recv(&mut buffer).ok()?;
            Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
        };
        until(&self.receiver, take).await
    }

    /// The datagrams that reach the host before one that the router sends it now: proof, without a
    /// timeout, that nothing else was forwarded.
    pub(crate) async fn received_until_now(&self) -> Vec<String> {
        self.marker.send_to(b"marker", (GROUP, PORT)).unwrap();
        let mut texts = Vec::new();
        loop {
            match self.received().await {
                text if text == "marker" => return texts,
                text => texts.push(text),
            }
        }
    }

    /// The next upcall; MLD before it is dropped.
    pub(crate) async fn upcall(&self) -> Upcall {
        let mut buffer = [0; 2000];
        until(&self.mroute, || {
            loop {
                match self.mroute.receive(&mut buffer).unwrap()? {
                    Received::Upcall(upcall) => return Some(upcall),
                    Received::Packet { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        })
        .await
    }
}

/// What a socket heard: the device, the header, and the octets of the message.
pub(crate) type Heard = (u32, castnet::wire::ip::Header, Vec<u8>);

/// The next message of one of these ICMPv6 types that the socket hears from this source. The Reports
/// of the kernels themselves may come in between.
pub(crate) async fn heard(mroute: &Mroute6, from: Ipv6Addr, kinds: &[u8]) -> Heard {
    let mut buffer = [0; 2000];
    until(mroute, || {
        loop {
            match mroute.receive(&mut buffer).unwrap()? {
                Received::Packet { ifindex, packet: Packet { header, payload }, .. } => {
                    if header.source == from && kinds.contains(&payload[0]) {
                        return Some((ifindex, header, payload.to_vec()));
                    }
                }
                Received::Upcall(_) => {}
                other => panic!("{other:?}"),
            }
        }
    })
    .await
}

/// A raw ICMPv6 socket of a host, which sends on this device without Router Alert.
pub(crate) fn raw(namespace: &Namespace, device: &str) -> Socket {
    let ifindex = namespace.ifindex(device);
    namespace.inside(|| {
        let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).unwrap();
        socket.set_multicast_if_v6(ifindex).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    })
}

pub(crate) fn say(socket: &Socket, to: Ipv6Addr, message: &[u8]) {
    socket.send_to(message, &SocketAddrV6::new(to, 0, 0, 0).into()).unwrap();
}

pub(crate) fn flow() -> Flow {
    let source = Source::new(SOURCE.into()).unwrap();
    Flow { source, group: Group::new(GROUP.into()).unwrap() }
}

/// The entry for (SOURCE, GROUP) that comes in on `iif` and leaves on each of `oifs`.
pub(crate) fn entry(iif: usize, oifs: &[usize]) -> MfcEntry {
    let oifs = oifs.iter().map(|&number| (vif(number), 1)).collect();
    MfcEntry { flow: flow(), iif: vif(iif), oifs }
}

/// A namespace whose interfaces speak IPv6 with the addresses that they are given, at once.
pub(crate) fn namespace() -> Namespace {
    let namespace = Namespace::new();
    namespace.inside(|| {
        for scope in ["all", "default"] {
            let set = |key: &str, value: &str| {
                fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/{key}"), value).unwrap();
            };
            set("disable_ipv6", "0");
            set("accept_dad", "0");
            set("dad_transmits", "0");
            set("accept_ra", "0");
            set("router_solicitations", "0");
        }
        // No address of its own making.
        fs::write("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1").unwrap();
    });
    namespace
}

/// A veth pair, up at both ends and passing packets; the index of the router's end.
async fn wire(router: &Namespace, links: &Handle, other: &Namespace, name: &str, link: u16) -> u32 {
    let peer = LinkUnspec::new_with_name(name).setns_by_fd(other.as_fd().as_raw_fd()).build();
    let veth = LinkVeth::new(name, "").set_info_data(InfoData::Veth(InfoVeth::Peer(peer))).build();
    links.link().add(veth).execute().await.unwrap();
    let far_links = netlink(other);
    for (namespace, links, end) in [(router, links, 1), (other, &far_links, 2)] {
        let ifindex = namespace.ifindex(name);
        let global = Ipv6Addr::new(0x2001, 0xdb8, link, 0, 0, 0, 0, end);
        for address in [link_local(link, end), global] {
            links.address().add(ifindex, address.into(), 64).execute().await.unwrap();
        }
        let up = LinkUnspec::new_with_index(ifindex).up().build();
        links.link().set(up).execute().await.unwrap();
    }
    tokio::time::timeout(BOUND, async {
        until_passing(router, link_local(link, 1), other, name).await;
        until_passing(other, link_local(link, 2), router, name).await;
    })
    .await
    .expect("the wire never passed a packet");
    router.ifindex(name)
}

/// A device drops packets until the kernel has noticed its carrier and made IPv6 ready.
async fn until_passing(from: &Namespace, addr: Ipv6Addr, to: &Namespace, device: &str) {
    let receiver = listener(to);
    let seen = readable(receiver.as_fd());
    tokio::pin!(seen);
    loop {
        // The address may be tentative, or the device without a route, at first.
        if let Some(sender) = try_udp(from, addr, device) {
            _ = sender.send_to(b"probe", (ALL_NODES, PORT));
        }
        if let Ok(seen) = tokio::time::timeout(Duration::from_millis(1), &mut seen).await {
            return seen.unwrap();
        }
    }
}

/// A socket that sends from this address, multicast by this device.
fn udp(namespace: &Namespace, addr: Ipv6Addr, device: &str) -> UdpSocket {
    try_udp(namespace, addr, device).unwrap()
}

fn try_udp(namespace: &Namespace, addr: Ipv6Addr, device: &str) -> Option<UdpSocket> {
    let ifindex = namespace.ifindex(device);
    namespace.inside(|| {
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, None).unwrap();
        socket.bind(&SocketAddrV6::new(addr, 0, 0, ifindex).into()).ok()?;
        socket.set_multicast_if_v6(ifindex).unwrap();
        socket.set_multicast_hops_v6(8).unwrap();
        socket.set_multicast_loop_v6(false).unwrap();
        socket.set_nonblocking(true).unwrap();
        Some(socket.into())
    })
}

fn listener(namespace: &Namespace) -> UdpSocket {
    namespace.inside(|| {
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, PORT)).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    })
}
