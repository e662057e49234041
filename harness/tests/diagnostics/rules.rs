//! Rules of every run from which a scenario is wrongly excused.

use super::{SOUND, each, told};

#[test]
fn rules_of_every_run_that_are_off() {
    let off = |off: &str| format!("[invariants]\noff = {off}\n\n[links]");
    let cases = [
        off("[{ name = \"no-duplicates\", because = \"of a reason\" }]"),
        off("[{ name = \"querier\", because = \"of a reason\" }]"),
        off("[{ name = \"no-duplicate\" }]"),
        off("[{ name = \"no-duplicate\", because = \" \" }]"),
        off("[{ because = \"of a reason\", why = \"?\" }]"),
        off("[\"no-duplicate\"]"),
        off("\"no-duplicate\""),
        off(
            "[{ name = \"no-return\", because = \"a\" }, { name = \"no-return\", because = \"b\" }]",
        ),
        "[invariants]\non = []\n\n[links]".to_owned(),
        "invariants = \"off\"\n\n[links]".to_owned(),
    ];
    insta::assert_snapshot!(each(&cases.each_ref().map(|case| ("[links]", case.as_str()))));
    let sound = off("[{ name = \"no-duplicate\", because = \"two ways lead there\" }]");
    assert_eq!(told(&SOUND.replacen("[links]", &sound, 1)), "NOTHING IS WRONG");
}

#[test]
fn backends_whose_runs_are_to_be_kept() {
    let golden = |golden: &str| format!("golden = {golden}\n\n[links]");
    let cases = [
        golden("[\"netns\", \"simulator\"]"),
        golden("[\"netns\", \"netns\"]"),
        golden("true"),
        golden("[1]"),
    ];
    insta::assert_snapshot!(each(&cases.each_ref().map(|case| ("[links]", case.as_str()))));
    let sound = golden("[\"netns\", \"sim\"]");
    assert_eq!(told(&SOUND.replacen("[links]", &sound, 1)), "NOTHING IS WRONG");
}

#[test]
fn backends_that_a_scenario_is_for() {
    let on = |written: &str| format!("backends = {written}\n\n[links]");
    let cases = [
        on("{ only = [\"nets\"], because = \"of a reason\" }"),
        on("{ only = [\"netns\"] }"),
        on("{ only = [\"sim\"], because = \" \" }"),
        on("{ only = [], because = \"of a reason\" }"),
        on("{ only = [\"sim\", \"sim\"], because = \"of a reason\" }"),
        on("{ on = [\"sim\"], because = \"of a reason\" }"),
        on("[\"netns\"]"),
    ];
    insta::assert_snapshot!(each(&cases.each_ref().map(|case| ("[links]", case.as_str()))));
    let sound = on("{ only = [\"sim\"], because = \"it takes an hour\" }");
    assert_eq!(told(&SOUND.replacen("[links]", &sound, 1)), "NOTHING IS WRONG");
}

#[test]
fn topologies_that_cannot_be_generated() {
    let with = |written: &str| format!("[generate]\n{written}\n\n[links]");
    let cases = [
        with("ring = { routers = 3 }"),
        with("chain = { routers = 0 }"),
        with("chain = { routers = 3, host = 2 }"),
        with("tree = { fan-out = 31, depth = 2 }"),
        with("tree = { fan-out = 10, depth = 9 }"),
        with("grid = { rows = 3 }"),
        with("lan = { hosts = 1000001 }"),
        with("chain = { routers = 20000, hosts = 100 }"),
        with("lan = { group = \"10.0.0.1\" }\nigmp-version = 4"),
        with("lan = {}\nchain = { routers = 2 }"),
        // Both r1 and up exist already.
        with("lan = {}"),
    ];
    insta::assert_snapshot!(each(&cases.each_ref().map(|case| ("[links]", case.as_str()))));
}

#[test]
fn populations_that_make_no_sense() {
    let churn = |keys: &str| {
        let crowd = "[[act]]\nat = \"0s\"\nchurn = { who = \"h1\", group = \"239.1.1.2\", ";
        format!("{crowd}{keys} }}\n\n[[act]]")
    };
    let sound = SOUND.replacen("igmp-version = 2", "igmp-version = 2, count = 100", 1);
    assert_eq!(told(&sound), "NOTHING IS WRONG");
    let cases = [
        SOUND.replacen("igmp-version = 2", "count = 0", 1),
        SOUND.replacen("igmp-version = 2", "stack = \"castnet\", count = 2", 1),
        SOUND.replacen("[[act]]", &churn("rate = \"10/s\", stay = \"3s\""), 1),
        sound.replacen("[[act]]", &churn("rate = \"10pps\", stay = \"3s\""), 1),
        sound.replacen("[[act]]", &churn("rate = \"10/s\", stay = \"0s\""), 1),
        sound.replacen("[[act]]", &churn("rate = \"10/s\""), 1),
        sound.replacen("[[act]]", &churn("rate = \"1/s\", stay = \"1s\", from = [\"s9\"]"), 1),
        sound.replacen("[[act]]", &churn("rate = \"1/s\", stay = \"1s\", from = []"), 1),
        sound.replacen("[links]", "record = \"all\"\n[links]", 1),
    ];
    let told: Vec<String> = cases.iter().map(|case| told(case)).collect();
    insta::assert_snapshot!(told.join("\n\n-----------------------------------------------\n\n"));
}
