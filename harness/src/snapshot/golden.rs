//! The goldens of runs under `fixtures/`, and the comparison of a run with its golden.
//!
//! Beside `scenarios/a/b.toml` there are `fixtures/traces/a/b.snap`, in insta's format, and
//! `fixtures/pcap/a/b.pcapng`; with `.netns` in their names for runs on the kernel. A result that
//! differs is written beside its golden as `.new`, for `castnet review` or `cargo insta review` to
//! accept; never in CI.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::align::{Step, align};
use super::sides::body;
use super::{Detail, Otherwise, otherwise, thin, trace};
use crate::capture::file::read;
use crate::capture::pcapng;
use crate::judge::doubt::doubts;
use crate::judge::{Finding, Outcome, Verdict};
use crate::plan::{Plan, SEED};
use crate::recording::Recording;
use crate::scenario::Backend;

/// How many lines of a difference a report shows.
const SHOWN: usize = 12;

/// That a scenario has no golden yet.
const MISSING: &str = "missing: nothing is kept of it yet";

/// Separates insta's head from the text.
const FENCE: &str = "---";

/// The ending of a pending file's name.
pub const PENDING: &str = "new";

/// The paths of a scenario's golden trace and capture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelf {
    /// The trace.
    pub snap: PathBuf,
    /// The capture.
    pub pcapng: PathBuf,
}

impl Shelf {
    /// The place for a backend's runs of the scenario in this file, which has this name.
    #[must_use]
    pub fn of(path: &str, name: &str, backend: &str) -> Self {
        Self::named(&root(Path::new(path)), &stem(name, backend))
    }

    /// The place below a folder for what has this stem: `igmp/v2/leave.netns`.
    #[must_use]
    pub fn named(root: &Path, stem: &str) -> Self {
        let fixtures = root.join("fixtures");
        let snap = fixtures.join("traces").join(format!("{stem}.snap"));
        Self { snap, pcapng: fixtures.join("pcap").join(format!("{stem}.pcapng")) }
    }
}

/// The folder above `scenarios`, or the scenario's own.
#[must_use]
pub fn root(path: &Path) -> PathBuf {
    let above = path.ancestors().find(|folder| folder.ends_with("scenarios"));
    above.and_then(Path::parent).or_else(|| path.parent()).unwrap_or(path).to_owned()
}

/// A simulated run has the scenario's own name.
fn stem(name: &str, backend: &str) -> String {
    if backend == SIMULATED { name.to_owned() } else { format!("{name}.{backend}") }
}

/// The backend with reliable instants.
const SIMULATED: &str = Backend::Sim.word();

/// The file that waits to replace this one.
#[must_use]
pub fn pending(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(PENDING);
    name.into()
}

/// A file in insta's format: a head with its source, and the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snap {
    /// The scenario's file, from the root of the tree.
    pub source: String,
    /// The trace.
    pub text: String,
}

impl Snap {
    /// Reads a file of insta.
    ///
    /// # Errors
    /// Errors of the system.
    pub fn read(path: &Path) -> io::Result<Self> {
        let whole = fs::read_to_string(path)?;
        let head = whole.strip_prefix(FENCE).and_then(|rest| rest.split_once("\n---\n"));
        let Some((head, text)) = head else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file of insta"));
        };
        let source = head.lines().find_map(|line| line.strip_prefix("source: "));
        let source = source.unwrap_or_default().trim_matches('"').to_owned();
        Ok(Self { source, text: text.to_owned() })
    }

    fn file(&self) -> String {
        let Self { source, text } = self;
        format!("{FENCE}\nsource: {source}\n{FENCE}\n{text}")
    }
}

/// Writes a file, and makes the folders above it.
pub type Write<'a> = &'a dyn Fn(&Path, &[u8]) -> io::Result<()>;

/// Whether files may be written: CI only compares.
#[must_use]
pub fn may_write() -> bool {
    let set = std::env::var("CI").unwrap_or_default();
    matches!(set.as_str(), "" | "0" | "false")
}

/// Adds the comparison with the golden to the verdict, if the scenario wants one on this backend,
/// and returns both where they differ; `write`, if given, leaves the result to be accepted.
///
/// A result that cannot be left is a note of the verdict.
///
/// # Errors
/// Files cannot be read. A missing golden is no error, but a finding.
pub fn check(
    plan: &Plan,
    recording: &Recording,
    verdict: &mut Verdict,
    write: Option<Write<'_>>,
) -> io::Result<Option<Otherwise>> {
    let Some(golden) = &plan.golden else { return Ok(None) };
    let backend = recording.backend;
    let wanted = golden.backends.iter().any(|one| one.word() == backend);
    // Goldens are for the scenario's own seed.
    if verdict.outcome == Outcome::Broken || !wanted || plan.seed != SEED {
        return Ok(None);
    }
    let shelf = Shelf::of(&plan.path, &plan.own_name(), backend);
    let made = Made::of(plan, recording, verdict);
    let why = made.differs(&shelf)?;
    let otherwise = why.as_ref().and_then(|_| made.beside(&shelf));
    let is_late = !doubts(plan, recording).is_empty();
    // A result of a late laboratory must not become a golden.
    let wanted = write.filter(|_| !is_late || why.is_none());
    let left = wanted.map_or(Ok(()), |write| made.leave_pending(&shelf, why.is_some(), write));
    let outcome = if why.is_some() { Outcome::Fail } else { Outcome::Pass };
    let claim = format!("the {backend} run is as {} has it", shelf.snap.display());
    let mut why = why.unwrap_or_default();
    if outcome == Outcome::Fail {
        why.push(match (write, &left) {
            (None, _) => "nothing is written in CI".to_owned(),
            (Some(_), Ok(())) => "`castnet review` shows it and accepts it".to_owned(),
            (Some(_), Err(_)) => "it could not be written for `castnet review`".to_owned(),
        });
        if why[0] == MISSING {
            let line = golden.line;
            why.push(format!("a copied scenario can do without: the key is in line {line}"));
        }
    }
    if let Err(error) = left {
        verdict.notes.push(format!("nothing could be left for `castnet review`: {error}"));
    }
    let (line, measured) = (golden.line, Vec::new());
    verdict.findings.push(Finding {
        line,
        claim,
        proves: Vec::new(),
        outcome,
        why,
        measured,
        at: None,
        by_tolerance: None,
        missed_by: None,
    });
    if outcome == Outcome::Fail && is_late {
        verdict.break_off("the laboratory was late itself, and the trace differs".to_owned());
    } else {
        verdict.outcome = verdict.outcome.max(outcome);
    }
    Ok(otherwise)
}

