//! `castnet diff-backends`

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use castnet::time::Seconds;
use castnet_lab::backend::{Cancel, RunError, netns, sim};
use castnet_lab::compare::{Comparison, compare};
use castnet_lab::lab::privilege;
use castnet_lab::plan::Plan;
use castnet_lab::recording::Recording;
use castnet_lab::scenario::Backend;
use clap::Args;

use super::files::{self, Paths};
use super::{BROKEN, Ending, FAILED, Failure, INTERRUPTED, UNSUPPORTED, interrupt, say};

#[derive(Args)]
pub(super) struct DiffBackendsArgs {
    #[command(flatten)]
    paths: Paths,
    /// How many scenarios run at a time.
    #[arg(short, long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Show every disagreement, not only the first one.
    #[arg(short, long)]
    verbose: bool,
}

/// Ends with 1 if the kernel and the simulator disagree anywhere.
pub(super) fn diff(args: &DiffBackendsArgs) -> Ending {
    let refused = |why: &dyn ToString| Failure { code: UNSUPPORTED, message: why.to_string() };
    privilege::enter().map_err(|refusal| refused(&refusal))?;
    let plans = files::load_all(&files::find(&args.paths).map_err(Failure::usage)?)?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let (next, worst) = (AtomicUsize::new(0), Mutex::new(0));
    let worker = || {
        while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (text, code) = one(plan, args.verbose, &cancel);
            let mut worst = worst.lock().unwrap_or_else(PoisonError::into_inner);
            say(&text);
            *worst = code.max(*worst);
            if cancel.is_cancelled() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..usize::from(args.jobs).min(plans.len()) {
            scope.spawn(worker);
        }
    });
    let worst = worst.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(if cancel.is_cancelled() { INTERRUPTED } else { worst })
}

/// What came of one scenario, and the exit code for it.
fn one(plan: &Plan, verbose: bool, cancel: &Cancel) -> (String, u8) {
    let Plan { name, .. } = plan;
    let missing = [Backend::Netns, Backend::Sim].into_iter().find(|&one| !plan.runs_on(one));
    if let Some(backend) = missing {
        return (format!("{:<12}{name}  not for {}\n", "ALONE", backend.word()), 0);
    }
    let runs = || Ok((sim::run(plan, cancel)?, netns::run(plan, cancel)?));
    match runs() {
        Ok((one, other)) => told(plan, &one, &other, verbose),
        Err(RunError::Interrupted) => (String::new(), INTERRUPTED),
        Err(why @ RunError::Unsupported(..)) => {
            (format!("{:<12}{name}\n  {why}\n", "UNSUPPORTED"), UNSUPPORTED)
        }
        Err(why) => (format!("{:<12}{name}\n  {why}\n", "BROKEN"), BROKEN),
    }
}

fn told(plan: &Plan, one: &Recording, other: &Recording, verbose: bool) -> (String, u8) {
    let broken: Vec<&String> = one.broken.iter().chain(&other.broken).collect();
    if !broken.is_empty() {
        let lines: String = broken.iter().map(|why| format!("  {why}\n")).collect();
        return (format!("{:<12}{}\n{lines}", "BROKEN", plan.name), BROKEN);
    }
    let Comparison { shared, widest, disagreements, left_out } = compare(plan, one, other);
    let word = if disagreements.is_empty() { "AGREE" } else { "DISAGREE" };
    let mut text = format!(
        "{word:<12}{}  {} messages, {} answers, {} pauses of streams; at most {} apart\n",
        plan.name,
        shared.messages,
        shared.answers,
        shared.pauses,
        Seconds(widest, 3)
    );
    let shown = if verbose { disagreements.len() } else { 1 };
    for disagreement in disagreements.iter().take(shown) {
        text += &format!("  {:>10}  {}\n", disagreement.at.to_string(), disagreement.text);
    }
    if disagreements.len() > shown {
        text += &format!("  and {} more: -v shows them\n", disagreements.len() - shown);
    }
    for left_out in &left_out {
        text += &format!("  not compared: {left_out}\n");
    }
    let late = other.lateness;
    if !disagreements.is_empty() && late.by > plan.tolerance {
        let by = Seconds(late.by, 3);
        text +=
            &format!("  the machine is overloaded: what was due at {} was {by} late\n", late.at);
        return (text, BROKEN);
    }
    (text, if disagreements.is_empty() { 0 } else { FAILED })
}
