//! source - r - host in namespaces of the benchmark's own, a router's script in r, and what the kernel
//! says of both.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use castnet_lab::lab::{
    BATCH_BYTES, Built, Capture, Carrier, Frame, LinkSpec, Netns, PROOF_BOUND, PortSpec, Stack,
    Tap, link, usable,
};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::now;
use super::reports::group;

pub(super) const HOST_4: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 9);
pub(super) const HOST_6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 2, 9);
const PORT: u16 = 5000;
/// What every datagram of a source holds.
const MARK: &[u8] = b"datagram of the source";
/// Datagrams that a source sends at once before it lets others have the CPU.
const AT_ONCE: u32 = 16;

const SOURCE: usize = 0;
const ROUTER: usize = 1;
const HOST: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Family {
    Ipv4,
    Ipv6,
}

pub(super) struct Rig {
    pub(super) family: Family,
    /// The namespaces of the source, the router and the host.
    netns: Vec<Netns>,
    built: Built,
    tap: Tap,
    router: Child,
}

/// Leaves the host's network, and its /run, where programs keep their sockets.
pub(super) fn step_aside() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)?;
    let (no_path, no_data) = (None::<&str>, None::<&str>);
    mount(no_path, "/", no_path, MsFlags::MS_REC | MsFlags::MS_PRIVATE, no_data)?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), no_data)?;
    Ok(())
}

fn spec(name: &str, number: u8, nodes: [usize; 2]) -> LinkSpec {
    let port = |netns: usize| {
        let last = if netns == ROUTER { 2 } else { 9 };
        let addresses = [
            format!("10.0.{number}.{last}/24"),
            format!("2001:db8:{number}::{last}/64"),
            format!("fe80::{number}:{last}/64"),
        ];
        PortSpec {
            netns,
            ifname: name.to_owned(),
            mac: [2, 0, 0, 0, number, last],
            addresses: addresses.map(|text| text.parse().unwrap()).to_vec(),
        }
    };
    LinkSpec { name: name.to_owned(), ports: nodes.map(port).to_vec(), carrier: Carrier::Kernel }
}

impl Rig {
    /// Built, with a router that has asked its first question on the host's link.
    pub(super) async fn new(family: Family, script: &Path) -> Result<Self> {
        let both = castnet::addr::Family::V6;
        let stack = |name: &str| (name.to_owned(), Stack { family: both, ..Stack::default() });
        let netns = Netns::create_all(["source", "r", "host"].map(stack).to_vec())?;
        for path in ["all", "default"].map(|of| format!("/proc/sys/net/ipv4/conf/{of}/rp_filter")) {
            netns[ROUTER].run(|| fs::write(path, "0"))??;
        }
        let links = [spec("up", 1, [SOURCE, ROUTER]), spec("lan", 2, [ROUTER, HOST])];
        let built = link::build(&netns, &links).await?;
        let mut capture = Capture::start(&netns, &links, &built)?;
        capture.prove(PROOF_BOUND).await?;
        usable::ipv6(&netns, PROOF_BOUND).await?;
        drop(capture);
        let tap = Tap::open(&netns[HOST])?;
        let mut command = Command::new("/bin/sh");
        command.arg(script).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let router = netns[ROUTER].run(|| command.spawn())??;
        let rig = Self { family, netns, built, tap, router };
        rig.wait_for_query()?;
        Ok(rig)
    }

    fn wait_for_query(&self) -> Result<()> {
        // Behind an IPv4 header with Router Alert, or an IPv6 header and Hop-by-Hop Options.
        let (at, kind) = match self.family {
            Family::Ipv4 => (14 + 24, 0x11),
            Family::Ipv6 => (14 + 40 + 8, 130),
        };
        let began = now();
        while began.elapsed() < super::BOUND {
            let asks = |frame: &Frame| !frame.outgoing && frame.bytes.get(at) == Some(&kind);
            if self.heard()?.iter().any(asks) {
                return Ok(());
            }
            self.pause(Duration::from_millis(1));
        }
        bail!("it did not ask for members")
    }