/// A result of a run that could become a golden.
struct Made {
    snap: Snap,
    pcapng: Vec<u8>,
    is_exact: bool,
}

impl Made {
    fn of(plan: &Plan, recording: &Recording, verdict: &Verdict) -> Self {
        let is_exact = recording.backend == SIMULATED;
        let detail = if is_exact { Detail::Exact } else { Detail::Normal };
        let below = root(Path::new(&plan.path));
        let source = Path::new(&plan.path).strip_prefix(&below).unwrap_or(Path::new(&plan.path));
        let source = source.display().to_string();
        let text = trace(plan, recording, verdict, detail);
        let mut capture = Vec::new();
        let written = pcapng::write(&mut capture, plan, &thin(plan, recording), &verdict.remarks());
        // Writing fails only for a frame that is too long for any capture.
        let pcapng = if written.is_ok() { capture } else { Vec::new() };
        Self { snap: Snap { source, text }, pcapng, is_exact }
    }

    /// How the result differs from the golden.
    fn differs(&self, shelf: &Shelf) -> io::Result<Option<Vec<String>>> {
        let kept = match Snap::read(&shelf.snap) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(vec![MISSING.to_owned()]));
            }
            Err(error) => return Err(named(&shelf.snap, &error)),
        };
        if kept.text != self.snap.text {
            let lines = difference(&kept.text, &self.snap.text);
            let how = if lines.is_empty() { "changed: in its blanks alone" } else { "changed:" };
            return Ok(Some([vec![how.to_owned()], lines].concat()));
        }
        match fs::read(&shelf.pcapng) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = shelf.pcapng.display();
                Ok(Some(vec![format!("missing: the trace is as it was, but there is no {name}")]))
            }
            Err(error) => Err(named(&shelf.pcapng, &error)),
            Ok(kept) if self.is_exact && frames(&kept) != frames(&self.pcapng) => {
                let name = shelf.pcapng.display();
                let how = format!("castnet diff {name} {}", pending(&shelf.pcapng).display());
                Ok(Some(vec![format!("changed: not in its trace, but in its octets ({how})")]))
            }
            Ok(_) => Ok(None),
        }
    }

    /// The result beside its golden, if there is one.
    fn beside(&self, shelf: &Shelf) -> Option<Otherwise> {
        let kept = Snap::read(&shelf.snap).ok()?.text;
        let capture = fs::read(&shelf.pcapng).ok().filter(|_| self.is_exact);
        let packets = capture.and_then(|kept| otherwise::packets(&kept, &self.pcapng));
        let (snap, made) = (shelf.snap.display().to_string(), self.snap.text.clone());
        Some(Otherwise { snap, kept, made, packets })
    }

    /// Writes the result where it can be accepted, or removes an earlier pending one.
    fn leave_pending(&self, shelf: &Shelf, differs: bool, write: Write<'_>) -> io::Result<()> {
        let (snap, capture) = (pending(&shelf.snap), pending(&shelf.pcapng));
        if differs {
            let text = self.snap.file();
            let files = [(&snap, text.as_bytes()), (&capture, &self.pcapng)];
            return files.into_iter().try_for_each(|(file, bytes)| {
                write(file, bytes).map_err(|error| named(file, &error))
            });
        }
        for file in [snap, capture].iter().filter(|file| file.exists()) {
            fs::remove_file(file).map_err(|error| named(file, &error))?;
        }
        Ok(())
    }
}

/// Stamp, interface and octets.
type Framed = (Option<Duration>, String, Vec<u8>);

/// Every frame with its stamp and interface. The rest of a file, such as its writer's name, is not
/// compared.
fn frames(capture: &[u8]) -> (Vec<Framed>, bool) {
    let mut frames = Vec::new();
    let reading = read(capture, |shot| {
        frames.push((shot.stamp, shot.interface, shot.bytes));
        true
    });
    (frames, reading.is_whole())
}

pub(super) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The lines that differ, each behind a sign.
fn difference(kept: &str, made: &str) -> Vec<String> {
    let (mut one, mut other): (Vec<&str>, Vec<&str>) = (body(kept).collect(), body(made).collect());
    if one == other {
        // The traces differ only in the verdict then.
        (one, other) = (kept.lines().collect(), made.lines().collect());
    }
    // The width of a column is not compared.
    let words = |lines: &[&str]| -> Vec<Vec<String>> {
        lines.iter().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let mut lines = Vec::new();
    for step in align(&words(&one), &words(&other), |_, _| false) {
        match step {
            Step::Same(..) => {}
            Step::Removed(old) => lines.push(format!("- {}", one[old])),
            Step::Added(new) => lines.push(format!("+ {}", other[new])),
            Step::Changed(old, new) => {
                lines.extend([format!("- {}", one[old]), format!("+ {}", other[new])]);
            }
        }
    }
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
