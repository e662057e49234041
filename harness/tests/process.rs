//! Programs in wards, and a router that is one: its output is read, it dies when killed, and nothing
//! that it has started outlives its ward.
//!
//! This program itself is started once more as a router, and as the process that starts programs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::pipe;
use std::net::UdpSocket;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use castnet::kernel::Mroute;
use castnet_lab::backend::{Cancel, netns};
use castnet_lab::lab::{Lines, Netns, Process, Program, Streams, Ward};
use castnet_lab::plan::{NodeId, Plan, compile};
use castnet_lab::recording::{Recording, StateChange};
use libtest_mimic::{Arguments, Failed, Trial};

mod privileged;

/// The longest time for anything here that must be prompt.
const PROMPT: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let trials = vec![
        trial("what_it_says_and_how_it_ends_is_heard", says),
        trial("it_is_in_the_namespace", is_inside),
        trial("killed_it_is_dead_by_sigkill_and_once_more_is_no_fault", killed),
        trial("dropped_it_is_dead_and_what_it_has_started_lives_on_in_the_ward", dropped),
        trial("nothing_outlives_its_ward_whatever_it_forks", nothing_outlives_its_ward),
        trial("a_ward_sees_its_own_processes_only", sees_its_own),
        trial("nothing_in_a_ward_has_a_descriptor_of_the_laboratory", inherits_nothing),
        trial("a_socket_that_is_closed_is_free_while_programs_start", no_copies),
        trial("two_tasks_may_wait_for_its_death", two_wait),
        trial("what_cannot_be_started_is_an_error", not_started),
        Trial::test("a_router_tells_the_same_as_a_task_and_as_a_process", told_alike),
        Trial::test("a_process_that_is_held_up_says_that_it_was_late", held_up),
        Trial::test("a_process_that_is_held_up_beyond_the_end_is_waited_for", held_up_at_the_end),
        Trial::test("nothing_is_told_between_death_and_birth", silent_while_dead),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

fn trial<F: Future<Output = ()>>(name: &str, body: impl Fn() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let body = async { tokio::time::timeout(PROMPT, body()).await };
        Ok(runtime.map_err(Failed::from)?.block_on(body)?)
    })
}

fn node() -> (Netns, Ward) {
    let netns = Netns::create("r1").unwrap();
    let ward = Ward::found(&netns).unwrap();
    (netns, ward)
}

/// A program of the ward, and what it writes to standard output and to standard error.
fn start(ward: &Ward, program: &Program) -> (Process, Lines, Lines) {
    let ((stdout, its_stdout), (stderr, its_stderr)) = (pipe().unwrap(), pipe().unwrap());
    let stdin = File::open("/dev/null").unwrap().into();
    let streams = Streams { stdin, stdout: its_stdout.into(), stderr: its_stderr.into() };
    let process = ward.start(program, streams).unwrap();
    (process, Lines::of(stdout.into()).unwrap(), Lines::of(stderr.into()).unwrap())
}

/// A shell with this script, and what it writes to standard output.
fn shell(ward: &Ward, script: &str) -> (Process, Lines) {
    let (process, stdout, _) = start(ward, &Program::new(["sh", "-c", script]));
    (process, stdout)
}

/// The processes in the namespace, as this process' /proc has them.
fn inhabitants(netns: &Netns) -> usize {
    let inode = nix::sys::stat::fstat(netns.as_fd()).unwrap().st_ino;
    let home = format!("net:[{inode}]");
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| {
        fs::read_link(entry.path().join("ns/net")).is_ok_and(|link| link.to_str() == Some(&home))
    })
    .count()
}

async fn says() {
    let (_netns, ward) = node();
    let script = "echo one; printf 'gr\\374n\\n\\nlast'; seq 30 >&2; exit 3";
    let (process, mut lines, stderr) = start(&ward, &Program::new(["sh", "-c", script]));
    for expected in ["one", "gr\u{fffd}n", "", "last"] {
        assert_eq!(lines.next().await.unwrap().as_deref(), Some(expected));
    }
    assert_eq!(lines.next().await.unwrap(), None);
    let last_words = stderr.last_words().await;
    assert!(last_words.starts_with("11; 12; ") && last_words.ends_with("; 30"), "{last_words}");
    assert_eq!(process.ended().await.unwrap().code(), Some(3));
}

async fn is_inside() {
    let (netns, ward) = node();
    let (_process, mut lines) = shell(&ward, "readlink /proc/self/ns/net");
    let inode = nix::sys::stat::fstat(netns.as_fd()).unwrap().st_ino;
    assert_eq!(lines.next().await.unwrap(), Some(format!("net:[{inode}]")));
    let own = fs::read_link("/proc/thread-self/ns/net").unwrap();
    assert_ne!(own.to_str(), Some(format!("net:[{inode}]").as_str()));
}

