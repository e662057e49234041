//! Finds out what this machine can do for the lab, by trying it in namespaces that are thrown away.
//!
//! No check changes a setting of the host; the kernel may load a module that a check asks for, as
//! it would for a run.

use std::io;
use std::path::PathBuf;

use castnet::kernel::Mroute;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, getsockopt, setsockopt, socket, sockopt,
};

use super::tap::BUFFER_BYTES;
use super::{
    Capture, Carrier, LOOPBACK_IFINDEX, LabError, LinkSpec, Netlink, Netns, PROOF_BOUND, PortSpec,
    Tap, Ward, link,
};

/// What to do where a node cannot have its own /proc.
const PROC: &str = "in a container: start it with `--privileged`, or with `--security-opt \
                    systempaths=unconfined` (Podman: `--security-opt unmask=ALL`)";

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The subject of the check, in a word.
    pub what: &'static str,
    /// Whether every scenario needs it.
    pub needed: bool,
    /// What the check found, or why the subject is missing.
    pub found: Result<String, String>,
    /// What to do if the subject is missing.
    pub remedy: &'static str,
}

/// Runs all checks. Call [`super::privilege::enter`] first.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn examine() -> Vec<Probe> {
    let needed =
        |what, found: Result<String, String>, remedy| Probe { what, needed: true, found, remedy };
    let extra =
        |what, found: Result<String, String>, remedy| Probe { what, needed: false, found, remedy };
    vec![
        needed("veth", links(2).await, "sudo modprobe veth (CONFIG_VETH)"),
        needed("bridge", links(3).await, "sudo modprobe bridge (CONFIG_BRIDGE)"),
        needed("AF_PACKET", packet_socket(), "sudo modprobe af_packet (CONFIG_PACKET)"),
        needed("capture", capture().await, "see the lines above"),
        needed("IP_MROUTE", mroute(), "a kernel with CONFIG_IP_MROUTE"),
        extra("buffers", buffers(), "sudo sysctl net.core.rmem_max=67108864, or run this as root"),
        extra("programs", programs(), PROC),
        extra("netem", netem().await, "sudo modprobe sch_netem (CONFIG_NET_SCH_NETEM)"),
        program("tshark"),
    ]
}

/// Whether a program is on the path. No scenario needs such a program.
#[must_use]
pub fn program(name: &'static str) -> Probe {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    let found = found.filter(|file| file.is_file()).map(|file: PathBuf| file.display().to_string());
    let found = found.take(1).next().ok_or_else(|| "not on the PATH".to_owned());
    Probe { what: name, needed: false, found, remedy: "install it to read captures" }
}

/// A topology of one link with `ports` ports.
fn topology(ports: usize) -> Result<(Vec<Netns>, [LinkSpec; 1]), String> {
    let netns = (0..ports).map(|index| Netns::create(format!("doctor{index}")));
    let netns = netns.collect::<io::Result<Vec<_>>>().map_err(|error| error.to_string())?;
    let port = |netns| PortSpec {
        netns,
        ifname: "lan".to_owned(),
        mac: [2, 0, 0, 0, 0, netns as u8 + 1],
        addresses: Vec::new(),
    };
    let ports = (0..ports).map(port).collect();
    Ok((netns, [LinkSpec { name: "lan".to_owned(), ports, carrier: Carrier::Kernel }]))
}

async fn links(ports: usize) -> Result<String, String> {
    let (netns, links) = topology(ports)?;
    link::build(&netns, &links).await.map_err(|error| error.to_string())?;
    Ok(format!("a link of {ports} ports"))
}

fn packet_socket() -> Result<String, String> {
    let netns = Netns::create("doctor").map_err(|error| error.to_string())?;
    Tap::open(&netns).map_err(|error| error.to_string())?;
    Ok("packet sockets with the kernel's stamps".to_owned())
}

async fn capture() -> Result<String, String> {
    let (netns, links) = topology(2)?;
    let proved = async {
        let built = link::build(&netns, &links).await?;
        let mut capture = Capture::start(&netns, &links, &built)?;
        capture.prove(PROOF_BOUND).await?;
        capture.finish(PROOF_BOUND).await
    };
    let _frames: Vec<_> = proved.await.map_err(|error: LabError| error.to_string())?;
    Ok("frames cross a link and are seen at both of its ends".to_owned())
}

fn mroute() -> Result<String, String> {
    let netns = Netns::create("doctor").map_err(|error| error.to_string())?;
    let opened = netns.run(|| Mroute::open(None).map(drop)).map_err(|error| error.to_string())?;
    opened.map_err(|error| error.to_string())?;
    Ok("the kernel routes multicast".to_owned())
}

/// Whether nodes can run programs.
fn programs() -> Result<String, String> {
    let founded = Netns::create("doctor").and_then(|netns| Ward::found(&netns));
    founded.map_err(|error| error.to_string())?;
    Ok("nodes run programs, each in a PID namespace of its own with its own /proc".to_owned())
}

/// How much the socket of a link with faults, or of a host population, can hold while nobody reads.
fn buffers() -> Result<String, String> {
    let netns = Netns::create("doctor").map_err(|error| error.to_string())?;
    let asked = netns.run(|| {
        let any = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        if setsockopt(&any, sockopt::RcvBufForce, &BUFFER_BYTES).is_ok() {
            return Ok(Ok(()));
        }
        setsockopt(&any, sockopt::RcvBuf, &BUFFER_BYTES)?;
        // The kernel doubles the size that it grants, for its own bookkeeping.
        let granted = getsockopt(&any, sockopt::RcvBuf)? / 2;
        Ok(if granted >= BUFFER_BYTES { Ok(()) } else { Err(granted) })
    });
    let asked: Result<_, Errno> = asked.map_err(|error| error.to_string())?;
    match asked.map_err(|error| error.to_string())? {
        Ok(()) => Ok(format!("{} MiB for each link with faults", BUFFER_BYTES >> 20)),
        Err(granted) => Err(format!(
            "only {} KiB for each link with faults: many frames at once may be lost, which is noticed",
            granted >> 10
        )),
    }
}

async fn netem() -> Result<String, String> {
    let known = async {
        let netns = Netns::create("doctor")?;
        let netlink = Netlink::open(&netns)?;
        netlink.knows_qdisc(LOOPBACK_IFINDEX, "netem").await
    };
    match known.await {
        Ok(true) => Ok("the kernel can delay and drop frames itself".to_owned()),
        Ok(false) => Err("the kernel has it not; castnet does not need it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
