//! One test per scenario and backend: `netns::igmp::v2::leave-last-member`, `sim::igmp::v2::...`, and
//! one per combination of a matrix: `netns::igmp::v2::join::version=2::robustness=3`.
//!
//! Without the right to make namespaces a test on the kernel is ignored, loudly, or fails if
//! `CASTNET_REQUIRE_NETNS=1`. The simulator runs each scenario twice, and both results must be
//! equal. With other seeds (`seeds::...`), and on the kernel, results may differ only where the
//! protocol allows chance.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use castnet_lab::backend::{Cancel, RunError, at_a_time, netns, sim};
use castnet_lab::capture::pcapng;
use castnet_lab::compare::compare;
use castnet_lab::judge::{Outcome, judge};
use castnet_lab::lab::privilege::{self, Refusal};
use castnet_lab::plan::{LoadError, Plan, Wishes, load, load_with};
use castnet_lab::recording::Recording;
use castnet_lab::report::Finished;
use castnet_lab::report::text::{self, Style};
use castnet_lab::scenario::{Backend, Timers, is_template};
use castnet_lab::snapshot::golden;
use libtest_mimic::{Arguments, Failed, Trial};

/// The number of other seeds with which each scenario is compared. What is left to chance is found
/// with hundreds: `CASTNET_SEEDS=500 cargo test --release --test scenarios seeds::`.
const SEEDS: u64 = 10;

/// How far an act may be moved without a change of the outcome.
const MOVED: Duration = Duration::from_millis(15);

/// The folder of the scenarios, as seen from this package.
const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

fn main() -> ExitCode {
    // Before the first thread, and also when tests are only listed: nextest takes the ignored ones
    // from the list.
    let refusal = privilege::enter().err();
    let required = std::env::var_os("CASTNET_REQUIRE_NETNS").is_some_and(|value| value == "1");
    let mut arguments = Arguments::from_args();
    // Tests mostly wait, and one for each CPU would take minutes.
    arguments.test_threads.get_or_insert_with(at_a_time);
    if let (Some(refusal), false) = (&refusal, required) {
        eprintln!("SKIPPED: no scenario is run on the kernel: {refusal}");
    }
    let mut files = Vec::new();
    collect(Path::new(SCENARIOS), &mut files);
    files.sort();
    let trials = files.iter().flat_map(|file| trials(file, refusal.as_ref(), required));
    let mut trials: Vec<Trial> = trials.collect();
    // Simulations keep the CPUs busy, and a laboratory beside them would be late.
    trials.sort_by_key(|trial| trial.name().starts_with(Backend::Netns.word()));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|e| panic!("{}: {e}", folder.display())).path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "toml") && !is_template(&path) {
            files.push(path);
        }
    }
}

/// A test for each combination on each of its backends; one that fails if there are none, because
/// the file is wrong.
fn trials(file: &Path, refusal: Option<&Refusal>, required: bool) -> Vec<Trial> {
    let tail = file.strip_prefix(SCENARIOS).unwrap_or(file).with_extension("");
    let name = tail.display().to_string().replace('/', "::");
    let plans = match load(file) {
        Ok(plans) => plans,
        Err(error) => return vec![Trial::test(name, move || Err(error.to_string().into()))],
    };
    let trials = plans.into_iter().flat_map(|plan| {
        // Commas and brackets mean something in the filters of nextest.
        let values = plan.combination.split(',').filter(|value| !value.is_empty());
        let name = values.fold(name.clone(), |name, value| format!("{name}::{value}"));
        let backends = [Backend::Netns, Backend::Sim].map(|backend| {
            let name = format!("{}::{name}", backend.word());
            let plan = plan.clone();
            plan.runs_on(backend).then(|| trial(name, plan, backend, refusal, required))
        });
        let seeds = plan.runs_on(Backend::Sim).then(|| {
            let (name, plan) = (format!("seeds::{name}"), plan.clone());
            Trial::test(name, move || differ_by_chance(&plan))
        });
        backends.into_iter().flatten().chain(seeds)
    });
    let mut trials: Vec<Trial> = trials.collect();
    // Whoever cannot have the RFCs' timers says so.
    let wishes = Wishes { timers: Some(Timers::Rfc), ..Wishes::default() };
    match load_with(file, &[], &wishes) {
        Err(LoadError::OwnTimers { .. }) => {}
        Err(error) => trials.push(Trial::test(name, move || Err(error.to_string().into()))),
        Ok(plans) => trials.extend(
            plans
                .into_iter()
                .filter(|plan| plan.runs_on(Backend::Sim))
                .map(|plan| Trial::test(format!("rfc::{}", plan.name), move || holds(&plan))),
        ),
    }
    trials
}

/// Judges one run in the simulator.
fn holds(plan: &Plan) -> Result<(), Failed> {
    let recording = sim::run(plan, &Cancel::new()).map_err(|error| error.to_string())?;
    let mut verdict = judge(plan, &recording);
    verdict.findings.retain(|finding| finding.outcome != Outcome::Pass);
    match verdict.outcome {
        Outcome::Pass => Ok(()),
        outcome => Err(format!("{outcome}: {:?} {:#?}", verdict.reasons, verdict.findings).into()),
    }
}

fn trial(
    name: String,
    plan: Plan,
    backend: Backend,
    refusal: Option<&Refusal>,
    required: bool,
) -> Trial {
    match refusal.filter(|_| backend == Backend::Netns).map(ToString::to_string) {
        None => Trial::test(name, move || run(&plan, backend)),
        Some(why) => Trial::test(name, move || Err(Failed::from(why))).with_ignored_flag(!required),
    }
}

