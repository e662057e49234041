//! The ladder of a run and of its capture: who got which packet, what faults did to it, and acts.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{CASTNET, castnet, folder, tests, text};

tests! {
    Nothing:
        a_dropped_packet_ends_where_it_was_lost,
        a_copy_for_one_host_is_lost_and_the_other_one_arrives,
        what_arrives_late_changed_or_twice_is_marked_as_such,
        a_host_that_is_down_gets_no_arrow,
        lost_datagrams_are_counted_apart_from_those_that_arrived,
        acts_are_rows_at_the_node_that_does_them,
        times_are_those_of_the_run_of_the_day_or_of_the_line_before;
}

/// Two hosts of one group; h1 leaves at 2 s, and what no Leave says never comes true.
fn write(name: &str, more: &str) -> std::path::PathBuf {
    let folder = folder(name);
    let scenario = format!(
        r#"
title = "h1 leaves, and is asked a hundred times"
end = "4s"
[links]
up = ["s1", "r1"]
lan = ["r1", "h1", "h2"]
[nodes]
s1 = {{ role = "source" }}
r1 = {{ role = "router", igmp = {{ version = 2, last-member-query-interval = "500ms" }} }}
h1 = {{ role = "listener" }}
h2 = {{ role = "listener" }}
[[act]]
at = "100ms"
join = {{ who = "h1", group = "239.1.1.1" }}
[[act]]
at = "500ms"
send = {{ who = "s1", group = "239.1.1.1", rate = "10pps" }}
[[act]]
at = "2s"
name = "leave"
leave = {{ who = "h1", group = "239.1.1.1" }}
[[expect]]
packet = {{ on = "lan", kind = "group-specific-query", group = "239.1.1.1" }}
count = 100
after = "leave"
within = "LMQT"
{more}"#
    );
    fs::write(folder.join("a.toml"), scenario).unwrap();
    folder
}

/// What a failing run prints, and the ladder of its capture.
fn ladders(folder: &Path) -> [String; 2] {
    let run = castnet(folder, &["run", "--backend", "sim", "a.toml"]);
    assert_eq!(run.status.code(), Some(1), "{}", text(&run.stdout));
    let mut show = Command::new(CASTNET);
    show.args(["show", "castnet-out/a.sim.pcapng", "--ladder"]).env("COLUMNS", "200");
    let show = show.current_dir(folder).output().unwrap();
    [text(&run.stdout), text(&show.stdout)]
}

/// The line of the text with all of these in it.
#[track_caller]
fn line<'t>(text: &'t str, words: &[&str]) -> &'t str {
    let found = text.lines().find(|line| words.iter().all(|word| line.contains(word)));
    found.unwrap_or_else(|| panic!("{words:?} are not in\n{text}"))
}

fn a_dropped_packet_ends_where_it_was_lost() {
    let folder = write("dropped", "[[fault]]\non = 'lan'\nkind = 'leave'\ndrop = true\n");
    for ladder in ladders(&folder) {
        line(
            &ladder,
            &["2.000000 s", "x------o------x", "Leave Group", "dropped by fault, line 27"],
        );
    }
}

fn a_copy_for_one_host_is_lost_and_the_other_one_arrives() {
    let fault = "[[fault]]\non = 'lan'\nkind = 'leave'\nto = 'r1'\ndrop = true\n";
    for ladder in ladders(&write("one-copy", fault)) {
        line(&ladder, &["x------o------>", "dropped by fault, line 27", ", on its way to r1"]);
    }
    let cut = "[[fault]]\non = 'lan'\nafter = '1900ms'\nfor = '200ms'\npartition = ['h2']\n";
    for ladder in ladders(&write("cut-off", cut)) {
        line(&ladder, &["<------o------x", "cut off by fault, line 27", ", on its way to h2"]);
    }
}

fn what_arrives_late_changed_or_twice_is_marked_as_such() {
    for (what, fault, drawn, told) in [
        ("late", "delay = '300ms'", "~------o------~", "delayed 0.300 s by fault"),
        ("changed", "corrupt = true", "!------o------!", "corrupted by fault"),
        ("twice", "duplicate = 1", "<<-----o----->>", "duplicated by fault"),
    ] {
        let fault = format!("[[fault]]\non = 'lan'\nkind = 'leave'\n{fault}\n");
        for ladder in ladders(&write(what, &fault)) {
            line(&ladder, &["2.000000 s", drawn, "Leave Group", told]);
            if what == "late" {
                line(&ladder, &["2.30000", "<~~~~~~o", "Leave Group", "sent at 2.000000"]);
            }
        }
    }
}

fn a_host_that_is_down_gets_no_arrow() {
    let down = "[[act]]\nat = '1900ms'\ndown = { who = 'h2', link = 'lan' }\n";
    for ladder in ladders(&write("down", down)) {
        line(&ladder, &["<------o      |", "Leave Group 239.1.1.1, not received by h2"]);
    }
}

fn lost_datagrams_are_counted_apart_from_those_that_arrived() {
    let fault = "[[fault]]\non = 'lan'\nkind = 'data'\nnth = '3..5'\ndrop = true\n";
    let [_, ladder] = ladders(&write("counted", fault));
    line(&ladder, &["o======x======x", "stream 0, dropped by fault", " x 3 until 0.9", "10.0 pps"]);
    // Two before, and one hundred milliseconds apart but for those that are lost.
    line(&ladder, &["o======>======>", "stream 0 x ", "longest gap 0.400 s at 0.6"]);
}

fn acts_are_rows_at_the_node_that_does_them() {
    for ladder in ladders(&write("acts", "")) {
        line(&ladder, &["2.000000 s", "|      *      |", "h1 leaves 239.1.1.1 (leave)"]);
    }
}

fn times_are_those_of_the_run_of_the_day_or_of_the_line_before() {
    let folder = write("times", "");
    ladders(&folder);
    let show = |arguments: &[&str], zone: &str| {
        let mut command = Command::new(CASTNET);
        command.args([&["show", "castnet-out/a.sim.pcapng", "--igmp"], arguments].concat());
        text(&command.current_dir(&folder).env("TZ", zone).output().unwrap().stdout)
    };
    // The capture begins with the first frame, and that is not time zero.
    let leave = |told: &str| line(told, &["Leave Group"]).to_owned();
    assert!(leave(&show(&[], "UTC")).starts_with("  2.000000 s  h1:lan  "));
    assert!(leave(&show(&["--filter", "Leave Group"], "UTC")).starts_with("  2.000000 s"));
    assert!(leave(&show(&["--time", "delta"], "UTC")).starts_with(" +0.000000 s"));
    let absolute = show(&["--time", "absolute"], "UTC");
    assert!(leave(&absolute).starts_with("2000-01-01 00:00:02.000000  h1:lan"), "{absolute}");
    let absolute = show(&["--time", "absolute"], "EST5");
    assert!(leave(&absolute).starts_with("1999-12-31 19:00:02.000000  h1:lan"), "{absolute}");
    let json = show(&["--json"], "EST5");
    let json: serde_json::Value = serde_json::from_str(&leave(&json)).unwrap();
    assert_eq!((&json["at"], &json["kind"]), (&2.0.into(), &"frame".into()));
    assert_eq!(json["time"], "2000-01-01T00:00:02.000000000Z");
}
