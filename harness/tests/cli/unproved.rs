//! Ways to an exit code of 0 without proof: output that is lost, a selection of nothing, and a failure
//! behind something else.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{CASTNET, castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_failure_is_hidden_by_nothing_else,
        output_to_a_full_device_is_lost_and_no_success,
        a_file_that_cannot_be_written_is_no_success_and_hides_no_failure,
        a_golden_that_cannot_be_left_changes_no_verdict,
        a_reader_who_wants_no_more_is_no_fault,
        an_empty_selection_is_no_success,
        what_compares_nothing_is_no_success,
        a_fault_that_struck_nothing_is_told_everywhere,
        a_rule_that_is_off_is_told_everywhere;
    Kernel:
        a_silence_while_the_laboratory_was_stopped_is_no_success,
        load_that_no_machine_can_send_is_no_success;
}

const NETNS_ONLY: &str =
    "backends = { only = [\"netns\"], because = \"it looks at the kernel\" }\n";

/// Scenarios of each outcome on the simulator: the folder of the captures holds something in the place of
/// the broken one's.
fn each_outcome(name: &str) -> PathBuf {
    let folder = folder(name);
    let proves = "proves = [\"RFC2236-3-01\"]\n".to_owned();
    let passes = proves.clone() + &scenario("1", "general-query");
    for (file, text) in [
        ("pass", passes.clone()),
        ("fail", proves.clone() + &scenario("9", "general-query")),
        ("vacuous", proves + &scenario("0", "group-specific-query")),
        ("unsupported", NETNS_ONLY.to_owned() + &passes),
        ("broken", passes),
    ] {
        fs::write(folder.join(file).with_extension("toml"), text).unwrap();
    }
    fs::create_dir_all(folder.join("castnet-out/broken.sim.pcapng/in-the-way")).unwrap();
    folder
}

fn simulate(folder: &Path, arguments: &[&str]) -> Output {
    castnet(folder, &[&["run", "--backend", "sim"], arguments].concat())
}

// What a run has shown about the device under test is never hidden by another run that could not be made.
fn a_failure_is_hidden_by_nothing_else() {
    let folder = each_outcome("outcomes");
    let codes = [("fail", 1), ("vacuous", 1), ("broken", 4), ("unsupported", 3), ("pass", 0)];
    for (place, (one, worst)) in codes.iter().enumerate() {
        for (other, _) in &codes[place..] {
            let files = [one, other].map(|name| format!("{name}.toml"));
            let output = simulate(&folder, &["--json", &files[1], &files[0]]);
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(*worst), "{one} and {other}");
            assert_eq!(document["exit_code"], *worst, "{one} and {other}");
            assert_eq!(document["outcome"], *one, "{one} and {other}");
            // A clause is proved by what has passed alone.
            for run in document["runs"].as_array().unwrap() {
                let proved = run["proved"].as_array().unwrap().len();
                assert_eq!(proved, usize::from(run["outcome"] == "pass"), "{run}");
            }
        }
    }
}

