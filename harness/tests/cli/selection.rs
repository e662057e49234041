//! Which scenarios run, how often, and when castnet stops.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::{castnet, folder, long_scenario, scenario, tests, text};

tests! {
    Nothing: a_selection_of_nothing_is_an_error_that_says_so;
    Kernel:
        patterns_name_files_and_folders,
        filter_clause_and_shard_select,
        repetitions_are_counted_for_each_scenario_and_captured_each,
        the_first_failure_ends_it_if_so_wished,
        scenarios_of_one_name_do_not_share_a_capture;
}

/// `v1/query`, `v2/query` and `v2/leave`; only the last one fails.
fn three(name: &str) -> PathBuf {
    let folder = folder(name);
    for (path, count) in [("v1/query", "1"), ("v2/query", "1"), ("v2/leave", "9")] {
        let file = folder.join("scenarios").join(path).with_extension("toml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let proves = if path == "v2/query" { "proves = [\"RFC2236-3-01\"]\n" } else { "" };
        fs::write(file, format!("{proves}{}", scenario(count, "general-query"))).unwrap();
    }
    folder
}

/// The scenarios that ran, and their outcomes, from the table or the only line.
fn ran(output: &Output) -> Vec<(String, String)> {
    let stdout = text(&output.stdout);
    let lines = stdout.lines().filter(|line| line.contains("[netns]"));
    let words = lines.map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        (words.next().unwrap(), words.next().unwrap())
    });
    let mut ran: Vec<_> = words.map(|(outcome, name)| (name, outcome)).collect();
    ran.sort();
    ran
}

fn names(output: &Output) -> Vec<String> {
    ran(output).into_iter().map(|(name, _)| name).collect()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    castnet(folder, &[&["run"], arguments].concat())
}

fn patterns_name_files_and_folders() {
    let folder = three("patterns");
    let output = run(&folder, &["scenarios/**/qu*.toml"]);
    assert_eq!(names(&output), ["v1/query", "v2/query"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(names(&run(&folder, &["scenarios/?2"])), ["v2/leave", "v2/query"]);
    // A path that exists is taken literally, even if it would be a pattern.
    fs::write(folder.join("[a].toml"), scenario("1", "general-query")).unwrap();
    assert_eq!(names(&run(&folder, &["[a].toml"])), ["[a]"]);
}

fn a_selection_of_nothing_is_an_error_that_says_so() {
    let folder = three("nothing-selected");
    for (arguments, why) in [
        (&["scenarios/**/x*.toml"][..], "scenarios/**/x*.toml: no scenario (*.toml) matches"),
        (&["scenarios/[.toml"], "scenarios/[.toml: "),
        (&["--filter", "v3", "scenarios"], "--filter v3: it is in the name of none of the 3"),
        (
            &["--filter", "v1", "--clause", "RFC2236", "scenarios"],
            "none of the 3 scenarios found is",
        ),
        (&["--shard", "4/4", "scenarios"], "--shard 4/4: empty"),
        (&["--clause", "RFC2236-99", "scenarios"], "--clause RFC2236-99: no clause"),
        (&["--shard", "3/2", "scenarios"], "a shard is written as 1/3, 2/3 or 3/3"),
        (&["--repeat", "0", "scenarios"], "--repeat"),
    ] {
        let output = run(&folder, arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(why), "{why:?} is missing in\n{stderr}");
    }
}

fn filter_clause_and_shard_select() {
    let folder = three("select");
    let output = run(&folder, &["scenarios", "--filter", "query", "--filter", "v1"]);
    assert_eq!(names(&output), ["v1/query", "v2/query"]);
    assert_eq!(names(&run(&folder, &["scenarios", "--clause", "RFC2236-3"])), ["v2/query"]);
    let shards = ["1/2", "2/2"].map(|shard| names(&run(&folder, &["scenarios", "--shard", shard])));
    assert_eq!(shards, [vec!["v1/query", "v2/query"], vec!["v2/leave"]]);
}

fn repetitions_are_counted_for_each_scenario_and_captured_each() {
    let folder = three("repeat");
    let output = run(&folder, &["scenarios/v2", "--repeat", "3", "--jobs", "6"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    let row = |name: &str| {
        let row = stdout.lines().find(|line| line.contains(name) && line.ends_with(" passed"));
        row.unwrap_or_else(|| panic!("no row of {name} in\n{stdout}")).to_owned()
    };
    assert!(row("v2/query").starts_with("PASS ") && row("v2/query").ends_with("  3 of 3 passed"));
    assert!(row("v2/leave").starts_with("FAIL ") && row("v2/leave").ends_with("  0 of 3 passed"));
    assert!(stdout.contains("6 runs of 2 scenarios: 3 passed, 3 failed"), "{stdout}");
    let captures = fs::read_dir(folder.join("castnet-out/v2")).unwrap();
    let mut captures: Vec<_> = captures.map(|one| one.unwrap().file_name()).collect();
    captures.sort();
    let wanted = ["leave", "query"];
    let wanted = wanted.iter().flat_map(|name| (1..=3).map(move |n| format!("{name}.{n}.pcapng")));
    assert!(captures.iter().map(|name| name.to_str().unwrap()).eq(wanted), "{captures:?}");
}

fn the_first_failure_ends_it_if_so_wished() {
    let folder = folder("fail-fast");
    fs::write(folder.join("a.toml"), scenario("9", "general-query")).unwrap();
    fs::write(folder.join("b.toml"), long_scenario()).unwrap();
    let output = run(&folder, &[".", "--jobs", "1", "--fail-fast"]);
    assert_eq!(ran(&output), [("a".to_owned(), "FAIL".to_owned())]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("ended by the first failure: 1 not started"), "{stdout}");
}

fn scenarios_of_one_name_do_not_share_a_capture() {
    let folder = folder("same-name");
    for name in ["one", "two"] {
        fs::create_dir(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("same.toml"), scenario("1", "general-query")).unwrap();
    }
    assert_eq!(run(&folder, &["one", "two"]).status.code(), Some(0));
    assert!(folder.join("castnet-out/one/same.pcapng").is_file());
    assert!(folder.join("castnet-out/two/same.pcapng").is_file());
}
