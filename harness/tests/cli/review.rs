//! `castnet review` in a pipe and in a terminal, on pending changes that no run has made.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{CASTNET, castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        what_waits_is_listed_accepted_and_rejected_by_name,
        what_is_missing_and_what_is_orphaned_are_different_things,
        a_change_is_shown_with_its_fields_and_asked_about,
        a_capture_is_opened_and_the_question_asked_again,
        in_a_terminal_there_are_colours_and_the_same_questions;
}

const HEAD: &str = "---\nsource: scenarios/x.toml\n---\nthe first Query\nproves RFC2236-3-01\n";
const QUERY: &str = "lan  r1 > 224.0.0.1  v2 Membership Query, general, max resp";

/// A folder with a scenario whose trace has changed in a field, and has one line more.
fn waiting(name: &str) -> PathBuf {
    let folder = folder(name);
    for below in ["scenarios", "fixtures/traces", "fixtures/pcap"] {
        fs::create_dir_all(folder.join(below)).unwrap();
    }
    let wanted = format!("golden = [\"netns\"]\n{}", scenario("1", "general-query"));
    fs::write(folder.join("scenarios/x.toml"), wanted).unwrap();
    let kept = format!("{HEAD}PASS\n\nstart  {QUERY} 10.0 s\n");
    let made = format!("{HEAD}FAIL\n\nstart  {QUERY} 20.0 s\nlater  {QUERY} 20.0 s\n");
    fs::write(folder.join("fixtures/traces/x.netns.snap"), kept).unwrap();
    fs::write(folder.join("fixtures/traces/x.netns.snap.new"), made).unwrap();
    fs::write(folder.join("fixtures/pcap/x.netns.pcapng"), "old").unwrap();
    fs::write(folder.join("fixtures/pcap/x.netns.pcapng.new"), "new").unwrap();
    folder
}

fn is_pending(folder: &Path) -> bool {
    let there = |file: &str| folder.join("fixtures").join(file).exists();
    let pending = [there("traces/x.netns.snap.new"), there("pcap/x.netns.pcapng.new")];
    assert_eq!(pending[0], pending[1], "both wait, or neither");
    pending[0]
}

fn kept(folder: &Path) -> (bool, String) {
    let trace = fs::read_to_string(folder.join("fixtures/traces/x.netns.snap")).unwrap();
    let capture = fs::read_to_string(folder.join("fixtures/pcap/x.netns.pcapng")).unwrap();
    (trace.contains("20.0 s"), capture)
}

/// Answers the questions one after the other.
fn answered(folder: &Path, answers: &str, arguments: &[&str]) -> Output {
    let mut review = Command::new(CASTNET)
        .arg("review")
        .args(arguments)
        .current_dir(folder)
        .env("COLUMNS", "90")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    review.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    review.wait_with_output().unwrap()
}

fn what_waits_is_listed_accepted_and_rejected_by_name() {
    let folder = waiting("review-names");
    let list = castnet(&folder, &["review", "--list"]);
    let line = "changed   x.netns  a run was otherwise: castnet review\n";
    assert_eq!((list.status.code(), text(&list.stdout).as_str()), (Some(1), line));
    let unknown = castnet(&folder, &["review", "--accept", "y"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("y: nothing with this name waits"));
    let accepted = castnet(&folder, &["review", "--accept", "x*"]);
    assert_eq!(
        (accepted.status.code(), text(&accepted.stdout).as_str()),
        (Some(0), "accepted  x.netns\n")
    );
    assert!(!is_pending(&folder));
    assert_eq!(kept(&folder), (true, "new".to_owned()));
    assert_eq!(castnet(&folder, &["review", "--list"]).status.code(), Some(0));
    let folder = waiting("review-names");
    castnet(&folder, &["review", "--reject", "x.netns"]);
    assert!(!is_pending(&folder));
    assert_eq!(kept(&folder), (false, "old".to_owned()));
}

fn what_is_missing_and_what_is_orphaned_are_different_things() {
    let folder = waiting("review-orphan");
    fs::remove_file(folder.join("fixtures/traces/x.netns.snap.new")).unwrap();
    fs::remove_file(folder.join("fixtures/pcap/x.netns.pcapng.new")).unwrap();
    let other = fs::read_to_string(folder.join("scenarios/x.toml")).unwrap();
    fs::write(folder.join("scenarios/y.toml"), other).unwrap();
    fs::remove_file(folder.join("scenarios/x.toml")).unwrap();
    let list = text(&castnet(&folder, &["review", "--list"]).stdout);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(
        lines,
        [
            "orphaned  x.netns  there is no scenarios/x.toml any more",
            "missing   y.netns  nothing is kept of it yet: castnet run scenarios/y.toml",
        ]
    );
}

fn a_change_is_shown_with_its_fields_and_asked_about() {
    let folder = waiting("review-ask");
    let skipped = answered(&folder, "what?\ns\n", &[]);
    let shown = text(&skipped.stdout);
    assert_eq!(skipped.status.code(), Some(0), "{shown}");
    for part in [
        "1 of 1  x.netns  changed\n",
        "proves RFC2236-3-01\n",
        "verdict PASS -> FAIL\n",
        "[max resp 10.0 s]",
        "[max resp 20.0 s]",
        "+ later lan r1",
        "skipped  x.netns\n",
    ] {
        assert!(shown.contains(part), "{part:?} is missing in\n{shown}");
    }
    assert_eq!(shown.matches("[q]uit?").count(), 2, "it asks until it understands");
    assert!(is_pending(&folder));
    // The end of input decides nothing.
    answered(&folder, "", &[]);
    assert!(is_pending(&folder));
    answered(&folder, "a\n", &[]);
    assert!(!is_pending(&folder) && kept(&folder).0);
}

fn a_capture_is_opened_and_the_question_asked_again() {
    let folder = waiting("review-open");
    let viewer = folder.join("viewer");
    fs::write(&viewer, "#!/bin/sh\necho \"$1\" > opened\n").unwrap();
    let mut mode = fs::metadata(&viewer).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    fs::set_permissions(&viewer, mode).unwrap();
    let output = answered(&folder, "o\nr\n", &["--viewer", "./viewer"]);
    assert!(text(&output.stdout).contains("rejected  x.netns"));
    let opened = fs::read_to_string(folder.join("opened")).unwrap();
    assert_eq!(opened, "./fixtures/pcap/x.netns.pcapng.new\n");
    let folder = waiting("review-open");
    let output = answered(&folder, "o\nq\n", &["--viewer", "./absent"]);
    assert!(text(&output.stderr).contains("./absent ./fixtures/pcap/x.netns.pcapng.new: No such"));
    assert!(is_pending(&folder));
}

/// `script` of util-linux runs a command in a terminal of its own.
fn in_a_terminal_there_are_colours_and_the_same_questions() {
    let folder = waiting("review-terminal");
    let command = format!("{CASTNET} review");
    let mut script = Command::new("script")
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .current_dir(&folder)
        .env_remove("NO_COLOR")
        .env("COLUMNS", "90")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script of util-linux");
    script.stdin.take().unwrap().write_all(b"a\n").unwrap();
    let output = script.wait_with_output().unwrap();
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("\x1b[31m[max resp 10.0 s]\x1b[0m"), "{shown}");
    assert!(shown.contains("accepted  x.netns"), "{shown}");
    assert!(!is_pending(&folder) && kept(&folder).0);
}
