//! What the laboratory costs, compared with other tools for the same work: `cargo bench --bench
//! lab`.
//!
//! All tools of a table run in one process, turn by turn, so that other load of the machine hits
//! all of them: trust the ratios, and the milliseconds only on this machine. Everything happens in
//! a network and mount namespace of the benchmark's own; the host's are not touched.

mod canary;
mod capture;
mod castnet;
mod chain;
mod peers;
mod pps;
mod setup;
mod table;
mod tcpdump;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use castnet_lab::lab::privilege;
use clap::Parser;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Benchmarks of the laboratory.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, clap::Subcommand)]
enum Bench {
    /// Builds and removes chains of nodes.
    Setup(setup::Options),
    /// Offers a link more and more frames, and counts those that a capture lost.
    Capture(capture::Options),
}

fn main() -> Result<()> {
    // `cargo bench` adds an argument of its own.
    let args = Args::parse_from(std::env::args().filter(|word| word != "--bench"));
    step_aside().context("namespaces of the benchmark's own")?;
    match args.bench {
        Bench::Setup(options) => setup::run(&options),
        Bench::Capture(options) => capture::run(&options),
    }
}

/// Leaves the host's network, and its /run, where `ip netns` keeps names.
fn step_aside() -> Result<()> {
    privilege::enter()?;
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)?;
    let (no_path, no_data) = (None::<&str>, None::<&str>);
    mount(no_path, "/", no_path, MsFlags::MS_REC | MsFlags::MS_PRIVATE, no_data)?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), no_data)?;
    Ok(())
}

/// The time that `work` takes, and its result.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let mut watch = Watch::start();
    let made = work();
    (watch.lap(), made)
}

/// Time from lap to lap, for work that is awaited.
#[derive(Debug)]
struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn passed(&self) -> Duration {
        Self::start().0 - self.0
    }

    fn lap(&mut self) -> Duration {
        let now = Self::start();
        let lap = now.0 - self.0;
        *self = now;
        lap
    }
}
