//! The program as its user types it: what it prints, where it prints it, and its exit code.

mod claimable;
mod clauses;
mod conformance;
mod daemon;
mod diff;
mod explain;
mod families;
mod folders;
mod guest;
mod interrupt;
mod judge;
mod kernel;
mod ladder;
mod machine;
mod mroute;
mod needs;
mod new;
mod outputs;
mod programs;
mod reports;
mod review;
mod runs;
mod seed;
mod selection;
mod show;
mod simulated;
mod slips;
mod standing;
mod strangers;
mod swarm;
mod torment;
mod trace;
mod unproved;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use needs::tests;

const CASTNET: &str = env!("CARGO_BIN_EXE_castnet");

fn main() -> ExitCode {
    let modules = [
        claimable::TESTS,
        clauses::TESTS,
        conformance::TESTS,
        daemon::TESTS,
        diff::TESTS,
        explain::TESTS,
        families::TESTS,
        folders::TESTS,
        guest::TESTS,
        interrupt::TESTS,
        judge::TESTS,
        kernel::TESTS,
        ladder::TESTS,
        machine::TESTS,
        mroute::TESTS,
        new::TESTS,
        programs::TESTS,
        outputs::TESTS,
        reports::TESTS,
        review::TESTS,
        runs::TESTS,
        seed::TESTS,
        selection::TESTS,
        show::TESTS,
        simulated::TESTS,
        slips::TESTS,
        standing::TESTS,
        strangers::TESTS,
        swarm::TESTS,
        torment::TESTS,
        trace::TESTS,
        unproved::TESTS,
    ];
    needs::run(modules.into_iter().flatten())
}

/// A quick scenario; `count` is the number of startup Queries that it claims within a second (one
/// is sent).
fn scenario(count: &str, kind: &str) -> String {
    format!(
        "title = \"the first Query\"\n\
         links = {{ lan = [\"r1\", \"h1\"] }}\n\
         nodes = {{ r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\" }} }}\n\
         [[expect]]\n\
         packet = {{ on = \"lan\", kind = \"{kind}\", from = \"r1\" }}\n\
         count = {count}\n\
         within = \"200ms\"\n"
    )
}

/// A scenario that passes after this time, and whose router is a process of its own.
fn with_process(end: &str) -> String {
    let text =
        scenario("1", "general-query").replacen("links", &format!("end = \"{end}\"\nlinks"), 1);
    text.replacen("\"router\"", "\"router\", daemon = \"process\"", 1)
}

/// A scenario that passes after half a minute. Its router is a process, and a program leaves two that
/// have left its group and its session.
fn long_scenario() -> String {
    let script = "setsid sleep 1000 & (setsid setsid sleep 1000 &); exit 0";
    let sleep = format!("exec = {{ who = \"h1\", command = [\"sh\", \"-c\", \"{script}\"] }}");
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
