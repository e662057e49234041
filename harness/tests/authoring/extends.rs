//! `extends`: the scenario overrides its template by name, and faults are shown where they stand.

use std::time::Duration;

use castnet_lab::plan::{Action, Role, RouterPort};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{BETWEEN, Files, SCENARIO, TEMPLATE};

fn files(test: &str, scenario: &str) -> Files {
    Files::new(test, &[("shared/lan.toml", TEMPLATE), ("scenario.toml", scenario)])
}

#[test]
fn a_scenario_begins_with_its_template() {
    let plans = files("whole", SCENARIO).plans("scenario.toml");
    let [plan] = plans.as_slice() else { panic!("{} plans", plans.len()) };
    assert_eq!((plan.name.as_str(), plan.title.as_str()), ("scenario", "h1 joins"));
    assert_eq!(plan.tolerance, Duration::from_millis(50));
    assert_eq!(plan.links.iter().map(|link| &link.name).collect::<Vec<_>>(), ["up", "lan"]);
    assert_eq!(plan.nodes.len(), 3);
    assert!(matches!(plan.acts.as_slice(), [join] if join.label == "join"));
    assert_eq!(plan.checks[0].line, 4, "the line is that of the scenario");
}

#[test]
fn links_go_over_links_in_their_place() {
    let more = "[links]\nnew = [\"r1\", \"h2\"]\nup = { nodes = [\"r1\", \"s1\"] }\n\
                [nodes]\nh2 = { role = \"listener\" }\n\
                [[expect]]";
    let plans = files("links", &SCENARIO.replacen("[[expect]]", more, 1)).plans("scenario.toml");
    let links = plans[0].links.iter().map(|link| (link.name.as_str(), link.subnet.to_string()));
    let wanted = [("up", "10.0.1.0/24"), ("lan", "10.0.2.0/24"), ("new", "10.0.3.0/24")];
    assert!(links.eq(wanted.map(|(name, net)| (name, net.to_owned()))));
    assert_eq!(plans[0].port_name(plans[0].links[0].ports[0]), "r1:up");
}

#[test]
fn a_node_without_a_role_changes_what_it_names_and_with_one_it_is_another() {
    let change = "[nodes.r1]\nigmp = { query-interval = \"30s\" }\n[[expect]]";
    let plans = files("change", &SCENARIO.replacen("[[expect]]", change, 1)).plans("scenario.toml");
    let Role::Router(r1) = &plans[0].nodes[1].role else { panic!("r1 is no router") };
    let RouterPort { knobs, threshold, .. } = &r1.interfaces[0];
    assert_eq!((knobs.query_interval, knobs.robustness), (Duration::from_secs(30), 3));
    assert_eq!(*threshold, 3);

    let another = change.replace("igmp =", "role = \"router\"\nigmp =");
    let scenario = SCENARIO.replacen("[[expect]]", &another, 1);
    let plans = files("another", &scenario).plans("scenario.toml");
    let Role::Router(r1) = &plans[0].nodes[1].role else { panic!("r1 is no router") };
    let RouterPort { knobs, threshold, .. } = &r1.interfaces[0];
    assert_eq!((knobs.query_interval, knobs.robustness), (Duration::from_secs(30), 2));
    assert_eq!(*threshold, 1);
}

#[test]
fn acts_follow_those_of_the_template() {
    let act = "[[act]]\nat = \"1s\"\nsend = { who = \"s1\", group = \"239.1.1.1\", rate = \"1pps\" }\n\
               [[expect]]";
    let plans = files("acts", &SCENARIO.replacen("[[expect]]", act, 1)).plans("scenario.toml");
    let acts: Vec<&Action> = plans[0].acts.iter().map(|act| &act.action).collect();
    assert!(matches!(acts.as_slice(), [Action::Join(..), Action::Send(..)]), "{acts:?}");
}

#[test]
fn templates_may_extend_templates() {
    let files = files("chain", SCENARIO);
    let upper = "template = \"slower\"\nextends = \"../base.toml\"\ntolerance = \"70ms\"\n\
                 [nodes.h1]\nigmp-version = 3\n";
    files.write("shared/lan.toml", upper.as_bytes());
    files.write("base.toml", TEMPLATE.as_bytes());
    let plan = &files.plans("scenario.toml")[0];
    assert_eq!((plan.tolerance, plan.links.len()), (Duration::from_millis(70), 2));
}

