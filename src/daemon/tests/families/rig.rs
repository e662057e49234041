//! The rig of these tests: source - r1 - host, where both families are spoken, and castnetd in it.
//!
//! The host's link is a LAN with a second router on it. Everything is observed from outside: frames on
//! the host's interface, and what castnetd logs.

use std::collections::VecDeque;
use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::time::Duration;

use castnet::addr::Family;
use castnet::kernel::readable;
use castnet_lab::lab::{
    BATCH_BYTES, Built, Capture, Carrier, Frame, LinkSpec, Netns, PROOF_BOUND, PortSpec, Stack,
    Tap, link, usable,
};
use libtest_mimic::Failed;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::time::timeout;

use crate::serving::{self, BOUND, Castnetd};

const PORT: u16 = 5000;
/// What every datagram of a source holds.
const MARK: &[u8] = b"datagram of the source";

pub(crate) const SOURCE: usize = 0;
pub(crate) const R1: usize = 1;
pub(crate) const R2: usize = 2;
pub(crate) const HOST: usize = 3;
/// The links, in the order in which they are built.
pub(crate) const UP: usize = 0;
pub(crate) const LAN: usize = 1;

pub(crate) struct Rig {
    pub(crate) netns: Vec<Netns>,
    built: Built,
    /// What the host's interface sends and hears.
    tap: Tap,
    frames: VecDeque<Frame>,
}

/// A port by its node: the last number of its addresses of IPv4, of IPv6, and of its link-local one.
/// The order of r1 and r2 differs between the families.
fn addresses(link: u8, node: usize) -> [String; 3] {
    let (v4, local) = match node {
        R1 => (2, 0x30),
        R2 => (3, 0x20),
        _ => (9, 0x90),
    };
    [
        format!("10.0.{link}.{v4}/24"),
        format!("2001:db8:{link}::{v4}/64"),
        format!("fe80::{link}:{local:x}/64"),
    ]
}

fn spec(name: &str, number: u8, nodes: &[usize]) -> LinkSpec {
    let port = |&netns: &usize| PortSpec {
        netns,
        ifname: name.to_owned(),
        mac: [2, 0, 0, 0, number, u8::try_from(netns).unwrap() + 1],
        addresses: addresses(number, netns).map(|text| text.parse().unwrap()).to_vec(),
    };
    let ports = nodes.iter().map(port).collect();
    LinkSpec { name: name.to_owned(), ports, carrier: Carrier::Kernel }
}

impl Rig {
    /// Built, carrying, and with all addresses usable.
    pub(crate) async fn new() -> Result<Self, Failed> {
        Self::with([spec("up", 1, &[SOURCE, R1]), spec("lan", 2, &[R1, R2, HOST])]).await
    }

    /// As [`Self::new`], but r1 has just been given its link-local address on the LAN, and the kernel
    /// checks it for duplicates as it does by default: for a second or two it is tentative.
    pub(crate) async fn tentative() -> Result<Self, Failed> {
        let mut links = [spec("up", 1, &[SOURCE, R1]), spec("lan", 2, &[R1, R2, HOST])];
        let local = links[LAN].ports[0].addresses.pop().ok_or("no address")?;
        let rig = Self::with(links).await?;
        rig.sysctl(R1, "net/ipv6/conf/lan/accept_dad", "1")?;
        let runtime = tokio::runtime::Handle::current();
        let (connection, handle, _) = rig.netns[R1].run(|| {
            let _inside_runtime = runtime.enter();
            rtnetlink::new_connection()
        })??;
        let connection = tokio::spawn(connection);
        let ifindex = rig.built.ifindex[LAN][0];
        handle.address().add(ifindex, local.addr(), local.prefix_len()).execute().await?;
        connection.abort();
        let read = || fs::read_to_string("/proc/thread-self/net/if_inet6");
        let flags = rig.netns[R1].run(read)??;
        // The fifth column; 0x40 is IFA_F_TENTATIVE.
        match flags.lines().any(|row| row.split_whitespace().nth(4) == Some("c0")) {
            true => Ok(rig),
            false => Err(format!("no address is tentative:\n{flags}").into()),
        }
    }