/// What the command does if its standard output is a full disk.
fn onto_a_full_disk(folder: &Path, arguments: &[&str]) -> Output {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(CASTNET);
    command.args(arguments).current_dir(folder).stdout(full).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

fn output_to_a_full_device_is_lost_and_no_success() {
    let folder = each_outcome("full");
    simulate(&folder, &["pass.toml"]);
    let capture = "castnet-out/pass.sim.pcapng";
    for arguments in [
        &["run", "--backend", "sim", "pass.toml"][..],
        &["run", "--backend", "sim", "--json", "pass.toml"],
        &["run", "--backend", "sim", "unsupported.toml"],
        &["check", "pass.toml"],
        &["schema"],
        &["show", capture],
        &["show", "--ladder", capture],
        &["judge", "pass.toml", capture],
        &["diff", capture, capture],
        &["diff", "--json", capture, capture],
        &["trace", "--backend", "sim", "pass.toml"],
        &["swarm", "--seeds", "1"],
        &["swarm", "--print"],
        &["review", "--show", "."],
        &["new", "-"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
        &["run", "--help"],
        &["--version"],
    ] {
        let output = onto_a_full_disk(&folder, arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {stderr}");
        assert!(stderr.contains("standard output: No space left"), "{arguments:?}: {stderr}");
    }
    // A failure stays a failure.
    let output = onto_a_full_disk(&folder, &["run", "--backend", "sim", "fail.toml"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}

fn a_file_that_cannot_be_written_is_no_success_and_hides_no_failure() {
    let folder = each_outcome("unwritable");
    // Below a file there is no room for another one.
    for option in [
        &["--junit", "/dev/full"][..],
        &["--summary", "/dev/full"],
        &["--junit", "pass.toml/x.xml"],
        &["--summary", "pass.toml/x.md"],
        &["--out", "pass.toml/out"],
        &["--html", "--out", "pass.toml/out"],
    ] {
        let is_known_before = option.last().is_some_and(|path| path.starts_with("pass.toml/"));
        for (file, code) in [("pass.toml", 4), ("unsupported.toml", 4), ("fail.toml", 1)] {
            // Nothing is run for what could not be kept.
            let code = if is_known_before { 4 } else { code };
            let output = simulate(&folder, &[option, &[file]].concat());
            let told = text(&output.stdout) + &text(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{option:?} {file}: {told}");
            let named = format!("castnet: {}: ", option.join(" ").replace("--html ", ""));
            let full = "/dev/full: No space left";
            let named = if is_known_before { &named } else { full };
            assert!(told.contains(named), "{option:?} {file}: {told}");
            assert_eq!(told.contains("checks"), !is_known_before, "{option:?} {file}: {told}");
        }
    }
    // What can be written is written, whatever else cannot.
    let reports = ["--summary", "/dev/full", "--junit", "x.xml", "--json", "pass.toml"];
    let output = simulate(&folder, &reports);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["exit_code"], &document["outcome"]), (&4.into(), &"pass".into()));
    assert!(folder.join("x.xml").is_file());
}

fn a_golden_that_cannot_be_left_changes_no_verdict() {
    let folder = folder("golden-unwritable");
    let golden = |count| format!("golden = [\"sim\"]\n{}", scenario(count, "general-query"));
    fs::write(folder.join("x.toml"), golden("1")).unwrap();
    let keep = || {
        let without = [("CI", ""), ("CASTNET", "")];
        let mut run = Command::new(CASTNET);
        run.args(["run", "--backend", "sim", "x.toml"]).current_dir(&folder).envs(without);
        run.output().unwrap()
    };
    keep();
    assert_eq!(castnet(&folder, &["review", "--accept", "x"]).status.code(), Some(0));
    assert_eq!(keep().status.code(), Some(0));
    // Something stands where the result would be left.
    fs::create_dir_all(folder.join("fixtures/traces/x.snap.new/in-the-way")).unwrap();
    let passed = keep();
    let stdout = text(&passed.stdout);
    assert_eq!(passed.status.code(), Some(0), "{stdout}");
    assert!(stdout.starts_with("PASS"), "{stdout}");
    assert!(stdout.contains("nothing could be left for `castnet review`: "), "{stdout}");
    let longer = golden("1").replace("links", "end = \"200s\"\nlinks");
    fs::write(folder.join("x.toml"), longer).unwrap();
    let failed = keep();
    let stdout = text(&failed.stdout);
    assert_eq!(failed.status.code(), Some(1), "{stdout}");
    assert!(stdout.starts_with("FAIL"), "{stdout}");
    assert!(stdout.contains("it could not be written for `castnet review`"), "{stdout}");
}

fn a_reader_who_wants_no_more_is_no_fault() {
    let folder = each_outcome("reader");
    simulate(&folder, &["pass.toml"]);
    for (arguments, code) in [
        (&["schema"][..], 0),
        (&["run", "--backend", "sim", "pass.toml"], 0),
        (&["run", "--backend", "sim", "fail.toml"], 1),
        (&["show", "--ladder", "castnet-out/pass.sim.pcapng"], 0),
        (&["--help"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(CASTNET);
        command.args(arguments).current_dir(&folder).stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

fn an_empty_selection_is_no_success() {
    let folder = each_outcome("empty");
    fs::create_dir(folder.join("nothing")).unwrap();
    simulate(&folder, &["pass.toml"]);
    let capture = "castnet-out/pass.sim.pcapng";
    for (arguments, code, why) in [
        (&["run", "--shard", "2/2", "pass.toml"][..], 2, "--shard 2/2: empty"),
        (&["run", "--filter", "pass", "--filter", "passs", "."], 2, "--filter passs: "),
        (&["run", "--clause", "RFC2236-8", "pass.toml"], 2, "--clause RFC2236-8: "),
        (&["run", "nothing"], 2, "no scenario"),
        (&["check", "nothing"], 2, "no scenario"),
        (&["check", "x*.toml"], 2, "no scenario"),
        (&["diff-backends", "nothing"], 2, "no scenario"),
        (&["trace", "--filter", "x", "pass.toml"], 2, "none meant"),
        (&["judge", "--filter", "x", "pass.toml", capture], 2, "none meant"),
        (&["review", "--list", "nothing"], 2, "neither scenarios nor goldens"),
        (&["review", "absent"], 2, "neither scenarios nor goldens"),
        (&["review", "--accept", "x*", "."], 2, "nothing with this name waits"),
        (&["show", "--filter", "239.9.9.9", capture], 1, "none of its "),
        (&["show", "--ladder", "--filter", "239.9.9.9", capture], 1, "none of its "),
    ] {
        let output = castnet(&folder, arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(why), "{arguments:?}: {stderr}");
    }
}

fn what_compares_nothing_is_no_success() {
    let folder = folder("nothing-compared");
    // The head of a pcap in which nothing was captured.
    let head = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for file in ["a.pcap", "b.pcap"] {
        fs::write(folder.join(file), head).unwrap();
    }
    let output = castnet(&folder, &["diff", "a.pcap", "b.pcap"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing was compared"), "{}", text(&output.stderr));
    let output = castnet(&folder, &["swarm", "--budget", "0s", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let is_success = output.status.code() == Some(0);
    assert_eq!(is_success, document["tried"].as_u64().unwrap() > 0, "{document}");
}

/// What each kind of report says about a simulated run, and its exit code.
fn told_everywhere(name: &str, scenario: &str) -> (Option<i32>, Vec<String>) {
    let folder = folder(name);
    fs::write(folder.join("x.toml"), scenario).unwrap();
    let reports = ["--html", "--junit", "x.xml", "--summary", "x.md", "x.toml"];
    let output = simulate(&folder, &reports);
    let json = simulate(&folder, &["--json", "x.toml"]);
    let mut told = vec![text(&output.stdout), text(&json.stdout)];
    for file in ["x.xml", "x.md", "castnet-out/x.sim.html"] {
        told.push(fs::read_to_string(folder.join(file)).unwrap());
    }
    (output.status.code(), told)
}

fn a_fault_that_struck_nothing_is_told_everywhere() {
    let fault = "[[fault]]\non = \"lan\"\nkind = \"leave\"\nnth = \"5\"\ndrop = true\n";
    let scenario = scenario("1", "general-query") + fault;
    let (code, told) = told_everywhere("idle-fault", &scenario);
    assert_eq!(code, Some(1), "{}", told[0]);
    assert!(told[0].starts_with("VACUOUS"), "{}", told[0]);
    for report in told {
        assert!(report.contains("the fault of line 8 struck nothing"), "{report}");
    }
}

fn a_rule_that_is_off_is_told_everywhere() {
    let off = "[invariants]\noff = [{ name = \"no-return\", because = \"r1 has one leg\" }]\n";
    let (code, told) = told_everywhere("rule-off", &(scenario("1", "general-query") + off));
    assert_eq!(code, Some(0), "{}", told[0]);
    for report in told {
        assert!(report.contains("the rule no-return is off, because r1 has one leg"), "{report}");
    }
}

/// Nobody asks from 1 s to 3 s.
fn silence(folder: &Path) -> String {
    let now = folder.join("now");
    format!(
        "title = \"nothing is asked for a while\"\nend = \"4s\"\n\
         links = {{ lan = [\"r1\", \"h1\"] }}\n\
         nodes = {{ r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\" }} }}\n\
         [[act]]\nat = \"1500ms\"\nexec = {{ who = \"h1\", command = [\"touch\", {now:?}] }}\n\
         [[expect]]\npacket = {{ on = \"lan\", kind = \"general-query\" }}\ncount = 0\n\
         after = \"start + 1s\"\nwithin = \"2s\"\n"
    )
}

// Nothing can be asked while nobody is awake to ask.
fn a_silence_while_the_laboratory_was_stopped_is_no_success() {
    let folder = folder("stopped");
    fs::write(folder.join("x.toml"), silence(&folder)).unwrap();
    let mut run = Command::new(CASTNET);
    run.args(["run", "x.toml"]).current_dir(&folder).stdout(Stdio::piped());
    let mut run = run.spawn().unwrap();
    let pid = Pid::from_raw(run.id().try_into().unwrap());
    while !folder.join("now").exists() {
        assert_eq!(run.try_wait().unwrap(), None, "it ended before its act");
        thread::yield_now();
    }
    kill(pid, Signal::SIGSTOP).unwrap();
    #[expect(clippy::disallowed_methods, reason = "for so long nobody is awake")]
    thread::sleep(Duration::from_secs(1));
    kill(pid, Signal::SIGCONT).unwrap();
    let output = run.wait_with_output().unwrap();
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{stdout}");
    assert!(stdout.contains("the laboratory stood still for "), "{stdout}");
}

fn load_that_no_machine_can_send_is_no_success() {
    let folder = folder("overload");
    let sources = ["s1", "s2", "s3", "s4"];
    let flood = sources.map(|source| {
        let send = "group = \"239.1.1.1\", rate = \"100000pps\", size = 1472, for = \"500ms\"";
        format!("[[act]]\nat = \"0s\"\nsend = {{ who = \"{source}\", {send} }}\n")
    });
    let nodes = sources.map(|source| format!("{source} = {{ role = \"source\" }}, "));
    let text_of = format!(
        "title = \"more than this machine sends\"\nend = \"1s\"\n\
         links = {{ up = [\"s1\", \"s2\", \"s3\", \"s4\", \"r1\"], lan = [\"r1\", \"h1\"] }}\n\
         nodes = {{ {}r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\" }} }}\n{}\
         [[expect]]\npacket = {{ on = \"lan\", kind = \"general-query\" }}\ncount = \">= 1\"\n",
        nodes.concat(),
        flood.concat()
    );
    fs::write(folder.join("x.toml"), text_of).unwrap();
    let output = castnet(&folder, &["run", "x.toml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{stdout}{}", text(&output.stderr));
}
