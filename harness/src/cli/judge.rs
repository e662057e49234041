//! `castnet judge`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use castnet_lab::capture::file::read;
use castnet_lab::judge::Outcome;
use castnet_lab::output::publish;
use castnet_lab::plan::Plan;
use castnet_lab::replay::{Judgement, Mean, Means, Replayed, Timing, plan_port, replay};
use castnet_lab::report::replayed;
use castnet_lab::report::text::finding_of;
use clap::Args;

use super::files::Templates;
use super::{
    Ending, FAILED, Failure, UNSUPPORTED, complain, say, say_coloured, stdout_style, without_output,
};

#[derive(Args)]
#[command(after_help = AFTER)]
pub(super) struct JudgeArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Only the combination of the matrix with this in its name.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    templates: Templates,
    /// A capture of any tool, pcapng or pcap.
    #[arg(value_name = "CAPTURE")]
    capture: PathBuf,
    /// What a port is in the capture: an interface, an Ethernet or an IP address, as in
    /// r1:lan=eth1 or h1:lan=192.0.2.7; may be given more than once.
    #[arg(long, value_name = "PORT=WHAT")]
    port: Vec<String>,
    /// How long after the first frame the run begins; of castnet's own captures it is known.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    zero: Option<Duration>,
    /// When an act was done, from the beginning of the run on, as in leave=2500ms; else as planned.
    #[arg(long, value_name = "ACT=TIME")]
    at: Vec<String>,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    json: bool,
    /// Write a report in JUnit's XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const AFTER: &str = "Exit codes: 0 everything that a capture can show has passed, 1 an expectation failed or \
                     proved nothing, nothing was judged, or the capture could not be read to its end, 2 usage or \
                     a bad scenario, 3 this capture leaves an expectation open that another one could \
                     decide: it does not cover its time or its link, or frames were cut, lost or dropped, \
                     4 output could not be written. Where several apply, 1 comes before 4, and 4 before 3.";

pub(super) fn judge_capture(args: &JudgeArgs) -> Ending {
    let plan = args.templates.load_one(&args.scenario, args.filter.as_deref())?;
    let means = means(&plan, &args.port)?;
    let timing = Timing { zero: args.zero, at: at(&args.at)? };
    let named = |what: &dyn ToString| format!("{}: {}", args.capture.display(), what.to_string());
    let file = File::open(&args.capture).map_err(|error| Failure::usage(named(&error)))?;
    let mut shots = Vec::new();
    let reading = read(file, |shot| {
        shots.push(shot);
        true
    });
    for remark in reading.remarks(shots.len()) {
        complain(&named(&remark));
    }
    let replayed = replay(&plan, &shots, &reading, &means, &timing);
    let replayed = replayed.map_err(|why| Failure::usage(named(&why)))?;
    let code = code(&replayed.judgements, reading.is_whole());
    let names = [&plan.path, &args.capture.display().to_string()];
    let code = match write_junit(args, &replayed, names) {
        Ok(()) => code,
        Err(failure) => {
            complain(&failure.message);
            without_output(code)
        }
    };
    if args.json {
        let document = replayed::json(&replayed, names[0], names[1], code);
        say(&document.map_err(Failure::broken)?);
        return Ok(code);
    }
    for remark in &replayed.remarks {
        say(&format!("note        {remark}\n"));
    }
    let [passed, wrong, not] = tell(&plan, &replayed.judgements);
    say(&format!("{passed} passed, {wrong} failed or proved nothing, {not} not judged\n"));
    Ok(code)
}

fn write_junit(args: &JudgeArgs, replayed: &Replayed, names: [&String; 2]) -> Result<(), Failure> {
    let Some(path) = &args.junit else { return Ok(()) };
    let document = replayed::junit(replayed, names[0], names[1]).map_err(Failure::broken)?;
    let written = publish(path, |mut file| file.write_all(document.as_bytes()));
    written.map_err(|error| Failure::broken(format!("{}: {error}", path.display())))
}

/// The exit code, as `castnet judge --help` describes it.
fn code(judgements: &[Judgement], is_whole: bool) -> u8 {
    let judged = judgements.iter().filter_map(|judgement| match judgement {
        Judgement::Judged(finding) => Some(finding.outcome),
        Judgement::Not { .. } => None,
    });
    let is_open = judgements.iter().any(|one| matches!(one, Judgement::Not { another: true, .. }));
    match judged.max() {
        Some(Outcome::Pass) if is_whole && !is_open => 0,
        Some(Outcome::Pass) | None if is_whole && is_open => UNSUPPORTED,
        _ => FAILED,
    }
}

/// Prints the result of each expectation; returns how many passed, failed, and were not judged.
fn tell(plan: &Plan, judgements: &[Judgement]) -> [usize; 3] {
    let mut counts = [0; 3];
    for judgement in judgements {
        match judgement {
            Judgement::Judged(finding) => {
                counts[usize::from(finding.outcome != Outcome::Pass)] += 1;
                say_coloured(&finding_of(&plan.path, finding, stdout_style()));
            }
            Judgement::Not { line, claim, why, .. } => {
                counts[2] += 1;
                let path = &plan.path;
                say(&format!("  not judged  {claim}   ({path}:{line})\n              {why}\n"));
            }
        }
    }
    counts
}

fn means(plan: &Plan, written: &[String]) -> Result<Means, Failure> {
    let mean = |text: &String| {
        let (port, what) = text.split_once('=')?;
        let Ok(mean) = what.parse::<Mean>();
        Some((plan_port(plan, port)?, mean))
    };
    let wrong = |text: &String| {
        let ports: Vec<String> = (0..plan.ports.len()).map(|port| plan.port_name(port)).collect();
        let ports = ports.join(", ");
        Failure::usage(format!("--port {text}: it is PORT=WHAT, and the ports are {ports}"))
    };
    written.iter().map(|text| mean(text).ok_or_else(|| wrong(text))).collect()
}

fn at(written: &[String]) -> Result<BTreeMap<String, Duration>, Failure> {
    let one = |text: &String| {
        let (act, time) = text.split_once('=')?;
        Some((act.to_owned(), humantime::parse_duration(time).ok()?))
    };
    let wrong = |text| Failure::usage(format!("--at {text}: it is ACT=TIME, as in leave=2500ms"));
    written.iter().map(|text| one(text).ok_or_else(|| wrong(text))).collect()
}
