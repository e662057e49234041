//! Ctrl-C, SIGTERM and SIGKILL in the middle of a run: how castnet ends, and that nothing is left.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use castnet::kernel::Clock;
use castnet_lab::lab::Netns;
use nix::fcntl::{FcntlArg, fcntl};
use nix::ifaddrs::getifaddrs;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{CASTNET, folder, long_scenario, scenario, tests, text};

tests! {
    Root:
        ctrl_c_ends_the_run_and_tells_what_has_finished,
        json_and_junit_are_whole_after_ctrl_c,
        kill_9_leaves_nothing_behind,
        a_second_ctrl_c_ends_at_once;
}

/// The longest time for anything here that must be prompt.
const PROMPT: Duration = Duration::from_secs(2);

/// Checks every few milliseconds whether it has come true, within the bound.
pub(super) fn until(what: &str, bound: Duration, mut done: impl FnMut() -> bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let asked = async {
        let mut pace = tokio::time::interval(Duration::from_millis(2));
        while !done() {
            pace.tick().await;
        }
    };
    let waited = runtime.block_on(async { tokio::time::timeout(bound, asked).await });
    assert!(waited.is_ok(), "not within {bound:?}: {what}");
}

/// Starts castnet in a process group of its own.
pub(super) fn spawn(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(CASTNET);
    command.args(arguments).current_dir(folder).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

pub(super) fn send(child: &Child, signal: Signal) {
    kill(pid(child), signal).unwrap();
}

pub(super) fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

/// The namespaces that a process keeps open, by their inode.
fn namespaces(child: &Child) -> BTreeMap<String, File> {
    let fds = fs::read_dir(format!("/proc/{}/fd", child.id()));
    let fds = fds.into_iter().flatten().flatten().map(|entry| entry.path());
    let found = fds.filter_map(|fd| {
        let inode = fs::read_link(&fd).ok()?.to_str()?.to_owned();
        inode.starts_with("net:[").then(|| Some((inode, File::open(fd).ok()?))).flatten()
    });
    found.collect()
}

/// One namespace of a run, kept after the run: the links that were connected to it show in it.
struct Canary {
    netns: Netns,
}

impl Canary {
    /// Waits until both ends of the link are there.
    fn catch(child: &Child) -> Self {
        let mut caught = None;
        until("the topology stands", Duration::from_secs(10), || {
            let open = namespaces(child);
            let canary = open.into_values().next().map(|file| Netns::adopt(file.into(), "canary"));
            caught = canary.map(|netns| Self { netns }).filter(Self::has_link);
            caught.is_some()
        });
        caught.unwrap()
    }

    fn has_link(&self) -> bool {
        let names = || getifaddrs().map(|all| all.map(|one| one.interface_name).collect());
        let names: Vec<String> = self.netns.run(names).unwrap().unwrap();
        names.iter().any(|name| name == "lan")
    }
}

/// Whether it is one of the programs of [`long_scenario`].
fn is_program(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n")
}

/// The processes whose field of proc_pid_stat(5) has this value, counted from 0 for the process' number
/// and without its name, except zombies, which only wait for their parent.
fn processes(field: usize, number: Pid) -> Vec<Pid> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let stats = all.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let wanted = stats.filter_map(|stat| {
        let (name, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = name.split(' ').take(1).chain(rest.split(' ')).collect();
        let is_meant = fields[field] == number.to_string() && fields[1] != "Z";
        is_meant.then(|| fields[0].parse().ok().map(Pid::from_raw))?
    });
    wanted.collect()
}

/// The processes that it has started, and those that they have.
pub(super) fn descendants(parent: Pid) -> Vec<Pid> {
    let mut found = processes(2, parent);
    let further: Vec<Pid> = found.iter().flat_map(|&child| descendants(child)).collect();
    found.extend(further);
    found
}

/// The processes of its process group.
fn group(leader: Pid) -> Vec<Pid> {
    processes(3, leader)
}

/// The files in the folder, by their paths from it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path()).into_iter().map(|f| format!("{name}/{f}"))),
            false => found.push(name),
        }
    }
    found.sort();
    found
}

