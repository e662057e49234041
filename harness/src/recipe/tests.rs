//! What a recipe may say.

use super::*;

const PROXY: &str = "software = 'a proxy'\nfamilies = ['ipv4']\n[[program]]\ncommand = ['proxy']\n";

#[test]
fn every_shipped_recipe_can_be_read() {
    let read = names().map(|name| shipped(name).unwrap().map(|recipe| (name, recipe)));
    let read = read.collect::<Result<Vec<_>, _>>().unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(read.len() >= 4);
    assert!(shipped("no-such").is_none());
}

#[test]
fn a_recipe_says_when_each_program_is_ready() {
    let ready =
        |text: &str| Recipe::read(&format!("{PROXY}{text}")).unwrap().programs[0].ready.clone();
    assert_eq!(ready(""), Ready::Started);
    assert_eq!(ready("ready = 'interfaces'"), Ready::Interfaces);
    assert_eq!(ready("ready = { log = 'up' }"), Ready::Log("up".to_owned()));
    assert_eq!(ready("ready = { file = '/run/x' }"), Ready::File("/run/x".into()));
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (text, why) in [
        ("", "missing field `software`"),
        ("software = 'a'\nfamilies = ['ipv4']", "missing field `program`"),
        ("software = 'a'\nfamilies = []\n[[program]]\ncommand = ['a']", "of no family"),
        ("software = 'a'\nfamilies = ['ipv4']\n[[program]]\ncommand = []", "an empty `command`"),
        (&format!("{PROXY}redy = 'interfaces'"), "unknown field `redy`"),
        (&format!("takes = ['query-intervall']\n{PROXY}"), "`query-intervall` is no parameter"),
        (&format!("fixed = {{ revision = 3 }}\n{PROXY}"), "`revision` is no parameter"),
        (&format!("private = ['etc']\n{PROXY}"), "etc is no private folder"),
        (
            &format!("files = {{ '/etc/passwd' = '' }}\n{PROXY}"),
            "/etc/passwd is neither below /run",
        ),
        (&format!("files = {{ '/run/../etc/x' = '' }}\n{PROXY}"), "neither below /run"),
    ] {
        let refused = Recipe::read(text).unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
    }
    let refused = Recipe::read(&format!("{PROXY}redy = 'interfaces'")).unwrap_err();
    assert!(refused.contains("line 5"), "{refused}");
}
