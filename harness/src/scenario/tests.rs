//! What an author may write, and that no text makes the reader panic.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use castnet::gmp::message::Version;

use super::*;
use crate::plan::compile;

fn parse(path: &str, text: &str) -> Result<Scenario, diagnostic::Rejected> {
    let (sources, mut drafts, mut faults) =
        drafts(path, text, &Reach::of(std::path::Path::new(path), &[]));
    let draft = drafts.pop();
    let scenario = draft.map(|Draft { scenario, faults: own, .. }| {
        faults.merge(vec![(String::new(), own)]);
        scenario
    });
    match scenario {
        Some(scenario) if faults.is_empty() => Ok(scenario),
        _ => Err(diagnostic::Rejected { sources, faults: faults.into_vec() }),
    }
}

/// One key of every kind; the shipped scenarios would do, but they may change.
const RICH: &str = include_str!("tests/rich.toml");

#[test]
fn every_key_is_read() {
    let rich = parse("rich.toml", RICH).unwrap_or_else(|rejected| panic!("{rejected}"));
    assert_eq!(rich.tolerance.map(|t| t.value), Some(Duration::from_millis(50)));
    assert_eq!(rich.end.map(|end| end.value), Some(Duration::from_secs(30)));
    let links: Vec<_> = rich.links.iter().map(|link| link.name.value.as_str()).collect();
    assert_eq!(links, ["up", "mid", "lan"]);
    assert_eq!(rich.links[2].subnet.as_ref().map(|s| s.value.to_string()).unwrap(), "10.9.0.0/28");
    let Role::Router(r1) = &rich.nodes[3].role else { panic!("r1 is a router") };
    assert_eq!(r1.knobs.query_interval, Duration::from_secs(20));
    assert_eq!((r1.ttl_threshold, r1.keepalive), (2, Duration::from_secs(60)));
    assert_eq!((r1.static_joins.len(), r1.routes.len(), r1.is_process), (1, 0, true));
    let Role::Router(r2) = &rich.nodes[4].role else { panic!("r2 is a router") };
    assert_eq!((r1.derive_routes, r2.derive_routes), (true, false));
    let given = rich.links[2].addresses.iter().map(|given| given.addresses.len());
    assert_eq!(given.collect::<Vec<_>>(), [2, 1]);
    let Verb::Send(send) = &rich.acts[1].verb else { panic!("the second act sends") };
    assert_eq!((send.interval.value, send.ttl, send.size), (Duration::from_millis(10), 5, 100));
    assert_eq!(send.from_address.as_ref().unwrap().value.to_string(), "10.0.1.1");
    assert_eq!(rich.expectations.len(), 6);
    compile("rich.toml", RICH).unwrap_or_else(|rejected| panic!("{rejected}"));
}

#[test]
fn what_is_not_given_has_its_default() {
    let text = RICH.replace(", ttl = 5, size = 100", "").replace("ttl-threshold = 2\n", "");
    let plain = parse("rich.toml", &text).unwrap();
    let Verb::Send(send) = &plain.acts[1].verb else { panic!("the second act sends") };
    assert_eq!((send.ttl, send.size), (32, 64));
    let Role::Router(r1) = &plain.nodes[3].role else { panic!("r1 is a router") };
    assert_eq!(r1.ttl_threshold, 1);
}

