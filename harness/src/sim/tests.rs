//! What holds of any simulated run: it repeats itself, and nodes do not disturb each other.

mod population;

use std::time::Duration;

use castnet::time::Instant;

use crate::capture::decode::decode;
use crate::plan::{Action, Plan, compile};
use crate::recording::Recording;

/// A router between a source and a LAN, with whatever else is given.
fn plan(links: &str, nodes: &str, acts: &str) -> Plan {
    let text = format!(
        r#"
title = "a simulated world"
[links]
up = ["s1", "r1"]
lan = ["r1", "h1"]
{links}
[nodes]
s1 = {{ role = "source" }}
r1 = {{ role = "router", igmp = {{ query-interval = "4s", query-response-interval = "1s" }} }}
h1 = {{ role = "listener", igmp-version = 2 }}
{nodes}
[[act]]
at = "300ms"
join = {{ who = "h1", group = "239.1.1.1" }}
[[act]]
at = "400ms"
send = {{ who = "s1", group = "239.1.1.1", rate = "10pps" }}
{acts}
[[expect]]
packet = {{ on = "lan", kind = "data" }}
count = ">= 1"
within = "9s"
"#
    );
    compile("world.toml", &text).unwrap_or_else(|e| panic!("{}", e.render(false)))
}

fn run(plan: &Plan) -> Recording {
    super::run(plan, |_| true).unwrap().unwrap()
}

/// What the named links carried, line by line.
fn traffic(plan: &Plan, recording: &Recording, links: &[&str]) -> Vec<String> {
    let frames = recording.frames.iter().filter(|frame| {
        frame.outgoing && links.contains(&plan.links[plan.ports[frame.port].link].name.as_str())
    });
    let line = |frame: &crate::recording::Frame| {
        let packet = decode(&frame.bytes).unwrap();
        format!("{:.9} {} {packet}", frame.at, plan.port_name(frame.port))
    };
    frames.map(line).collect()
}

#[test]
fn a_node_more_does_not_disturb_the_others() {
    let few = plan("", "", "");
    let other = "[[act]]\nat = \"300ms\"\njoin = { who = \"h2\", group = \"239.1.1.1\" }\n";
    let many = plan(
        "other = [\"r2\", \"h2\"]",
        "r2 = { role = \"router\" }\nh2 = { role = \"listener\", igmp-version = 2 }",
        other,
    );
    let (one, two) = (run(&few), run(&many));
    let lines = traffic(&few, &one, &["up", "lan"]);
    assert!(lines.iter().any(|line| line.contains("Report")), "{lines:?}");
    assert_eq!(lines, traffic(&many, &two, &["up", "lan"]));
    assert!(traffic(&many, &two, &["other"]).iter().any(|line| line.contains("Report")));
}

#[test]
fn the_seed_decides_what_is_left_to_chance() {
    let mut plan = plan("", "", "");
    let lines = |plan: &Plan| traffic(plan, &run(plan), &["lan"]);
    let first = lines(&plan);
    assert_eq!(first, lines(&plan));
    plan.seed += 1;
    assert_ne!(first, lines(&plan));
}

#[test]
fn a_frame_arrives_after_it_was_sent_and_everything_is_in_the_order_of_time() {
    let recording = run(&plan("", "", ""));
    assert!(recording.frames.is_sorted_by_key(|frame| frame.at));
    assert!(recording.deliveries.iter().is_sorted_by_key(|delivery| delivery.at));
    let of = |outgoing| recording.frames.iter().find(move |frame| frame.outgoing == outgoing);
    let (sent, received) = (of(true).unwrap(), of(false).unwrap());
    assert_eq!(sent.bytes, received.bytes);
    assert_eq!(received.at.since(sent.at), Duration::from_micros(1));
}

#[test]
fn nothing_leaves_or_enters_an_interface_that_is_down() {
    let acts = "[[act]]\nat = \"2s\"\ndown = { who = \"h1\", link = \"lan\" }\n\
                [[act]]\nat = \"5s\"\nup = { who = \"h1\", link = \"lan\" }\n";
    let plan = plan("", "", acts);
    let recording = run(&plan);
    let second = |second| Instant::ZERO + Duration::from_secs(second);
    let times = |of: &str| -> Vec<Instant> {
        let here = |frame: &&crate::recording::Frame| plan.port_name(frame.port) == of;
        recording.frames.iter().filter(here).map(|frame| frame.at).collect()
    };
    // The other end of the cable has no receiver either.
    for port in ["h1:lan", "r1:lan"] {
        let times = times(port);
        assert!(times.iter().any(|at| *at < second(2)) && times.iter().any(|at| *at > second(5)));
        assert!(!times.iter().any(|at| (second(2)..second(5)).contains(at)), "{port}");
    }
    assert_eq!(recording.broken, <[&str; 0]>::default());
}

#[test]
fn a_source_that_cannot_send_breaks_the_run() {
    let acts = "[[act]]\nat = \"2s\"\ndown = { who = \"s1\", link = \"up\" }\n";
    let recording = run(&plan("", "", acts));
    assert_eq!(recording.broken, ["s1: sending to 239.1.1.1: Network is down"]);
}

#[test]
fn a_run_that_is_cancelled_leaves_nothing() {
    let acts =
        "[[act]]\nat = \"0s\"\nsend = { who = \"s1\", group = \"239.1.1.2\", rate = \"1000pps\" }";
    assert!(super::run(&plan("", "", acts), |_| false).unwrap().is_none());
}

#[test]
fn an_address_of_ipv6_is_refused_and_not_passed_over() {
    let mut plan = plan("", "", "");
    let port = plan.ports.len() - 1;
    plan.ports[port].address = Some("2001:db8::2".parse().unwrap());
    let refused = super::run(&plan, |_| true).unwrap_err();
    let why = "2001:db8::2 is no address of IPv4".to_owned();
    assert_eq!(refused, super::Unplayable { node: plan.ports[port].node, why });
}

#[test]
fn a_join_of_an_ipv6_group_breaks_the_run() {
    let mut plan =
        plan("", "", "[[act]]\nat = \"1s\"\njoin = { who = \"h1\", group = \"239.1.1.2\" }");
    let group = castnet::addr::Group::new("ff3e::1".parse().unwrap()).unwrap();
    for act in &mut plan.acts {
        if let Action::Join(_, of, _) = &mut act.action {
            *of = group;
        }
    }
    let broken = run(&plan).broken;
    assert!(broken[0].contains("ff3e::1 is no address of IPv4"), "{broken:?}");
}
