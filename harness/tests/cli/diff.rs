//! `castnet diff` on captures of other tools, and on files that are no captures.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{castnet, folder, tests, text};

tests! {
    Nothing:
        the_link_header_and_the_file_format_are_no_difference,
        what_differs_is_shown_and_is_exit_code_1,
        what_cannot_be_read_whole_is_exit_code_2_and_the_rest_is_compared;
}

fn foreign(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/pcap/foreign");
    folder.join(name).display().to_string()
}

fn diff(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = castnet(&folder("diff"), &[&["diff"], arguments].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn the_link_header_and_the_file_format_are_no_difference() {
    let (code, stdout, stderr) = diff(&[&foreign("lan.pcap"), &foreign("raw.pcap")]);
    assert_eq!((code, stdout.as_str()), (Some(0), "no difference: 4 packets\n"), "{stderr}");
}

fn what_differs_is_shown_and_is_exit_code_1() {
    let (code, stdout, stderr) = diff(&[&foreign("lan.pcap"), &foreign("vlan.pcap")]);
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert!(stdout.contains("VLAN: none -> 7\n"), "{stdout}");
    assert!(
        stdout.contains("-   0.621413 s  10.0.2.1 > 224.0.0.1 v2 Membership Query"),
        "{stdout}"
    );
    assert!(stdout.ends_with("0 added, 2 removed, 2 changed, 0 the same\n"), "{stdout}");
    let (_, stdout, _) = diff(&["--json", &foreign("lan.pcap"), &foreign("vlan.pcap")]);
    let document: Value = serde_json::from_str(&stdout).expect("one JSON document");
    assert_eq!((&document["schema"], &document["equal"]), (&1.into(), &false.into()));
    assert_eq!(document["changes"].as_array().unwrap().len(), 4);
}

fn what_cannot_be_read_whole_is_exit_code_2_and_the_rest_is_compared() {
    let (code, stdout, stderr) = diff(&[&foreign("lan.pcap"), &foreign("cut-off.pcap")]);
    assert_eq!(code, Some(2));
    assert!(stdout.ends_with("0 added, 1 removed, 0 changed, 3 the same\n"), "{stdout}");
    assert!(stderr.contains("cut-off.pcap: after 3 frames it breaks off"), "{stderr}");
    let none = folder("diff-none");
    fs::write(none.join("file"), "title").unwrap();
    let output = castnet(&none, &["diff", "file", "absent"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("castnet: file: it is neither pcapng nor pcap"));
    let output = castnet(&none, &["diff", "absent", "file"]);
    assert!(text(&output.stderr).starts_with("castnet: absent: No such file"));
}
