//! What it costs a multicast router when one host joins thousands of groups at once, and what a flood
//! of forged Reports does to it.
//!
//! `cargo run --release -p castnet-lab --example load -- harness/examples/load/castnetd.sh ...`: each
//! argument is a script that starts a router between the interfaces `up` and `lan`, in the network
//! namespace that it finds itself in, and ends with it. All scripts take turns in one run, so that
//! other load of the machine hits all of them. `CASTNETD` names the program that castnetd.sh starts.

mod reports;
mod rig;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use castnet_lab::lab::privilege;
use clap::Parser;
use rig::{Family, Rig};

/// How long a router may take for anything.
const BOUND: Duration = Duration::from_secs(60);

/// The load of multicast routers.
#[derive(Debug, Parser)]
struct Args {
    /// Groups that the host joins at once.
    #[arg(long, default_value_t = 5_000)]
    groups: u32,
    /// Forged groups instead: a host joins one group, and these come while its stream flows.
    #[arg(long)]
    flood: Option<u32>,
    /// The families.
    #[arg(long, value_enum, default_values_t = [Family::Ipv4, Family::Ipv6])]
    family: Vec<Family>,
    /// How often each router is tried.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Scripts, each of which starts a router.
    #[arg(required = true)]
    routers: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    privilege::enter()?;
    rig::step_aside()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for round in 1..=args.rounds {
        for &family in &args.family {
            for router in &args.routers {
                let name = router.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let result = runtime.block_on(async {
                    let mut rig = Rig::new(family, router).await?;
                    match args.flood {
                        None => join(&mut rig, args.groups),
                        Some(forged) => flood(&mut rig, forged),
                    }
                });
                match result {
                    Ok(told) => println!("{round}  {family:?}  {name:<12} {told}"),
                    Err(why) => println!("{round}  {family:?}  {name:<12} not measured: {why:#}"),
                }
            }
        }
    }
    Ok(())
}

/// One host joins all groups at once, whose streams flow already.
fn join(rig: &mut Rig, groups: u32) -> Result<String> {
    let streams = rig.streams(0..groups)?;
    rig.wait_for_flows(groups, BOUND)?;
    let (cpu, began) = (rig.cpu()?, now());
    for packet in reports::joining(rig.family, 0..groups) {
        rig.send(&packet)?;
    }
    let mut forwarded = 0;
    while forwarded < groups && began.elapsed() < BOUND {
        forwarded = rig.forwarded()?;
    }
    let took = began.elapsed();
    drop(streams);
    let took = match forwarded >= groups {
        true => format!("{:.3} s", took.as_secs_f64()),
        false => format!("never, {forwarded} of {groups} after {} s", took.as_secs()),
    };
    let cpu = (rig.cpu()? - cpu).as_secs_f64();
    Ok(format!("all forwarded: {took}, CPU {cpu:.3} s, RSS {} KiB", rig.resident()?))
}

/// Forged groups come for ever, while one old flow is watched.
fn flood(rig: &mut Rig, forged: u32) -> Result<String> {
    const OLD: std::ops::Range<u32> = 0..1;
    let streams = rig.streams(OLD)?;
    rig.wait_for_flows(1, BOUND)?;
    for packet in reports::joining(rig.family, OLD) {
        rig.send(&packet)?;
    }
    rig.wait_for_forwarding(1, BOUND)?;
    let before = streams.counts(rig)?;
    let (cpu, began) = (rig.cpu()?, now());
    let mut sizes = Vec::new();
    for tenth in 0..10 {
        let numbers = 1 + forged / 10 * tenth..1 + forged / 10 * (tenth + 1);
        for packet in reports::joining(rig.family, numbers) {
            rig.send(&packet)?;
            // A router's socket must not lose what is to be measured.
            rig.pause(Duration::from_micros(500));
        }
        rig.settle(BOUND)?;
        sizes.push(rig.resident()?.to_string());
    }
    let took = began.elapsed().as_secs_f64();
    let cpu = (rig.cpu()? - cpu).as_secs_f64();
    let after = streams.counts(rig)?;
    let (sent, arrived) = (after.0 - before.0, after.1);
    Ok(format!(
        "{forged} forged groups in {took:.1} s, CPU {cpu:.2} s, RSS {} KiB, old flow {arrived} of {sent}",
        sizes.join(" ")
    ))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}
