//! The effect of `set` on a node, and on intervals in expressions from then on.

use castnet::gmp::message::Message;

use super::*;

/// Two routers on `lan`, a switch with a listener behind, a querier; with these acts and an expectation.
fn plan_of(acts: &str, expect: &str) -> Result<Plan, String> {
    let text = format!(
        r#"title = "t"
end = "60s"
[links]
up = ["s1", "r1"]
lan = ["r1", "r2", "q1"]
c1 = ["sw", "r2"]
c2 = ["sw", "h1", "h2"]
[nodes]
s1 = {{ role = "source" }}
r1 = {{ role = "router", igmp = {{ query-interval = "20s" }} }}
r2 = {{ role = "router", igmp = {{ query-interval = "20s" }} }}
q1 = {{ role = "querier", query-interval = "8s" }}
sw = {{ role = "switch" }}
h1 = {{ role = "listener" }}
h2 = {{ role = "listener", stack = "castnet" }}
{acts}
[[expect]]
{expect}
"#
    );
    compile("t.toml", &text).map_err(|rejected| rejected.to_string())
}

fn set(at: &str, keys: &str) -> String {
    format!(
        "[[act]]\nat = \"{at}\"\nname = \"set{}\"\nset = {{ {keys} }}\n",
        at.trim_end_matches('s')
    )
}

const ANY: &str = "packet = { on = \"lan\", kind = \"query\" }\ncount = \">= 1\"";

fn told(keys: &str) -> String {
    plan_of(&set("5s", keys), ANY).unwrap_err()
}

