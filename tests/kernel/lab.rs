//! Three namespaces in a row: source (10.0.1.2) - a, router, b - host (10.0.2.2).
//!
//! A namespace lives as long as its descriptor. Sockets stay in the namespace of the thread that
//! made them, so short threads make them and the test uses them. Every wait has a bound and ends by
//! an event, never by a sleep.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::thread;
use std::time::Duration;

use nix::net::if_::if_nametoindex;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::{Handle, LinkUnspec, LinkVeth, RouteMessageBuilder};

use castnet::addr::{Group, Source};
use castnet::kernel::{Mroute, Received, readable};
use castnet::mfc::entry::{Flow, MfcEntry};
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::Vif;

pub(crate) const ROUTER_A: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);
pub(crate) const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 2);
pub(crate) const ROUTER_B: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
pub(crate) const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
pub(crate) const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

const PORT: u16 = 5000;
/// Far longer than anything here takes: only a failing test reaches it.
pub(crate) const BOUND: Duration = Duration::from_secs(10);

/// An anonymous network namespace.
pub(crate) struct Namespace(OwnedFd);

impl Namespace {
    pub(crate) fn new() -> Self {
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open("/proc/thread-self/ns/net")
        });
        let namespace = Self(made.join().unwrap().unwrap().into());
        namespace.quieten();
        namespace
    }

    /// Runs `work` on a thread in the namespace, and returns its result.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let entered = scope.spawn(|| {
                setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
                work()
            });
            entered.join().unwrap()
        })
    }

    pub(crate) fn read(&self, path: &str) -> String {
        self.inside(|| fs::read_to_string(path).unwrap())
    }

    /// No IPv6 traffic of the kernel's own, and no check of source addresses, which may be
    /// inherited from outside.
    fn quieten(&self) {
        self.inside(|| {
            for scope in ["all", "default"] {
                fs::write(format!("/proc/sys/net/ipv4/conf/{scope}/rp_filter"), "0").unwrap();
                let ipv6 = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
                // A kernel without IPv6 sends none anyway.
                let _ = fs::write(ipv6, "1");
            }
        });
    }

    pub(crate) fn ifindex(&self, name: &str) -> u32 {
        self.inside(|| if_nametoindex(name).unwrap())
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Netlink in one namespace.
pub(crate) fn netlink(namespace: &Namespace) -> Handle {
    let runtime = tokio::runtime::Handle::current();
    let (connection, handle, _) = namespace.inside(|| {
        let _entered = runtime.enter();
        rtnetlink::new_connection().unwrap()
    });
    tokio::spawn(connection);
    handle
}

/// The topology, with a router socket whose interfaces are vif 0 and vif 1.
pub(crate) struct Lab {
    pub(crate) router: Namespace,
    pub(crate) host: Namespace,
    pub(crate) source: Namespace,
    pub(crate) mroute: Mroute,
    pub(crate) a: u32,
    pub(crate) b: u32,
    sender: UdpSocket,
    marker: UdpSocket,
    receiver: UdpSocket,
    links: Handle,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let (router, source, host) = (Namespace::new(), Namespace::new(), Namespace::new());
        let links = netlink(&router);
        let a = wire(&router, &links, &source, "a", [ROUTER_A, SOURCE]).await;
        let b = wire(&router, &links, &host, "b", [ROUTER_B, HOST]).await;
        let mut mroute = router.inside(|| Mroute::open(None)).unwrap();
        mroute.add_vif(vif(0), a, 1).unwrap();
        mroute.add_vif(vif(1), b, 1).unwrap();
        let sender = source.inside(|| udp(SOURCE, 0));
        let marker = router.inside(|| udp(ROUTER_B, 0));
        let receiver = host.inside(|| udp(Ipv4Addr::UNSPECIFIED, PORT));
        setsockopt(&receiver, sockopt::Ipv4RecvTtl, &true).unwrap();
        receiver.join_multicast_v4(&GROUP, &HOST).unwrap();
        Self { router, host, source, mroute, a, b, sender, marker, receiver, links }
    }

    /// The source sends a datagram to `group` with this TTL.
    pub(crate) fn send_to(&self, group: Ipv4Addr, ttl: u32, text: &str) {
        self.sender.set_multicast_ttl_v4(ttl).unwrap();
        self.sender.send_to(text.as_bytes(), (group, PORT)).unwrap();
    }

    pub(crate) fn send(&self, ttl: u32, text: &str) {
        self.send_to(GROUP, ttl, text);
    }

    /// The next datagram that reaches the host, and its TTL there.
    pub(crate) async fn received(&self) -> (String, i32) {
        let take = || datagram(&self.receiver);
        until(&self.receiver, take).await
    }

    /// The datagrams that reach the host before one that the router sends it now: proof, without a
    /// timeout, that nothing else was forwarded.
    pub(crate) async fn received_until_now(&self) -> Vec<String> {
        self.marker.send_to(b"marker", (GROUP, PORT)).unwrap();
        let mut texts = Vec::new();
        loop {
            match self.received().await.0 {
                text if text == "marker" => return texts,
                text => texts.push(text),
            }
        }
    }

    pub(crate) async fn upcall(&self) -> Upcall {
        upcall(&self.mroute).await
    }

    /// Gives the router a route for every group.
    pub(crate) async fn route_multicast_to(&self, ifindex: u32) {
        let route = RouteMessageBuilder::<Ipv4Addr>::new()
            .destination_prefix(Ipv4Addr::new(224, 0, 0, 0), 4)
            .output_interface(ifindex);
        self.links.route().add(route.build()).execute().await.unwrap();
    }

    pub(crate) async fn delete_device(&self, ifindex: u32) {
        self.links.link().del(ifindex).execute().await.unwrap();
    }
}

