//! `castnet trace`, and the comparison of runs with their goldens.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::{CASTNET, castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_trace_says_what_follows_from_what,
        a_run_is_missing_then_as_it_was_and_then_changed_and_ci_only_looks;
}

fn wanted(folder: &Path) {
    fs::create_dir_all(folder.join("scenarios")).unwrap();
    let wanted = format!("golden = [\"sim\"]\n{}", scenario("1", "general-query"));
    fs::write(folder.join("scenarios/x.toml"), wanted).unwrap();
}

fn run(folder: &Path, ci: &str) -> Output {
    let arguments = ["run", "--backend", "sim", "scenarios/x.toml"];
    Command::new(CASTNET).args(arguments).current_dir(folder).env("CI", ci).output().unwrap()
}

fn a_trace_says_what_follows_from_what() {
    let folder = folder("trace");
    wanted(&folder);
    let trace = ["trace", "--backend", "sim", "scenarios/x.toml"];
    let output = castnet(&folder, &trace);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    let line = "\nstart                               lan  r1 > 224.0.0.1  v3 Membership Query, \
                general, max resp 10.0 s, QRV 2, QQI 125 s\n";
    assert!(stdout.starts_with("the first Query\nPASS\n\n") && stdout.contains(line), "{stdout}");
    let exact = text(&castnet(&folder, &[&trace[..], &["--exact"]].concat()).stdout);
    let query = exact.lines().find(|line| line.contains("v3 Membership Query")).unwrap();
    assert!(query.starts_with("  0.0") && query.contains(" s  start  "), "{exact}");
}

fn a_run_is_missing_then_as_it_was_and_then_changed_and_ci_only_looks() {
    let folder = folder("golden");
    wanted(&folder);
    let first = run(&folder, "true");
    let stdout = text(&first.stdout);
    assert_eq!(first.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("missing: nothing is kept of it yet"), "{stdout}");
    assert!(stdout.contains("nothing is written in CI") && !folder.join("fixtures").exists());
    run(&folder, "");
    let accepted = castnet(&folder, &["review", "--accept", "x"]);
    assert_eq!(text(&accepted.stdout), "accepted  x\n");
    let again = run(&folder, "true");
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
    let snap = folder.join("fixtures/traces/x.snap");
    let kept = fs::read_to_string(&snap).unwrap();
    fs::write(&snap, kept.replace("max resp 10.0 s", "max resp 20.0 s")).unwrap();
    let changed = text(&run(&folder, "").stdout);
    for part in ["(scenarios/x.toml:1)", "changed:", "max resp 20.0 s", "castnet review"] {
        assert!(changed.contains(part), "{part:?} is missing in\n{changed}");
    }
    let list = text(&castnet(&folder, &["review", "--list"]).stdout);
    assert!(list.starts_with("changed   x "), "{list}");
}
