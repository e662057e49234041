//! The results of a run: its verdict, its capture, the output of its programs, and its page.
//!
//! The verdict is complete here: claims, rules of every run, differences from the golden, and the
//! way of the first packet that a failed claim is about. A file that cannot be written makes the
//! run Broken.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Job;
use crate::capture::pcapng;
use crate::judge::{Outcome, Verdict, judge};
use crate::output::Folder;
use crate::printable;
use crate::recording::{Origin, ProgramOutput, Recording};
use crate::report::{Finished, ProgramLog, html, ladder};
use crate::snapshot::{Otherwise, golden};

/// How many lines of a program's output a report shows, and how many characters of each.
const TAIL_LINES: usize = 10;
const LINE_CHARS: usize = 200;

/// The evidence of a run that has ended.
struct Evidence {
    verdict: Verdict,
    kernel: String,
    frames: Option<usize>,
    noise: u64,
    pcapng: Option<PathBuf>,
    programs: Vec<ProgramLog>,
}

impl Job<'_> {
    /// The run with its verdict and its files; with its page if one is wanted.
    pub(super) fn recorded(&self, took: Duration, recording: &Recording) -> Finished {
        let (evidence, otherwise) = Evidence::of(self, recording);
        let mut finished = self.finished(took, evidence);
        if let Some(page) = &self.page {
            let written = html::run(&self.plan, recording, &finished, otherwise.as_ref())
                .map_err(io::Error::from)
                .and_then(|html| {
                    publish(&self.out, page, |mut file| file.write_all(html.as_bytes()))
                });
            match written {
                Ok(()) => finished.page = Some(page.clone()),
                Err(error) => finished.verdict.break_off(cannot_write(page, &error)),
            }
        }
        finished
    }

    /// The result for a job without a run, and why there was none.
    pub(super) fn without_run(
        &self,
        took: Duration,
        outcome: Outcome,
        why: impl ToString,
    ) -> Finished {
        let verdict = printable_verdict(Verdict::without_run(outcome, why.to_string()));
        self.finished(took, Evidence::none(verdict))
    }

    fn finished(&self, took: Duration, evidence: Evidence) -> Finished {
        let plan = &self.plan;
        let Evidence { verdict, kernel, frames, noise, pcapng, programs } = evidence;
        Finished {
            name: plan.name.clone(),
            combination: plan.combination.clone(),
            swaps: plan.swaps.clone(),
            path: plan.path.clone(),
            title: plan.title.clone(),
            clauses: plan.proves.clone(),
            backend: self.backend.word(),
            kernel,
            guest: self.guest.as_ref().map(|guest| guest.word.clone()),
            repetition: self.repetition,
            seed: plan.seed,
            timers: plan.timers,
            end: plan.end,
            took,
            frames,
            noise,
            pcapng,
            page: None,
            programs,
            broken_before: Vec::new(),
            verdict,
        }
    }
}

impl Evidence {
    /// That of a job without a run.
    const fn none(verdict: Verdict) -> Self {
        let kernel = String::new();
        Self { verdict, kernel, frames: None, noise: 0, pcapng: None, programs: Vec::new() }
    }

    /// The evidence, and the differences of the run from its golden.
    fn of(job: &Job<'_>, recording: &Recording) -> (Self, Option<Otherwise>) {
        let mut verdict = judge(&job.plan, recording);
        let frames = Some(recording.frames.iter().filter(|frame| frame.outgoing).count());
        let tree = golden::root(Path::new(&job.plan.path));
        let write =
            |path: &Path, bytes: &[u8]| publish(&tree, path, |mut file| file.write_all(bytes));
        let write: Option<golden::Write<'_>> =
            if golden::may_write() { Some(&write) } else { None };
        let checked = golden::check(&job.plan, recording, &mut verdict, write);
        let otherwise = checked.unwrap_or_else(|error| {
            verdict.break_off(format!("what is kept of earlier runs: {error}"));
            None
        });
        // One failed claim gets the way of its packet: further ones look alike.
        let failed = verdict.findings.iter_mut().zip(&job.plan.checks);
        if let Some((finding, check)) = failed.into_iter().find(|(f, _)| f.outcome == Outcome::Fail)
        {
            let ladder = ladder::explain(&job.plan, recording, &check.claim, finding.at);
            finding.why.extend(ladder);
        }
        verdict = printable_verdict(verdict);
        let remarks = verdict.remarks();
        let write = |file| pcapng::write(BufWriter::new(file), &job.plan, recording, &remarks);
        let published = publish(&job.out, &job.pcapng, write);
        if let Err(error) = &published {
            verdict.break_off(cannot_write(&job.pcapng, error));
        }
        let pcapng = published.ok().map(|()| job.pcapng.clone());
        let programs = recording.outputs.iter().zip(1..);
        let programs = programs.map(|(output, nth)| log(job, output, nth, &mut verdict)).collect();
        let (kernel, noise) = (recording.kernel.clone(), recording.unkept.noise);
        (Self { verdict, kernel, frames, noise, pcapng, programs }, otherwise)
    }
}

/// Writes the output of the run's `nth` program beside the capture.
fn log(job: &Job<'_>, output: &ProgramOutput, nth: usize, verdict: &mut Verdict) -> ProgramLog {
    let (node, act, word) = match &output.origin {
        Origin::Act(act) => {
            let act = &job.plan.acts[*act];
            (act.node, act.label.clone(), "exec")
        }
        Origin::Device(node, name) => (*node, name.clone(), name.as_str()),
    };
    let path = job.pcapng.with_extension(format!("{word}-{nth}.log"));
    let written = publish(&job.out, &path, |mut file| file.write_all(&output.octets));
    if let Err(error) = &written {
        verdict.break_off(cannot_write(&path, error));
    }
    ProgramLog {
        node: job.plan.nodes[node].name.clone(),
        act,
        status: output.status.clone(),
        log: written.ok().map(|()| path),
        tail: tail(&output.octets),
    }
}

/// The last lines, each without control characters and cut where it is long.
fn tail(octets: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(octets);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(TAIL_LINES)..].iter();
    last.map(|line| {
        printable::line(&line.chars().take(LINE_CHARS).collect::<String>()).into_owned()
    })
    .collect()
}

/// What a scenario, its programs and its frames have put into the reasons.
fn printable_verdict(mut verdict: Verdict) -> Verdict {
    let findings = verdict.findings.iter_mut();
    let findings = findings.flat_map(|one| std::iter::once(&mut one.claim).chain(&mut one.why));
    let rules = verdict.invariants.iter_mut();
    let rules = rules.flat_map(|one| one.off.iter_mut().chain(&mut one.violations));
    let all = findings.chain(rules).chain(&mut verdict.reasons).chain(&mut verdict.notes);
    for text in all {
        if let Cow::Owned(shown) = printable::lines(text) {
            *text = shown;
        }
    }
    verdict
}

/// Writes a file below a folder, whose path begins with the folder's.
fn publish(
    folder: &Path,
    path: &Path,
    write: impl FnOnce(File) -> io::Result<()>,
) -> io::Result<()> {
    Folder::make(folder)?.publish(path.strip_prefix(folder).unwrap_or(path), write)
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("writing {}: {error}", path.display())
}
