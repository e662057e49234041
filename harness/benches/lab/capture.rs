//! How many frames a capture of both ends of a link takes before it loses one: castnet's, `tcpdump
//! -w`, and both at once.
//!
//! The first senders have a processor each as long as there are enough; the listeners have the last
//! one. All of them run at real-time priority where that is allowed. Two questions: how many frames
//! a second are captured, and how many are held while the reader is stopped (castnet's because its
//! thread does something else, tcpdump by SIGSTOP).

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use castnet_lab::lab::link::Medium;
use castnet_lab::lab::{Capture, Captured, LabError, Netns, PROOF_BOUND, Precedence, link};
use nix::sys::signal::Signal;
use tokio::sync::oneshot;

use crate::chain::Chain;
use crate::pps::{self, Load, Sent};
use crate::table::{self, median};
use crate::tcpdump::Tcpdump;

/// The load, and how often to offer it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Frames a second; 0 is as fast as the senders can.
    #[arg(long, value_delimiter = ',', default_values_t = [50_000, 100_000, 200_000, 0])]
    rates: Vec<u64>,
    /// How often each rate is offered to each listener.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each time.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// How many threads send at once.
    #[arg(long, default_value_t = 1)]
    senders: usize,
    /// Bytes of a frame, 60 to 1,514.
    #[arg(long, default_value_t = 60)]
    frame: usize,
    /// Frames sent while the reader is stopped, instead of any rates.
    #[arg(long)]
    stalled: Option<u64>,
    /// Leave tcpdump out: for profiles.
    #[arg(long)]
    alone: bool,
}

/// The listeners on both ends of the link.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Listeners {
    castnet: bool,
    tcpdump: bool,
}

/// The result of one rate with one set of listeners.
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

/// Prints what each listener lost at each rate, or held while it was stopped.
#[expect(clippy::print_stdout, reason = "the benchmark's result")]
pub(crate) fn run(options: &Options) -> Result<()> {
    let _first = Precedence::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let installed = Command::new("tcpdump").arg("--version").output().is_ok();
    let all = match (options.alone, installed) {
        (true, _) => vec![CASTNET],
        (_, false) => vec![NOBODY, CASTNET],
        _ => vec![NOBODY, CASTNET, TCPDUMP, BOTH],
    };
    ensure!((60..=1514).contains(&options.frame), "a frame has 60 to 1,514 bytes");
    if let Some(frames) = options.stalled {
        return runtime.block_on(stalled(options, frames, installed));
    }
    let mut rows = Vec::new();
    for &rate in &options.rates {
        let mut outcomes: Vec<_> = all.iter().map(|_| Outcome::default()).collect();
        for _ in 0..options.rounds {
            for (listeners, outcome) in all.iter().zip(&mut outcomes) {
                let rate = (rate > 0).then_some(rate / options.senders as u64);
                runtime.block_on(once(*listeners, options, options.load(rate), outcome))?;
            }
        }
        rows.extend(
            all.iter().zip(&outcomes).map(|(listeners, outcome)| row(rate, *listeners, outcome)),
        );
    }
    println!(
        "{} rounds of {} s, {} senders, frames of {} bytes: medians [worst]\n",
        options.rounds, options.seconds, options.senders, options.frame
    );
    let headings = ["offered/s", "listening", "sent/s", "castnet lost", "us/frame"];
    table::print(&[&headings[..], &["tcpdump lost", "us/frame"]].concat(), &rows);
    if !installed {
        println!("tcpdump: not installed");
    }
    Ok(())
}

impl Options {
    const fn load(&self, rate: Option<u64>) -> Load {
        let to = SocketAddrV4::new(Ipv4Addr::new(239, 1, 1, 1), 5000);
        Load { to, frame: self.frame, rate }
    }
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
    let offered = if rate == 0 { "all they can".to_owned() } else { rate.to_string() };
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

/// A link that carries; its capture is `None` if it is not wanted.
struct Link {
    chain: Chain,
    netns: Vec<Netns>,
    /// Keeps the ends joined.
    _media: Vec<Medium>,
    capture: Option<Capture>,
    dumps: Vec<Tcpdump>,
}

impl Link {
    /// A new link for each offer, so that none inherits frames of another.
    async fn start(listeners: Listeners) -> Result<Self> {
        let chain = Chain::new(2);
        let netns = Netns::create_all(chain.nodes(false))?;
        let built = link::build(&netns, &chain.links).await?;
        // Only the capture's proof shows that the link carries.
        let mut capture = Capture::start(&netns, &chain.links, &built)?;
        capture.prove(PROOF_BOUND).await?;
        let capture = listeners.castnet.then_some(capture);
        let mut dumps = Vec::new();
        if listeners.tcpdump {
            for netns in &netns {
                dumps.push(Tcpdump::start(netns, &chain.links[0].ports[0].ifname)?);
            }
        }
        Ok(Self { chain, netns, _media: built.media, capture, dumps })
    }

