//! Output for programs: JSON on standard output, and JUnit's XML.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
use serde_json::Value;

use super::{CASTNET, castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_failure_is_an_annotation_where_github_runs_it,
        colours_are_as_the_option_and_the_environment_want_them;
    Kernel:
        json_has_every_fact_and_nothing_else_is_on_standard_output,
        junit_is_well_formed_with_a_case_for_each_scenario;
}

/// A title with characters that JSON and XML must escape.
const TITLE: &str = "<b>\\\"1 & 2\\\"</b> ]]> \\u0001";

fn written(name: &str) -> std::path::PathBuf {
    let folder = folder(name);
    let awkward = |text: String| text.replace("the first Query", TITLE);
    let good = format!("proves = [\"RFC2236-3-01\"]\n{}", scenario("1", "general-query"));
    fs::write(folder.join("good.toml"), awkward(good)).unwrap();
    fs::write(folder.join("bad.toml"), awkward(scenario("3", "general-query"))).unwrap();
    folder
}

fn json_has_every_fact_and_nothing_else_is_on_standard_output() {
    let folder = written("json");
    let output = castnet(&folder, &["run", "--json", "."]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&document["schema"], &document["exit_code"]), (&1.into(), &1.into()));
    assert_eq!((&document["outcome"], &document["interrupted"]), (&"fail".into(), &false.into()));
    let runs = document["runs"].as_array().unwrap();
    let [bad, good] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!((&bad["scenario"], &bad["path"]), (&"bad".into(), &"./bad.toml".into()));
    assert_eq!((&bad["backend"], &bad["outcome"]), (&"netns".into(), &"fail".into()));
    assert_eq!(good["title"], "<b>\"1 & 2\"</b> ]]> \u{1}");
    assert_eq!(good["clauses"], Value::from(vec!["RFC2236-3-01"]));
    assert_eq!(good["proved"], good["clauses"]);
    assert_eq!(good["findings"][0]["why"], Value::Array(Vec::new()));
    assert!((0.1..30.0).contains(&good["seconds"].as_f64().unwrap()), "{good}");
    assert!(folder.join(good["pcapng"].as_str().unwrap()).is_file());
    let finding = &bad["findings"][0];
    assert_eq!((&finding["line"], &finding["outcome"]), (&4.into(), &"fail".into()));
    assert!(finding["claim"].as_str().unwrap().starts_with("lan: 3 general-query"), "{finding}");
    assert!(finding["why"][0].as_str().unwrap().contains("expected 3, found 1"), "{finding}");
    assert_eq!(document["scenarios"][1]["passed"], 1);
}

fn junit_is_well_formed_with_a_case_for_each_scenario() {
    let folder = written("junit");
    let reports = ["--junit", "ci/report.xml", "--summary", "summary.md"];
    fs::write(folder.join("summary.md"), "before\n").unwrap();
    let output = castnet(&folder, &[&["run", "--repeat", "2", "."], &reports[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("made the folder ci for --junit ci/report.xml\n"), "{stderr}");
    let stdout = text(&output.stdout);
    assert!(stdout.contains("4 runs of 2 scenarios"));
    let summary = fs::read_to_string(folder.join("summary.md")).unwrap();
    assert!(summary.starts_with("before\n## castnet: 4 runs of 2 scenarios"), "{summary}");
    assert!(
        summary.contains("| good | netns |") && summary.contains(", 2 of 2 runs |"),
        "{summary}"
    );
    assert!(stdout.contains("]]> \\u{1}\n"), "a terminal would obey {stdout:?}");
    let document = fs::read_to_string(folder.join("ci/report.xml")).unwrap();
    let report = Report::deserialize_from_str(&document).expect(&document);
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0));
    let [suite] = report.test_suites.as_slice() else { panic!("{document}") };
    let [bad, good] = suite.test_cases.as_slice() else { panic!("{document}") };
    assert_eq!((bad.name.as_str(), good.name.as_str()), ("bad", "good"));
    assert_eq!(bad.classname.as_ref().map(|name| name.as_str()), Some("netns.bad"));
    let place = |case: &TestCase| ["file", "line"].map(|key| case.extra[key].to_string());
    assert_eq!(place(bad), ["./bad.toml", "4"]);
    assert_eq!(place(good), ["./good.toml", "1"]);
    assert!(matches!(good.status, TestCaseStatus::Success { .. }));
    let TestCaseStatus::NonSuccess { kind, message, description, .. } = &bad.status else {
        panic!("{document}")
    };
    assert_eq!(*kind, NonSuccessKind::Failure);
    assert!(message.as_ref().unwrap().starts_with("0 of 2 passed: lan: 3 general-query"));
    let description = description.as_ref().unwrap();
    assert!(description.contains("<b>\"1 & 2\"</b> ]]>"), "{description:?}");
    assert!(description.contains("expected 3, found 1"), "{description:?}");
}

/// The output of a failing simulated run with these variables.
fn failing(name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = folder(name);
    fs::write(folder.join("bad.toml"), scenario("3", "general-query")).unwrap();
    let mut command = Command::new(CASTNET);
    command.args([&["run", "--backend", "sim", "bad.toml"], arguments].concat());
    for name in ["GITHUB_ACTIONS", "GITHUB_WORKSPACE", "NO_COLOR", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).current_dir(&folder).output().unwrap()
}

fn a_failure_is_an_annotation_where_github_runs_it() {
    let told = |arguments: &[&str], variables: &[(&str, &str)]| {
        text(&failing("annotations", arguments, variables).stdout)
    };
    let expected = "::error file=bad.toml,line=4,title=FAIL bad [sim]::lan: 3 general-query";
    let github = [("GITHUB_ACTIONS", "true")];
    assert!(told(&[], &github).contains(&format!("\n{expected}")), "{}", told(&[], &github));
    assert!(told(&["--annotations", "github"], &[]).contains(expected));
    assert!(!told(&[], &[]).contains("::error"));
    assert!(!told(&["--annotations", "none"], &github).contains("::error"));
    // The document stays one, and the file is below the folder that GitHub has checked out.
    let above = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli");
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", above.to_str().unwrap())];
    let output = failing("annotations", &["--json"], &github);
    serde_json::from_slice::<Value>(&output.stdout).expect("one JSON document");
    let stderr = text(&output.stderr);
    assert!(stderr.contains("::error file=annotations/bad.toml,line=4,"), "{stderr}");
}

fn colours_are_as_the_option_and_the_environment_want_them() {
    let is_coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        text(&failing("colours", arguments, variables).stdout).contains("\x1b[1;31mFAIL")
    };
    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(is_coloured(&[], &[("FORCE_COLOR", "1")]));
    assert!(is_coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&["--color=never"], &[("FORCE_COLOR", "1")]));
    assert!(!is_coloured(&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
}
