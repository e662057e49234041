//! Routers that are processes of their own, as the user sees them.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::interrupt::{descendants, pid, spawn, until};
use super::{CASTNET, folder, scenario, tests, text, with_process};

tests! {
    Nothing: a_router_that_is_told_nonsense_ends_and_says_why;
    Kernel: a_daemon_that_dies_unasked_breaks_the_run, the_terminal_s_ctrl_c_is_castnet_s_alone;
}

/// A run of a scenario whose router is a process, and that process once it serves.
fn serving(folder: &Path) -> (Child, Pid) {
    let child = spawn(folder, &["run", "b.toml"]);
    let mut router = None;
    until("its router serves", Duration::from_secs(10), || {
        let serves = |router: &Pid| {
            let has = |file, what| {
                let text = fs::read_to_string(format!("/proc/{router}/{file}"));
                text.is_ok_and(|text| text.contains(what))
            };
            has("cmdline", "as-router") && has("net/ip_mr_vif", "lan")
        };
        router = descendants(pid(&child)).into_iter().find(serves);
        router.is_some()
    });
    (child, router.unwrap())
}

fn place(name: &str) -> PathBuf {
    let folder = folder(name);
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    fs::write(folder.join("b.toml"), with_process("1s")).unwrap();
    folder
}

fn a_daemon_that_dies_unasked_breaks_the_run() {
    let folder = place("unasked");
    let (child, router) = serving(&folder);
    kill(router, Signal::SIGKILL).unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{stdout}");
    let told = "r1: its daemon ended by itself: signal: 9 (SIGKILL)";
    assert!(stdout.starts_with("BROKEN") && stdout.contains(told), "{stdout}");
}

fn the_terminal_s_ctrl_c_is_castnet_s_alone() {
    let folder = place("foreground");
    let (child, router) = serving(&folder);
    let group = nix::unistd::getpgid(Some(router)).unwrap();
    assert_eq!((group, group != pid(&child)), (router, true));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

fn a_router_that_is_told_nonsense_ends_and_says_why() {
    let mut command = Command::new(CASTNET);
    command.arg0("castnet").args(["as-router", "r1"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"Dance\":1}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
    assert!(stderr.contains("{\"Dance\":1}: unknown variant `Dance`"), "{stderr}");
}
