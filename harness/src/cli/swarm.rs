//! `castnet swarm`

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use castnet_lab::backend::Cancel;
use castnet_lab::runner::hunt::{Hunt, Range, hunt};
use castnet_lab::swarm;
use clap::Args;
use serde::Serialize;

use super::{
    EXIT_CODES, Ending, FAILED, INTERRUPTED, complain, destination, interrupt, say, say_document,
};

/// The version of the shape of what `--json` prints.
const SCHEMA: u32 = 1;

#[derive(Args)]
#[command(after_help = format!("{AFTER}\n\n{EXIT_CODES}"))]
pub(super) struct SwarmArgs {
    /// How many seeds are tried.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Begin no further seed after this time: `60s`, `5m`.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Option<Duration>,
    /// Begin no further seed after so many findings.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    findings: u64,
    /// How many seeds are tried at a time; one for each CPU unless given.
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Where the scenarios of findings are written.
    #[arg(long, value_name = "DIR", default_value = "castnet-out/swarm")]
    out: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long, conflicts_with = "print")]
    json: bool,
    /// Print the scenario of the first seed as it is drawn, and run nothing.
    #[arg(long)]
    print: bool,
}

const AFTER: &str = "Each seed draws routers, members, what goes wrong, and what has to come of it by the \
                     arithmetic of the RFC, and is run in the simulator. A finding is made as small as it \
                     gets and written as a scenario, which `castnet run --backend sim` repeats.";

/// Ends with 1 if anything was found.
pub(super) fn swarm(args: &SwarmArgs) -> Ending {
    if args.print {
        say(&swarm::scenario(args.seed));
        return Ok(0);
    }
    let out = destination::folder(&args.out)?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let range = Range {
        first: args.seed,
        seeds: args.seeds,
        budget: args.budget,
        findings: args.findings,
        at_a_time: jobs,
    };
    let Hunt { tried, mut found, took } = hunt(&range, &cancel, |hunt| show(hunt, args));
    clear();
    let seconds = took.as_secs_f64();
    found.sort_by_key(|found| found.seed);
    let rows = found.iter().map(|found| {
        let file = format!("seed-{}.toml", found.seed);
        let write = |mut to: File| to.write_all(found.scenario.as_bytes());
        let written = out.publish(Path::new(&file), write);
        let shown = args.out.join(file).display().to_string();
        // The finding stands all the same, and `--print` draws its scenario again.
        if let Err(error) = written {
            complain(&format!("{shown}: {error}"));
        }
        Row { seed: found.seed, what: &found.what, worlds: found.worlds, scenario: shown }
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let interrupted = cancel.is_cancelled();
    let code = match (interrupted, tried > 0 && rows.is_empty()) {
        (true, _) => INTERRUPTED,
        (false, false) => FAILED,
        (false, true) => 0,
    };
    if tried == 0 && !interrupted {
        complain("no seed was tried in the budget, so that nothing is proved");
    }
    if args.json {
        let document = Document { schema: SCHEMA, tried, interrupted, seconds, found: rows };
        say_document(&document)?;
        return Ok(code);
    }
    for Row { seed, what, worlds, scenario } in &rows {
        say(&format!(
            "FOUND       seed {seed}: {what}\n            the smallest of {worlds} worlds that fail so\n  \
             repeat   castnet run --backend sim {scenario}\n"
        ));
    }
    let ended = if interrupted { ", interrupted" } else { "" };
    let count = rows.len();
    say(&format!("{tried} seeds from {} on: {count} found in {seconds:.1} s{ended}\n", args.seed));
    Ok(code)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tried: u64,
    interrupted: bool,
    seconds: f64,
    found: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    seed: u64,
    what: &'a str,
    /// The number of worlds tried to find the smallest.
    worlds: u32,
    scenario: String,
}

/// Shows the progress on a terminal.
fn show(hunt: &Hunt, args: &SwarmArgs) {
    if io::stderr().is_terminal() {
        let Hunt { tried, found, took } = hunt;
        let rate = *tried as f64 / took.as_secs_f64().max(0.001);
        let (found, seeds) = (found.len(), args.seeds);
        _ = write!(
            io::stderr(),
            "\r\x1b[K{tried} of {seeds} seeds, {found} found, {rate:.0} a second"
        );
    }
}

fn clear() {
    if io::stderr().is_terminal() {
        _ = write!(io::stderr(), "\r\x1b[K");
    }
}