/// Signals castnet when a quick scenario has ended and a long one is in its middle.
fn interrupted(name: &str, more: &[&str], signal: Signal) -> (Output, Vec<String>) {
    let folder = folder(name);
    fs::write(folder.join("a.toml"), scenario("1", "general-query")).unwrap();
    fs::write(folder.join("b.toml"), long_scenario()).unwrap();
    fs::write(folder.join("c.toml"), long_scenario()).unwrap();
    let child = spawn(&folder, &[&["run", "--jobs", "1", "."], more].concat());
    // The capture exists once the first run is torn down, so the second run is under way then.
    let first = folder.join("castnet-out/a.pcapng");
    until("the first capture", Duration::from_secs(10), || first.is_file());
    let canary = Canary::catch(&child);
    let pid = pid(&child);
    let mut started = Vec::new();
    // The warden, two keepers, the router, and of the program two that have left it.
    until("its router and programs are processes", PROMPT, || {
        started = descendants(pid);
        started.len() == 6 && started.iter().filter(|&&one| is_program(one)).count() == 2
    });
    let clock = Clock::start();
    send(&child, signal);
    let output = child.wait_with_output().unwrap();
    let took = clock.now().since_start();
    assert!(took < PROMPT, "it took {took:?}");
    until("the link is gone", PROMPT, || !canary.has_link());
    assert_eq!(group(pid), [], "a process is left");
    until("they are dead", PROMPT, || started.iter().all(|&one| processes(0, one).is_empty()));
    (output, files(&folder.join("castnet-out")))
}

fn ctrl_c_ends_the_run_and_tells_what_has_finished() {
    for (name, signal) in [("sigint", Signal::SIGINT), ("sigterm", Signal::SIGTERM)] {
        let (output, files) = interrupted(name, &[], signal);
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(130), "{stdout}");
        assert!(stdout.starts_with("PASS        a  [netns]"), "{stdout}");
        assert!(stdout.contains("1 scenario: 1 passed in "), "{stdout}");
        assert!(stdout.ends_with("interrupted: 1 stopped (b), 1 not started\n"), "{stdout}");
        assert_eq!(files, ["a.pcapng"]);
    }
}

fn json_and_junit_are_whole_after_ctrl_c() {
    let more = ["--json", "--junit", "castnet-out/report.xml"];
    let (output, files) = interrupted("sigint-json", &more, Signal::SIGINT);
    assert_eq!(output.status.code(), Some(130));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["interrupted"], &document["exit_code"]), (&true.into(), &130.into()));
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    let unfinished = document["unfinished"].as_array().unwrap();
    let told = unfinished.iter().map(|run| (run["scenario"].as_str(), run["started"].as_bool()));
    assert!(told.eq([(Some("b"), Some(true)), (Some("c"), Some(false))]), "{document}");
    assert_eq!(files, ["a.pcapng", "report.xml"]);
}

fn kill_9_leaves_nothing_behind() {
    let (output, files) = interrupted("sigkill", &[], Signal::SIGKILL);
    assert_eq!(output.status.code(), None);
    assert_eq!(files, ["a.pcapng"]);
}

fn a_second_ctrl_c_ends_at_once() {
    let folder = folder("sigint-twice");
    fs::write(folder.join("b.toml"), long_scenario()).unwrap();
    // Its output is a full pipe without a reader, so that it cannot end by itself.
    let (_reader, mut writer) = std::io::pipe().unwrap();
    let room = fcntl(&writer, FcntlArg::F_GETPIPE_SZ).unwrap();
    writer.write_all(&vec![0; room.try_into().unwrap()]).unwrap();
    let mut command = Command::new(CASTNET);
    command.args(["run", "b.toml"]).current_dir(&folder).stdout(writer);
    let mut child = command.spawn().unwrap();
    let canary = Canary::catch(&child);
    send(&child, Signal::SIGINT);
    until("the link is gone", PROMPT, || !canary.has_link());
    send(&child, Signal::SIGTERM);
    let mut ended = None;
    until("it has ended", PROMPT, || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
}