/// The configuration that the act leaves r1 with.
fn router(plan: &Plan, act: usize) -> &Router {
    match &plan.acts[act].action {
        Action::Set(Setting::Router(router)) => router,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_set_stays_as_it_was_set_before() {
    let acts = [
        set(
            "9s",
            "who = \"r1\", link = \"lan\", ttl-threshold = 9, igmp = { query-interval = \"4s\", query-response-interval = \"1s\" }",
        ),
        set(
            "5s",
            "who = \"r1\", igmp = { robustness = 3, query-interval = \"15s\" }, static-joins = [{ link = \"up\", group = \"239.1.1.1\" }]",
        ),
    ];
    let plan = plan_of(&acts.concat(), ANY).unwrap();
    let of = |act: usize, link: usize| {
        let interface = &router(&plan, act).interfaces[link];
        let knobs = &interface.knobs;
        let joins = interface.static_joins.len();
        (knobs.robustness, knobs.query_interval.as_secs(), interface.threshold, joins)
    };
    // In the order of time: on both links at first, then on lan alone.
    assert_eq!((of(0, 0), of(0, 1)), ((3, 15, 1, 1), (3, 15, 1, 0)));
    assert_eq!((of(1, 0), of(1, 1)), ((3, 15, 1, 1), (3, 4, 9, 0)));
    let none = set("9s", "who = \"r1\", static-joins = []");
    let plan = plan_of(&[acts[1].clone(), none].concat(), ANY).unwrap();
    assert!(router(&plan, 1).interfaces.iter().all(|i| i.static_joins.is_empty()));
}

#[test]
fn each_role_has_its_own_keys() {
    let acts = [
        set("1s", "who = \"h1\", igmp-version = 1"),
        set("2s", "who = \"q1\", max-resp = \"1s\""),
        set("3s", "who = \"q1\", query-interval = \"3s\""),
        set(
            "4s",
            "who = \"sw\", querier = true, query-interval = \"8s\", query-response-interval = \"2s\"",
        ),
        set("5s", "who = \"sw\", querier = false, last-member-interval = \"500ms\""),
    ];
    let plan = plan_of(&acts.concat(), ANY).unwrap();
    let setting = |act: usize| match &plan.acts[act].action {
        Action::Set(setting) => setting,
        other => panic!("{other:?}"),
    };
    assert!(matches!(setting(0), Setting::IgmpVersion(1)));
    let Setting::Querier(querier) = setting(2) else { panic!("{:?}", setting(2)) };
    let Payload::Message(Message::Query(query)) = &querier.payload else { panic!("{querier:?}") };
    assert_eq!((querier.every.as_secs(), query.granted().as_secs()), (3, 1));
    let (Setting::Switch(on), Setting::Switch(off)) = (setting(3), setting(4)) else {
        panic!("sw")
    };
    // It has an address because it is a querier at times: the first free one.
    assert_eq!(on.queries_from().unwrap().to_string(), "10.0.3.1");
    assert_eq!((off.queries_from(), off.address), (None, on.address));
    assert_eq!(on.knobs.igmp.startup_query_interval().as_secs(), 2);
    assert_eq!(off.knobs.igmp.query_interval.as_secs(), 8);
    assert_eq!(off.knobs.igmp.last_member_query_interval.as_millis(), 500);
    let Role::Switch(first) = &plan.nodes[4].role else { panic!("sw is a switch") };
    assert_eq!((first.queries_from(), first.address), (None, on.address));
}

#[test]
fn what_cannot_be_set_is_told() {
    for (keys, what) in [
        ("who = \"r1\"", "nothing of r1 is set"),
        ("who = \"r1\", link = \"lan\"", "nothing of r1 is set"),
        ("who = \"r1\", igmp-version = 2", "`igmp-version` of r1 cannot be set"),
        ("who = \"h1\", igmp = { version = 1 }", "`igmp` of h1 cannot be set"),
        ("who = \"h1\", igmp-version = 4", "`igmp-version` of h1 is 1 to 3"),
        ("who = \"sw\", igmp-version = 1", "`igmp-version` of sw is 2 to 3"),
        ("who = \"sw\", query-interval = \"500ms\"", "at least 1s"),
        ("who = \"sw\", query-interval = \"9s\"", "query-response-interval must be shorter"),
        ("who = \"sw\", snooping = false, querier = true", "without snooping sends no Queries"),
        ("who = \"q1\", query-interval = \"0s\"", "`query-interval` must not be 0"),
        ("who = \"s1\", igmp-version = 2", "nothing of s1 can be set"),
        ("who = \"h2\", igmp-version = 2", "nothing of h2 can be set"),
        ("who = \"r1\", link = \"c1\", ttl-threshold = 2", "r1 is not on c1"),
        ("who = \"r1\", ttl-threshold = 255", "1 to 254"),
        ("who = \"r1\", igmp = { query-interval = \"9s\" }", "must be shorter"),
        ("who = \"r1\", igmp = { query-intervall = \"9s\" }", "unknown key `query-intervall`"),
        ("who = \"r1\", igmp-verson = 2", "unknown key `igmp-verson`"),
        ("who = \"r1\", static-joins = [{ link = \"c1\", group = \"239.1.1.1\" }]", "not on c1"),
    ] {
        let told = told(keys);
        assert!(told.contains(what), "{keys}: {told}");
        assert_eq!(told.matches("error: ").count(), 1, "{told}");
    }
}

/// The window of the only check, in milliseconds from the start of the run.
fn window(acts: &str, expect: &str) -> (u128, u128) {
    let plan = plan_of(acts, expect).unwrap_or_else(|told| panic!("{told}"));
    let Claim::Packet { window, .. } = &plan.checks[0].claim else { panic!("a packet") };
    let at = |act: usize| Some(castnet::time::Instant::ZERO + plan.acts[act].at);
    let from = window.from.instant(at).unwrap().since_start();
    (from.as_millis(), window.length.as_ref().unwrap().duration().as_millis())
}

/// A sum counts with the intervals of the time that it begins at, a length with those of the window's.
#[test]
fn intervals_are_those_in_force_when_the_window_begins() {
    let interval = |at, qi: &str| {
        let igmp = format!("{{ query-interval = \"{qi}\", query-response-interval = \"500ms\" }}");
        set(at, &format!("who = \"r1\", igmp = {igmp}"))
    };
    let acts = [interval("5s", "3s"), interval("9s", "2s")].concat();
    let of = |after: &str| {
        let packet = "packet = { on = \"up\", kind = \"query\", from = \"r1\" }\ncount = \">= 1\"";
        window(&acts, &format!("{packet}\nafter = \"{after}\"\nwithin = \"QI\""))
    };
    assert_eq!(of("start"), (0, 20_000));
    assert_eq!(of("4999ms"), (4999, 20_000));
    assert_eq!(of("5s"), (5000, 3000));
    assert_eq!(of("set5"), (5000, 3000));
    assert_eq!(of("set5 - 1ms"), (4999, 20_000));
    // Begins at 5 s with QI 3 s, which is 8 s; and at 7 s, which is 10 s, when QI is 2 s.
    assert_eq!(of("set5 + QI"), (8000, 3000));
    assert_eq!(of("start + 7s + QI"), (10_000, 2000));
}

#[test]
fn where_links_differ_the_one_that_is_concerned_counts() {
    let acts = set("5s", "who = \"r1\", link = \"up\", igmp = { query-interval = \"30s\" }");
    let of = |on: &str, whose: &str| {
        let packet = format!("packet = {{ on = \"{on}\", kind = \"query\" }}\ncount = \">= 1\"");
        plan_of(&acts, &format!("{packet}\nafter = \"set5\"\nwithin = \"{whose}\"")).map(|plan| {
            let Claim::Packet { window, .. } = &plan.checks[0].claim else { panic!("a packet") };
            window.length.as_ref().unwrap().duration().as_secs()
        })
    };
    assert_eq!(of("lan", "QI"), Ok(20));
    assert_eq!(of("lan", "r1.QI"), Ok(20));
    assert_eq!(of("up", "QI"), Ok(30));
    let told = of("c1", "r1.QI").unwrap_err();
    assert!(told.contains("the links of r1 differ in their QI"), "{told}");
}

#[test]
fn a_threshold_may_be_one_of_a_link() {
    let of = |threshold: &str| {
        let text = include_str!("../../scenario/tests/rich.toml");
        let text = text.replace("ttl-threshold = 2", &format!("ttl-threshold = {threshold}"));
        let plan = compile("t.toml", &text).map_err(|rejected| rejected.to_string())?;
        let Role::Router(router) = &plan.nodes[3].role else { panic!("r1 is a router") };
        Ok(router.interfaces.iter().map(|interface| interface.threshold).collect::<Vec<_>>())
    };
    assert_eq!(of("2"), Ok(vec![2, 2]));
    assert_eq!(of("{ mid = 9 }"), Ok(vec![1, 9]));
    assert_eq!(of("{ mid = 9, up = 254 }"), Ok(vec![254, 9]));
    for (wrong, what) in [
        ("{ mid = 0 }", "`mid` is a whole number, 1 to 254"),
        ("{ mid = 255 }", "`mid` is a whole number, 1 to 254"),
        ("{ lan = 9 }", "r1 is not on lan"),
        ("{ mit = 9 }", "did you mean `mid`?"),
        ("\"9\"", "`ttl-threshold` is a whole number, 1 to 254"),
    ] {
        let told: String = of(wrong).unwrap_err();
        assert!(told.contains(what), "{told}");
    }
}
