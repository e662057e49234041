//! IGMP in and out of the multicast routing socket. The other end is a plain raw socket.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc::IPPROTO_IGMP;
use nix::sys::socket::{MsgFlags, SockaddrIn, bind, recv, sendto};

use crate::lab::{
    ALL_HOSTS, GROUP, HOST, Lab, Namespace, ROUTER_A, ROUTER_B, SOURCE, entry, until, vif,
};
use castnet::kernel::{Mroute, Received};
use castnet::mfc::vif::Vif;
use socket2::{Domain, Protocol, Socket, Type};

const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
const QUERY: u8 = 0x11;
const V2_REPORT: u8 = 0x16;
const LEAVE: u8 = 0x17;
const ROUTER_ALERT: [u8; 4] = [0x94, 4, 0, 0];

/// The 8 octets of IGMPv2 (RFC2236-2-01), with their checksum.
fn message(kind: u8, group: Ipv4Addr) -> [u8; 8] {
    let [a, b, c, d] = group.octets();
    let words = [[kind, 0], [a, b], [c, d]].map(|word| u32::from(u16::from_be_bytes(word)));
    let sum: u32 = words.iter().sum();
    let folded = !(sum + (sum >> 16)) as u16;
    let [high, low] = folded.to_be_bytes();
    [kind, 0, high, low, a, b, c, d]
}

/// A whole packet with TTL 1; length and header checksum are left to the kernel.
fn packet(from: Ipv4Addr, to: Ipv4Addr, options: &[u8], message: [u8; 8]) -> Vec<u8> {
    let words = 5 + u8::try_from(options.len() / 4).unwrap();
    let mut bytes = vec![0x40 | words, 0xc0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0];
    bytes.extend(from.octets());
    bytes.extend(to.octets());
    bytes.extend(options);
    bytes.extend(message);
    bytes
}

fn raw() -> OwnedFd {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(IPPROTO_IGMP))).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.into()
}

/// A host's own raw IGMP socket, which sends from `addr` and the device that has it.
fn endpoint(namespace: &Namespace, addr: Ipv4Addr) -> OwnedFd {
    let fd = namespace.inside(raw);
    bind(fd.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(addr, 0))).unwrap();
    fd
}

fn say(fd: &OwnedFd, to: Ipv4Addr, message: [u8; 8]) {
    let to = SockaddrIn::from(SocketAddrV4::new(to, 0));
    sendto(fd.as_raw_fd(), &message, &to, MsgFlags::empty()).unwrap();
}

