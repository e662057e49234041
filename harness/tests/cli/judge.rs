//! `castnet judge`: a capture that castnet made, as it is and after other tools have changed it.

use std::fs;
use std::path::Path;

use super::{castnet, folder, tests, text};

tests! {
    Nothing:
        what_this_capture_leaves_open_is_no_success,
        programs_get_the_same_judgement,
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
within = "200ms"

[[expect]]
packet = { on = "lan", kind = "report", from = "h1", group = "239.1.1.1" }
count = ">= 1"
after = "join"
within = "200ms"

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
    // The Query comes 0.6 s after the first frame, and the last frame is 0.69 s after it.
    let scenario = scenario.replace("within = \"200ms\"", "within = \"650ms\"");
    fs::write(folder.join("x.toml"), scenario).unwrap();
    let (code, stdout, stderr) = judge(&folder, &[foreign]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("note        interface - is taken to be on lan\n"), "{stdout}");
    // The Query is before this run, and what comes after the last frame is not known.
    let (code, stdout, _) = judge(&folder, &[foreign, "--zero", "650ms"]);
    assert_eq!(code, Some(3), "{stdout}");
    assert!(stdout.contains("  not judged  lan: 1 general-query"), "{stdout}");
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

/// The scenario with time for a host that waits before it reports, and joins after the first Query.
fn patient() -> String {
    let scenario = SCENARIO.replace("within = \"200ms\"", "within = \"2s\"");
    scenario.replace("at = \"0s\"", "at = \"500ms\"")
}

/// Simulates the scenario; the capture.
fn simulated(folder: &Path) -> Vec<u8> {
    fs::write(folder.join("x.toml"), patient()).unwrap();
    castnet(folder, &["run", "--backend", "sim", "x.toml"]);
    fs::read(folder.join("castnet-out/x.sim.pcapng")).unwrap()
}

// Another capture could show it, which is neither a success nor a failure.
fn what_this_capture_leaves_open_is_no_success() {
    let folder = folder("judge-open");
    let (whole, scenario) = (simulated(&folder), patient());
    let judged = |capture: &[u8], scenario: &str| {
        fs::write(folder.join("x.toml"), scenario).unwrap();
        fs::write(folder.join("capture"), capture).unwrap();
        judge(&folder, &["capture"])
    };
    let (code, stdout, stderr) = judged(&whole, &scenario);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    // Statistics of the interface: one frame was dropped.
    let mut statistics = vec![5, 0, 0, 0, 40, 0, 0, 0];
    statistics.extend([0; 12]);
    statistics.extend([5, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    statistics.extend([40, 0, 0, 0]);
    let dropped = [&whole[..], &statistics].concat();
    let (code, stdout, stderr) = judged(&dropped, &scenario);
    assert_eq!(code, Some(3), "{stdout}");
    assert!(stderr.contains("1 frames were dropped while it was made"), "{stderr}");
    assert!(stdout.contains("1 passed, 0 failed or proved nothing, 2 not judged"), "{stdout}");
    // A failure is hidden by nothing that is open.
    let failing = scenario.replace("count = 1", "count = 0");
    assert_eq!(judged(&dropped, &failing).0, Some(1));
    // A link of which nothing was captured.
    let elsewhere = scenario
        .replace("{ lan", "{ up = [\"s1\", \"r1\"], lan")
        .replace("nodes = {", "nodes = { s1 = { role = \"source\" },")
        .replace(
            "on = \"lan\", kind = \"report\", from = \"h1\"",
            "on = \"up\", kind = \"report\"",
        );
    let (code, stdout, _) = judged(&whole, &elsewhere);
    assert!(stdout.contains("nothing of up is in the capture"), "{stdout}");
    assert_eq!(code, Some(3), "{stdout}");
    // A file that breaks off.
    let cut = &whole[..whole.len() - 3];
    assert_eq!(judged(cut, &scenario).0, Some(1));
    // Where no capture shows anything of it, nothing is proved.
    let members = scenario.split("[[expect]]").collect::<Vec<_>>();
    let members = members[0].to_owned() + "[[expect]]" + members[3];
    assert_eq!(judged(&whole, &members).0, Some(1));
}

fn programs_get_the_same_judgement() {
    let folder = folder("judge-json");
    simulated(&folder);
    let capture = "castnet-out/x.sim.pcapng";
    let (code, stdout, _) = judge(&folder, &[capture, "--json", "--junit", "x.xml"]);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &document["exit_code"]), (Some(0), &0.into()));
    let findings = document["findings"].as_array().unwrap();
    let outcomes: Vec<_> = findings.iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["pass", "pass", "not judged"]);
    assert_eq!(findings[2]["another"], false);
    let xml = fs::read_to_string(folder.join("x.xml")).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&xml).expect(&xml);
    assert_eq!((report.tests, report.failures, report.errors), (3, 0, 0));
    assert!(xml.contains("<skipped message=\"not judged: it needs what routers hold"), "{xml}");
    let (code, _, stderr) = judge(&folder, &[capture, "--junit", "x.toml/x.xml"]);
    assert_eq!(code, Some(4), "{stderr}");
}
