//! Rules of every run that a scenario is excused from, and wrongly so.

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
