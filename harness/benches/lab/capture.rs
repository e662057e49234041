//! How many frames a second a link may carry before a capture of both its ends loses one: castnet's
//! taps, `tcpdump -w`, and the two at once.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use castnet_lab::lab::{Built, Capture, LabError, Netns, PROOF_BOUND, link};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::chain::Chain;
use crate::pps::{self, Sent};
use crate::table::{self, median};

/// What to offer, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Frames a second; 0 is as fast as the sender can.
    #[arg(long, value_delimiter = ',', default_values_t = [50_000, 100_000, 200_000, 400_000, 0])]
    rates: Vec<u64>,
    /// How often each rate is offered to each listener.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each time.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Leave tcpdump out: for profiles.
    #[arg(long)]
    alone: bool,
}

/// Who listens on both ends of the link.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Listeners {
    castnet: bool,
    tcpdump: bool,
}

/// What came of one rate with one set of listeners.
#[derive(Default)]
struct Outcome {
    pps: Vec<f64>,
    castnet: Vec<f64>,
    tcpdump: Vec<f64>,
    /// Processor time of the listeners for each frame that they took, in microseconds.
    castnet_us: Vec<f64>,
    tcpdump_us: Vec<f64>,
}

const NOBODY: Listeners = Listeners { castnet: false, tcpdump: false };
const CASTNET: Listeners = Listeners { castnet: true, tcpdump: false };
const TCPDUMP: Listeners = Listeners { castnet: false, tcpdump: true };
const BOTH: Listeners = Listeners { castnet: true, tcpdump: true };

/// Prints what each listener lost at each rate.
#[expect(clippy::print_stdout, reason = "the benchmark's result")]
pub(crate) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let installed = Command::new("tcpdump").arg("--version").output().is_ok();
    let all = match (options.alone, installed) {
        (true, _) => vec![CASTNET],
        (_, false) => vec![NOBODY, CASTNET],
        _ => vec![NOBODY, CASTNET, TCPDUMP, BOTH],
    };
    let mut rows = Vec::new();
    for &rate in &options.rates {
        let mut outcomes: Vec<_> = all.iter().map(|_| Outcome::default()).collect();
        for _ in 0..options.rounds {
            for (listeners, outcome) in all.iter().zip(&mut outcomes) {
                let length = Duration::from_secs(options.seconds);
                runtime.block_on(once(*listeners, (rate > 0).then_some(rate), length, outcome))?;
            }
        }
        rows.extend(
            all.iter().zip(&outcomes).map(|(listeners, outcome)| row(rate, *listeners, outcome)),
        );
    }
    println!("{} rounds of {} s: medians [worst]\n", options.rounds, options.seconds);
    table::print(
        &[
            "offered/s",
            "listening",
            "sent/s",
            "castnet lost",
            "us/frame",
            "tcpdump lost",
            "us/frame",
        ],
        &rows,
    );
    if !installed {
        println!("tcpdump: not installed");
    }
    Ok(())
}

fn row(rate: u64, listeners: Listeners, outcome: &Outcome) -> Vec<String> {
    let who = match listeners {
        NOBODY => "nobody",
        CASTNET => "castnet",
        TCPDUMP => "tcpdump",
        BOTH => "both",
    };
    let lost = |values: &[f64]| match values.iter().copied().reduce(f64::max) {
        Some(worst) => format!("{:.2} % [{worst:.2}]", median(values)),
        None => String::new(),
    };
    let offered = if rate == 0 { "all it can".to_owned() } else { rate.to_string() };
    let sent = format!("{:.0}", median(&outcome.pps));
    let each = |values: &[f64]| match values {
        [] => String::new(),
        _ => format!("{:.2}", median(values)),
    };
    vec![
        offered,
        who.to_owned(),
        sent,
        lost(&outcome.castnet),
        each(&outcome.castnet_us),
        lost(&outcome.tcpdump),
        each(&outcome.tcpdump_us),
    ]
}

