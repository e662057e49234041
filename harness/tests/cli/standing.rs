//! Held topologies: `castnet up`, the commands that work in them, and how they end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::interrupt::{descendants, pid, send, until};
use super::{CASTNET, castnet, folder, scenario, tests, text};

tests! {
    Kernel:
        commands_run_in_the_nodes_of_a_topology_that_stands,
        what_a_command_leaves_behind_ends_with_the_topology,
        a_signal_for_castnet_exec_reaches_the_command,
        two_topologies_are_told_apart_and_a_killed_one_is_forgotten,
        a_live_capture_has_each_frame_once_or_a_port_both_ways,
        a_live_capture_ends_with_its_reader_and_with_its_topology,
        a_failing_run_is_held_until_enter,
        a_run_that_is_held_ends_at_ctrl_c_with_its_verdict,
        a_passing_run_is_not_held,
        a_run_that_is_kept_stands_until_ctrl_c_with_all_reported,
        of_several_runs_the_last_one_is_kept;
}

const BOUND: Duration = Duration::from_secs(10);

/// A folder with a quick scenario and, apart, a place where processes of this test find each other;
/// `None` if nothing can run here.
fn place(name: &str, count: &str) -> PathBuf {
    let folder = folder(name);
    fs::create_dir(folder.join("runtime")).unwrap();
    fs::write(folder.join("a.toml"), scenario(count, "general-query")).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(CASTNET);
    command.args(arguments).current_dir(folder).env("XDG_RUNTIME_DIR", folder.join("runtime"));
    command
}

