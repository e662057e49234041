//! Daemons that a scenario names itself, and claims about commands, that cannot be meant.

use super::{SOUND, told};

/// The sound scenario with these keys of r1 and this text at its end.
fn changed(keys: &str, more: &str) -> String {
    let router = format!("r1 = {{ role = \"router\"{keys}");
    let scenario = SOUND.replacen("r1 = { role = \"router\"", &router, 1);
    assert!(keys.is_empty() || scenario != SOUND);
    format!("{scenario}\n{more}")
}

#[test]
fn daemons_of_a_scenario() {
    let keys = [
        ", daemon = []",
        ", daemon = 7",
        ", daemon = \"proces\"",
        ", daemon = [\"x\"], device = \"frr\"",
        ", config = \"./x.conf\"",
        ", daemon = [\"x\"], config = \"./no-such.conf\"",
        ", daemon = [\"x\", \"{{ bogus }}\"]",
        ", daemon = [\"x\"], config = \"\"\"\na\n{{ membership.query_intervall }}\n\"\"\"",
        ", daemon = [\"x\"], config = \"\"\"\na\n{% for x in %}\n\"\"\"",
        ", daemon = [\"x\"], redy = \"interfaces\"",
        ", daemon = [\"x\"], ready = \"interface\"",
        ", daemon = [\"x\"], ready = {}",
        ", daemon = [\"x\"], reload = \"hup\"",
        ", daemon = [\"x\"], log = \"/var/log/x\"",
        ", daemon = [\"x\"], state = []",
    ];
    let told: Vec<String> = keys.iter().map(|keys| told(&changed(keys, ""))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn claims_about_commands() {
    let act =
        "[[act]]\nat = \"1s\"\nname = \"probe\"\nexec = { who = \"h1\", command = [\"true\"] }\n";
    let claims = [
        "command = { act = \"prob\" }\nwithin = \"1s\"",
        "command = { act = \"probe\", exit = 256 }\nwithin = \"1s\"",
        "command = { act = \"probe\", contain = \"x\" }\nwithin = \"1s\"",
        "command = { act = \"probe\", contains = \"\" }\nwithin = \"1s\"",
        "command = { act = \"probe\", contains = \"x\", lacks = [\"x\"] }\nwithin = \"1s\"",
        "command = { act = \"probe\" }",
        "command = {}\nwithin = \"1s\"",
    ];
    let told = claims.map(|claim| told(&changed("", &format!("{act}[[expect]]\n{claim}\n"))));
    insta::assert_snapshot!(told.join("\n"));
}
