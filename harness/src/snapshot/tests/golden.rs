//! Goldens are missing, changed or equal, and CI writes no file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::made::{Made, lan_query, ms};
use super::{TRACE, passed};
use crate::judge::{Finding, Outcome, Verdict};
use crate::scenario::Backend;
use crate::snapshot::golden::{Shelf, Snap, Write, check, pending};
use crate::snapshot::review::{Item, State, items};

/// A tree with one scenario in it.
pub(super) struct Tree {
    pub(super) folder: TempDir,
}

impl Tree {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("scenarios")).unwrap();
        fs::write(folder.path().join("scenarios/x.toml"), super::made::SCENARIO).unwrap();
        Self { folder }
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn shelf(&self) -> Shelf {
        Shelf::named(self.root(), "x.netns")
    }

    /// The verdict on a run that is compared here.
    pub(super) fn runs(&self, mut made: Made, may_write: bool) -> Verdict {
        made.plan.path = self.root().join("scenarios/x.toml").display().to_string();
        let mut verdict = passed();
        let write: Option<Write<'_>> = if may_write { Some(&place) } else { None };
        check(&made.plan, &made.recording, &mut verdict, write).unwrap();
        verdict
    }

    pub(super) fn accept(&self) {
        let made = |item: &Item| item.state != State::Missing;
        for item in items(self.root()).unwrap().into_iter().filter(made) {
            item.accept().unwrap();
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let Shelf { snap, pcapng } = self.shelf();
        let all = [pending(&snap), pending(&pcapng), snap, pcapng];
        all.into_iter().filter(|file| file.exists()).collect()
    }
}

fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap())?;
    fs::write(path, bytes)
}

fn plain() -> Made {
    Made::new(|_| 0)
}

fn one_more_query() -> Made {
    plain().sends(ms(6000), "r1:lan", &lan_query())
}

fn only(verdict: &Verdict) -> &Finding {
    let [finding] = verdict.findings.as_slice() else { panic!("{verdict:?}") };
    finding
}

#[test]
fn what_is_missing_waits_to_be_accepted_and_then_it_is_as_it_was() {
    let tree = Tree::new();
    let Shelf { snap, pcapng } = tree.shelf();
    let verdict = tree.runs(plain(), true);
    assert_eq!((verdict.outcome, only(&verdict).outcome), (Outcome::Fail, Outcome::Fail));
    assert_eq!(only(&verdict).line, 5);
    assert!(only(&verdict).why[0].starts_with("missing: "), "{verdict:?}");
    assert_eq!(tree.files(), [pending(&snap), pending(&pcapng)]);
    tree.accept();
    assert_eq!(tree.files(), [snap.clone(), pcapng]);
    // In other words, and later.
    let verdict = tree.runs(Made::new(|most| most / 2), true);
    assert_eq!((verdict.outcome, only(&verdict).outcome), (Outcome::Pass, Outcome::Pass));
    let kept = Snap::read(&snap).unwrap();
    assert_eq!((kept.source.as_str(), kept.text.as_str()), ("scenarios/x.toml", TRACE));
}

#[test]
fn a_golden_with_other_blanks_says_so() {
    let tree = Tree::new();
    tree.runs(plain(), true);
    tree.accept();
    let snap = tree.files().remove(0);
    let text = fs::read_to_string(&snap).unwrap();
    fs::write(&snap, text.replacen("Membership", "Membership ", 1)).unwrap();
    let verdict = tree.runs(plain(), true);
    let finding = only(&verdict);
    assert_eq!(finding.outcome, Outcome::Fail);
    assert_eq!(finding.why[0], "changed: in its blanks alone");
}

#[test]
fn what_changed_is_shown_and_waits_until_a_run_is_as_it_was() {
    let tree = Tree::new();
    tree.runs(plain(), true);
    tree.accept();
    let verdict = tree.runs(one_more_query(), true);
    let finding = only(&verdict);
    assert_eq!((finding.outcome, finding.why[0].as_str()), (Outcome::Fail, "changed:"));
    assert!(finding.why[1].starts_with("+ last + 2*LMQI"), "{finding:?}");
    assert_eq!(finding.why.len(), 3, "{finding:?}");
    assert_eq!(tree.files().len(), 4);
    tree.runs(plain(), true);
    assert_eq!(tree.files().len(), 2);
}

