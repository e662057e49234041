//! Scenarios as ordinary tests, under Rust's test harness: green and red, with routers that are
//! killed, with a matrix, several at once, as root and as an ordinary user.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use castnet_lab::judge;
use castnet_lab::scenario::Backend;
use castnet_lab::testing::{Outcome, Test, TestError, test};
use nix::unistd::geteuid;

/// The user `nobody`.
const USER: &str = "65534";

fn scenario(name: &str) -> String {
    format!("{}/tests/library/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// Runs the test on the kernel. Without the right to make namespaces it prints why and returns
/// `None`; with `CASTNET_REQUIRE_NETNS=1` it returns the refused runs, which fail the test.
fn on_kernel(test: &Test) -> Option<Outcome> {
    let outcome = test.run().unwrap();
    let required = std::env::var_os("CASTNET_REQUIRE_NETNS").is_some_and(|value| value == "1");
    let refused =
        |run: &castnet_lab::testing::Run| run.report.contains("no network namespaces here");
    if outcome.runs.iter().any(refused) && !required {
        eprintln!("SKIPPED: {outcome}");
        return None;
    }
    Some(outcome)
}

/// The message of a red test.
fn complaint(red: impl FnOnce()) -> String {
    let panicked = catch_unwind(AssertUnwindSafe(red)).expect_err("it passed");
    panicked.downcast_ref::<String>().cloned().expect("no words")
}

#[test]
fn a_scenario_passes_and_leaves_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    let Some(outcome) = on_kernel(&test(scenario("first")).out(folder.path())) else { return };
    outcome.assert_pass();
    assert_eq!(outcome.runs.len(), 1);
    let pcapng = outcome.runs[0].pcapng.as_ref().unwrap();
    assert!(pcapng.starts_with(folder.path().join("a_scenario_passes_and_leaves_a_capture")));
    assert!(fs::metadata(pcapng).unwrap().len() > 100);
    assert!(outcome.to_string().starts_with("PASS        first  [netns]"), "{outcome}");
}

#[test]
fn a_router_is_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(outcome) = on_kernel(&test(scenario("reborn")).out(folder.path())) else { return };
    outcome.assert_pass();
}

#[test]
fn several_run_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let runs = ["first", "reborn", "first"].into_iter().enumerate().map(|(number, name)| {
        let test = test(scenario(name)).out(folder.path().join(number.to_string()));
        thread::spawn(move || on_kernel(&test))
    });
    let runs: Vec<_> = runs.collect();
    runs.into_iter().filter_map(|run| run.join().unwrap()).for_each(|run| run.assert_pass());
}

#[test]
fn of_a_matrix_only_what_is_meant_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let versions = || test(scenario("versions")).backend(Backend::Sim).out(folder.path());
    let names = |test: Test| -> Vec<String> {
        let outcome = test.run().unwrap();
        outcome.assert_pass();
        outcome.runs.into_iter().map(|run| run.name).collect()
    };
    assert_eq!(names(versions()), ["versions[version=1]", "versions[version=2]"]);
    assert_eq!(names(versions().filter("version=2")), ["versions[version=2]"]);
    let error = versions().filter("version=9").run().unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, TestError::Filter { .. }), "{told}");
    assert!(
        told.contains("has `version=9` in its name; there are: versions[version=1],"),
        "{told}"
    );
}

/// What the command line prints about a run in the simulator.
fn command_line(name: &str, out: &Path) -> String {
    let mut castnet = Command::new(env!("CARGO_BIN_EXE_castnet"));
    castnet.args(["run", "--backend", "sim", "--out"]).arg(out).arg(scenario(name));
    String::from_utf8(castnet.output().unwrap().stdout).unwrap()
}

#[test]
fn a_red_test_says_what_the_command_line_says() {
    let folder = tempfile::tempdir().unwrap();
    let red = test(scenario("red")).backend(Backend::Sim).out(folder.path());
    let told = complaint(|| red.assert_pass());
    let said =
        command_line("red", &folder.path().join("a_red_test_says_what_the_command_line_says"));
    // The duration may differ, and only the command line prints a summary.
    let body = |text: &str| -> Vec<String> {
        let lines = text.lines().skip_while(|line| !line.starts_with("FAIL")).skip(1);
        lines.take_while(|line| line.starts_with(' ')).map(str::to_owned).collect()
    };
    assert!(body(&told).len() > 4, "{told}");
    assert_eq!(body(&told), body(&said));
    assert!(told.contains("  capture  ") && told.contains("  repeat   castnet run"), "{told}");
}

#[test]
fn what_proves_nothing_or_cannot_be_run_is_red_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let silent = || test(scenario("silent")).out(folder.path());
    let vacuous = complaint(|| silent().assert_pass());
    assert!(vacuous.contains("VACUOUS     silent  [sim]"), "{vacuous}");
    let unsupported = complaint(|| silent().backend(Backend::Netns).assert_pass());
    assert!(unsupported.contains("UNSUPPORTED silent  [netns]"), "{unsupported}");
    let because = "not for netns: nothing of it needs a kernel";
    assert!(unsupported.contains(because), "{unsupported}");
    let first = test(scenario("first")).backend(Backend::Sim).out("/dev/null/captures");
    let broken = complaint(|| first.assert_pass());
    assert!(broken.contains("BROKEN      first  [sim]") && broken.contains("writing /dev/null/"));
    let outcomes: Vec<_> = silent().run().unwrap().runs.iter().map(|run| run.outcome).collect();
    assert_eq!(outcomes, [judge::Outcome::Vacuous]);
}

#[test]
fn a_wrong_scenario_is_red_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.toml");
    let text = fs::read_to_string(scenario("first")).unwrap();
    fs::write(&file, text.replace("general-query", "general-kwery")).unwrap();
    let wrong = complaint(|| test(&file).assert_pass());
    assert!(wrong.contains("did you mean `general-query`?"), "{wrong}");
    let missing = complaint(|| test(folder.path().join("none.toml")).assert_pass());
    assert!(missing.contains("none.toml: "), "{missing}");
}

/// Runs these tests once more, by name, as an ordinary user.
fn as_user(names: &[&str]) -> Output {
    let itself = std::env::current_exe().unwrap();
    let mut command = match geteuid().is_root() {
        true => {
            let mut setpriv = Command::new("setpriv");
            let user = [format!("--reuid={USER}"), format!("--regid={USER}")];
            setpriv.args(user).args(["--clear-groups", "--inh-caps=-all"]).arg(itself);
            setpriv
        }
        false => Command::new(itself),
    };
    command.args(["--exact", "--nocapture"]).args(names).output().unwrap()
}

#[test]
fn an_ordinary_user_can_do_the_same() {
    let names = ["a_scenario_passes_and_leaves_a_capture", "a_router_is_killed_and_started_again"];
    let output = as_user(&names);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("test result: ok. 2 passed; 0 failed"), "{stdout}{stderr}");
}
