//! Links between namespaces: a veth for two ports, a hub for more, a stub for one; or a wire, which
//! passes frames through this process.
//!
//! A hub repeats every frame on all its other ports, like the shared Ethernet that the RFCs assume;
//! behind a learning switch a capture would see less after some minutes than at the start. A stub
//! ends in a quiet namespace of its own, so that something can hear the port.
//!
//! A port that is up does not carry yet: frames sent now may vanish. The capture's proof waits for
//! the carrier; this module does not.

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use futures_util::future::{join, join_all};
use ipnet::IpNet;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::netlink::VethEnd;
use super::{LOOPBACK_IFINDEX, LabError, Netlink, Netns, Wire, sys};

/// The step that messages name.
const CREATE: &str = "create veth";
const OFFLOAD: &str = "turn tx checksum offload off";

/// One interface of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// Index in the slice of namespaces that the link is built between.
    pub netns: usize,
    /// The interface's name: at most 15 bytes, unique in its namespace.
    pub ifname: String,
    /// The interface's Ethernet address.
    pub mac: [u8; 6],
    /// Addresses with their prefix lengths.
    pub addresses: Vec<IpNet>,
}

/// One link and the ports on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// The link's name, for messages.
    pub name: String,
    /// The ports, at least one.
    pub ports: Vec<PortSpec>,
    /// What carries frames between the ports.
    pub carrier: Carrier,
}

/// What carries frames from one port of a link to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// The kernel, by a veth or a bridge: the least delay.
    #[default]
    Kernel,
    /// This process, which can interfere. A link of one port is always a stub: it has nothing to
    /// carry.
    Process,
}

/// What joins the ports of one link; it must be kept for as long as the link is to work.
#[derive(Debug)]
pub enum Medium {
    /// Two ports are the two ends of one veth.
    Veth,
    /// A bridge in a namespace of its own, with one veth for each port.
    Hub(Netns),
    /// A thread of this process, with one veth for each port.
    Wire(Wire),
    /// The far end of a single port, in a namespace of its own.
    Stub {
        /// The namespace of the far end.
        netns: Netns,
        /// The far end's interface index.
        ifindex: u32,
    },
}

/// Links that were built.
#[derive(Debug, Default)]
pub struct Built {
    /// `ifindex[link][port]`: the port's interface index, inside its own namespace.
    pub ifindex: Vec<Vec<u32>>,
    /// `far[link][port]`: the interface index of the far end that the port is joined to, inside the
    /// namespace of the medium. The two ports of a veth have none: each is the other's far end.
    pub far: Vec<Vec<u32>>,
    /// What joins the ports of each link, in the order of the links.
    pub media: Vec<Medium>,
    /// The ports that switches join into one segment, each as `(link, port)`; empty unless set.
    pub segments: Vec<Vec<(usize, usize)>>,
}

/// Builds the links, gives the ports their addresses, and sets everything up, `lo` included.
/// Checksums are computed before a frame is sent, so that captures show what a wire would.
///
/// # Errors
/// The first operation that the kernel refused, or `InvalidInput` for a specification that cannot
/// be built. Links built so far go with the namespaces.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn build(netns: &[Netns], links: &[LinkSpec]) -> Result<Built, LabError> {
    links.iter().try_for_each(|link| check(netns, link))?;
    let Some(first) = netns.first() else { return Ok(Built::default()) };
    let everywhere: Vec<_> = netns.iter().collect();
    let opened = Netlink::open_each(&everywhere).map_err(in_netns(first, "enter"))?;
    let opened = netns.iter().zip(opened);
    let opened = opened.map(|(netns, one)| one.map_err(in_netns(netns, "open netlink")));
    let netlinks = opened.collect::<Result<Vec<_>, _>>()?;
    let mut media = Vec::with_capacity(links.len());
    let ends = ends(links);
    for (number, (link, ends)) in links.iter().zip(&ends).enumerate() {
        media.push(lay(netns, &netlinks, number, &Laid { link, ends }).await?);
    }
    let ports = ports(netns.len(), links, &ends);
    let off = Netns::visit(&everywhere, |index| {
        let names: Vec<_> = ports[index].iter().map(|port| port.of.ifname.as_str()).collect();
        offload_off_here(&names).map_err(in_netns(&netns[index], OFFLOAD))
    });
    off.map_err(in_netns(first, "enter"))?.into_iter().collect::<Result<(), _>>()?;
    let configured = join_all(
        (0..netns.len()).map(|index| configure(&netns[index], &netlinks[index], &ports[index])),
    );
    configured.await.into_iter().collect::<Result<(), _>>()?;
    join_all(netlinks.into_iter().map(Netlink::close)).await;
    let each = |index: fn(&Ends) -> u32| {
        ends.iter().map(|link| link.iter().map(index).collect()).collect()
    };
    let (ifindex, far) = (each(|ends| ends.near), each(|ends| ends.far));
    Ok(Built { ifindex, far, media, segments: Vec::new() })
}