#[test]
fn nothing_is_written_where_nothing_may_be() {
    let tree = Tree::new();
    let verdict = tree.runs(plain(), false);
    assert_eq!(verdict.outcome, Outcome::Fail);
    let why = &only(&verdict).why;
    assert!(why.iter().any(|line| line == "nothing is written in CI"), "{why:?}");
    assert_eq!(tree.files(), <[PathBuf; 0]>::default());
    tree.runs(plain(), true);
    tree.accept();
    tree.runs(one_more_query(), true);
    // A pending file is not removed either.
    tree.runs(plain(), false);
    assert_eq!(tree.files().len(), 4);
}

#[test]
fn a_capture_that_is_gone_is_missing() {
    let tree = Tree::new();
    tree.runs(plain(), true);
    tree.accept();
    fs::remove_file(tree.shelf().pcapng).unwrap();
    let verdict = tree.runs(plain(), true);
    assert!(only(&verdict).why[0].starts_with("missing: the trace is as it was"), "{verdict:?}");
}

#[test]
fn a_late_laboratory_accuses_nobody() {
    let tree = Tree::new();
    tree.runs(plain(), true);
    tree.accept();
    let late = |mut made: Made| {
        made.recording.lateness.by = made.plan.tolerance + Duration::from_nanos(1);
        tree.runs(made, true).outcome
    };
    assert_eq!((late(one_more_query()), late(plain())), (Outcome::Broken, Outcome::Pass));
    assert_eq!(tree.files().len(), 2, "nothing waits");
}

#[test]
fn only_what_the_scenario_wants_is_compared() {
    let tree = Tree::new();
    let mut made = plain();
    made.recording.backend = "sim";
    assert!(tree.runs(made, true).findings.is_empty());
    let mut made = plain();
    made.plan.golden = None;
    assert!(tree.runs(made, true).findings.is_empty());
}

#[test]
fn of_a_simulated_run_every_octet_counts() {
    let tree = Tree::new();
    let sim = |change: &dyn Fn(&mut Made)| {
        let mut made = plain();
        made.recording.backend = "sim";
        made.plan.golden.as_mut().unwrap().backends = vec![Backend::Sim];
        change(&mut made);
        tree.runs(made, true)
    };
    sim(&|_| {});
    tree.accept();
    assert_eq!(sim(&|_| {}).outcome, Outcome::Pass);
    // An Ethernet address, which no trace shows.
    let verdict = sim(&|made| made.recording.frames[0].bytes[5] ^= 1);
    assert!(only(&verdict).why[0].starts_with("changed: "), "{verdict:?}");
}

#[test]
fn insta_reads_what_is_kept_and_what_insta_keeps_is_read() {
    let tree = Tree::new();
    tree.runs(plain(), true);
    tree.accept();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path(tree.root().join("fixtures/traces"));
    settings.bind(|| insta::assert_snapshot!("x.netns", TRACE));
    let of_insta =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/traces/igmp/every-message.snap");
    let snap = Snap::read(Path::new(of_insta)).unwrap();
    assert_eq!(snap.source, "harness/tests/tshark/golden.rs");
    assert!(snap.text.starts_with(" 0.000000000 s  s1:up "), "{}", snap.text);
}

#[test]
fn what_is_no_file_of_insta_is_an_error_with_its_name() {
    let tree = Tree::new();
    let snap = tree.shelf().snap;
    fs::create_dir_all(snap.parent().unwrap()).unwrap();
    fs::write(&snap, "a line").unwrap();
    let mut made = plain();
    made.plan.path = tree.root().join("scenarios/x.toml").display().to_string();
    let error = check(&made.plan, &made.recording, &mut passed(), None).unwrap_err().to_string();
    assert!(error.contains("x.netns.snap") && error.contains("no file of insta"), "{error}");
}
