//! `castnet run` and `castnet check`: their output and their exit codes.

use std::fs;
use std::path::PathBuf;

use super::{castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_bad_scenario_is_pointed_at_and_the_good_one_runs,
        wrong_usage_is_exit_code_2,
        help_teaches_the_exit_codes,
        the_shipped_scenarios_are_sound;
    Kernel:
        a_passing_run_is_one_line_and_a_capture,
        a_failing_run_shows_its_arithmetic_and_how_to_repeat_it,
        what_proves_nothing_is_no_pass;
}

fn a_passing_run_is_one_line_and_a_capture() {
    let folder = folder("pass");
    fs::write(folder.join("good.toml"), scenario("1", "general-query")).unwrap();
    let output = castnet(&folder, &["run", "good.toml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(stdout.starts_with("PASS        good  [netns]"), "{stdout}");
    assert!(stdout.contains("1 scenario: 1 passed"), "{stdout}");
    assert!(!stdout.contains('\x1b'), "colours do not belong in a pipe");
    assert_eq!(text(&output.stderr), "");
    assert!(folder.join("castnet-out/good.pcapng").is_file());
}

fn a_failing_run_shows_its_arithmetic_and_how_to_repeat_it() {
    let folder = folder("fail");
    fs::write(folder.join("bad.toml"), scenario("\"LMQC + 1\"", "general-query")).unwrap();
    fs::write(folder.join("good.toml"), scenario("1", "general-query")).unwrap();
    let output = castnet(&folder, &["run", "--out", "captures", "."]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    for part in [
        "FAIL        bad",
        "(./bad.toml:4)",
        "expected LMQC 2 + 1, found 1",
        "start at 0.000 s + 0.200 s + tolerance 0.100 s = 0.300 s",
        "10.0.1.1 > 224.0.0.1 v3 Membership Query",
        "captures/bad.pcapng",
        "castnet run ./bad.toml",
        "2 scenarios: 1 passed, 1 failed",
    ] {
        assert!(stdout.contains(part), "{part:?} is missing in\n{stdout}");
    }
}

fn what_proves_nothing_is_no_pass() {
    let folder = folder("vacuous");
    fs::write(folder.join("empty.toml"), scenario("0", "leave")).unwrap();
    let output = castnet(&folder, &["run", "empty.toml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(stdout.starts_with("VACUOUS"), "{stdout}");
}

fn a_bad_scenario_is_pointed_at_and_the_good_one_runs() {
    let folder = folder("usage");
    fs::write(folder.join("good.toml"), scenario("1", "general-query")).unwrap();
    fs::write(folder.join("bad.toml"), scenario("1", "general-kwery")).unwrap();
    for command in ["run", "check"] {
        let output = castnet(&folder, &[command, "."]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = text(&output.stderr);
        for part in ["./bad.toml:5:31", "did you mean `general-query`?", "^^^"] {
            assert!(stderr.contains(part), "{part:?} is missing in\n{stderr}");
        }
        let stdout = text(&output.stdout);
        assert!(stdout.contains("good"), "{stdout}");
        assert_eq!(folder.join("castnet-out").exists(), command == "run");
        _ = fs::remove_dir_all(folder.join("castnet-out"));
    }
    let output = castnet(&folder, &["check", "good.toml"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

fn wrong_usage_is_exit_code_2() {
    let folder = folder("nothing");
    for arguments in [&["run", "absent.toml"][..], &["run", "."], &["run"], &["dance"]] {
        let output = castnet(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

fn help_teaches_the_exit_codes() {
    for arguments in [&["--help"][..], &["run", "--help"]] {
        let output = castnet(&folder("help"), arguments);
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout.contains("Exit codes: 0 all passed, 1 a check failed"), "{stdout}");
    }
}

fn the_shipped_scenarios_are_sound() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = castnet(&folder, &["check", "scenarios"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
