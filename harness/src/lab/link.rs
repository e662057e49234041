//! Links between namespaces: a veth for two ports, a hub for more, a stub for one; or a wire, which
//! passes through this process.
//!
//! A hub repeats every frame on all its other ports, like the shared Ethernet that the RFCs have in
//! mind; a learning switch would show a capture less after some minutes than at the start. A stub
//! ends in a quiet namespace of its own, so that there is someone who can hear the port.
//!
//! A port that is up does not carry yet: frames sent now may vanish. That is for the capture's
//! proof to settle, not for this module.

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use futures_util::future::{join, join_all};
use ipnet::Ipv4Net;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::netlink::VethEnd;
use super::{LabError, Netlink, Netns, Wire, sys};

/// The index of `lo`, which is the first interface of every namespace (net/net_namespace.h).
pub(super) const LOOPBACK_IFINDEX: u32 = 1;

/// One interface of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Index in the slice of namespaces that the link is built between.
    pub netns: usize,
    /// The interface's name: at most 15 bytes, unique in its namespace.
    pub ifname: String,
    /// The interface's Ethernet address.
    pub mac: [u8; 6],
    /// Addresses with their prefix lengths.
    pub addresses: Vec<Ipv4Net>,
}

/// One link and the ports on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// Only for messages.
    pub name: String,
    /// At least one.
    pub ports: Vec<Port>,
    /// Who carries frames between them.
    pub carrier: Carrier,
}

/// Who carries frames from one port of a link to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// The kernel, by a veth or a bridge: the least delay.
    #[default]
    Kernel,
    /// This process, which can interfere. A link of one port has nothing to carry and is a stub all
    /// the same.
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
        /// Where the far end is.
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
    /// `media[link]`.
    pub media: Vec<Medium>,
    /// The ports that switches join into one segment, each as `(link, port)`; empty unless set.
    pub segments: Vec<Vec<(usize, usize)>>,
}

/// Builds the links, gives the ports their addresses, and sets everything up, `lo` included.
/// Checksums are computed before a frame is sent, so that captures show what a wire would.
///
/// # Errors
/// The first operation that the kernel refused, or `InvalidInput` for a specification that cannot
/// be built. What was built so far goes with the namespaces.
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
    // One after the other, so that interfaces are numbered in the order of the links.
    for (number, link) in links.iter().enumerate() {
        media.push(lay(netns, &netlinks, number, link).await?);
    }
    let ports = ports(netns.len(), links);
    let found = Netns::visit(&everywhere, |index| find_here(&netns[index], &ports[index]));
    let found = found.map_err(in_netns(first, "enter"))?;
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let configured = join_all(
        (0..netns.len())
            .map(|index| configure(&netns[index], &netlinks[index], &ports[index], &found[index])),
    );
    configured.await.into_iter().collect::<Result<(), _>>()?;
    join_all(netlinks.into_iter().map(Netlink::close)).await;
    let mut ifindex: Vec<_> = links.iter().map(|link| vec![0; link.ports.len()]).collect();
    for (place, found) in ports.iter().flatten().zip(found.iter().flatten()) {
        ifindex[place.link][place.port] = *found;
    }
    Ok(Built { ifindex, media, segments: Vec::new() })
}

/// A port and its place in the specification.
struct Placed<'a> {
    spec: &'a LinkSpec,
    of: &'a Port,
    link: usize,
    port: usize,
}

