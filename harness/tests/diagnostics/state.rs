//! Wrong claims about the state of routers.

use super::{SOUND, each, told};

/// Puts claims in the place of the one about the forwarding cache.
const MFC: &str = "mfc = { of = \"r1\", group = \"239.1.1.1\", source = \"s1\", iif = \"up\", \
                   oifs = [] }\nat = \"leave + LMQT\"";

fn claims(claims: &[&str]) -> String {
    let changes: Vec<(&str, &str)> = claims.iter().map(|claim| (MFC, *claim)).collect();
    each(&changes)
}

#[test]
fn wrong_queriers() {
    insta::assert_snapshot!(claims(&[
        "querier = { on = \"lan\", is = \"r1\" }",
        "querier = { on = \"lan\", is = \"r1\" }\nat = \"leave\"\nwithin = \"2s\"",
        "querier = { on = \"lan\" }\nat = \"leave\"",
        "querier = { on = \"lan\", is = \"s1\" }\nat = \"leave\"",
        "querier = { on = \"lan\", is = \"r3\" }\nat = \"leave\"",
        "querier = { on = \"lan\", is = \"r1\" }\nat = \"leaf\"",
        "querier = { on = \"lan\", is = \"r1\" }\nafter = \"leave + 1h\"",
    ]));
    let alone = SOUND.replacen("lan = [", "alone = [\"h1\"]\nlan = [", 1);
    let alone = alone.replacen(MFC, "querier = { on = \"alone\", is = \"h1\" }\nat = \"3s\"", 1);
    let alone = alone.replace("who = \"h1\"", "link = \"lan\", who = \"h1\"");
    insta::assert_snapshot!("querier_of_a_link_without_routers", told(&alone));
    for when in ["at = \"leave\"", "after = \"leave\"\nwithin = \"2s\"", "within = \"2s\""] {
        let claim = format!("querier = {{ on = \"lan\", is = \"r1\" }}\n{when}");
        assert_eq!(told(&SOUND.replacen(MFC, &claim, 1)), "NOTHING IS WRONG");
    }
}

#[test]
fn wrong_members() {
    let of = |of: &str, on: &str, groups: &str| {
        format!("members = {{ of = \"{of}\", on = \"{on}\", groups = {groups} }}\nat = \"leave\"")
    };
    let cases = [
        of("h1", "lan", "[]"),
        of("r2", "up", "[]"),
        of("r1", "lan", "[\"239.1.1.1\", \"239.1.1.1\"]"),
        of("r1", "lan", "[\"10.1.1.1\", \"all\"]"),
        of("r1", "lan", "[\"224.0.0.2\"]"),
        of("r1", "lan", "\"239.1.1.1\""),
        "members = { of = \"r1\", on = \"lan\" }\nat = \"leave\"".to_owned(),
        "members = { of = \"r1\", on = \"lan\", groups = [] }".to_owned(),
    ];
    insta::assert_snapshot!(claims(&cases.each_ref().map(String::as_str)));
    for groups in ["[]", "[\"239.1.1.1\", \"239.1.1.2\"]"] {
        let claim = of("r1", "lan", groups);
        assert_eq!(told(&SOUND.replacen(MFC, &claim, 1)), "NOTHING IS WRONG");
    }
}