/// The interface indexes of a port and of the far end that it is joined to. No two ends in the lab
/// share an index.
#[derive(Clone, Copy)]
struct Ends {
    near: u32,
    far: u32,
}

/// `ends[link][port]`, numbered in the order of the links, after `lo`.
fn ends(links: &[LinkSpec]) -> Vec<Vec<Ends>> {
    let mut free = LOOPBACK_IFINDEX + 1..;
    let mut next = || Some(Ends { near: free.next()?, far: free.next()? });
    links.iter().map(|link| link.ports.iter().map_while(|_| next()).collect()).collect()
}

/// A link and the indexes of its ends.
struct Laid<'a> {
    link: &'a LinkSpec,
    ends: &'a [Ends],
}

/// A port and its place in the specification.
struct Placed<'a> {
    spec: &'a LinkSpec,
    of: &'a PortSpec,
    ifindex: u32,
}

/// The ports in each namespace, in the order of the links.
fn ports<'a>(netns: usize, links: &'a [LinkSpec], ends: &[Vec<Ends>]) -> Vec<Vec<Placed<'a>>> {
    let mut ports: Vec<Vec<_>> = (0..netns).map(|_| Vec::new()).collect();
    for (spec, ends) in links.iter().zip(ends) {
        for (of, ends) in spec.ports.iter().zip(ends) {
            ports[of.netns].push(Placed { spec, of, ifindex: ends.near });
        }
    }
    ports
}

fn check(netns: &[Netns], link: &LinkSpec) -> Result<(), LabError> {
    if link.ports.is_empty() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "it has no ports");
        return Err(in_link(link, "check")(source));
    }
    match link.ports.iter().find(|port| port.netns >= netns.len()) {
        Some(port) => {
            let what = format!("{}: there is no namespace {}", port.ifname, port.netns);
            Err(in_link(link, "check")(io::Error::new(io::ErrorKind::InvalidInput, what)))
        }
        None => Ok(()),
    }
}

/// Makes the interfaces of one link, all but their configuration.
async fn lay(
    netns: &[Netns],
    netlinks: &[Netlink],
    number: usize,
    laid: &Laid<'_>,
) -> Result<Medium, LabError> {
    let link = laid.link;
    match (link.ports.as_slice(), laid.ends) {
        ([port], [ends]) => lay_stub(netns, link, port, *ends).await,
        _ if link.carrier == Carrier::Process => lay_wire(netns, number, laid).await,
        ([one, other], [at_one, at_other]) => {
            // The veth is made from inside the first port's namespace, so that the kernel never
            // compares the new name with names in another.
            let far = netns[other.netns].as_fd();
            let (here, peer) = (end(one, at_one.near), end(other, at_other.near));
            let made = netlinks[one.netns].add_veth(here, None, peer, far).await;
            made.map_err(at_port(&netns[one.netns], link, CREATE))?;
            Ok(Medium::Veth)
        }
        _ => lay_hub(netns, laid).await,
    }
}

async fn lay_stub(
    netns: &[Netns],
    link: &LinkSpec,
    port: &PortSpec,
    Ends { near, far: ifindex }: Ends,
) -> Result<Medium, LabError> {
    let (far, netlink) = inner(link, "far")?;
    let far_end = VethEnd { ifname: "far", mac: None, ifindex };
    let near_end = end(port, near);
    let made = netlink.add_veth(far_end, None, near_end, netns[port.netns].as_fd()).await;
    made.map_err(at_port(&netns[port.netns], link, CREATE))?;
    let far_end = async {
        far.run(|| offload_off_here(&["far"]))??;
        // Rings are flushed over `lo`.
        netlink.up(LOOPBACK_IFINDEX).await?;
        netlink.up(ifindex).await
    };
    far_end.await.map_err(in_link(link, "set the far end up"))?;
    netlink.close().await;
    Ok(Medium::Stub { netns: far, ifindex })
}

