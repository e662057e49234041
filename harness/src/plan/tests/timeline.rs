//! What is done when, and when the run ends.

use super::*;

fn plan_of_acts(top: &str, acts: &str) -> Result<Plan, String> {
    let text = format!(
        r#"title = "t"
{top}
links = {{ up = ["s1", "r1"], lan = ["r1", "h1"] }}
nodes.s1 = {{ role = "source" }}
nodes.r1 = {{ role = "router" }}
nodes.h1 = {{ role = "listener" }}
{acts}
[[expect]]
packet = {{ on = "lan", kind = "query" }}
count = 1
within = "3s"
"#
    );
    compile("t.toml", &text).map_err(|rejected| rejected.to_string())
}

const JOIN: &str = "join = { who = \"h1\", group = \"239.1.1.1\" }";
const LEAVE: &str = "leave = { who = \"h1\", group = \"239.1.1.1\" }";
const SEND: &str = "send = { who = \"s1\", group = \"239.1.1.1\", rate = \"10pps\" }";

fn act(at: &str, verb: &str) -> String {
    format!("[[act]]\nat = \"{at}\"\n{verb}\n")
}

/// In the order of time; at equal times in the order of the file, so that a leave may follow a join.
#[test]
fn acts_are_done_in_the_order_of_time_and_then_of_the_file() {
    let acts = act("2s", SEND) + &act("1s", JOIN) + &act("1s", LEAVE) + &act("1s", JOIN);
    let plan = plan_of_acts("", &acts).unwrap();
    let labels: Vec<_> = plan.acts.iter().map(|act| act.label.as_str()).collect();
    let expected = [
        "h1 joins 239.1.1.1",
        "h1 leaves 239.1.1.1",
        "h1 joins 239.1.1.1",
        "s1 sends to 239.1.1.1",
    ];
    assert_eq!(labels, expected);
    let told = plan_of_acts("", &(act("1s", LEAVE) + &act("1s", JOIN))).unwrap_err();
    assert!(told.contains("has not joined"), "{told}");
}

#[test]
fn each_stream_has_its_own_number() {
    let plan = plan_of_acts("", &(act("2s", SEND) + &act("1s", SEND))).unwrap();
    let ids = plan.acts.iter().map(|act| match &act.action {
        Action::Send(stream) => stream.id,
        _ => panic!("only streams"),
    });
    assert_eq!(ids.collect::<Vec<_>>(), [0, 1]);
}

fn end(top: &str, acts: &str) -> Duration {
    plan_of_acts(top, acts).unwrap_or_else(|told| panic!("{told}")).end
}

/// The last window with one tolerance for its act and one for itself, or the last act.
#[test]
fn a_run_ends_when_everything_is_done_and_can_be_judged() {
    let window = Duration::from_millis(3200);
    assert_eq!(end("", &act("1s", SEND)), window);
    assert_eq!(end("tolerance = \"0\"", &act("1s", SEND)), Duration::from_secs(3));
    assert_eq!(end("", &act("7s", SEND)), Duration::from_secs(7));
    let long = SEND.replace("10pps\"", "10pps\", for = \"20s\"");
    assert_eq!(end("", &act("7s", &long)), Duration::from_secs(27));
    assert_eq!(end("end = \"1m\"", &act("1s", SEND)), Duration::from_secs(60));
    assert_eq!(end("end = \"3200ms\"", ""), window);
    assert!(plan_of_acts("end = \"3199ms\"", "").unwrap_err().contains("3s 200ms are needed"));
}

/// An upper limit from a computed time on is judged a tolerance later, so its window must be
/// longer.
#[test]
fn a_window_that_the_tolerance_would_swallow_is_refused() {
    let told = |after: &str, within: &str| {
        let expect = format!(
            "packet = {{ on = \"lan\", kind = \"leave\" }}\ncount = 0\nafter = \"{after}\"\n\
             within = \"{within}\""
        );
        try_plan("", &expect).err()
    };
    assert!(told("leave + 1s", "100ms").unwrap().contains("nothing would be looked at"));
    assert_eq!(told("leave + 1s", "101ms"), None);
    assert_eq!(told("leave", "100ms"), None);
}

#[test]
fn a_router_that_is_killed_is_a_process() {
    let apart =
        |acts: &str| plan_of_acts("", acts).unwrap().nodes.iter().any(|node| node.is_process);
    let kill = act("1s", "kill = { who = \"r1\" }");
    assert!(apart(&kill) && !apart(&act("1s", JOIN)));
}
