//! Programs in namespaces, and a router that is one: its output is read, it dies when killed, and
//! leaves no process behind.
//!
//! This program itself is started once more as a router.

use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use castnet_lab::backend::{Cancel, netns};
use castnet_lab::lab::{Lines, Netns, Process};
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
        trial("dropped_it_is_dead_and_so_are_those_it_has_started", dropped),
        trial("what_cannot_be_started_is_an_error", not_started),
        Trial::test("a_router_tells_the_same_as_a_task_and_as_a_process", told_alike),
        Trial::test("a_process_that_is_held_up_says_that_it_was_late", held_up),
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

/// A shell with this script, in a namespace, and what it writes to standard output.
fn shell(netns: &Netns, script: &str) -> (Process, Lines) {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = Process::start(netns, command).unwrap();
    let lines = process.take_stdout().unwrap().unwrap();
    (process, lines)
}

async fn says() {
    let netns = Netns::create("r1").unwrap();
    let script = "echo one; printf 'gr\\374n\\n\\nlast'; seq 30 >&2; exit 3";
    let (process, mut lines) = shell(&netns, script);
    for expected in ["one", "gr\u{fffd}n", "", "last"] {
        assert_eq!(lines.next().await.unwrap().as_deref(), Some(expected));
    }
    assert_eq!(lines.next().await.unwrap(), None);
    let last_words = process.take_stderr().unwrap().unwrap().last_words().await;
    assert!(last_words.starts_with("11; 12; ") && last_words.ends_with("; 30"), "{last_words}");
    assert_eq!(process.ended().await.unwrap().code(), Some(3));
    assert!(process.take_stdout().unwrap().is_none());
}

async fn is_inside() {
    let netns = Netns::create("r1").unwrap();
    let (_process, mut lines) = shell(&netns, "readlink /proc/self/ns/net");
    let inode = nix::sys::stat::fstat(netns.as_fd()).unwrap().st_ino;
    assert_eq!(lines.next().await.unwrap(), Some(format!("net:[{inode}]")));
    let own = fs::read_link("/proc/thread-self/ns/net").unwrap();
    assert_ne!(own.to_str(), Some(format!("net:[{inode}]").as_str()));
}

async fn killed() {
    let netns = Netns::create("r1").unwrap();
    let (process, mut lines) =
        shell(&netns, "trap '' TERM INT HUP; echo up; while :; do wait; done");
    assert_eq!(lines.next().await.unwrap().as_deref(), Some("up"));
    process.kill().unwrap();
    assert_eq!(process.ended().await.unwrap().signal(), Some(9));
    process.kill().unwrap();
    assert_eq!(process.ended().await.unwrap().signal(), Some(9));
}

/// Whether the process exists and is no zombie, which only waits for its parent.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
}

async fn dropped() {
    let netns = Netns::create("r1").unwrap();
    let (process, mut lines) = shell(&netns, "sleep 1000 & echo $!; wait");
    let grandchild = lines.next().await.unwrap().unwrap();
    let child = process.pid().to_string();
    assert!(is_alive(&child) && is_alive(&grandchild));
    drop(process);
    assert!(!fs::exists(format!("/proc/{child}")).unwrap(), "it has not been waited for");
    let mut pace = tokio::time::interval(Duration::from_millis(2));
    while is_alive(&grandchild) {
        pace.tick().await;
    }
}

async fn not_started() {
    let netns = Netns::create("r1").unwrap();
    let error = Process::start(&netns, Command::new("/no/such/program")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
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

/// The verdict must know that the laboratory was slow, and not the router.
fn held_up() -> Result<(), Failed> {
    // The brackets keep the pattern from finding itself.
    let script = "p=$(grep -al 'as-router.[f]rozen' /proc/[0-9]*/cmdline); p=$${p#/proc/}; \
                  p=$${p%/cmdline}; kill -STOP $p; sleep 0.4; kill -CONT $p";
    let exec = format!("exec = {{ who = \"h1\", command = [\"sh\", \"-c\", \"{script}\"] }}");
    let act = format!("act = [{{ at = \"100ms\", {exec} }},");
    let text = SCENARIO.replacen("act = [", &act, 1).replace("r1", "frozen");
    let mut plan = plan(&text);
    plan.nodes[ROUTER].is_process = true;
    let lateness = record(&plan)?.lateness;
    assert!(lateness.by > Duration::from_millis(300), "{lateness:?}");
    Ok(())
}