/// Both sides of each limit.
#[test]
fn limits_lie_where_they_are_said_to_lie() {
    let told = |old: &str, new: &str| {
        assert!(RICH.contains(old), "{old}");
        parse("rich.toml", &RICH.replace(old, new)).map_or_else(|r| r.faults.len(), |_| 0)
    };
    for (old, good, bad) in [
        ("size = 100", ["size = 32", "size = 1472"], ["size = 31", "size = 1473"]),
        ("ttl = 5", ["ttl = 1", "ttl = 255"], ["ttl = 0", "ttl = 256"]),
        (
            "ttl-threshold = 2",
            ["ttl-threshold = 1", "ttl-threshold = 254"],
            ["ttl-threshold = 0", "ttl-threshold = 255"],
        ),
        ("\"100pps\"", ["\"1pps\"", "\"100000pps\""], ["\"0pps\"", "\"100001pps\""]),
        ("end = \"30s\"", ["end = \"0\"", "end = \"24h\""], ["end = \"-1s\"", "end = \"86401s\""]),
        (
            "igmp-version = 2",
            ["igmp-version = 1", "igmp-version = 3"],
            ["igmp-version = 0", "igmp-version = 4"],
        ),
        (
            "subnet = \"10.9.0.0/28\"",
            ["delay = \"1ms\", bandwidth = \"1kbps\"", "bandwidth = \"100Gbps\""],
            ["bandwidth = \"999bps\"", "bandwidth = \"101Gbps\""],
        ),
        ("up = [", ["x = [", "abcdefghijklmno = ["], ["\"\" = [", "abcdefghijklmnop = ["]),
    ] {
        assert_eq!(good.map(|good| told(old, good)), [0, 0], "{good:?}");
        assert_eq!(bad.map(|bad| told(old, bad)), [1, 1], "{bad:?}");
    }
}

/// The RFC's defaults except SQI: a bridge sends at most one Query a second.
#[test]
fn a_switch_has_its_defaults() {
    let switch = |keys: &str| {
        let node = format!("[nodes]\nsw = {{ role = \"switch\"{keys} }}");
        let text = RICH.replacen("[nodes]", &node, 1);
        let scenario = parse("rich.toml", &text).unwrap_or_else(|rejected| panic!("{rejected}"));
        let Role::Switch(switch) = &scenario.nodes[0].role else { panic!("a switch") };
        switch.clone()
    };
    let plain = switch("");
    assert_eq!(
        (plain.knobs.snooping, plain.knobs.querier, plain.knobs.version),
        (true, false, Version::V2)
    );
    assert!(plain.fast_leave.is_empty());
    assert_eq!(plain.knobs.igmp.group_membership_interval(), Duration::from_secs(260));
    assert_eq!(plain.knobs.igmp.startup_query_interval(), Duration::from_millis(31_250));
    let quick = switch(
        ", querier = true, igmp-version = 3, query-interval = \"2s\", \
         query-response-interval = \"500ms\", last-member-interval = \"200ms\", \
         last-member-count = 3, fast-leave = [\"up\"]",
    );
    assert_eq!(
        (quick.knobs.querier, quick.knobs.version, quick.fast_leave.len()),
        (true, Version::V3, 1)
    );
    assert_eq!(quick.knobs.igmp.startup_query_interval(), Duration::from_secs(1));
    assert_eq!(quick.knobs.igmp.last_member_query_time(), Duration::from_millis(600));
    assert_eq!(quick.knobs.igmp.other_querier_present_interval(), Duration::from_millis(4250));
}

#[test]
fn spans_point_at_the_text_that_is_wrong() {
    let text = RICH.replace("group = \"239.1.1.1\"", "group = \"1.2.3.4\"");
    let faults = compile("rich.toml", &text).unwrap_err().faults;
    assert!(faults.iter().all(|fault| &text[fault.span.clone()] == "\"1.2.3.4\""), "{faults:?}");
    assert_eq!(faults.len(), text.matches("1.2.3.4").count());
}

#[test]
fn every_clause_of_the_catalogue_can_be_cited() {
    assert!(clauses::all().count() > 300);
    let clause = clauses::clause("RFC2236-3-23").unwrap();
    assert_eq!((clause.id.as_str(), clause.level.as_str()), ("RFC2236-3-23", "MUST"));
}

/// Reads, compiles and renders, without and with a matrix; every fault must lie within the text.
fn hold(text: &str) {
    hold_as_it_is(text);
    hold_as_it_is(&text.replacen("[links]", "[matrix]\nx = [\"2s\", 3]\ny = [true]\n[links]", 1));
}

