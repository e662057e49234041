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
