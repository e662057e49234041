//! Differences of traces and of captures, as they are shown.

use std::time::Duration;

use super::made::{Made, lan_query, ms, with_ttl};
use super::{TRACE, normal, passed};
use crate::capture::pcapng;
use crate::recording::{Frame, Recording};
use crate::snapshot::diff::text::{Marks, render};
use crate::snapshot::diff::{Capture, diff, json};
use crate::snapshot::sides;
use crate::snapshot::thin;

const PLAIN: Marks = Marks { color: false };

fn capture(made: &Made) -> Capture {
    let mut file = Vec::new();
    pcapng::write(&mut file, &made.plan, &made.recording, &passed().remarks()).unwrap();
    let (capture, reading) = Capture::read(file.as_slice()).unwrap();
    assert!(reading.is_whole());
    capture
}

fn plain() -> Made {
    Made::new(|_| 0)
}

#[test]
fn equal_captures_have_no_difference_and_times_count_only_if_wanted() {
    let one = capture(&plain());
    let later = capture(&Made::new(|most| if most == 25_000 { 3000 } else { 0 }));
    assert!(diff(&one, &later, None).is_equal());
    let within = |ms| diff(&one, &later, Some(Duration::from_millis(ms)));
    assert!(within(100).is_equal() && !within(2).is_equal());
    let text = render(&diff(&one, &later, None), PLAIN);
    assert_eq!(text, format!("no difference: {} packets\n", one.packets));
}

#[test]
fn what_was_added_and_removed_stands_between_its_neighbours() {
    let one = capture(&plain());
    let other = capture(&plain().sends(ms(6000), "r1:lan", &lan_query()));
    let query = "10.0.2.1 > 239.1.1.1 v2 Membership Query, group 239.1.1.1, max resp 0.5 s\n";
    let text = render(&diff(&one, &other, None), PLAIN);
    assert!(text.starts_with("lan\n  ... "), "{text}");
    assert!(text.contains(&format!("+   6.000000 s  {query}")), "{text}");
    assert!(text.ends_with(&format!("1 added, 0 removed, 0 changed, {} the same\n", one.packets)));
    let text = render(&diff(&other, &one, None), PLAIN);
    assert!(text.contains(&format!("-   6.000000 s  {query}")), "{text}");
}

#[test]
fn what_changed_is_told_field_by_field() {
    let one = capture(&plain().sends(ms(6000), "r1:lan", &lan_query()));
    let other = capture(&plain().sends(ms(6000), "r1:lan", &with_ttl(9, &lan_query())));
    let diff = diff(&one, &other, None);
    assert_eq!(diff.counts()[..3], [0, 0, 1]);
    let text = render(&diff, PLAIN);
    assert!(text.contains("\n                TTL: 1 -> 9\n"), "{text}");
    let document = json::document(&diff, "a", "b").unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&document["equal"], &document["changed"]), (&false.into(), &1.into()));
    let field = &document["changes"][0]["fields"][0];
    assert_eq!(
        (&field["field"], &field["a"], &field["b"]),
        (&"TTL".into(), &"1".into(), &"9".into())
    );
}

#[test]
fn datagrams_that_went_alike_are_one_line() {
    let mut other = plain();
    let port = other.port("r1:lan");
    other.recording.frames.retain(|frame| {
        let gone = frame.port == port && (ms(2000)..ms(3000)).contains(&frame.at);
        !gone || frame.bytes.len() < 60
    });
    let text = render(&diff(&capture(&plain()), &capture(&other), None), PLAIN);
    let line = "-   2.000090 s  10.0.1.1 > 239.1.1.1 datagram 150 of stream 0 to 249 at 2.990090 s: \
                100 datagrams\n";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("0 added, 100 removed, 0 changed"), "{text}");
}

#[test]
fn traces_stand_side_by_side_with_what_changed_in_brackets() {
    let made = normal(&plain().sends(ms(5000), "r1:lan", &with_ttl(9, &lan_query())));
    let made = made.replace("max resp 0.5 s, TTL 9", "max resp 0.7 s, TTL 9");
    let wide = sides::render(TRACE, &made, 240, PLAIN);
    let line = wide.lines().find(|line| line.contains("TTL 9")).unwrap();
    assert!(line.contains(" + "), "{wide}");
    let query = TRACE.lines().find(|line| line.starts_with("first ") && line.contains("r1 > "));
    let query = query.unwrap();
    let changed = TRACE.replacen(query, &query.replace("r1 > ", "r2 > "), 1);
    let narrow = sides::render(TRACE, &changed, 60, PLAIN);
    let lines: Vec<&str> = narrow.lines().filter(|line| line.contains('[')).collect();
    assert_eq!(lines.len(), 2, "{narrow}");
    assert!(lines[0].starts_with("- first lan [r1 > 239.1.1.1] v2 Membership Query,"), "{narrow}");
    assert!(lines[1].starts_with("+ first lan [r2 > 239.1.1.1] v2 Membership Query,"), "{narrow}");
    assert!(narrow.starts_with("  ...\n") && narrow.ends_with("  ...\n"), "{narrow}");
}

#[test]
fn what_is_kept_has_every_control_packet_and_both_ends_of_each_flow() {
    let made = plain();
    let is_data = |frame: &&Frame| frame.bytes.len() >= 60;
    let of = |recording: &Recording, port: &str| {
        let port = made.port(port);
        let frames = recording.frames.iter().filter(|frame| frame.port == port);
        let (data, control): (Vec<&Frame>, Vec<&Frame>) = frames.partition(is_data);
        (data.iter().map(|frame| frame.at).collect::<Vec<_>>(), control.len())
    };
    let thin = thin(&made.plan, &made.recording);
    for port in ["s1:up", "r1:up", "r1:lan", "h1:lan", "h2:lan"] {
        let (all, control) = of(&made.recording, port);
        let ends: Vec<_> = all.first().into_iter().chain(all.last()).copied().collect();
        assert_eq!(of(&thin, port), (ends, control), "{port}");
    }
    assert!(of(&thin, "r1:lan").0.len() == 2 && of(&thin, "r1:lan").1 > 0);
}
