//! The rig of these tests: network namespaces whose links are made and broken by `ip` while castnetd
//! serves, a stream with numbered datagrams, and ears for Queries.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use castnet::kernel::readable;
use castnet_lab::capture::decode::decode;
use castnet_lab::lab::{BATCH_BYTES, Frame, Netns, Stack, Tap};
use castnet_lab::scenario::PacketKind;
use libtest_mimic::Failed;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

use crate::serving::{self, BOUND, CASTNETD, Castnetd};

pub(crate) const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const PORT: u16 = 5000;

/// Two interfaces, with Queries often enough for a test, and far from so often that one of them hides a
/// missing one.
pub(crate) const TWO: &str = "\
families = ['ipv4']
igmp = { query-interval = '60s', query-response-interval = '200ms', startup-query-interval = '30s' }
interface = [{ name = 'e0' }, { name = 'e1' }]
";

/// A network namespace with its loopback interface up.
pub(crate) struct Node(pub(crate) Netns);

impl Node {
    /// Namespaces with what a distribution has: its limits, and its kernel's own Reports.
    pub(crate) fn all<const N: usize>(names: [&str; N]) -> Result<[Self; N], Failed> {
        let stack = |name: &str| {
            let stack = Stack { as_distributed: true, ..Stack::default() };
            (name.to_owned(), stack)
        };
        let made = Netns::create_all(names.map(stack).to_vec())?;
        let nodes: Vec<Self> = made.into_iter().map(Self).collect();
        for node in &nodes {
            node.ip("link set lo up")?;
            for scope in ["all", "default"] {
                node.sysctl(&format!("net/ipv4/conf/{scope}/rp_filter"), "0")?;
            }
        }
        nodes.try_into().map_err(|_| "namespaces are missing".into())
    }

    /// Runs `ip` with these words.
    pub(crate) fn ip(&self, words: &str) -> Result<(), Failed> {
        let ip = || std::process::Command::new("ip").args(words.split_whitespace()).output();
        let Output { status, stderr, .. } = self.0.run(ip)??;
        match status.success() {
            true => Ok(()),
            false => Err(format!("ip {words}: {}", String::from_utf8_lossy(&stderr)).into()),
        }
    }

    pub(crate) fn sysctl(&self, path: &str, value: &str) -> Result<(), Failed> {
        Ok(self.0.run(|| fs::write(format!("/proc/sys/{path}"), value))??)
    }

    /// The text of a file below /proc/net, of this namespace.
    pub(crate) fn proc_net(&self, file: &str) -> Result<String, Failed> {
        Ok(self.0.run(|| fs::read_to_string(format!("/proc/thread-self/net/{file}")))??)
    }

    /// Connects an interface here to one of another node, and sets both up. An address may be none.
    pub(crate) fn wire(
        &self,
        own: (&str, &str),
        to: &Self,
        other: (&str, &str),
    ) -> Result<(), Failed> {
        // `ip` takes a path for the name of a namespace.
        let path = format!("/proc/{}/fd/{}", std::process::id(), to.0.as_fd().as_raw_fd());
        self.ip(&format!("link add {} type veth peer name {}", own.0, PEER))?;
        self.ip(&format!("link set {PEER} netns {path}"))?;
        to.ip(&format!("link set {PEER} name {}", other.0))?;
        for (node, (name, address)) in [(to, other), (self, own)] {
            if !address.is_empty() {
                node.ip(&format!("addr add {address} dev {name}"))?;
            }
            node.ip(&format!("link set {name} up"))?;
        }
        Ok(())
    }

    /// Runs castnetd with these words to its end: its exit code and all that it wrote.
    pub(crate) fn castnetd(
        &self,
        words: &[&str],
        config: &PathBuf,
    ) -> Result<(i32, String), Failed> {
        let run = || {
            let mut castnetd = std::process::Command::new(CASTNETD);
            castnetd.args(words).arg(config).output()
        };
        let Output { status, stdout, stderr } = self.0.run(run)??;
        let text = [stdout, stderr].concat();
        Ok((status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned()))
    }