async fn lay_hub(netns: &[Netns], laid: &Laid<'_>) -> Result<Medium, LabError> {
    let link = laid.link;
    let (hub, netlink) = inner(link, "hub")?;
    netlink.add_hub("hub").await.map_err(in_link(link, "create bridge"))?;
    let bridge = netlink.index_of("hub").await.map_err(in_link(link, "find bridge"))?;
    add_veths(netns, laid, &hub, &netlink, Some(bridge)).await?;
    netlink.close().await;
    Ok(Medium::Hub(hub))
}

async fn lay_wire(netns: &[Netns], number: usize, laid: &Laid<'_>) -> Result<Medium, LabError> {
    let link = laid.link;
    let (wire, netlink) = inner(link, "wire")?;
    add_veths(netns, laid, &wire, &netlink, None).await?;
    for ends in laid.ends {
        netlink.up(ends.far).await.map_err(in_link(link, "set the far ends up"))?;
    }
    netlink.close().await;
    let started = Wire::start(&wire, laid.ends.iter().map(|ends| ends.far).collect(), number);
    Ok(Medium::Wire(started.map_err(in_link(link, "start the wire"))?))
}

/// The namespace of a link's own, named after its medium.
fn inner(link: &LinkSpec, medium: &str) -> Result<(Netns, Netlink), LabError> {
    let made = Netns::create(format!("{}-{medium}", link.name));
    let made = made.map_err(in_link(link, "create namespace"))?;
    let netlink = Netlink::open(&made).map_err(in_link(link, "open netlink"))?;
    Ok((made, netlink))
}

/// Makes a veth from each port to the link's own namespace.
async fn add_veths(
    netns: &[Netns],
    laid: &Laid<'_>,
    inner: &Netns,
    netlink: &Netlink,
    bridge: Option<u32>,
) -> Result<(), LabError> {
    let link = laid.link;
    let names: Vec<_> = (0..link.ports.len()).map(|index| format!("p{index}")).collect();
    for ((port, ends), ifname) in link.ports.iter().zip(laid.ends).zip(&names) {
        let socket = VethEnd { ifname, mac: None, ifindex: ends.far };
        let far = netns[port.netns].as_fd();
        let made = netlink.add_veth(socket, bridge, end(port, ends.near), far).await;
        made.map_err(at_port(&netns[port.netns], link, CREATE))?;
    }
    let off = inner.run(|| offload_off_here(&names)).and_then(|done| done);
    off.map_err(in_link(link, OFFLOAD))
}

/// Configures all ports in one namespace, side by side.
async fn configure(netns: &Netns, netlink: &Netlink, ports: &[Placed<'_>]) -> Result<(), LabError> {
    let lo = async { netlink.up(LOOPBACK_IFINDEX).await.map_err(in_netns(netns, "set lo up")) };
    let ports = ports.iter().map(async |port| {
        for &address in &port.of.addresses {
            let added = netlink.add_address(port.ifindex, address).await;
            added.map_err(at_port(netns, port.spec, format!("add address {address}")))?;
        }
        netlink.up(port.ifindex).await.map_err(at_port(netns, port.spec, "set up"))
    });
    let (lo, ports) = join(lo, join_all(ports)).await;
    std::iter::once(lo).chain(ports).collect()
}

fn end(port: &PortSpec, ifindex: u32) -> VethEnd<'_> {
    VethEnd { ifname: &port.ifname, mac: Some(port.mac), ifindex }
}

/// The veth driver leaves UDP checksums to a receiver that it believes to be the same kernel: what
/// a capture, a register tunnel or a user-space relay then sees is a frame with a bad checksum.
fn offload_off_here(ifnames: &[impl AsRef<str>]) -> io::Result<()> {
    let any = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    for ifname in ifnames {
        sys::tx_checksum_offload_off(any.as_fd(), ifname.as_ref())?;
    }
    Ok(())
}

fn in_netns(netns: &Netns, operation: impl fmt::Display) -> impl FnOnce(io::Error) -> LabError {
    let (netns, operation) = (netns.name().to_owned(), operation.to_string());
    |source| LabError::Netns { netns, operation, source }
}

fn in_link(link: &LinkSpec, operation: impl fmt::Display) -> impl FnOnce(io::Error) -> LabError {
    let (link, operation) = (link.name.clone(), operation.to_string());
    |source| LabError::Link { link, operation, source }
}

fn at_port(
    netns: &Netns,
    link: &LinkSpec,
    operation: impl fmt::Display,
) -> impl FnOnce(io::Error) -> LabError {
    let (link, port) = (link.name.clone(), netns.name().to_owned());
    let operation = operation.to_string();
    |source| LabError::Port { link, port, operation, source }
}