async fn killed() {
    let (_netns, ward) = node();
    let (process, mut lines) =
        shell(&ward, "trap '' TERM INT HUP; echo up; while :; do wait; done");
    assert_eq!(lines.next().await.unwrap().as_deref(), Some("up"));
    process.kill().unwrap();
    assert_eq!(process.ended().await.unwrap().signal(), Some(9));
    process.kill().unwrap();
    assert_eq!(process.ended().await.unwrap().signal(), Some(9));
}

/// Waits until so many processes are in the namespace; the first process of the ward is one.
async fn until_inhabited_by(netns: &Netns, count: usize) {
    let mut pace = tokio::time::interval(Duration::from_millis(2));
    while inhabitants(netns) != count {
        pace.tick().await;
    }
}

async fn dropped() {
    let (netns, ward) = node();
    let (process, mut lines) = shell(&ward, "sleep 1000 & echo; wait");
    lines.next().await.unwrap();
    until_inhabited_by(&netns, 3).await;
    drop(process);
    until_inhabited_by(&netns, 2).await;
    drop(ward);
    assert_eq!(inhabitants(&netns), 0);
}

async fn nothing_outlives_its_ward() {
    let (netns, ward) = node();
    let sleep = "sleep 1000 & nohup sleep 1000 & setsid sleep 1000 & (setsid setsid sleep 1000 &);";
    let stubborn = "sh -c \"trap '' TERM INT HUP; while :; do sleep 1000; done\" &";
    let nested = "unshare --pid --fork sleep 1000 &";
    let (process, mut lines) = shell(&ward, &format!("{sleep} {stubborn} {nested} echo; exit 0"));
    lines.next().await.unwrap();
    assert_eq!(process.ended().await.unwrap().code(), Some(0));
    // The keeper, 4 sleeps, a shell with its own, and unshare with its child.
    until_inhabited_by(&netns, 9).await;
    drop(ward);
    assert_eq!(inhabitants(&netns), 0);
}

async fn sees_its_own() {
    let (_netns, ward) = node();
    let (_other_netns, other) = node();
    let (_elsewhere, mut up) = shell(&other, "echo; exec sleep 1000");
    up.next().await.unwrap();
    let (_process, mut lines) = shell(&ward, "echo $$; echo /proc/[0-9]*; readlink /proc/self/exe");
    let pid = lines.next().await.unwrap().unwrap();
    assert_eq!(lines.next().await.unwrap(), Some(format!("/proc/1 /proc/{pid}")));
    // Mounts of a ward are its own.
    let (process, _) = shell(&ward, "mount -t tmpfs tmpfs /mnt && touch /mnt/here");
    assert_eq!(process.ended().await.unwrap().code(), Some(0));
    let (process, _) = shell(&other, "test -e /mnt/here");
    assert_eq!(process.ended().await.unwrap().code(), Some(1));
    assert!(!fs::read_to_string("/proc/self/mounts").unwrap().contains(" /mnt tmpfs"));
}

/// The sockets that a process holds open.
fn sockets(process: impl std::fmt::Display) -> BTreeSet<String> {
    let links = fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten();
    let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
    let targets = targets.filter_map(|target| target.into_os_string().into_string().ok());
    targets.filter(|target| target.starts_with("socket:")).collect()
}

async fn inherits_nothing() {
    let _socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (_netns, ward) = node();
    let (_process, mut lines) = shell(&ward, "echo /proc/self/fd/*; exec sleep 1000");
    // The shell has no descriptor but these, and the one by which it reads the list.
    assert_eq!(
        lines.next().await.unwrap().unwrap(),
        "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3"
    );
    let own = sockets("self");
    assert!(own.len() >= 2, "{own:?}");
    let keeper = ward.pid().unwrap();
    let status = fs::read_to_string(format!("/proc/{keeper}/status")).unwrap();
    let warden = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim();
    for (process, held) in [("keeper", sockets(keeper)), ("warden", sockets(warden))] {
        assert!(!held.is_empty() && held.is_disjoint(&own), "the {process} has {held:?}");
    }
}

async fn no_copies() {
    const STARTS: usize = 200;
    let (netns, ward) = node();
    let (start, started) = mpsc::channel();
    thread::scope(|scope| {
        let runtime = tokio::runtime::Handle::current();
        let ward = &ward;
        scope.spawn(move || {
            // Its pipes need a reactor.
            let _inside = runtime.enter();
            for _ in 0..STARTS {
                let (process, ..) = self::start(ward, &Program::new(["true"]));
                // Returns once it has been started.
                process.kill().unwrap();
                start.send(()).unwrap();
            }
            drop(start);
        });
        let open = || netns.run(|| Mroute::open(None).map(drop)).unwrap();
        let mut opened = 0;
        while started.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            open().unwrap();
            opened += 1;
        }
        assert!(opened > 0);
    });
}