    /// Starts castnetd.
    pub(crate) fn serve(&self, config: &PathBuf) -> Result<Castnetd, Failed> {
        Castnetd::start(&self.0, &["-v"], config)
    }

    /// Runs lines of shell again and again, until the result is dropped.
    pub(crate) fn keeps_doing(&self, lines: &str) -> Result<Child, Failed> {
        let runtime = tokio::runtime::Handle::current();
        let spawn = || {
            let _inside_runtime = runtime.enter();
            let script = format!("while :; do {lines}\ndone");
            Command::new("sh").arg("-c").arg(script).kill_on_drop(true).spawn()
        };
        Ok(self.0.run(spawn)??)
    }

    fn socket(&self, address: Ipv4Addr) -> Result<Socket, Failed> {
        let made = self.0.run(|| {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
            socket.set_reuse_address(true)?;
            socket.set_nonblocking(true)?;
            socket.set_multicast_if_v4(&address)?;
            socket.set_multicast_ttl_v4(8)?;
            std::io::Result::Ok(socket)
        });
        Ok(made??)
    }

    /// A socket that sends from the address.
    pub(crate) fn source(&self, address: &str) -> Result<UdpSocket, Failed> {
        self.far(address, address)
    }

    /// A socket that sends from the address `from`, out of the interface with the address `by`.
    pub(crate) fn far(&self, from: &str, by: &str) -> Result<UdpSocket, Failed> {
        let from: Ipv4Addr = from.parse()?;
        let socket = self.socket(by.parse()?)?;
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        Ok(socket.into())
    }

    /// A member of the group on the interface with this address, until it is dropped.
    pub(crate) fn member(&self, address: &str) -> Result<Member, Failed> {
        let socket = self.socket(address.parse()?)?;
        socket.bind(&SocketAddr::from((GROUP, PORT)).into())?;
        self.0.run(|| socket.join_multicast_v4(&GROUP, &address.parse().unwrap()))??;
        Ok(Member(tokio::net::UdpSocket::from_std(socket.into())?))
    }

    /// Ears for what the interfaces of this node send and hear, new ones included.
    pub(crate) fn tap(&self) -> Result<Ears, Failed> {
        Ok(Ears { tap: Tap::open(&self.0)?, frames: Vec::new() })
    }
}

/// The name of the other end of a link while it is made.
const PEER: &str = "peer-of-it";

/// A member of the group.
pub(crate) struct Member(tokio::net::UdpSocket);

impl Member {
    /// The number in the next datagram.
    pub(crate) async fn next(&self) -> Result<u32, Failed> {
        let mut octets = [0; 4];
        let received = timeout(BOUND, self.0.recv(&mut octets)).await;
        received.map_err(|_| format!("no datagram in {BOUND:?}"))??;
        Ok(u32::from_be_bytes(octets))
    }

    /// Waits until a datagram comes that was sent after now.
    pub(crate) async fn is_served(&self) -> Result<(), Failed> {
        self.drain();
        self.next().await.map(drop)
    }

    /// The numbers of all datagrams that have come and were not read.
    pub(crate) fn drain(&self) -> Vec<u32> {
        let mut numbers = Vec::new();
        let mut octets = [0; 4];
        while self.0.try_recv(&mut octets).is_ok() {
            numbers.push(u32::from_be_bytes(octets));
        }
        numbers
    }

    /// Reads numbers while `time` passes.
    pub(crate) async fn during(&self, time: Duration) -> Result<Vec<u32>, Failed> {
        let mut numbers = Vec::new();
        let reading = async {
            loop {
                numbers.push(self.next().await?);
            }
        };
        match timeout(time, reading).await {
            Ok(failed) => failed,
            Err(_) => Ok(numbers),
        }
    }
}

/// Sends numbered datagrams to the group, 200 a second, for as long as it is polled. A source whose own
/// interface is away sends none meanwhile.
pub(crate) async fn stream(socket: UdpSocket) -> Result<(), Failed> {
    let mut pace = interval(Duration::from_millis(5));
    for number in 0_u32.. {
        pace.tick().await;
        _ = socket.send_to(&number.to_be_bytes(), (GROUP, PORT));
    }
    Ok(())
}