/// A new link for each time, so that none inherits what another left.
async fn once(
    listeners: Listeners,
    rate: Option<u64>,
    length: Duration,
    outcome: &mut Outcome,
) -> Result<()> {
    let chain = Chain::new(2);
    let netns = Netns::create_all(chain.nodes.clone())?;
    let built = link::build(&netns, &chain.links).await?;
    // Without this nothing says that the link carries.
    let mut capture = Capture::start(&netns, &chain.links, &built)?;
    capture.prove(PROOF_BOUND).await?;
    let capture = listeners.castnet.then_some(capture);
    let mut dumps = Vec::new();
    if listeners.tcpdump {
        for netns in &netns {
            dumps.push(Tcpdump::start(netns, &chain.links[0].ports[0].ifname)?);
        }
    }
    let before_us = run_time_us("thread-self")?;
    let sent = offer(&netns[0], &chain, rate, length).await?;
    outcome.pps.push(sent.pps());
    let taken = (2 * sent.frames) as f64;
    if let Some(capture) = capture {
        outcome.castnet.push(lost(capture, sent, &built).await?);
        outcome.castnet_us.push((run_time_us("thread-self")? - before_us) / taken);
    }
    if listeners.tcpdump {
        let (mut dropped, mut took_us) = (0, 0.0);
        for dump in dumps {
            took_us += run_time_us(&dump.child.id().to_string())?;
            dropped += dump.stop()?;
        }
        outcome.tcpdump.push(dropped as f64 / taken * 100.0);
        outcome.tcpdump_us.push(took_us / taken);
    }
    Ok(())
}

/// How long a thread has run on a processor, in microseconds; interrupts served meanwhile included.
fn run_time_us(thread: &str) -> Result<f64> {
    let path = format!("/proc/{thread}/schedstat");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let run_ns = text.split_whitespace().next().context(path)?;
    Ok(run_ns.parse::<f64>()? / 1e3)
}

/// Sends from a thread of its own while the caller's reactor reads its taps.
async fn offer(netns: &Netns, chain: &Chain, rate: Option<u64>, length: Duration) -> Result<Sent> {
    let from = chain.links[0].ports[0].addresses[0].addr();
    let socket = netns.run(|| UdpSocket::bind((from, 0)))??;
    let to = SocketAddrV4::new(Ipv4Addr::new(239, 1, 1, 1), 5000);
    tokio::task::spawn_blocking(move || pps::send(&socket, to, rate, length)).await?
}

/// What castnet's capture lost, in per cent of what there was to take.
async fn lost(capture: Capture, sent: Sent, built: &Built) -> Result<f64> {
    let due = 2 * sent.frames;
    match capture.finish(PROOF_BOUND).await {
        Ok(captured) => {
            ensure!(captured.len() as u64 == due, "{} of {due}: {built:?}", captured.len());
            Ok(0.0)
        }
        Err(LabError::Dropped { frames, .. }) => Ok(frames as f64 / due as f64 * 100.0),
        Err(other) => Err(other.into()),
    }
}

/// A tcpdump that writes a file in memory.
struct Tcpdump {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Tcpdump {
    /// Returns when it listens.
    fn start(netns: &Netns, ifname: &str) -> Result<Self> {
        let file = format!("/run/{}.pcap", netns.name());
        let mut tcpdump = Command::new("tcpdump");
        tcpdump.args(["-Z", "root", "-n", "-i", ifname, "-w", &file]).stderr(Stdio::piped());
        let mut child = netns.run(|| tcpdump.spawn())??;
        let mut said = BufReader::new(child.stderr.take().context("a pipe was asked for")?);
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            ensure!(said.read_line(&mut line)? > 0, "tcpdump does not listen");
        }
        Ok(Self { child, said })
    }

    /// How many frames its kernel buffer had no room for.
    fn stop(mut self) -> Result<u64> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGINT)?;
        let mut said = String::new();
        self.said.read_to_string(&mut said)?;
        self.child.wait()?;
        let dropped = said.lines().find_map(|line| line.strip_suffix(" packets dropped by kernel"));
        let dropped = dropped.or_else(|| {
            said.lines().find_map(|line| line.strip_suffix(" packet dropped by kernel"))
        });
        dropped.context("tcpdump did not say what it dropped")?.parse().context("a number")
    }
}
