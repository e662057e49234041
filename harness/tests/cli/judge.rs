//! `castnet judge`: a capture that castnet made, as it is and after other tools have changed it.

use std::fs;
use std::path::Path;

use super::{castnet, folder, tests, text};

tests! {
    Nothing:
        a_capture_of_tcpdump_is_matched_by_its_addresses,
        what_has_nothing_to_do_with_the_scenario_is_refused;
    Kernel: what_a_run_wrote_is_judged_as_the_run_was_but_for_state;
}

const SCENARIO: &str = r#"
title = "the first Query"
links = { lan = ["r1", "h1"] }
nodes = { r1 = { role = "router" }, h1 = { role = "listener" } }

[[act]]
at = "0s"
name = "join"
join = { who = "h1", group = "239.1.1.1" }

[[expect]]
packet = { on = "lan", kind = "general-query", from = "r1" }
count = 1
within = "100ms"

[[expect]]
packet = { on = "lan", kind = "report", from = "h1", group = "239.1.1.1" }
count = ">= 1"
after = "join"
within = "100ms"

[[expect]]
members = { of = "r1", on = "lan", groups = ["239.1.1.1"] }
at = "join + 100ms"
"#;

fn judge(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = castnet(folder, &[&["judge", "x.toml"], arguments].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn what_a_run_wrote_is_judged_as_the_run_was_but_for_state() {
    let folder = folder("judge");
    fs::write(folder.join("x.toml"), SCENARIO).unwrap();
    castnet(&folder, &["run", "x.toml"]);
    let (code, stdout, stderr) = judge(&folder, &["castnet-out/x.pcapng"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let passed = stdout.lines().filter(|line| line.starts_with("  pass ")).count();
    assert_eq!(passed, 2, "{stdout}");
    let not = "  not judged  r1: members on lan are 239.1.1.1 at join + 100ms";
    assert!(
        stdout.contains("  not judged  ") && stdout.contains("what routers hold"),
        "{not}\n{stdout}"
    );
    assert!(stdout.ends_with("2 passed, 0 failed or proved nothing, 1 not judged\n"), "{stdout}");
    // An act that was done at another time is expected at that time.
    let (code, stdout, _) = judge(&folder, &["castnet-out/x.pcapng", "--at", "join=20s"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("join at 20.000 s"), "{stdout}");
}

fn a_capture_of_tcpdump_is_matched_by_its_addresses() {
    let folder = folder("judge-foreign");
    let foreign = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/pcap/foreign/lan.pcap");
    // In the namespaces of the capture, lan was the second link.
    let scenario = SCENARIO.replace("{ lan", "{ up = [\"s1\", \"r1\"], lan");
    let scenario = scenario.replace("nodes = {", "nodes = { s1 = { role = \"source\" },");
    let scenario = scenario.replace("within = \"100ms\"", "within = \"1s\"");
    fs::write(folder.join("x.toml"), scenario).unwrap();
    let (code, stdout, stderr) = judge(&folder, &[foreign]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("note        interface - is taken to be on lan\n"), "{stdout}");
    // The Query comes 0.6 s after the first frame, which is before this run.
    let (code, stdout, _) = judge(&folder, &[foreign, "--zero", "650ms"]);
    assert_eq!(code, Some(1), "{stdout}");
}

fn what_has_nothing_to_do_with_the_scenario_is_refused() {
    let folder = folder("judge-other");
    fs::write(folder.join("x.toml"), SCENARIO).unwrap();
    let foreign = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/pcap/foreign/snapped.pcap");
    let (code, _, stderr) = judge(&folder, &[foreign]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("no frame of the capture is of a link of the scenario"), "{stderr}");
    let (code, _, stderr) = judge(&folder, &[foreign, "--port", "r9:lan=eth0"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("the ports are r1:lan, h1:lan"), "{stderr}");
    let (_, _, stderr) = judge(&folder, &[foreign, "--at", "join"]);
    assert!(stderr.contains("--at join: it is ACT=TIME"), "{stderr}");
}
