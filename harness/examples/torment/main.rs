//! Strikes castnet at random moments of random scenarios, by Ctrl-C, `kill -9`, and SIGSTOP with SIGCONT,
//! and looks for what is left: processes, namespaces, files, false verdicts. Prints how often each kind
//! of blow came to what; fails if anything is left.
//!
//! `cargo run -p castnet-lab --example torment -- --rounds 100` strikes 100 times in each way; with
//! `--seed N` at other moments, with `--jobs N` so many side by side, and with paths in those scenarios.
//! `--castnet PATH` strikes another program than the one beside it. To be run as root.

mod round;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use castnet::rng::Rng;
use castnet_lab::plan;
use castnet_lab::runner::files;
use castnet_lab::scenario::Backend;
use round::{Blow, Round};

/// Longer scenarios only cost time.
const LONGEST: Duration = Duration::from_secs(6);
/// Blows come up to so long after the end of the timeline: building and judging take time.
const AROUND: Duration = Duration::from_millis(1500);
/// The longest time for which castnet is stopped.
const LONGEST_STOP: Duration = Duration::from_millis(1500);

/// Programs that leave their group and their session, beside a router that is a process.
const STUBBORN: &str = r#"
title = "Programs that do not want to end"
end = "1500ms"
links = { lan = ["r1", "h1"] }
nodes = { r1 = { role = "router", daemon = "process" }, h1 = { role = "listener" } }
[[act]]
at = "0s"
exec = { who = "h1", command = ["sh", "-c", "setsid sleep 300 & (setsid setsid sleep 300 &) ; exit 0"] }
[[act]]
at = "200ms"
exec = { who = "r1", command = ["sh", "-c", "trap '' INT TERM HUP; while :; do sleep 1; done"] }
[[expect]]
packet = { on = "lan", kind = "general-query" }
count = ">= 1"
"#;

struct Options {
    castnet: PathBuf,
    rounds: usize,
    jobs: usize,
    seed: u64,
    scenarios: Vec<PathBuf>,
}

fn options() -> anyhow::Result<Options> {
    let beside = std::env::current_exe()?.with_file_name("../castnet");
    let mut options =
        Options { castnet: beside, rounds: 10, jobs: 4, seed: 1, scenarios: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--castnet" => options.castnet = value()?.into(),
            "--rounds" => options.rounds = value()?.parse()?,
            "--jobs" => options.jobs = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            path if !path.starts_with('-') => options.scenarios.push(path.into()),
            _ => anyhow::bail!("there is no option {word}"),
        }
    }
    if options.scenarios.is_empty() {
        options.scenarios.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios"));
    }
    options.castnet = options.castnet.canonicalize().context("castnet is not built")?;
    Ok(options)
}

/// The files that the kernel runs in a short time, each with that time.
fn short(paths: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, Duration)>> {
    let mut short = Vec::new();
    for file in files::find(paths)?.files {
        let path = file.canonicalize()?;
        let Ok(plans) = plan::load(&path) else { continue };
        let fits = |plan: &plan::Plan| plan.runs_on(Backend::Netns) && plan.end <= LONGEST;
        if plans.len() == 1 && plans.iter().all(fits) {
            short.push((path, plans[0].end));
        }
    }
    Ok(short)
}

/// The rounds, each with its own random moment.
fn rounds(options: &Options, stubborn: &Path) -> anyhow::Result<Vec<Round>> {
    let short = short(&options.scenarios)?;
    anyhow::ensure!(!short.is_empty(), "no scenario of the kernel is this short");
    let mut rng = Rng::for_node(options.seed, "torment");
    // A random number below a bound.
    let mut below = |bound: usize| {
        let whole = Duration::from_secs(bound as u64) - Duration::from_nanos(1);
        usize::try_from(rng.delay(whole).as_secs()).unwrap_or(0)
    };
    let mut rounds = Vec::new();
    for number in 0..options.rounds * 3 {
        // A third of the rounds is about programs that do not want to end.
        let (scenario, end) = match below(3) {
            0 => (stubborn.to_owned(), LONGEST_STOP),
            _ => short[below(short.len())].clone(),
        };
        let mut up_to = |time: Duration| {
            Duration::from_micros(below(usize::try_from(time.as_micros()).unwrap_or(1)) as u64)
        };
        let blow = match number % 3 {
            0 => Blow::Interrupt,
            1 => Blow::Kill,
            _ => Blow::Stop(up_to(LONGEST_STOP)),
        };
        let after = up_to(end + AROUND);
        // A topology that stands does not end after a stop.
        let is_up = !matches!(blow, Blow::Stop(_)) && below(4) == 0;
        let command = if is_up { "up" } else { "run" };
        rounds.push(Round { command, scenario, blow, after });
    }
    Ok(rounds)
}

/// What came of the rounds of one kind of blow.
#[derive(Default)]
struct Tally {
    rounds: usize,
    over: usize,
    outcomes: BTreeMap<String, usize>,
    faults: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = options()?;
    let folder = tempfile::tempdir()?;
    let stubborn = folder.path().join("stubborn.toml");
    std::fs::write(&stubborn, STUBBORN)?;
    let rounds = rounds(&options, &stubborn)?;
    let (next, tallies) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<&str, Tally>::new()));
    let reasons = Mutex::new(BTreeMap::<String, usize>::new());
    let work = || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        while let Some((number, round)) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            rounds.get(number).map(|round| (number, round))
        } {
            let place = folder.path().join(number.to_string());
            let mark = format!("{}-{number}", std::process::id());
            let result = runtime.block_on(round::play(&options.castnet, &place, &mark, round))?;
            for fault in &result.faults {
                println!("round {number}: {round:?}: {fault}");
            }
            let kind = match round.blow {
                Blow::Interrupt => "Ctrl-C",
                Blow::Kill => "kill -9",
                Blow::Stop(_) => "SIGSTOP",
            };
            let mut tallies = tallies.lock().unwrap();
            let tally = tallies.entry(kind).or_default();
            tally.rounds += 1;
            tally.over += usize::from(result.was_over);
            tally.faults += result.faults.len();
            let outcome = result.outcome.unwrap_or_else(|| "no verdict".to_owned());
            *tally.outcomes.entry(outcome).or_default() += 1;
            for reason in result.reasons {
                *reasons.lock().unwrap().entry(reason).or_default() += 1;
            }
            if result.faults.is_empty() {
                std::fs::remove_dir_all(&place)?;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap())
    })?;
    let tallies = tallies.into_inner()?;
    for (kind, Tally { rounds, over, outcomes, faults }) in &tallies {
        let outcomes = outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}"));
        let outcomes: Vec<String> = outcomes.collect();
        println!(
            "{kind}: {rounds} rounds ({over} had ended before): {}; left or false: {faults}",
            outcomes.join(", ")
        );
    }
    for (reason, count) in reasons.into_inner()? {
        println!("{count:>6} x {reason}");
    }
    let faults: usize = tallies.values().map(|tally| tally.faults).sum();
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
