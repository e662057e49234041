//! Whose timers a plan has.

use std::fs;
use std::path::Path;

use super::*;
use crate::scenario::Timers;

/// A router with short timers and an idle time, a switch and a scripted querier; `words` come first.
fn scenario(words: &str) -> String {
    format!(
        r#"title = "t"
{words}
links = {{ up = ["s1", "r1"], lan = ["r1", "sw"], far = ["sw", "h1", "q1"] }}
nodes.s1 = {{ role = "source" }}
nodes.r1 = {{ role = "router", keepalive = "5s", igmp = {{ version = 2, robustness = 3, query-interval = "2s", query-response-interval = "1s", last-member-query-interval = "100ms", startup-query-interval = "1s", startup-query-count = 1 }} }}
nodes.sw = {{ role = "switch", query-interval = "12s" }}
nodes.q1 = {{ role = "querier", query-interval = "1s", max-resp = "500ms" }}
nodes.h1 = {{ role = "listener" }}
[[act]]
at = "1s"
name = "join"
join = {{ who = "h1", group = "239.1.1.1" }}
[[expect]]
packet = {{ on = "far", kind = "report", from = "h1" }}
count = ">= 1"
after = "join"
within = "1s"
[[expect]]
packet = {{ on = "lan", kind = "general-query", from = "r1" }}
count = ">= 1"
within = "SQI"
"#
    )
}

fn knobs(plan: &Plan) -> Vec<(Duration, Duration, Duration)> {
    let knobs = plan.nodes.iter().filter_map(|node| match &node.role {
        Role::Router(router) => Some(&router.interfaces[0].knobs),
        Role::Switch(switch) => Some(&switch.knobs.igmp),
        _ => None,
    });
    let times = knobs
        .map(|it| (it.query_interval, it.query_response_interval, it.last_member_query_interval));
    times.collect()
}

const SECOND: Duration = Duration::from_secs(1);

/// RFC 2236 sections 8.2, 8.3 and 8.8.
const DEFAULTS: (Duration, Duration, Duration) =
    (Duration::from_secs(125), Duration::from_secs(10), SECOND);

#[test]
fn the_word_gives_another_plan_for_virtual_time_and_the_file_its_own_elsewhere() {
    let plan = compile("t.toml", &scenario("timers = \"rfc\"")).unwrap();
    assert_eq!(plan.timers, Timers::File);
    assert_eq!(knobs(&plan)[0], (2 * SECOND, SECOND, SECOND / 10));
    let default = plan.in_virtual_time();
    assert_eq!((default.timers, default.name.as_str()), (Timers::Rfc, plan.name.as_str()));
    assert_eq!(knobs(&default), [DEFAULTS, DEFAULTS]);
    let Role::Router(router) = &default.nodes[1].role else { panic!() };
    let knobs = &router.interfaces[0].knobs;
    // RFC2236-8.6-01: a quarter of the Query Interval. A count is no timer.
    assert_eq!(knobs.startup_query_interval(), Duration::from_millis(31_250));
    assert_eq!((knobs.robustness, knobs.startup_query_count()), (3, 1));
    assert_eq!(router.keepalive, Duration::from_secs(210));
    let querier = default.nodes.iter().find(|node| node.name == "q1").unwrap();
    let Role::Injector(Some(queries)) = &querier.role else { panic!() };
    assert_eq!(queries.every, Duration::from_secs(125));
    // The claim about SQI follows the timers, and the run with it.
    assert!(plan.end < 5 * SECOND, "{:?}", plan.end);
    assert!(default.end > 31 * SECOND, "{:?}", default.end);
}

#[test]
fn a_scenario_without_the_word_has_its_own_timers_everywhere() {
    let plan = compile("t.toml", &scenario("")).unwrap();
    assert_eq!(plan.in_virtual_time().timers, Timers::File);
    assert_eq!(knobs(&plan.in_virtual_time())[0].0, 2 * SECOND);
}

fn wished(text: &str) -> Result<Vec<Plan>, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    fs::write(&path, text).unwrap();
    let wishes = Wishes { timers: Some(Timers::Rfc), ..Wishes::default() };
    load_with(Path::new(&path), &[], &wishes)
}

#[test]
fn a_wish_gives_them_to_each_scenario_that_can_have_them() {
    let plans = wished(&scenario("golden = [\"netns\"]")).unwrap();
    assert_eq!((plans[0].timers, knobs(&plans[0])[0]), (Timers::Rfc, DEFAULTS));
    assert!(plans[0].golden.is_none(), "what is kept has the file's timers");
    let why = |text: &str| match wished(text) {
        Err(LoadError::OwnTimers { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(&scenario("timers = \"file\"")), "`timers = \"file\"` in line 2");
    let told = why(&scenario("end = \"10s\""));
    assert!(told.starts_with("the run ends before everything can be judged ("), "{told}");
    assert!(matches!(wished(&scenario("end = \"1s\"")), Err(LoadError::Rejected(_))));
}

#[test]
fn what_is_kept_of_the_simulator_has_other_timers() {
    let both = scenario("golden = [\"sim\"]\ntimers = \"rfc\"");
    let told = compile("t.toml", &both).unwrap_err().to_string();
    assert!(told.contains("what is kept has the file's"), "{told}");
    let unsound = compile("t.toml", &scenario("end = \"10s\"\ntimers = \"rfc\"")).unwrap_err();
    let told = unsound.to_string();
    assert!(
        told.contains("the run ends before") && told.contains("with the RFCs' timers"),
        "{told}"
    );
}
