//! Programs that a scenario starts: where they live, what is kept of them, and which runs are tried
//! again.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{castnet, folder, scenario, tests, text};

tests! {
    Kernel:
        what_a_program_leaves_behind_ends_with_the_run,
        the_output_of_a_program_is_kept_and_its_end_is_told,
        a_program_that_fails_is_told_though_its_child_holds_its_output,
        only_a_broken_run_is_tried_again;
}

/// Writes a scenario of a quick run that expects so many Queries and starts this shell script at h1.
fn write(folder: &Path, count: &str, script: &str) {
    let exec = format!("exec = {{ who = \"h1\", command = [\"sh\", \"-c\", '{script}'] }}");
    let act = "end = \"500ms\"\nlinks";
    let text = scenario(count, "general-query").replacen("links", act, 1);
    let text = format!("{text}[[act]]\nat = \"0s\"\n{exec}\n");
    fs::write(folder.join("a.toml"), text).unwrap();
}

/// The document of a run, and its exit code.
fn json(folder: &Path, more: &[&str]) -> (Value, Option<i32>) {
    let output = castnet(folder, &[&["run", "--json", "a.toml"], more].concat());
    let document = serde_json::from_slice(&output.stdout);
    (document.unwrap_or_else(|_| panic!("{}", text(&output.stderr))), output.status.code())
}

/// Whether any process of the machine has this text on its command line.
fn runs(what: &str) -> bool {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).replace('\0', " ") == what)
}

fn what_a_program_leaves_behind_ends_with_the_run() {
    let folder = folder("left-behind");
    for (count, code) in [("1", 0), ("9", 1)] {
        // The number of seconds is this test's own.
        let sleep = format!("sleep 10{count}7.{}", std::process::id());
        let left = format!("setsid {sleep} & (setsid setsid {sleep} &) ; nohup {sleep} & exit 0");
        write(&folder, count, &left);
        assert_eq!(castnet(&folder, &["run", "a.toml"]).status.code(), Some(code));
        assert!(!runs(&sleep), "{sleep}");
    }
}

fn the_output_of_a_program_is_kept_and_its_end_is_told() {
    let folder = folder("output");
    let script = r#"seq 15; printf "bad \\033[31mnews\\n" >&2; exec sleep 1000"#;
    write(&folder, "9", script);
    let told = text(&castnet(&folder, &["run", "a.toml"]).stdout);
    assert!(told.contains(": still ran at the end   (castnet-out/a.exec-1.log)\n"), "{told}");
    assert!(told.contains("              15\n              bad \\u{1b}[31mnews\n"), "{told}");
    assert!(!told.contains("              6\n"), "only the end is told: {told}");
    let log = fs::read_to_string(folder.join("castnet-out/a.exec-1.log")).unwrap();
    assert!(log.starts_with("1\n2\n") && log.ends_with("15\nbad \u{1b}[31mnews\n"), "{log}");

    write(&folder, "1", "echo fine");
    let (document, code) = json(&folder, &[]);
    let program = &document["runs"][0]["programs"][0];
    assert_eq!((code, &program["node"]), (Some(0), &"h1".into()), "{document}");
    assert_eq!(program["status"], "exit status: 0");
    assert_eq!(program["tail"], Value::from(vec!["fine"]));
    assert_eq!(program["log"], "castnet-out/a.exec-1.log");
}

fn a_program_that_fails_is_told_though_its_child_holds_its_output() {
    let folder = folder("output-held");
    write(&folder, "1", "echo no luck; sleep 1000 & exit 3");
    let output = castnet(&folder, &["run", "a.toml"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("h1: sh: exit status: 3\n"), "{told}");
    assert!(told.contains("              no luck\n"), "{told}");
}

fn only_a_broken_run_is_tried_again() {
    let folder = folder("retry");
    // Each try leaves a line; the third one passes.
    let count = "echo x >> tries; test $(wc -l < tries) -ge 3";
    write(&folder, "1", count);
    let tries = || {
        let lines = fs::read_to_string(folder.join("tries")).unwrap_or_default().lines().count();
        _ = fs::remove_file(folder.join("tries"));
        lines
    };
    let (document, code) = json(&folder, &[]);
    assert_eq!((code, tries()), (Some(4), 1), "{document}");
    let (document, code) = json(&folder, &["--retry-broken", "1"]);
    let run = &document["runs"][0];
    assert_eq!((code, tries(), &run["tries"]), (Some(4), 2, &2.into()), "{document}");
    let (document, code) = json(&folder, &["--retry-broken", "5", "--junit", "junit.xml"]);
    let run = &document["runs"][0];
    assert_eq!((code, tries(), &run["tries"]), (Some(0), 3, &3.into()), "{document}");
    assert_eq!(run["broken_before"], Value::from(vec!["h1: sh: exit status: 1"; 2]));
    let junit = fs::read_to_string(folder.join("junit.xml")).unwrap();
    assert_eq!(junit.matches("<flakyError").count(), 2, "{junit}");
    assert!(junit.contains("<property name=\"tries\" value=\"3\"/>"), "{junit}");
    let told = text(&castnet(&folder, &["run", "--retry-broken", "5", "a.toml"]).stdout);
    let before = "try 3: BROKEN before, because h1: sh: exit status: 1; and because h1: sh: ";
    assert!(told.starts_with("PASS") && told.contains(before), "{told}");
    tries();

    write(&folder, "9", "echo x >> tries");
    let (document, code) = json(&folder, &["--retry-broken", "5"]);
    let run = &document["runs"][0];
    assert_eq!((code, tries(), &run["tries"]), (Some(1), 1, &1.into()), "{document}");
}
