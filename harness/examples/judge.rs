//! Loads a scenario, runs it in the simulator, judges it, and writes the capture.
//!
//! `cargo run --example judge -- scenarios/igmp/v2/leave-last-member.toml leave.pcapng`

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context as _;
use castnet_lab::backend::{Cancel, sim};
use castnet_lab::capture::pcapng;
use castnet_lab::judge::judge;
use castnet_lab::plan::load;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (scenario, capture) = arguments
        .next()
        .zip(arguments.next())
        .context("two arguments are needed: a scenario and the capture to write")?;
    let plans = load(Path::new(&scenario))?;
    let plan = plans.first().context("the scenario has no combination")?;
    let recording = sim::run(plan, &Cancel::new())?;
    let verdict = judge(plan, &recording);
    let file = BufWriter::new(File::create(&capture)?);
    pcapng::write(file, plan, &recording, &verdict.remarks())?;
    println!("{}: {verdict}\n{} frames in {capture}", plan.name, recording.frames.len());
    Ok(())
}
