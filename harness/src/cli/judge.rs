//! `castnet judge`

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use castnet_lab::capture::file::read;
use castnet_lab::judge::Outcome;
use castnet_lab::plan::Plan;
use castnet_lab::replay::{Judgement, Mean, Means, Replayed, Timing, plan_port, replay};
use castnet_lab::report::text::finding_of;
use clap::Args;

use super::files::Templates;
use super::{Ending, FAILED, Failure, complain, say, say_coloured, stdout_style};

#[derive(Args)]
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
}

/// Ends with 0 if at least one expectation was judged and none failed.
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
    let Replayed { judgements, remarks } = replayed.map_err(|why| Failure::usage(named(&why)))?;
    for remark in remarks {
        say(&format!("note        {remark}\n"));
    }
    let counts = tell(&plan, &judgements);
    let [passed, wrong, not] = counts;
    say(&format!("{passed} passed, {wrong} failed or proved nothing, {not} not judged\n"));
    Ok(if wrong == 0 && passed > 0 && reading.is_whole() { 0 } else { FAILED })
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
            Judgement::Not { line, claim, why } => {
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