fn hold_as_it_is(text: &str) {
    let Err(rejected) = compile("any.toml", text) else { return };
    assert!(!rejected.faults.is_empty(), "rejected without a reason: {text:?}");
    for fault in &rejected.faults {
        let span = &fault.span;
        assert!(span.start <= span.end, "{fault:?}");
        let text = &rejected.sources.scenario().text;
        assert!(text.get(span.clone()).is_some(), "{fault:?} in {text:?}");
        assert!(!fault.message.contains(char::is_control), "{fault:?}");
    }
    assert!(rejected.render(false).starts_with("error: "));
    assert!(rejected.render(true).contains('\u{1b}'));
}

/// Words of scenarios, and words that do not belong there.
const WORDS: [&str; 45] = [
    "\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "é",
    "日",
    "\u{feff}",
    "0",
    "-1",
    "1e400",
    "nan",
    "9223372036854775807",
    "0x10",
    "true",
    "1979-05-27",
    "\"\"",
    "\"LMQT\"",
    "\"r1.LMQT\"",
    "\"4294967295*24h\"",
    "\"999999999999999999y\"",
    "\"4294967295*4294967295\"",
    "\"start - 1ns\"",
    "\"leave\"",
    "\"..\"",
    "\">=\"",
    "\"0.0.0.0/0\"",
    "\"224.0.0.1\"",
    "[act]",
    "[[expect]]",
    "links",
    "\"${x}\"",
    "\"$${y} ${x}${y}\"",
    "${",
    "extends = \".\"",
    "template = \"\"",
];

/// One edit: where (in permille of the text), how many octets go, and the word that comes.
type Edit = (usize, usize, usize);

fn edited(edits: &[Edit]) -> String {
    let mut text = RICH.to_owned();
    for &(at, octets, word) in edits {
        let boundary =
            |at: usize| (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let from = boundary(text.len() * at / 1000);
        let to = boundary((from + octets).min(text.len())).max(from);
        text.replace_range(from..to, WORDS.get(word).copied().unwrap_or_default());
    }
    text
}

/// The text with each quoted value or number at these positions exchanged for a word.
fn exchanged(exchanges: &[(usize, usize)]) -> String {
    let mut text = RICH.to_owned();
    for &(position, word) in exchanges {
        let values: Vec<usize> = text.match_indices(" = ").map(|(at, _)| at + 3).collect();
        let Some(&from) = values.get(position % values.len().max(1)) else { continue };
        let to = text[from..].find([',', '}', '\n']).map_or(text.len(), |length| from + length);
        text.replace_range(from..to, WORDS[word % WORDS.len()]);
    }
    text
}

fn without_or_twice(lines: &[(usize, bool)]) -> String {
    let mut text: Vec<&str> = RICH.lines().collect();
    for &(line, twice) in lines {
        let line = line % text.len();
        if twice {
            text.insert(line, text[line]);
        } else {
            text.remove(line);
        }
    }
    text.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn no_edit_makes_it_panic(edits in vec((0..1000usize, 0..30usize, 0..55usize), 1..4)) {
        hold(&edited(&edits));
    }

    #[test]
    fn no_value_makes_it_panic(exchanges in vec((0..200usize, 0..45usize), 1..4)) {
        hold(&exchanged(&exchanges));
    }

    #[test]
    fn no_line_gone_or_twice_makes_it_panic(lines in vec((0..60usize, any::<bool>()), 1..5)) {
        hold(&without_or_twice(&lines));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        hold(&text);
    }

    #[test]
    fn no_expression_makes_it_panic(text in "[-+*. a-zA-Z0-9é]{0,40}") {
        let _ = (expr::parse(&text), expr::parse_count(&text));
        let text = text.replace('"', "");
        hold(&RICH.replace("\"leave + LMQT\"", &format!("\"{text}\"")));
    }
}
