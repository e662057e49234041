//! `castnet explain`: what is said of a capture in which a querier fell silent, and of files that are
//! no captures.

use std::fs;

use super::{castnet, folder, tests, text};

tests! {
    Nothing:
        a_silent_querier_is_named_with_the_stream_that_it_ended,
        what_cannot_be_explained_is_an_error;
}

/// The Queries of r1 are lost from the 40th second on.
const SCENARIO: &str = r#"
title = "The querier falls silent"
links = { up = ["s1", "r1"], lan = ["r1", "h1"] }
nodes = { s1 = { role = "source" }, r1 = { role = "router", igmp = { version = 2 } }, h1 = { role = "listener" } }
act = [
    { at = "0s", send = { who = "s1", group = "239.1.1.1", rate = "5pps" } },
    { at = "1s", join = { who = "h1", group = "239.1.1.1" } },
]
fault = [{ on = "lan", kind = "query", after = "40s", drop = true }]
[[expect]]
packet = { on = "lan", kind = "data", from = "r1" }
count = 0
after = "300s"
within = "100s"
"#;

// RFC2236-8.4-01: RV x QI + QRI = 260 s.
fn a_silent_querier_is_named_with_the_stream_that_it_ended() {
    let folder = folder("explained");
    fs::write(folder.join("silent.toml"), SCENARIO).unwrap();
    let out = folder.join("out");
    let ran = castnet(
        &folder,
        &["run", "--backend", "sim", "--out", out.to_str().unwrap(), "silent.toml"],
    );
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stdout));
    let capture = out.join("silent.sim.pcapng");
    let capture = capture.to_str().unwrap();
    let explained = castnet(&folder, &["explain", capture]);
    assert_eq!((explained.status.code(), text(&explained.stderr).as_str()), (Some(0), ""));
    let said = text(&explained.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].ends_with(": 2 faults, 1 note"), "{said}");
    assert!(
        lines[2].starts_with("FAULT  lan  31.250 s (frame 314)  the querier 10.0.2.1 fell silent"),
        "{said}"
    );
    assert!(
        lines[3].contains("GMI (RV 2 x QI 125.000 s + QRI 10.000 s = 260.000 s) was over"),
        "{said}"
    );
    let json = castnet(&folder, &["explain", "--json", capture]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["findings"][0]["what"], "querier-silent");
    assert_eq!(json["findings"][0]["at"], 31.25);
    assert_eq!(json["links"]["lan"]["queriers"]["10.0.2.1"]["general_queries"], 2);
    assert_eq!(json["links"]["lan"]["members"][0]["address"], "10.0.2.2");
}

fn what_cannot_be_explained_is_an_error() {
    let folder = folder("unexplained");
    let path = folder.join("file");
    let path = path.to_str().unwrap();
    fs::write(path, "neither").unwrap();
    let explained = castnet(&folder, &["explain", path]);
    assert_eq!(explained.status.code(), Some(2));
    assert!(text(&explained.stderr).contains("it is neither pcapng nor pcap"));
    let absent = castnet(&folder, &["explain", folder.join("absent").to_str().unwrap()]);
    assert_eq!(absent.status.code(), Some(2));
    // A pcap with a header only, and one that breaks off in its first record.
    let head = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    fs::write(path, head).unwrap();
    let empty = castnet(&folder, &["explain", path]);
    assert_eq!((empty.status.code(), text(&empty.stderr).contains("no frames")), (Some(1), true));
    fs::write(path, [&head[..], &[0; 9]].concat()).unwrap();
    let broken = castnet(&folder, &["explain", path]);
    assert_eq!(
        (broken.status.code(), text(&broken.stderr).contains("breaks off")),
        (Some(1), true)
    );
}