#[test]
fn templates_that_cannot_be_read() {
    let files = files("unreadable", SCENARIO);
    files.write("shared/latin1.toml", b"template = \"caf\xe9\"\n");
    files.write("shared/huge.toml", &vec![b'#'; 1024 * 1024 + 1]);
    files.write("shared/one.toml", b"template = \"1\"\nextends = \"two.toml\"\n");
    files.write("shared/two.toml", b"template = \"2\"\nextends = \"./../shared/one.toml\"\n");
    // A pipe without a writer.
    mkfifo(&files.0.join("shared/pipe.toml"), Mode::S_IRWXU).unwrap();
    let told = [
        "shared/lam.toml",
        "shared",
        "",
        "scenario.toml",
        "shared/pipe.toml",
        "shared/latin1.toml",
        "shared/huge.toml",
        "shared/one.toml",
        "shared/lan.toml/x.toml",
        "/dev/null",
    ]
    .map(|named| {
        files.write("scenario.toml", SCENARIO.replace("shared/lan.toml", named).as_bytes());
        files.told("scenario.toml")
    });
    insta::assert_snapshot!(told.join(BETWEEN));
}

/// Faults of a scenario are shown even if its template cannot be found.
#[test]
fn what_is_wrong_besides() {
    let wrong = SCENARIO.replace("shared/lan.toml", "absent.toml").replace("count =", "cuont =");
    let wrong = wrong.replace("v2-report", "v2-rapport");
    let no_string = SCENARIO.replace("\"shared/lan.toml\"", "3");
    let told = [wrong, no_string].map(|text| files("besides", &text).told("scenario.toml"));
    insta::assert_snapshot!(told.join(BETWEEN));
}

/// Faults of a template are shown in the template, and together with those of the scenario.
#[test]
fn what_is_wrong_with_templates() {
    let told = [
        ("role = \"source\"", "role = \"sauce\""),
        ("up = [\"s1\", \"r1\"]", "up = [\"s1\", \"r2\"]"),
        ("[links]", "[linkz]"),
        ("tolerance =", "title = \"t\"\nend = \"5s\"\ntolerance ="),
        ("template =", "temptale ="),
        ("[nodes]\ns1", "[nodes\ns1"),
        ("[[act]]", "[[fault]]\non = \"up\"\ndrop = true\n[[act]]"),
        ("group = \"239.1.1.1\"", "group = \"10.1.1.1\""),
    ]
    .map(|(old, new)| {
        assert!(TEMPLATE.contains(old), "{old}");
        let files = files("wrong", SCENARIO);
        files.write("shared/lan.toml", TEMPLATE.replacen(old, new, 1).as_bytes());
        files.told("scenario.toml")
    });
    insta::assert_snapshot!(told.join(BETWEEN));
}

#[test]
fn a_fault_in_each_of_three_files() {
    let files = files("three", &SCENARIO.replace(">= 1", ">= LMQT"));
    let upper = "template = \"in the middle\"\nextends = \"../base.toml\"\ntolerance = 7\n";
    files.write("shared/lan.toml", upper.as_bytes());
    files.write("base.toml", TEMPLATE.replace("h1 = { role", "h1 = { rule").as_bytes());
    insta::assert_snapshot!(files.told("scenario.toml"));
}

#[test]
fn a_template_is_no_scenario_and_a_scenario_no_template() {
    let files = files("neither", SCENARIO);
    let own = files.told("shared/lan.toml");
    let whole = format!("{}[[expect]]\n", TEMPLATE.replace("template =", "title ="));
    files.write("shared/lan.toml", whole.as_bytes());
    let extended = files.told("scenario.toml");
    files
        .write("both.toml", SCENARIO.replacen("title", "template = \"both\"\ntitle", 1).as_bytes());
    insta::assert_snapshot!([own, extended, files.told("both.toml")].join(BETWEEN));
}