    async fn with(links: [LinkSpec; 2]) -> Result<Self, Failed> {
        let stack = |name: &str| (name.to_owned(), Stack { family: Family::V6, ..<_>::default() });
        let netns = Netns::create_all(["source", "r1", "r2", "host"].map(stack).to_vec())?;
        let built = link::build(&netns, &links).await?;
        let mut capture = Capture::start(&netns, &links, &built)?;
        capture.prove(PROOF_BOUND).await?;
        usable::ipv6(&netns, PROOF_BOUND).await?;
        let tap = Tap::open(&netns[HOST])?;
        Ok(Self { netns, built, tap, frames: VecDeque::new() })
    }

    /// Sets a sysctl in a node.
    pub(crate) fn sysctl(&self, node: usize, path: &str, value: &str) -> Result<(), Failed> {
        Ok(self.netns[node].run(|| fs::write(format!("/proc/sys/{path}"), value))??)
    }

    /// The next frame on the host's interface that is wanted; the others before it are dropped.
    pub(crate) async fn frame(
        &mut self,
        what: &str,
        wanted: impl Fn(&Frame) -> bool,
    ) -> Result<Frame, Failed> {
        let next = async {
            loop {
                while let Some(frame) = self.frames.pop_front() {
                    if wanted(&frame) {
                        return Ok::<Frame, Failed>(frame);
                    }
                }
                self.listen().await?;
            }
        };
        timeout(BOUND, next).await.map_err(|_| format!("no {what} in {BOUND:?}"))?
    }

    /// The frames that come in this time and are wanted.
    pub(crate) async fn during(
        &mut self,
        time: Duration,
        wanted: impl Fn(&Frame) -> bool,
    ) -> Result<Vec<Frame>, Failed> {
        let ends = tokio::time::Instant::now() + time;
        while let Ok(heard) = tokio::time::timeout_at(ends, self.listen()).await {
            heard?;
        }
        Ok(self.frames.drain(..).filter(wanted).collect())
    }

    async fn listen(&mut self) -> Result<(), Failed> {
        readable(self.tap.as_fd()).await?;
        let (mut space, mut frames) = (vec![0; BATCH_BYTES], Vec::new());
        self.tap.receive(&mut space, &mut frames)?;
        self.frames.extend(frames);
        Ok(())
    }

    /// A socket of a node whose multicast leaves by its port on the link.
    pub(crate) fn socket(
        &self,
        node: usize,
        link: usize,
        family: Family,
    ) -> Result<UdpSocket, Failed> {
        let port = match (link, node) {
            (UP, SOURCE) | (LAN, R1) => 0,
            (UP, R1) | (LAN, R2) => 1,
            _ => 2,
        };
        let ifindex = self.built.ifindex[link][port];
        let made = self.netns[node].run(|| {
            let domain = if family == Family::V4 { Domain::IPV4 } else { Domain::IPV6 };
            let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
            socket.set_reuse_address(true)?;
            match family {
                Family::V4 => {
                    let number = u8::try_from(link + 1).unwrap();
                    let own = addresses(number, node)[0].replace("/24", "");
                    socket.set_multicast_if_v4(&own.parse().unwrap())?;
                    socket.set_multicast_ttl_v4(8)?;
                }
                Family::V6 => {
                    socket.set_multicast_if_v6(ifindex)?;
                    socket.set_multicast_hops_v6(8)?;
                }
            }
            std::io::Result::Ok(UdpSocket::from(socket))
        });
        Ok(made??)
    }

    /// The host joins the group; the membership ends with the socket.
    pub(crate) fn join(&self, group: IpAddr) -> Result<UdpSocket, Failed> {
        let socket = self.socket(HOST, LAN, Family::of(group))?;
        match group {
            IpAddr::V4(group) => {
                let own = addresses(2, HOST)[0].replace("/24", "");
                socket.join_multicast_v4(&group, &own.parse()?)?;
            }
            IpAddr::V6(group) => socket.join_multicast_v6(&group, self.built.ifindex[LAN][2])?,
        }
        Ok(socket)
    }