/// The next IGMPv2 message that the router hears: device, vif, source and message. The reports of
/// the kernels themselves are IGMPv3 and do not count.
async fn heard(mroute: &Mroute) -> (u32, Option<Vif>, Ipv4Addr, [u8; 8]) {
    let mut buffer = [0; 2000];
    until(mroute, || {
        loop {
            match mroute.receive(&mut buffer).unwrap()? {
                Received::Packet { ifindex, vif, packet: bytes } => {
                    let (source, message) = taken_apart(bytes);
                    if [QUERY, V2_REPORT, LEAVE].contains(&message[0]) {
                        return Some((ifindex, vif, source, message));
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    })
    .await
}

fn taken_apart(bytes: &[u8]) -> (Ipv4Addr, [u8; 8]) {
    let source: [u8; 4] = bytes[12..16].try_into().unwrap();
    let start = usize::from(bytes[0] & 0x0f) * 4;
    (source.into(), bytes[start..start + 8].try_into().unwrap())
}

/// The next Query that a host hears, as a whole packet.
async fn query(fd: &OwnedFd) -> Vec<u8> {
    let mut buffer = [0; 2000];
    until(fd, || {
        loop {
            match recv(fd.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) if taken_apart(&buffer[..length]).1[0] == QUERY => {
                    return Some(buffer[..length].to_vec());
                }
                Ok(_) => {}
                Err(Errno::EAGAIN) => return None,
                Err(other) => panic!("{other}"),
            }
        }
    })
    .await
}

pub(crate) async fn a_report_is_heard_with_the_interface_that_it_came_in_on() {
    let lab = Lab::new().await;
    let report = message(V2_REPORT, GROUP);
    say(&endpoint(&lab.host, HOST), GROUP, report);
    assert_eq!(heard(&lab.mroute).await, (lab.b, Some(vif(1)), HOST, report));
    say(&endpoint(&lab.source, SOURCE), GROUP, report);
    assert_eq!(heard(&lab.mroute).await, (lab.a, Some(vif(0)), SOURCE, report));
}

// RFC2236-2-03
pub(crate) async fn a_report_with_router_alert_is_heard_once_and_whole() {
    let lab = Lab::new().await;
    let host = lab.host.inside(|| Mroute::open(None)).unwrap();
    let ifindex = lab.host.ifindex("b");
    let report = message(V2_REPORT, GROUP);
    host.transmit(ifindex, &packet(HOST, GROUP, &ROUTER_ALERT, report)).unwrap();
    let leave = message(LEAVE, GROUP);
    host.transmit(ifindex, &packet(HOST, GROUP, &[], leave)).unwrap();
    assert_eq!(heard(&lab.mroute).await, (lab.b, Some(vif(1)), HOST, report));
    assert_eq!(heard(&lab.mroute).await, (lab.b, Some(vif(1)), HOST, leave));
}

pub(crate) async fn all_routers_is_heard_only_where_it_is_joined() {
    let mut lab = Lab::new().await;
    let (host, source) = (endpoint(&lab.host, HOST), endpoint(&lab.source, SOURCE));
    let leave = |n: u8| message(LEAVE, Ipv4Addr::new(239, 0, 0, n));
    // A Report for a routable group is always heard: a message that did not arrive before it never
    // will.
    let marker = message(V2_REPORT, GROUP);

    say(&host, ALL_ROUTERS, leave(1));
    say(&host, GROUP, marker);
    assert_eq!(heard(&lab.mroute).await.3, marker);

    // A further socket holds this membership.
    lab.router.inside(|| {
        std::fs::write("/proc/sys/net/ipv4/igmp_max_memberships", "1").unwrap();
        lab.mroute.join(lab.a, Ipv4Addr::new(239, 9, 9, 9)).unwrap();
        lab.mroute.join(lab.b, ALL_ROUTERS).unwrap();
    });
    say(&host, ALL_ROUTERS, leave(2));
    assert_eq!(heard(&lab.mroute).await, (lab.b, Some(vif(1)), HOST, leave(2)));
    say(&source, ALL_ROUTERS, leave(3));
    say(&source, GROUP, marker);
    assert_eq!(heard(&lab.mroute).await.3, marker);

    assert!(lab.mroute.leave(lab.b, ALL_ROUTERS).unwrap());
    say(&host, ALL_ROUTERS, leave(4));
    say(&host, GROUP, marker);
    assert_eq!(heard(&lab.mroute).await.3, marker);
}

pub(crate) async fn a_device_without_a_vif_is_named_all_the_same() {
    let mut lab = Lab::new().await;
    assert!(lab.mroute.delete_vif(vif(1)).unwrap());
    lab.mroute.join(lab.b, ALL_ROUTERS).unwrap();
    let leave = message(LEAVE, GROUP);
    say(&endpoint(&lab.host, HOST), ALL_ROUTERS, leave);
    assert_eq!(heard(&lab.mroute).await, (lab.b, None, HOST, leave));
}

pub(crate) async fn a_packet_leaves_on_the_chosen_device_only() {
    let lab = Lab::new().await;
    lab.route_multicast_to(lab.b).await;
    // Not bound to an address, since the socket would then hear nothing for a group.
    let listener = |namespace: &Namespace| namespace.inside(raw);
    let (source, host) = (listener(&lab.source), listener(&lab.host));
    let to_a = packet(ROUTER_A, ALL_HOSTS, &ROUTER_ALERT, message(QUERY, GROUP));
    let to_b = packet(ROUTER_B, ALL_HOSTS, &ROUTER_ALERT, message(QUERY, Ipv4Addr::UNSPECIFIED));
    lab.mroute.transmit(lab.a, &to_a).unwrap();
    lab.mroute.transmit(lab.b, &to_b).unwrap();
    lab.mroute.transmit(lab.a, &to_b).unwrap();

    let (first, second) = (query(&source).await, query(&source).await);
    assert_eq!(taken_apart(&first), (ROUTER_A, message(QUERY, GROUP)));
    assert_eq!(taken_apart(&second), (ROUTER_B, message(QUERY, Ipv4Addr::UNSPECIFIED)));
    assert_eq!((first[8], &first[20..24]), (1, &ROUTER_ALERT[..]));
    assert_eq!(&first[16..20], ALL_HOSTS.octets());
    let only = query(&host).await;
    assert_eq!(taken_apart(&only), (ROUTER_B, message(QUERY, Ipv4Addr::UNSPECIFIED)));
}

pub(crate) async fn what_the_router_transmits_does_not_come_back() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    let own = packet(ROUTER_B, GROUP, &ROUTER_ALERT, message(QUERY, GROUP));
    lab.mroute.transmit(lab.b, &own).unwrap();
    let report = message(V2_REPORT, GROUP);
    say(&endpoint(&lab.host, HOST), GROUP, report);
    assert_eq!(heard(&lab.mroute).await, (lab.b, Some(vif(1)), HOST, report));
}

pub(crate) async fn the_reports_of_the_routers_own_kernel_do_come_back() {
    let mut lab = Lab::new().await;
    lab.mroute.join(lab.b, Ipv4Addr::new(224, 0, 0, 22)).unwrap();
    let mut buffer = [0; 2000];
    let own = until(&lab.mroute, || match lab.mroute.receive(&mut buffer).unwrap()? {
        // The kernel of the host may have something to report, too.
        Received::Packet { ifindex, vif, packet: bytes } => {
            (taken_apart(bytes).0 == ROUTER_B).then_some((ifindex, vif))
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(own.await, (lab.b, Some(vif(1))));
}

pub(crate) async fn a_packet_longer_than_the_buffer_is_reported_and_not_cut() {
    let lab = Lab::new().await;
    let host = endpoint(&lab.host, HOST);
    for kind in [V2_REPORT, LEAVE] {
        say(&host, GROUP, message(kind, GROUP));
    }
    let mut small = [0; 27];
    let told = until(&lab.mroute, || match lab.mroute.receive(&mut small).unwrap()? {
        Received::TooLong { ifindex, length } => Some((ifindex, length)),
        other => panic!("{other:?}"),
    });
    assert_eq!(told.await, (lab.b, 28));
    let mut large_enough = [0; 28];
    let kind = until(&lab.mroute, || match lab.mroute.receive(&mut large_enough).unwrap()? {
        Received::Packet { packet: bytes, .. } => Some(taken_apart(bytes).1[0]),
        other => panic!("{other:?}"),
    });
    assert_eq!(kind.await, LEAVE);
}

pub(crate) async fn an_idle_socket_has_nothing() {
    let namespace = Namespace::new();
    let mroute = namespace.inside(|| Mroute::open(None)).unwrap();
    assert_eq!(mroute.receive(&mut [0; 100]).unwrap(), None);
    assert_eq!(mroute.receive(&mut []).unwrap(), None);
}

pub(crate) async fn a_packet_that_cannot_be_sent_is_refused() {
    let lab = Lab::new().await;
    let whole = packet(ROUTER_A, ALL_HOSTS, &[], message(QUERY, GROUP));
    let refused = |ifindex, bytes| lab.mroute.transmit(ifindex, bytes).unwrap_err().kind();
    assert_eq!(refused(lab.a, &whole[..19]), io::ErrorKind::InvalidInput);
    assert_eq!(refused(lab.a, &[]), io::ErrorKind::InvalidInput);
    assert_eq!(refused(0, &whole), io::ErrorKind::InvalidInput);
    assert_eq!(refused(u32::MAX, &whole), io::ErrorKind::InvalidInput);
    lab.mroute.transmit(9999, &whole).unwrap_err();
    lab.mroute.transmit(lab.a, &whole).unwrap();
}