/// Runs `seen` while the stream is sent.
pub(crate) async fn beside<T>(
    socket: UdpSocket,
    seen: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    tokio::select! {
        sent = stream(socket) => Err(sent.err().unwrap_or_else(|| "the stream ended".into())),
        seen = seen => seen,
    }
}

/// The numbers that are missing between the first and the last one, and those that came twice.
pub(crate) fn lost_and_doubled(numbers: &[u32]) -> (usize, usize) {
    let distinct: BTreeSet<u32> = numbers.iter().copied().collect();
    let (first, last) = (distinct.first().copied(), distinct.last().copied());
    let span = last.zip(first).map_or(0, |(last, first)| (last - first + 1) as usize);
    (span - distinct.len(), numbers.len() - distinct.len())
}

/// What a node's interfaces send and hear.
pub(crate) struct Ears {
    tap: Tap,
    frames: Vec<Frame>,
}

impl Ears {
    /// Forgets what has been heard by now.
    pub(crate) fn forget(&mut self) -> Result<(), Failed> {
        let mut space = vec![0; BATCH_BYTES];
        loop {
            self.frames.clear();
            match self.tap.receive(&mut space, &mut self.frames) {
                Ok(()) => {}
                Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why.into()),
            }
        }
    }

    /// The source of the next Query. Those that came with it are there for the next call.
    pub(crate) async fn query(&mut self) -> Result<String, Failed> {
        let heard = async {
            loop {
                let frames = std::mem::take(&mut self.frames);
                let mut frames = frames.into_iter();
                let incoming = frames.by_ref().filter(|frame| !frame.outgoing);
                let mut packets = incoming.filter_map(|frame| decode(&frame.bytes));
                if let Some(query) = packets.find(|packet| packet.is(PacketKind::Query)) {
                    self.frames = frames.collect();
                    return Ok::<_, Failed>(query.source.to_string());
                }
                readable(self.tap.as_fd()).await?;
                self.tap.receive(&mut vec![0; BATCH_BYTES], &mut self.frames)?;
            }
        };
        timeout(BOUND, heard).await.map_err(|_| format!("no Query in {BOUND:?}"))?
    }

    /// Waits for a Query from this address.
    pub(crate) async fn query_from(&mut self, address: &str) -> Result<(), Failed> {
        let heard = async {
            while self.query().await? != address {}
            Ok(())
        };
        timeout(BOUND, heard).await.map_err(|_| format!("no Query from {address} in {BOUND:?}"))?
    }
}

impl Castnetd {
    /// Reads its log until each of these has been said since the last time, in any order.
    pub(crate) async fn says_each(&mut self, wanted: &[[&str; 2]]) -> Result<(), Failed> {
        let start = self.heard.len();
        for parts in wanted {
            let since = &self.heard[start..];
            let is_said = |line: &str| parts.iter().all(|part| line.contains(part));
            if !since.lines().any(is_said) {
                self.says(parts).await?;
            }
        }
        Ok(())
    }

    /// Has it read its configuration again, and waits until it has.
    pub(crate) async fn reload(&mut self) -> Result<(), Failed> {
        self.hang_up()?;
        self.says(&["INFO", "configured anew"]).await.map(drop)
    }

    /// Ends it. It may have no privilege; no number instead of a name may have been said, and nothing
    /// been refused, except a Query out of a link that has just gone down.
    pub(crate) async fn ends_well(self) -> Result<(), Failed> {
        self.has_no_privilege()?;
        let (code, heard) = self.end().await?;
        let mut lines = heard.lines().filter(|line| !line.contains("transmit: Network is unreach"));
        let is_wrong =
            |line: &&str| ["refused", "unusable", "vif"].iter().any(|w| line.contains(w));
        let refused = lines.find(is_wrong);
        match (code, refused) {
            (Some(0), None) => Ok(()),
            (code, word) => Err(format!("exit {code:?}, {word:?} said:\n{heard}").into()),
        }
    }
}

/// A file with this configuration.
pub(crate) fn config(name: &str, text: &str) -> PathBuf {
    serving::config(&format!("live-{name}"), text)
}