async fn two_wait() {
    let (_netns, ward) = node();
    let (process, mut lines) = shell(&ward, "echo; exec sleep 1000");
    lines.next().await.unwrap();
    let kill = async { process.kill() };
    let (one, other, killed) = tokio::join!(process.ended(), process.dead(), kill);
    assert_eq!(one.unwrap().signal(), Some(9));
    assert!(other.is_ok() && killed.is_ok());
}

async fn not_started() {
    let (_netns, ward) = node();
    let (process, _, _) = start(&ward, &Program::new(["/no/such/program"]));
    assert_eq!(process.started().await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
    let (process, _, _) = start(&ward, &Program::new(["/"]));
    assert_eq!(process.ended().await.unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    // The ward goes on.
    let (process, _) = shell(&ward, "exit 4");
    assert_eq!(process.ended().await.unwrap().code(), Some(4));
}

const SCENARIO: &str = r#"
title = "Members come and go"
links = { up = ["s1", "r1"], lan = ["r1", "h1"] }
nodes.s1 = { role = "source" }
nodes.r1 = { role = "router", igmp = { last-member-query-interval = "100ms" } }
nodes.h1 = { role = "listener", igmp-version = 2 }
act = [
    { at = "100ms", send = { who = "s1", group = "239.1.1.1", rate = "100pps" } },
    { at = "300ms", join = { who = "h1", group = "239.1.1.1" } },
    { at = "600ms", leave = { who = "h1", group = "239.1.1.1" } },
]
[[expect]]
packet = { on = "lan", kind = "leave" }
count = 1
within = "1s"
"#;

/// The position of r1.
const ROUTER: NodeId = 1;

fn plan(text: &str) -> Plan {
    compile("process.toml", text).unwrap_or_else(|rejected| panic!("{rejected}"))
}

fn record(plan: &Plan) -> Result<Recording, Failed> {
    let recording = netns::run(plan, &Cancel::new())?;
    assert_eq!(recording.broken, [""; 0]);
    Ok(recording)
}

fn told_alike() -> Result<(), Failed> {
    let told = |apart: bool| -> Result<Vec<(NodeId, StateChange)>, Failed> {
        let mut plan = plan(SCENARIO);
        plan.nodes[ROUTER].is_process = apart;
        let events = record(&plan)?.events;
        Ok(events.into_iter().filter_map(|event| Some((event.node, event.change?))).collect())
    };
    let (task, process) = (told(false)?, told(true)?);
    // The querier, the upcall, the member, and the member's end.
    assert_eq!(task.len(), 5, "{task:?}");
    assert_eq!(task, process);
    Ok(())
}

fn silent_while_dead() -> Result<(), Failed> {
    let fate = "    { at = \"400ms\", kill = { who = \"r1\" } },\n    \
                { at = \"500ms\", restart = { who = \"r1\" } },\n]\n[[expect]]";
    let plan = plan(&SCENARIO.replacen("]\n[[expect]]", fate, 1));
    assert!(plan.nodes[ROUTER].is_process);
    let recording = record(&plan)?;
    let [death, birth] = [recording.acts[2].unwrap(), recording.acts[3].unwrap()];
    let told = |from, to| recording.events.iter().filter(move |e| from < e.at && e.at < to).count();
    assert!(told(Default::default(), death) > 0 && told(birth, recording.acts[4].unwrap()) > 0);
    assert_eq!(told(death, birth), 0, "{:?}", recording.events);
    Ok(())
}

/// A script that stops the router of the node `frozen` for so many seconds.
fn freezing(seconds: &str) -> String {
    // The brackets keep the pattern from finding itself.
    format!(
        "p=$(grep -al 'as-router.[f]rozen' /proc/[0-9]*/cmdline); p=$${{p#/proc/}}; \
         p=$${{p%/cmdline}}; kill -STOP $p; sleep {seconds}; kill -CONT $p"
    )
}

/// The lateness of a run in which a program at the node `frozen` stops its router at this time.
fn lateness(scenario: &str, at: &str, seconds: &str) -> Result<Duration, Failed> {
    let script = freezing(seconds);
    let exec = format!("exec = {{ who = \"frozen\", command = [\"sh\", \"-c\", \"{script}\"] }}");
    let act = format!("act = [{{ at = \"{at}\", {exec} }},");
    let mut plan = plan(&scenario.replacen("act = [", &act, 1).replace("r1", "frozen"));
    plan.nodes[ROUTER].is_process = true;
    Ok(record(&plan)?.lateness.by)
}

/// The verdict must know that the laboratory was slow, and not the router.
fn held_up() -> Result<(), Failed> {
    let by = lateness(SCENARIO, "100ms", "0.4")?;
    assert!(by > Duration::from_millis(300), "{by:?}");
    Ok(())
}

/// It cannot say so before the run is over, and the laboratory waits for what it says.
fn held_up_at_the_end() -> Result<(), Failed> {
    // The run ends 1.6 s in. The script must have found the router by then, also on a busy machine.
    let by = lateness(SCENARIO, "700ms", "3")?;
    assert!(by > Duration::from_secs(2), "{by:?}");
    Ok(())
}