    /// Sends a packet of IP from the host's interface to all that listen on the link.
    pub(crate) fn forge(&self, packet: &[u8]) -> Result<(), Failed> {
        let (to, kind): ([u8; 6], [u8; 2]) = match packet[0] >> 4 {
            4 => ([1, 0, 0x5e, 0, 0, 22], [8, 0]),
            _ => ([0x33, 0x33, 0, 0, 0, 0x16], [0x86, 0xdd]),
        };
        let frame = [&to[..], &[2, 0, 0, 0, 2, 9], &kind, packet].concat();
        Ok(self.tap.send(self.built.ifindex[LAN][2], &frame)?)
    }

    /// Starts castnetd on a router, and has it log everything.
    pub(crate) fn castnetd(&self, node: usize, config: &PathBuf) -> Result<Castnetd, Failed> {
        self.castnetd_with(&["-v"], node, config)
    }

    /// Starts castnetd on a router with these options.
    pub(crate) fn castnetd_with(
        &self,
        options: &[&str],
        node: usize,
        config: &PathBuf,
    ) -> Result<Castnetd, Failed> {
        Castnetd::start(&self.netns[node], options, config)
    }
}

impl Castnetd {
    /// Its memory, KiB.
    pub(crate) fn resident(&self) -> Result<u64, Failed> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let row = text.lines().find_map(|row| row.strip_prefix("VmRSS:"));
        Ok(row.and_then(|row| row.split_whitespace().next()).ok_or("no VmRSS")?.parse()?)
    }
}

/// Sends so many datagrams to the group, one right after the other.
pub(crate) fn burst(socket: &UdpSocket, group: IpAddr, count: usize) -> Result<(), Failed> {
    for _ in 0..count {
        socket.send_to(MARK, SocketAddr::new(group, PORT))?;
    }
    Ok(())
}

/// A file with this configuration.
pub(crate) fn config(name: &str, text: &str) -> PathBuf {
    serving::config(&format!("families-{name}"), text)
}

/// Whether the frame is a datagram of a source to this group, on its way to the host.
pub(crate) fn is_datagram(frame: &Frame, group: IpAddr) -> bool {
    !frame.outgoing && holds(frame, MARK) && names(frame, group)
}

/// Whether the frame is the host's, about the group, and no datagram.
pub(crate) fn is_report(frame: &Frame, group: IpAddr) -> bool {
    frame.outgoing && !holds(frame, MARK) && names(frame, group)
}

/// Whether the frame is a Query of a router.
pub(crate) fn is_query(frame: &Frame, family: Family) -> bool {
    let kind = if family == Family::V4 { 0x11 } else { 130 };
    !frame.outgoing && is_message(frame, family, kind)
}

/// Whether the frame holds a message of IGMP or MLD of this type.
pub(crate) fn is_message(frame: &Frame, family: Family, kind: u8) -> bool {
    // Behind an IPv4 header with Router Alert, or an IPv6 header and Hop-by-Hop Options.
    let (ether, at) = match family {
        Family::V4 => ([8, 0], 14 + 24),
        Family::V6 => ([0x86, 0xdd], 14 + 40 + 8),
    };
    frame.bytes[12..14] == ether && frame.bytes.get(at) == Some(&kind)
}

fn names(frame: &Frame, group: IpAddr) -> bool {
    match group {
        IpAddr::V4(group) => holds(frame, &group.octets()),
        IpAddr::V6(group) => holds(frame, &group.octets()),
    }
}

fn holds(frame: &Frame, octets: &[u8]) -> bool {
    frame.bytes.windows(octets.len()).any(|some| some == octets)
}

/// The time from one frame to a later one.
pub(crate) fn between(early: &Frame, late: &Frame) -> Duration {
    Duration::from_nanos(late.stamp_ns.saturating_sub(early.stamp_ns))
}
