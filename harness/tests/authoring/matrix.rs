//! `[matrix]`: each combination is a scenario of its own, and messages name the combination.

use castnet_lab::plan::{Action, Role};
use castnet_lab::scenario::Listener;

use super::{BETWEEN, Files, SCENARIO, TEMPLATE};

/// A scenario with a matrix of 2 x 2.
const MATRIX: &str = r#"title = "IGMPv${version} with ${qi}"
extends = "shared/lan.toml"

[matrix]
version = [1, 2]
qi = ["20s", "1m 5s"]

[nodes.h1]
igmp-version = "${version}"

[nodes.r1.igmp]
query-interval = "${qi}"

[[act]]
at = "2s"
exec = { who = "h1", command = ["echo", "$${HOME} ${qi}/${version}"] }

[[expect]]
packet = { on = "lan", kind = "v${version}-report", from = "h1" }
count = "${version}"
after = "join"
within = "1s"
"#;

fn files(test: &str, scenario: &str) -> Files {
    Files::new(test, &[("shared/lan.toml", TEMPLATE), ("scenario.toml", scenario)])
}

fn change(test: &str, old: &str, new: &str) -> Files {
    assert!(MATRIX.contains(old), "{old}");
    files(test, &MATRIX.replacen(old, new, 1))
}

#[test]
fn each_combination_is_a_plan_of_its_own_name() {
    let plans = files("names", MATRIX).plans("scenario.toml");
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    let wanted = [
        "scenario[version=1,qi=20s]",
        "scenario[version=1,qi=1m_5s]",
        "scenario[version=2,qi=20s]",
        "scenario[version=2,qi=1m_5s]",
    ];
    assert_eq!(names, wanted);
    assert!(plans.iter().all(|plan| plan.name == format!("scenario[{}]", plan.combination)));
}

#[test]
fn values_stand_in_their_places_and_keep_their_type() {
    let plans = files("values", MATRIX).plans("scenario.toml");
    let plan = &plans[3];
    assert_eq!(plan.title, "IGMPv2 with 1m 5s");
    assert_eq!(plan.checks[0].text, "lan: 2 v2-report from h1 within 1s after join");
    let Role::Listener(Listener::Kernel { igmp_version, .. }) = plan.nodes[2].role else {
        panic!()
    };
    assert_eq!(igmp_version, Some(2));
    let Action::Exec(command) = &plan.acts[1].action else { panic!() };
    assert_eq!(command[1], "${HOME} 1m 5s/2");
}

/// A reference in a template means a parameter of the scenario.
#[test]
fn templates_are_filled_too() {
    let files =
        files("filled", &SCENARIO.replacen("[[expect]]", "[matrix]\nttl = [3, 4]\n[[expect]]", 1));
    let template = TEMPLATE.replace("ttl-threshold = 3", "ttl-threshold = \"${ttl}\"");
    files.write("shared/lan.toml", template.as_bytes());
    let thresholds = files.plans("scenario.toml").into_iter().map(|plan| {
        let Role::Router(router) = &plan.nodes[1].role else { panic!() };
        router.interfaces[0].threshold
    });
    assert_eq!(thresholds.collect::<Vec<_>>(), [3, 4]);
    files.write("scenario.toml", SCENARIO.as_bytes());
    insta::assert_snapshot!(files.told("scenario.toml"));
}

#[test]
fn matrices_that_make_no_sense() {
    let told = [
        ("[1, 2]", "[]"),
        ("[1, 2]", "1"),
        ("[1, 2]", "[1, 2, 1]"),
        ("[1, 2]", "[1, 1.5, { a = 1 }]"),
        ("[matrix]\nversion = [1, 2]\nqi = [\"20s\", \"1m 5s\"]\n", "matrix = [1, 2]\n"),
        ("[matrix]\nversion = [1, 2]\nqi = [\"20s\", \"1m 5s\"]\n", "[matrix]\n"),
        ("qi = [", "\"q i\" = [3]\nqi = ["),
        ("qi = [", "unused = [3]\nqi = ["),
        ("kind = \"v${version}-report\"", "kind = \"v${verison}-report\""),
        ("kind = \"v${version}-report\"", "kind = \"v${version-report\""),
        ("\"$${HOME}", "\"${HOME}"),
        ("[matrix]\nversion = [1, 2]\nqi = [\"20s\", \"1m 5s\"]\n", ""),
    ]
    .map(|(old, new)| change("senseless", old, new).told("scenario.toml"));
    insta::assert_snapshot!(told.join(BETWEEN));
}

#[test]
fn a_hundred_combinations_and_no_more() {
    let told = |count: u32| {
        let numbers: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        let x = format!("x = [{}]\nqi = ", numbers.join(", "));
        let text = MATRIX.replace("qi = ", &x).replace("${qi}/", "${qi}/${x}");
        let told = files("hundred", &text).told("scenario.toml");
        told.lines().take(2).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(told(25), "NOTHING IS WRONG");
    let most = "error: a scenario has at most 100 combinations\n --> scenario.toml:4:1";
    assert_eq!([told(26), told(50_000)], [most, most]);
}

/// A fault of all combinations is shown once, a fault of some with the combination.
#[test]
fn faults_of_some_combinations_and_of_all() {
    let some = change("some", "[1, 2]", "[1, 2, 3, 4]");
    let all = change("all", "from = \"h1\"", "from = \"h3\"");
    let later = change("later", "\"1m 5s\"", "\"1m 5s\", \"5s\", \"3 parsecs\"");
    let told = [some, all, later].map(|files| files.told("scenario.toml"));
    insta::assert_snapshot!(told.join(BETWEEN));
}