/// The ports in each namespace, in the order of the links.
fn ports(netns: usize, links: &[LinkSpec]) -> Vec<Vec<Placed<'_>>> {
    let mut ports: Vec<Vec<_>> = (0..netns).map(|_| Vec::new()).collect();
    for (link, spec) in links.iter().enumerate() {
        for (port, of) in spec.ports.iter().enumerate() {
            ports[of.netns].push(Placed { spec, of, link, port });
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
    link: &LinkSpec,
) -> Result<Medium, LabError> {
    match link.ports.as_slice() {
        [port] => lay_stub(netns, link, port).await,
        _ if link.carrier == Carrier::Process => lay_wire(netns, number, link).await,
        [one, other] => {
            // From inside the first port's namespace, so that no kernel has a reason to compare the
            // new name with those of another.
            let far = netns[other.netns].as_fd();
            let made = netlinks[one.netns].add_veth(end(one), None, end(other), far).await;
            made.map_err(at_port(&netns[one.netns], link, "create veth"))?;
            Ok(Medium::Veth)
        }
        _ => lay_hub(netns, link).await,
    }
}

async fn lay_stub(netns: &[Netns], link: &LinkSpec, port: &Port) -> Result<Medium, LabError> {
    let (far, netlink) = inner(link, "far")?;
    let far_end = VethEnd { ifname: "far", mac: None };
    let made = netlink.add_veth(far_end, None, end(port), netns[port.netns].as_fd()).await;
    made.map_err(at_port(&netns[port.netns], link, "create veth"))?;
    let far_end = async {
        let ifindex = index_of(&netlink, "far").await?;
        far.run(|| offload_off_here(&["far"]))??;
        // Rings are flushed over `lo`.
        netlink.up(LOOPBACK_IFINDEX).await?;
        netlink.up(ifindex).await.map(|()| ifindex)
    };
    let ifindex = far_end.await.map_err(in_link(link, "set the far end up"))?;
    netlink.close().await;
    Ok(Medium::Stub { netns: far, ifindex })
}

async fn lay_hub(netns: &[Netns], link: &LinkSpec) -> Result<Medium, LabError> {
    let (hub, netlink) = inner(link, "hub")?;
    netlink.add_hub("hub").await.map_err(in_link(link, "create bridge"))?;
    let bridge = index_of(&netlink, "hub").await.map_err(in_link(link, "find bridge"))?;
    add_veths(netns, link, &hub, &netlink, Some(bridge)).await?;
    netlink.close().await;
    Ok(Medium::Hub(hub))
}

async fn lay_wire(netns: &[Netns], number: usize, link: &LinkSpec) -> Result<Medium, LabError> {
    let (wire, netlink) = inner(link, "wire")?;
    let names = add_veths(netns, link, &wire, &netlink, None).await?;
    let interfaces = netlink.interfaces().await.map_err(in_link(link, "list interfaces"))?;
    let mut far_ends = Vec::with_capacity(names.len());
    for name in &names {
        let found = interfaces.get(name).copied().ok_or(io::ErrorKind::NotFound.into());
        let ifindex = found.map_err(in_link(link, "find veth"))?;
        netlink.up(ifindex).await.map_err(in_link(link, "set the far ends up"))?;
        far_ends.push(ifindex);
    }
    netlink.close().await;
    let started = Wire::start(&wire, far_ends, number);
    Ok(Medium::Wire(started.map_err(in_link(link, "start the wire"))?))
}

/// The namespace of a link's own, named after its medium.
fn inner(link: &LinkSpec, medium: &str) -> Result<(Netns, Netlink), LabError> {
    let made = Netns::create(format!("{}-{medium}", link.name));
    let made = made.map_err(in_link(link, "create namespace"))?;
    let netlink = Netlink::open(&made).map_err(in_link(link, "open netlink"))?;
    Ok((made, netlink))
}

/// Makes a veth from each port to the link's own namespace; returns the names of the ends there.
async fn add_veths(
    netns: &[Netns],
    link: &LinkSpec,
    inner: &Netns,
    netlink: &Netlink,
    bridge: Option<u32>,
) -> Result<Vec<String>, LabError> {
    let names: Vec<_> = (0..link.ports.len()).map(|index| format!("p{index}")).collect();
    for (port, ifname) in link.ports.iter().zip(&names) {
        let socket = VethEnd { ifname, mac: None };
        let far = netns[port.netns].as_fd();
        let made = netlink.add_veth(socket, bridge, end(port), far).await;
        made.map_err(at_port(&netns[port.netns], link, "create veth"))?;
    }
    let off = inner.run(|| offload_off_here(&names)).and_then(|done| done);
    off.map_err(in_link(link, "turn tx checksum offload off"))?;
    Ok(names)
}

/// The ports' interface indexes, in the calling thread's namespace; from here on they send frames
/// with checksums.
fn find_here(netns: &Netns, ports: &[Placed<'_>]) -> Result<Vec<u32>, LabError> {
    let names: Vec<_> = ports.iter().map(|port| port.of.ifname.as_str()).collect();
    offload_off_here(&names).map_err(in_netns(netns, "turn tx checksum offload off"))?;
    let find = |port: &Placed<'_>| {
        let found = if_nametoindex(port.of.ifname.as_str()).map_err(io::Error::from);
        found.map_err(at_port(netns, port.spec, "find veth"))
    };
    ports.iter().map(find).collect()
}

/// Configures all ports in one namespace, side by side.
async fn configure(
    netns: &Netns,
    netlink: &Netlink,
    ports: &[Placed<'_>],
    ifindex: &[u32],
) -> Result<(), LabError> {
    let lo = async { netlink.up(LOOPBACK_IFINDEX).await.map_err(in_netns(netns, "set lo up")) };
    let ports = ports.iter().zip(ifindex).map(async |(port, &ifindex)| {
        for &address in &port.of.addresses {
            let added = netlink.add_address(ifindex, address).await;
            added.map_err(at_port(netns, port.spec, format!("add address {address}")))?;
        }
        netlink.up(ifindex).await.map_err(at_port(netns, port.spec, "set up"))
    });
    let (lo, ports) = join(lo, join_all(ports)).await;
    std::iter::once(lo).chain(ports).collect()
}

fn end(port: &Port) -> VethEnd<'_> {
    VethEnd { ifname: &port.ifname, mac: Some(port.mac) }
}

async fn index_of(netlink: &Netlink, ifname: &str) -> io::Result<u32> {
    let found = netlink.interfaces().await?.get(ifname).copied();
    found.ok_or_else(|| io::ErrorKind::NotFound.into())
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