    fn socket(&self) -> Result<UdpSocket> {
        let from = self.chain.links[0].ports[0].addresses[0].addr();
        Ok(self.netns[0].run(|| UdpSocket::bind((from, 0)))??)
    }
}

async fn once(
    listeners: Listeners,
    options: &Options,
    load: Load,
    outcome: &mut Outcome,
) -> Result<()> {
    let processors = pps::processors()?;
    let last = *processors.last().context("a processor")?;
    // Threads that this one starts stay on that processor too.
    pps::stay_on(&[last])?;
    let mut link = Link::start(listeners).await?;
    let before_us = run_time_us("thread-self")?;
    let sent = offer(&link, options, load, &processors).await?;
    // A capture's end sends marks from every processor that the thread may run on.
    pps::stay_on(&processors)?;
    outcome.pps.push(sent.pps());
    let taken = (2 * sent.frames) as f64;
    if let Some(capture) = link.capture.take() {
        let ended = capture.finish(PROOF_BOUND).await;
        outcome.castnet_us.push((run_time_us("thread-self")? - before_us) / taken);
        outcome.castnet.push(lost(ended, 2 * sent.frames)? as f64 / taken * 100.0);
    }
    if listeners.tcpdump {
        let (mut dropped, mut took_us) = (0, 0.0);
        for dump in link.dumps {
            took_us += run_time_us(&dump.pid().to_string())?;
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

/// Sends from threads of their own while the caller's reactor reads its rings.
async fn offer(link: &Link, options: &Options, load: Load, processors: &[usize]) -> Result<Sent> {
    let length = Duration::from_secs(options.seconds);
    let mut senders = Vec::new();
    for &processor in processors.iter().cycle().take(options.senders) {
        let (socket, (done, sent)) = (link.socket()?, oneshot::channel());
        thread::spawn(move || {
            let work = pps::stay_on(&[processor]).and_then(|()| load.send(&socket, length));
            done.send(work)
        });
        senders.push(sent);
    }
    let mut total = Sent { frames: 0, took: Duration::ZERO };
    for sent in senders {
        let sent = sent.await??;
        total = Sent { frames: total.frames + sent.frames, took: total.took.max(sent.took) };
    }
    Ok(total)
}

/// The number of frames that castnet's capture lost.
fn lost(ended: Result<Vec<Captured>, LabError>, due: u64) -> Result<u64> {
    match ended {
        Ok(captured) => {
            ensure!(captured.len() as u64 == due, "{} of {due}", captured.len());
            Ok(0)
        }
        Err(LabError::Dropped { frames, .. }) => Ok(frames),
        Err(other) => Err(other.into()),
    }
}

/// The number of frames held at the sending end while the reader is stopped.
#[expect(clippy::print_stdout, reason = "the benchmark's result")]
async fn stalled(options: &Options, frames: u64, installed: bool) -> Result<()> {
    let (mut castnet, mut tcpdump) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let mut link = Link::start(CASTNET).await?;
        // No task of the reactor runs meanwhile.
        options.load(None).burst(&link.socket()?, frames)?;
        let capture = link.capture.take().context("it was asked for")?;
        castnet.push((frames - lost(capture.finish(PROOF_BOUND).await, 2 * frames)?) as f64);
        if installed && !options.alone {
            let mut link = Link::start(TCPDUMP).await?;
            link.dumps.iter().try_for_each(|dump| dump.signal(Signal::SIGSTOP))?;
            options.load(None).burst(&link.socket()?, frames)?;
            link.dumps.iter().try_for_each(|dump| dump.signal(Signal::SIGCONT))?;
            tcpdump.push((frames - link.dumps.remove(0).stop()?) as f64);
        }
    }
    println!("{frames} frames of {} bytes to a stopped reader, 2 nodes\n", options.frame);
    let row = |who: &str, held: &[f64]| vec![who.to_owned(), format!("{:.0}", median(held))];
    let mut rows = vec![row("castnet", &castnet)];
    if !tcpdump.is_empty() {
        rows.push(row("tcpdump", &tcpdump));
    }
    table::print(&["listening", "held"], &rows);
    Ok(())
}