fn castnet_at(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// `castnet up`, once its topology stands.
struct Up {
    child: Child,
    told: BufReader<ChildStdout>,
    nodes: Vec<String>,
}

impl Up {
    fn start(folder: &Path) -> Self {
        let mut child = command(folder, &["up", "a.toml"]).stdout(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        let mut up = Self { child, told, nodes: Vec::new() };
        loop {
            let mut line = String::new();
            assert!(up.told.read_line(&mut line).unwrap() > 0, "it ended after {:?}", up.nodes);
            if line.starts_with("castnet exec") {
                return up;
            }
            up.nodes.push(line.trim_end().to_owned());
        }
    }

    fn end(mut self, signal: Signal) -> Option<i32> {
        send(&self.child, signal);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Up {
    /// After a failed test the topology would stand for ever.
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn announcements(folder: &Path) -> usize {
    fs::read_dir(folder.join("runtime")).unwrap().count()
}

fn commands_run_in_the_nodes_of_a_topology_that_stands() {
    let folder = place("up", "1");
    let none = castnet_at(&folder, &["exec", "r1", "--", "true"]);
    assert_eq!(none.status.code(), Some(125));
    assert!(text(&none.stderr).contains("no topology stands"), "{}", text(&none.stderr));

    let up = Up::start(&folder);
    assert!(up.nodes[0].starts_with(&format!("r1  /proc/{}/fd/", up.child.id())), "{:?}", up.nodes);
    assert!(up.nodes[0].ends_with("  lan 10.0.1.1/24"), "{:?}", up.nodes);
    assert!(up.nodes[1].ends_with("  lan 10.0.1.2/24"), "{:?}", up.nodes);
    // The kernel has the node's addresses, and the link between the nodes carries.
    let local = |node: &str| {
        let command = ["exec", node, "--", "cat", "/proc/thread-self/net/fib_trie"];
        text(&castnet_at(&folder, &command).stdout)
    };
    assert!(local("r1").contains("10.0.1.1") && !local("r1").contains("|-- 10.0.1.2\n"));
    assert!(local("h1").contains("|-- 10.0.1.2\n"));
    // The router serves, so the kernel has its interfaces.
    let vifs = castnet_at(&folder, &["exec", "r1", "--", "cat", "/proc/thread-self/net/ip_mr_vif"]);
    assert!(text(&vifs.stdout).contains("lan"), "{}", text(&vifs.stdout));
    let code = |command: &[&str]| {
        castnet_at(&folder, &[&["exec", "h1", "--"], command].concat()).status.code()
    };
    assert_eq!(code(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["no-such-command"]), Some(127));
    assert_eq!(code(&["/"]), Some(126));
    let unknown = castnet_at(&folder, &["exec", "r9", "--", "true"]);
    assert_eq!(unknown.status.code(), Some(125));
    let stderr = text(&unknown.stderr);
    assert!(stderr.contains("there is no node r9; there is r1, r1:lan, h1, h1:lan"), "{stderr}");

    assert_eq!(up.end(Signal::SIGINT), Some(0));
    assert_eq!(announcements(&folder), 0);
    assert_eq!(code(&["true"]), Some(125));
}

/// A script in h1 of the topology.
fn script(folder: &Path, script: &str) -> Output {
    castnet_at(folder, &["exec", "h1", "--", "sh", "-c", script])
}

fn what_a_command_leaves_behind_ends_with_the_topology() {
    let folder = place("up-left", "1");
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let up = Up::start(&folder);
        // The command's output would not end with it if what it leaves behind kept that.
        let left =
            "setsid sleep 1000 > /dev/null 2>&1 & (setsid setsid sleep 1000 > /dev/null 2>&1 &)";
        assert_eq!(script(&folder, left).status.code(), Some(0));
        until("the node's /proc has its own processes only", BOUND, || {
            let seen = text(&script(&folder, "cat /proc/[0-9]*/comm").stdout);
            seen == "castnet-node\nsleep\nsleep\nsh\n"
        });
        let named = |pid: Pid| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let all = descendants(pid(&up.child)).into_iter();
        let sleeps: Vec<Pid> = all.filter(|&pid| named(pid) == "sleep\n").collect();
        assert_eq!(sleeps.len(), 2);
        up.end(signal);
        until("they are dead", BOUND, || sleeps.iter().all(|&pid| named(pid) != "sleep\n"));
    }
}

fn a_signal_for_castnet_exec_reaches_the_command() {
    let folder = place("up-signal", "1");
    let up = Up::start(&folder);
    let script = "trap 'exit 9' TERM; echo up; while :; do sleep 0.01; done";
    let mut exec = command(&folder, &["exec", "h1", "--", "sh", "-c", script]);
    let mut exec = exec.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(exec.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    send(&exec, Signal::SIGTERM);
    assert_eq!(exec.wait().unwrap().code(), Some(9));
    // A command that a signal ends has the code that shells give it.
    let killed = castnet_at(&folder, &["exec", "h1", "--", "sh", "-c", "kill -KILL $$"]);
    assert_eq!(killed.status.code(), Some(137));
    // A command of a topology that ends is killed.
    let mut exec = command(&folder, &["exec", "h1", "--", "sh", "-c", script]);
    let mut exec = exec.stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(exec.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    up.end(Signal::SIGINT);
    assert_eq!(exec.wait().unwrap().code(), Some(137));
}

fn two_topologies_are_told_apart_and_a_killed_one_is_forgotten() {
    let folder = place("up-twice", "1");
    let (one, other) = (Up::start(&folder), Up::start(&folder));
    let both = castnet_at(&folder, &["exec", "h1", "--", "true"]);
    let stderr = text(&both.stderr);
    assert_eq!(both.status.code(), Some(125));
    for up in [&one, &other] {
        assert!(stderr.contains(&format!("--pid {} (a)", up.child.id())), "{stderr}");
    }
    let pid = one.child.id().to_string();
    let chosen = castnet_at(&folder, &["exec", "--pid", &pid, "h1", "--", "true"]);
    assert_eq!(chosen.status.code(), Some(0));
    assert_eq!(one.end(Signal::SIGKILL), None);
    assert_eq!(announcements(&folder), 2);
    assert_eq!(castnet_at(&folder, &["exec", "h1", "--", "true"]).status.code(), Some(0));
    assert_eq!(announcements(&folder), 1);
    // The next one clears up after a killed one, and who looks for one is told of it.
    let killed = other.child.id();
    assert_eq!(other.end(Signal::SIGKILL), None);
    let none = castnet_at(&folder, &["exec", "h1", "--", "true"]);
    let stderr = text(&none.stderr);
    assert!(stderr.contains(&format!("that of process {killed} (a) ended with it")), "{stderr}");
    let last = Up::start(&folder);
    assert_eq!(last.end(Signal::SIGKILL), None);
    let next = Up::start(&folder);
    assert_eq!(announcements(&folder), 1);
    assert_eq!(next.end(Signal::SIGTERM), Some(0));
    assert_eq!(announcements(&folder), 0);
}

/// Sends a datagram from a node to a group.
fn datagram(folder: &Path, node: &str) {
    let script = "echo hello > /dev/udp/10.0.1.1/9";
    let sent = castnet_at(folder, &["exec", node, "--", "bash", "-c", script]);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
}

/// The capture of a datagram from h1 to r1, as `castnet show` prints it.
fn captured(folder: &Path, place: &[&str]) -> String {
    let file = folder.join("live.pcapng");
    _ = fs::remove_file(&file);
    let arguments = [&["capture", "--write", "live.pcapng"], place].concat();
    let mut capture = command(folder, &arguments).spawn().unwrap();
    // The section and the interfaces are written when the taps listen.
    until("it listens", BOUND, || fs::metadata(&file).is_ok_and(|file| file.len() > 28));
    datagram(folder, "h1");
    let show = || text(&castnet(folder, &["show", "live.pcapng", "--filter", " UDP "]).stdout);
    until("the datagram is captured", BOUND, || !show().is_empty());
    kill(Pid::from_raw(capture.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(capture.wait().unwrap().code(), Some(0));
    show()
}

fn a_live_capture_has_each_frame_once_or_a_port_both_ways() {
    let folder = place("live", "1");
    let up = Up::start(&folder);
    for place in [&[][..], &["lan"]] {
        let shown = captured(&folder, place);
        assert_eq!(shown.lines().count(), 1, "{place:?}: {shown}");
        assert!(shown.contains("  h1:lan  10.0.1.2 > 10.0.1.1 UDP "), "{shown}");
    }
    let shown = captured(&folder, &["r1:lan"]);
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(shown.contains("  r1:lan  10.0.1.2 > 10.0.1.1 UDP "), "{shown}");
    // A silent link is no success without a word.
    _ = fs::remove_file(folder.join("live.pcapng"));
    let mut silent = command(&folder, &["capture", "--write", "live.pcapng"]);
    let silent = silent.stderr(Stdio::piped()).spawn().unwrap();
    let file = folder.join("live.pcapng");
    until("it listens", BOUND, || fs::metadata(&file).is_ok_and(|file| file.len() > 28));
    kill(Pid::from_raw(silent.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let silent = silent.wait_with_output().unwrap();
    assert_eq!(silent.status.code(), Some(0));
    let stderr = text(&silent.stderr);
    assert_eq!(stderr, "castnet: no frame was captured: nothing was sent meanwhile\n");
    let nowhere = castnet_at(&folder, &["capture", "wan"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("there is no link or port wan"));
    up.end(Signal::SIGINT);
}

fn a_live_capture_ends_with_its_reader_and_with_its_topology() {
    let folder = place("live-end", "1");
    let up = Up::start(&folder);
    let mut capture = command(&folder, &["capture"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut head = [0; 4];
    let mut stdout = capture.stdout.take().unwrap();
    stdout.read_exact(&mut head).unwrap();
    assert_eq!(head, 0x0a0d_0d0a_u32.to_ne_bytes());
    drop(stdout);
    until("it ends with its reader", BOUND, || {
        datagram(&folder, "h1");
        capture.try_wait().unwrap().is_some()
    });
    assert_eq!(capture.wait().unwrap().code(), Some(0));

    let mut capture = command(&folder, &["capture"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = capture.stdout.take().unwrap();
    stdout.read_exact(&mut head).unwrap();
    up.end(Signal::SIGKILL);
    until("it ends with its topology", BOUND, || capture.try_wait().unwrap().is_some());
    assert_eq!(capture.wait().unwrap().code(), Some(0));
}

/// A run that fails and is held.
fn paused(folder: &Path) -> Child {
    let mut run = command(folder, &["run", "--pause-on-fail", "a.toml"]);
    run.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = run.spawn().unwrap();
    until("it is announced", BOUND, || announcements(folder) == 1);
    until("its router still serves", BOUND, || {
        let vifs = ["exec", "r1", "--", "grep", "-q", "lan", "/proc/thread-self/net/ip_mr_vif"];
        castnet_at(folder, &vifs).status.code() == Some(0)
    });
    child
}

fn a_failing_run_is_held_until_enter() {
    let folder = place("pause", "9");
    let mut child = paused(&folder);
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    assert_eq!(stdout.matches("FAIL        a  [netns]").count(), 1, "{stdout}");
    assert!(stdout.contains("1 scenario: 1 failed"), "{stdout}");
    assert!(
        stderr.contains("r1  /proc/") && stderr.ends_with("is held: Enter goes on\n"),
        "{stderr}"
    );
    assert_eq!(announcements(&folder), 0);
}

fn a_run_that_is_held_ends_at_ctrl_c_with_its_verdict() {
    let folder = place("pause-ctrl-c", "9");
    let mut child = paused(&folder);
    // Kept open, so that nothing but the signal ends the run.
    let stdin = child.stdin.take();
    send(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("1 scenario: 1 failed"));
    assert_eq!(announcements(&folder), 0);
}

fn a_passing_run_is_not_held() {
    let folder = place("pause-pass", "1");
    let output = castnet_at(&folder, &["run", "--pause-on-fail", "a.toml"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

/// A run that is kept, once it is announced.
fn kept(folder: &Path, arguments: &[&str]) -> Child {
    let mut run = command(folder, &[&["run", "--keep"], arguments].concat());
    // Enter is never pressed, and castnet does not wait for it.
    run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = run.spawn().unwrap();
    until("it is announced", BOUND, || announcements(folder) == 1);
    child
}

fn a_run_that_is_kept_stands_until_ctrl_c_with_all_reported() {
    for (count, outcome, code) in [("1", "PASS", 0), ("9", "FAIL", 1)] {
        let folder = place(&format!("keep-{outcome}"), count);
        let mut child = kept(&folder, &["--junit", "report.xml", "a.toml"]);
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = told.next().unwrap().unwrap();
        assert!(first.starts_with(&format!("{outcome}  ")), "{first}");
        assert!(told.by_ref().any(|line| line.unwrap().starts_with("1 scenario: 1 ")));
        assert!(folder.join("report.xml").is_file());
        assert_eq!(castnet_at(&folder, &["exec", "h1", "--", "true"]).status.code(), Some(0));
        send(&child, Signal::SIGINT);
        assert_eq!(told.count(), 0, "nothing is said twice");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let stderr = text(&output.stderr);
        assert!(stderr.ends_with("the topology is held: Ctrl-C ends it\n"), "{stderr}");
        assert_eq!(announcements(&folder), 0);
    }
}

fn of_several_runs_the_last_one_is_kept() {
    let folder = place("keep-last", "9");
    fs::write(folder.join("b.toml"), scenario("1", "general-query").replace("h1", "h2")).unwrap();
    let child = kept(&folder, &["--json", "a.toml", "b.toml"]);
    assert_eq!(castnet_at(&folder, &["exec", "h2", "--", "true"]).status.code(), Some(0));
    send(&child, Signal::SIGTERM);
    let output = child.wait_with_output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(document["runs"].as_array().unwrap().len(), 2);
    assert_eq!((&document["interrupted"], &document["exit_code"]), (&false.into(), &1.into()));
}
