//! The program as its user types it: what it says, where it says it, and with which exit code.

mod daemon;
mod diff;
mod families;
mod interrupt;
mod judge;
mod machine;
mod new;
mod reports;
mod review;
mod seed;
mod selection;
mod show;
mod simulated;
mod standing;
mod swarm;
mod trace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CASTNET: &str = env!("CARGO_BIN_EXE_castnet");

/// A quick scenario; `count` says how many startup Queries it claims within a second (it is one).
fn scenario(count: &str, kind: &str) -> String {
    format!(
        "title = \"the first Query\"\n\
         links = {{ lan = [\"r1\", \"h1\"] }}\n\
         nodes = {{ r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\" }} }}\n\
         [[expect]]\n\
         packet = {{ on = \"lan\", kind = \"{kind}\", from = \"r1\" }}\n\
         count = {count}\n\
         within = \"100ms\"\n"
    )
}

/// A scenario that passes after so long, and whose router is a process of its own.
fn with_process(end: &str) -> String {
    let text =
        scenario("1", "general-query").replacen("links", &format!("end = \"{end}\"\nlinks"), 1);
    text.replacen("\"router\"", "\"router\", daemon = \"process\"", 1)
}

/// A scenario that passes after half a minute, with two processes: a router and a program.
fn long_scenario() -> String {
    let sleep = "exec = { who = \"h1\", command = [\"sleep\", \"1000\"] }";
    format!("{}[[act]]\nat = \"0s\"\n{sleep}\n", with_process("30s"))
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn castnet(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(CASTNET).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Whether scenarios can be run on the kernel here; says so loudly if they cannot, and panics if they
/// must.
fn can_run(output: &Output) -> bool {
    let simulated = text(&output.stderr).contains("not on the kernel, but on the simulator");
    if output.status.code() != Some(3) && !simulated {
        return true;
    }
    let why = text(if simulated { &output.stderr } else { &output.stdout });
    let required = std::env::var_os("CASTNET_REQUIRE_NETNS").is_some_and(|value| value == "1");
    assert!(!required, "{why}");
    eprintln!("SKIPPED: {why}");
    false
}

#[test]
fn a_passing_run_is_one_line_and_a_capture() {
    let folder = folder("pass");
    fs::write(folder.join("good.toml"), scenario("1", "general-query")).unwrap();
    let output = castnet(&folder, &["run", "good.toml"]);
    if !can_run(&output) {
        return;
    }
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(stdout.starts_with("PASS        good  [netns]"), "{stdout}");
    assert!(stdout.contains("1 scenario: 1 passed"), "{stdout}");
    assert!(!stdout.contains('\x1b'), "colours do not belong in a pipe");
    assert_eq!(text(&output.stderr), "");
    assert!(folder.join("castnet-out/good.pcapng").is_file());
}

#[test]
fn a_failing_run_shows_its_arithmetic_and_how_to_repeat_it() {
    let folder = folder("fail");
    fs::write(folder.join("bad.toml"), scenario("\"LMQC + 1\"", "general-query")).unwrap();
    fs::write(folder.join("good.toml"), scenario("1", "general-query")).unwrap();
    let output = castnet(&folder, &["run", "--out", "captures", "."]);
    if !can_run(&output) {
        return;
    }
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    for part in [
        "FAIL        bad",
        "(./bad.toml:4)",
        "expected LMQC 2 + 1, found 1",
        "start at 0.000 s + 0.100 s + tolerance 0.100 s = 0.200 s",
        "10.0.1.1 > 224.0.0.1 v2 Membership Query",
        "captures/bad.pcapng",
        "castnet run ./bad.toml",
        "2 scenarios: 1 passed, 1 failed",
    ] {
        assert!(stdout.contains(part), "{part:?} is missing in\n{stdout}");
    }
}

#[test]
fn what_proves_nothing_is_no_pass() {
    let folder = folder("vacuous");
    fs::write(folder.join("empty.toml"), scenario("0", "leave")).unwrap();
    let output = castnet(&folder, &["run", "empty.toml"]);
    if can_run(&output) {
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{stdout}");
        assert!(stdout.starts_with("VACUOUS"), "{stdout}");
    }
}

#[test]
fn a_bad_scenario_is_pointed_at_and_nothing_runs() {
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
        assert_eq!(text(&output.stdout), "");
        assert!(!folder.join("castnet-out").exists());
    }
    let output = castnet(&folder, &["check", "good.toml"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = folder("nothing");
    for arguments in [&["run", "absent.toml"][..], &["run", "."], &["run"], &["dance"]] {
        let output = castnet(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_teaches_the_exit_codes() {
    for arguments in [&["--help"][..], &["run", "--help"]] {
        let output = castnet(&folder("help"), arguments);
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout.contains("Exit codes: 0 all passed, 1 a check failed"), "{stdout}");
    }
}

#[test]
fn the_shipped_scenarios_are_sound() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = castnet(&folder, &["check", "scenarios"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