fn run(plan: &Plan, backend: Backend) -> Result<(), Failed> {
    let recording = match backend {
        Backend::Netns => netns::run(plan, &Cancel::new()),
        Backend::Sim => twice(plan),
        other => return Err(format!("{} is not tried here", other.word()).into()),
    };
    let recording = recording.map_err(|error| error.to_string())?;
    let mut verdict = judge(plan, &recording);
    let write = |path: &Path, bytes: &[u8]| {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)
    };
    let write: Option<golden::Write<'_>> = if golden::may_write() { Some(&write) } else { None };
    golden::check(plan, &recording, &mut verdict, write)?;
    if verdict.outcome == Outcome::Pass {
        return match backend {
            Backend::Netns if plan.runs_on(Backend::Sim) => {
                let simulated =
                    sim::run(plan, &Cancel::new()).map_err(|error| error.to_string())?;
                Ok(agree(plan, &simulated, &recording)?)
            }
            _ => Ok(()),
        };
    }
    let remarks = verdict.remarks();
    let pcapng = keep(plan, backend, |file| pcapng::write(file, plan, &recording, &remarks))?;
    let finished = Finished {
        name: plan.name.clone(),
        combination: plan.combination.clone(),
        swaps: Vec::new(),
        path: plan.path.clone(),
        title: plan.title.clone(),
        clauses: plan.proves.clone(),
        backend: backend.word(),
        repetition: 1,
        seed: plan.seed,
        timers: plan.timers,
        end: plan.end,
        took: plan.end,
        frames: None,
        noise: recording.unkept.noise,
        pcapng: Some(pcapng),
        page: None,
        programs: Vec::new(),
        kernel: String::new(),
        guest: None,
        broken_before: Vec::new(),
        verdict,
    };
    Err(text::run(&finished, Style { color: false }, true).into())
}

/// Runs the scenario twice, and checks that the results are equal.
fn twice(plan: &Plan) -> Result<Recording, RunError> {
    let (one, other) = (sim::run(plan, &Cancel::new())?, sim::run(plan, &Cancel::new())?);
    let capture = |recording: &Recording| {
        let mut octets = Vec::new();
        let remarks = judge(plan, recording).remarks();
        pcapng::write(&mut octets, plan, recording, &remarks).map(|()| octets)
    };
    assert_eq!(format!("{one:?}"), format!("{other:?}"), "two runs are not the same");
    assert!(capture(&one).is_ok_and(|octets| capture(&other).is_ok_and(|same| octets == same)));
    assert_eq!(judge(plan, &one), judge(plan, &other), "two verdicts are not the same");
    Ok(one)
}

/// Runs the scenario with other seeds: only chance may differ.
fn differ_by_chance(plan: &Plan) -> Result<(), Failed> {
    let own = sim::run(plan, &Cancel::new()).map_err(|error| error.to_string())?;
    let asked = std::env::var("CASTNET_SEEDS").ok();
    let seeds = asked.map_or(Ok(SEEDS), |number| number.parse());
    let seeds = seeds.map_err(|error| format!("CASTNET_SEEDS: {error}"))?;
    for seed in 1..=seeds {
        let other = Plan { seed, ..plan.clone() };
        let other = sim::run(&other, &Cancel::new()).map_err(|error| error.to_string())?;
        agree(plan, &own, &other).map_err(|why| format!("seed {seed}: {why}"))?;
    }
    for draw in 1..=seeds {
        let moved = moved(plan, draw);
        let other = sim::run(&moved, &Cancel::new()).map_err(|error| error.to_string())?;
        agree(plan, &own, &other).map_err(|why| format!("acts moved by draw {draw}: {why}"))?;
        let verdict = judge(&moved, &other);
        if verdict.outcome != Outcome::Pass {
            let mut red = verdict.findings;
            red.retain(|finding| finding.outcome != Outcome::Pass);
            return Err(format!("acts moved by draw {draw}: {red:#?}").into());
        }
    }
    Ok(())
}

/// The scenario with another seed, each act up to [`MOVED`] earlier or later, and the tolerance of a
/// real machine, where an act and a timer of the same instant come in either order.
fn moved(plan: &Plan, draw: u64) -> Plan {
    let mut moved = Plan { seed: draw, virtual_tolerance: plan.tolerance, ..plan.clone() };
    for act in &mut moved.acts {
        let mut hasher = DefaultHasher::new();
        (draw, act.at).hash(&mut hasher);
        let by = MOVED.mul_f64((hasher.finish() % 2001) as f64 / 1000.0);
        act.at = (act.at + by).saturating_sub(MOVED);
    }
    moved.acts.sort_by_key(|act| act.at);
    moved
}

/// Checks that the two differ only by chance.
fn agree(plan: &Plan, one: &Recording, other: &Recording) -> Result<(), String> {
    let told = compare(plan, one, other).disagreements;
    let told: Vec<String> = told.iter().map(|one| format!("{} {}", one.at, one.text)).collect();
    if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
}

/// Writes the capture of a failure where it outlives the test.
fn keep(
    plan: &Plan,
    backend: Backend,
    write: impl FnOnce(std::fs::File) -> std::io::Result<()>,
) -> Result<PathBuf, Failed> {
    let name = format!("{}.{}.pcapng", plan.name.replace('/', "-"), backend.word());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    write(std::fs::File::create(&path)?)?;
    Ok(path)
}