/// A veth pair, up at both ends and passing packets; the index of the router's end.
async fn wire(
    router: &Namespace,
    links: &Handle,
    other: &Namespace,
    name: &str,
    [near, far]: [Ipv4Addr; 2],
) -> u32 {
    let peer = LinkUnspec::new_with_name(name).setns_by_fd(other.0.as_raw_fd()).build();
    let veth = LinkVeth::new(name, "").set_info_data(InfoData::Veth(InfoVeth::Peer(peer))).build();
    links.link().add(veth).execute().await.unwrap();
    let far_links = netlink(other);
    for (namespace, links, addr) in [(router, links, near), (other, &far_links, far)] {
        let ifindex = namespace.ifindex(name);
        links.address().add(ifindex, IpAddr::V4(addr), 24).execute().await.unwrap();
        let up = LinkUnspec::new_with_index(ifindex).up().build();
        links.link().set(up).execute().await.unwrap();
    }
    tokio::time::timeout(BOUND, async {
        until_passing((router, near), other).await;
        until_passing((other, far), router).await;
    })
    .await
    .expect("the wire never passed a packet");
    router.ifindex(name)
}

/// A device drops packets until the kernel has noticed its carrier, some time after it was set up.
/// The kernel may report that up to a second late, so the test repeats a probe instead.
async fn until_passing((from, addr): (&Namespace, Ipv4Addr), to: &Namespace) {
    let sender = from.inside(|| udp(addr, 0));
    let receiver = to.inside(|| udp(Ipv4Addr::UNSPECIFIED, PORT));
    let seen = readable(receiver.as_fd());
    tokio::pin!(seen);
    loop {
        sender.send_to(b"probe", (ALL_HOSTS, PORT)).unwrap();
        if let Ok(seen) = tokio::time::timeout(Duration::from_millis(1), &mut seen).await {
            return seen.unwrap();
        }
    }
}

/// A socket whose address also picks the device that multicast leaves on.
fn udp(addr: Ipv4Addr, port: u16) -> UdpSocket {
    let socket = UdpSocket::bind(SocketAddrV4::new(addr, port)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.set_multicast_loop_v4(false).unwrap();
    socket
}

fn datagram(socket: &UdpSocket) -> Option<(String, i32)> {
    let mut buffer = [0; 100];
    let mut control = nix::cmsg_space!(i32);
    let mut slices = [io::IoSliceMut::new(&mut buffer)];
    let (fd, flags) = (socket.as_raw_fd(), MsgFlags::empty());
    let (length, ttl) = match recvmsg::<SockaddrIn>(fd, &mut slices, Some(&mut control), flags) {
        Ok(message) => {
            let ttl = message.cmsgs().unwrap().find_map(|control| match control {
                ControlMessageOwned::Ipv4Ttl(ttl) => Some(ttl),
                _ => None,
            });
            (message.bytes, ttl.unwrap())
        }
        Err(nix::errno::Errno::EAGAIN) => return None,
        Err(other) => panic!("{other}"),
    };
    Some((String::from_utf8(buffer[..length].to_vec()).unwrap(), ttl))
}

/// The result of `take`, as soon as `fd` has a message that `take` accepts.
pub(crate) async fn until<T>(fd: &impl AsFd, mut take: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            readable(fd.as_fd()).await.unwrap();
            if let Some(taken) = take() {
                return taken;
            }
        }
    };
    tokio::time::timeout(BOUND, waiting).await.expect("nothing came")
}

/// The next upcall; IGMP packets before it are dropped.
pub(crate) async fn upcall(mroute: &Mroute) -> Upcall {
    let mut buffer = [0; 2000];
    until(mroute, || {
        loop {
            match mroute.receive(&mut buffer).unwrap()? {
                Received::Upcall(upcall) => return Some(upcall),
                Received::Packet { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    })
    .await
}

pub(crate) fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

pub(crate) fn flow(group: Ipv4Addr) -> Flow {
    Flow {
        source: Source::new(SOURCE.into()).unwrap(),
        group: Group::new(IpAddr::V4(group)).unwrap(),
    }
}

/// The entry for (SOURCE, GROUP) that comes in on `iif` and leaves on each `oifs` (vif, threshold).
pub(crate) fn entry(iif: usize, oifs: &[(usize, u8)]) -> MfcEntry {
    let oifs = oifs.iter().map(|&(number, threshold)| (vif(number), threshold)).collect();
    MfcEntry { flow: flow(GROUP), iif: vif(iif), oifs }
}