    /// What the host's interface has sent and received since the last call.
    fn heard(&self) -> Result<Vec<Frame>> {
        let (mut space, mut frames) = (vec![0; BATCH_BYTES], Vec::new());
        loop {
            match self.tap.receive(&mut space, &mut frames) {
                Ok(()) => {}
                Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => return Ok(frames),
                Err(why) => return Err(why.into()),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a benchmark paces what it sends")]
    pub(super) fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// Sends a packet from the host.
    pub(super) fn send(&self, packet: &[u8]) -> Result<()> {
        let (to, kind): ([u8; 6], [u8; 2]) = match self.family {
            Family::Ipv4 => ([1, 0, 0x5e, 0, 0, 22], [8, 0]),
            Family::Ipv6 => ([0x33, 0x33, 0, 0, 0, 0x16], [0x86, 0xdd]),
        };
        let frame = [&to[..], &[2, 0, 0, 0, 2, 9], &kind, packet].concat();
        Ok(self.tap.send(self.built.ifindex[1][1], &frame)?)
    }

    /// Streams to these groups until they are dropped: one datagram after the other, in turn.
    pub(super) fn streams(&self, numbers: std::ops::Range<u32>) -> Result<Streams> {
        let ifindex = self.built.ifindex[0][0];
        let family = self.family;
        let socket = self.netns[SOURCE].run(|| {
            let any: SocketAddr = match family {
                Family::Ipv4 => (Ipv4Addr::new(10, 0, 1, 9), 0).into(),
                Family::Ipv6 => ("2001:db8:1::9".parse::<Ipv6Addr>().unwrap(), 0).into(),
            };
            let domain = socket2::Domain::for_address(any);
            let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None)?;
            match family {
                Family::Ipv4 => {
                    socket.set_multicast_if_v4(&Ipv4Addr::new(10, 0, 1, 9))?;
                    socket.set_multicast_ttl_v4(8)?;
                }
                Family::Ipv6 => {
                    socket.set_multicast_if_v6(ifindex)?;
                    socket.set_multicast_hops_v6(8)?;
                }
            }
            socket.bind(&any.into())?;
            std::io::Result::Ok(UdpSocket::from(socket))
        })??;
        let (ends, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let shared = (Arc::clone(&ends), Arc::clone(&sent));
        let groups: Vec<IpAddr> = numbers.map(|number| group(family, number)).collect();
        let sender = std::thread::spawn(move || send_in_turn(&socket, &groups, &shared));
        Ok(Streams { ends, sent, sender: Some(sender) })
    }

    /// Waits until the router's kernel knows so many flows.
    pub(super) fn wait_for_flows(&self, flows: u32, bound: Duration) -> Result<()> {
        self.sample("its kernel knows", flows, bound, || self.entries(|_| true))
    }

    /// Waits until the router's kernel forwards so many flows.
    pub(super) fn wait_for_forwarding(&self, flows: u32, bound: Duration) -> Result<()> {
        self.sample("its kernel forwards", flows, bound, || self.forwarded())
    }

    /// Counts again and again: the kernel tells nobody but the owner of its routing of all changes.
    fn sample(
        &self,
        what: &str,
        wanted: u32,
        bound: Duration,
        count: impl Fn() -> Result<u32>,
    ) -> Result<()> {
        let began = now();
        loop {
            let counted = count()?;
            if counted >= wanted {
                return Ok(());
            }
            if began.elapsed() > bound {
                bail!("{what} {counted} of {wanted} flows");
            }
            self.pause(Duration::from_millis(1));
        }
    }

    /// How many flows of a source the router's kernel forwards somewhere.
    pub(super) fn forwarded(&self) -> Result<u32> {
        // Behind group, source, incoming interface and three counters come outgoing interfaces.
        let forwards = |row: &str| row.split_whitespace().nth(6).is_some();
        let of_all = |row: &str| {
            let source = row.split_whitespace().nth(1).unwrap_or_default();
            source.chars().all(|c| c == '0' || c == ':')
        };
        self.entries(|row| forwards(row) && !of_all(row))
    }

    fn entries(&self, wanted: impl Fn(&str) -> bool) -> Result<u32> {
        let name = if self.family == Family::Ipv4 { "ip_mr_cache" } else { "ip6_mr_cache" };
        let path = format!("/proc/thread-self/net/{name}");
        let text = self.netns[ROUTER].run(|| fs::read_to_string(path))??;
        Ok(text.lines().skip(1).filter(|row| wanted(row)).count().try_into()?)
    }

    /// The processes of the script, and what they started.
    fn processes(&self) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            // Behind the name, which may have spaces: state, parent, process group.
            let group = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(2));
            if group == Some(&self.router.id().to_string()) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// The CPU time of the router's processes.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let mut nanos = 0;
        for pid in self.processes()? {
            let text = fs::read_to_string(format!("/proc/{pid}/schedstat"))?;
            nanos += text.split_whitespace().next().context("no CPU time")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// The memory of the router's processes, KiB.
    pub(super) fn resident(&self) -> Result<u64> {
        let mut sum = 0;
        for pid in self.processes()? {
            let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let row = text.lines().find_map(|row| row.strip_prefix("VmRSS:"));
            let size = row.and_then(|row| row.split_whitespace().next()).unwrap_or("0");
            sum += size.parse::<u64>()?;
        }
        Ok(sum)
    }

    /// Waits until the router uses no CPU time worth mentioning.
    pub(super) fn settle(&self, bound: Duration) -> Result<()> {
        let (began, mut last) = (now(), self.cpu()?);
        while began.elapsed() < bound {
            self.pause(Duration::from_millis(20));
            let next = self.cpu()?;
            if next - last < Duration::from_millis(1) {
                break;
            }
            last = next;
        }
        Ok(())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // Everything that the script started is of its process group.
        if let Ok(id) = i32::try_from(self.router.id()) {
            _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        _ = self.router.wait();
    }
}

/// Datagrams that flow until this is dropped.
pub(super) struct Streams {
    ends: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    sender: Option<JoinHandle<()>>,
}

impl Streams {
    /// How many datagrams were sent until now, and how many the host got since the last call.
    pub(super) fn counts(&self, rig: &Rig) -> Result<(u64, u64)> {
        let is_datagram = |frame: &&Frame| {
            !frame.outgoing && frame.bytes.windows(MARK.len()).any(|octets| octets == MARK)
        };
        let arrived = rig.heard()?.iter().filter(is_datagram).count();
        Ok((self.sent.load(Ordering::Relaxed), arrived.try_into()?))
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(sender) = self.sender.take() {
            _ = sender.join();
        }
    }
}

/// One datagram to each group in turn, some thousands a second.
#[expect(clippy::disallowed_methods, reason = "a benchmark paces what it sends")]
fn send_in_turn(socket: &UdpSocket, groups: &[IpAddr], shared: &(Arc<AtomicBool>, Arc<AtomicU64>)) {
    let (ends, sent) = shared;
    for (number, &group) in (0u32..).zip(groups.iter().cycle()) {
        if ends.load(Ordering::Relaxed) {
            return;
        }
        if socket.send_to(MARK, SocketAddr::new(group, PORT)).is_ok() {
            sent.fetch_add(1, Ordering::Relaxed);
        }
        if number % AT_ONCE == 0 || groups.len() == 1 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
