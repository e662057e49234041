//! Messages about faults of links, injected messages, and acts on nodes.

use castnet_lab::plan::{Action, compile};

use super::{SOUND, injecting, told};

#[test]
fn faults_injections_and_what_is_done_to_routers() {
    const BEFORE: &str = "[[expect]]\npacket";
    let added = |text: &str| told(&SOUND.replacen(BEFORE, &format!("{text}\n{BEFORE}"), 1));
    let fault = |keys: &str| added(&format!("[[fault]]\non = \"lan\"\n{keys}\n"));
    let act = |verb: &str| added(&format!("[[act]]\nat = \"3s\"\n{verb}\n"));
    let told = [
        fault("kind = \"leaf\"\nchance = \"10\"\nnth = \"0\"\nfrom = \"s1\"\ndrop = true"),
        fault("drop = true\ndelay = \"1s\""),
        fault("drop = false"),
        fault("duplicate = 0\nwhen = 3"),
        act("inject = { who = \"r1\", kind = \"v2-report\" }"),
        act("inject = { who = \"h1\", hex = \"16 0\" }"),
        act("kill = { who = \"h1\" }"),
        act("down = { who = \"s1\", link = \"lan\" }"),
        act("exec = { who = \"h1\", command = [] }"),
    ];
    insta::assert_snapshot!(told.join("\n\n----------------------------------------\n\n"));
}

#[test]
fn the_rules_of_a_link_together_make_only_so_many_copies() {
    const BEFORE: &str = "[[expect]]\npacket";
    let with = |faults: &[&str]| {
        let faults: String =
            faults.iter().map(|keys| format!("[[fault]]\non = \"lan\"\n{keys}\n\n")).collect();
        SOUND.replacen(BEFORE, &format!("{faults}{BEFORE}"), 1)
    };
    let told_of = |faults: &[&str]| told(&with(faults));
    let sound = |faults: &[&str]| {
        compile("sound.toml", &with(faults)).map(|_| ()).map_err(|told| told.to_string())
    };
    // Both places are shown.
    insta::assert_snapshot!(told_of(&["duplicate = 1000", "kind = \"query\"\nduplicate = 1000"]));
    assert_eq!(sound(&["duplicate = 10", "duplicate = 90"]), Ok(()), "11 x 91 - 1 copies");
    assert!(told_of(&["duplicate = 10", "duplicate = 9", "duplicate = 9"]).contains("1099 copies"));
    // What is forwarded is copied on both links.
    let other = "duplicate = 1000\n\n[[fault]]\non = \"up\"\nduplicate = 9";
    assert!(told_of(&[other]).contains("10009 copies"), "{}", told_of(&[other]));
    assert_eq!(sound(&[&other.replace("= 9", "= 9\nkind = \"report\"")]), Ok(()));
    // No frame meets both.
    let apart = [
        ["for = \"1s\"\nduplicate = 1000", "after = \"1s\"\nduplicate = 1000"],
        ["from = \"r1\"\nduplicate = 1000", "from = \"h1\"\nduplicate = 1000"],
        ["kind = \"data\"\nduplicate = 1000", "kind = \"leave\"\nduplicate = 1000"],
    ];
    apart.iter().for_each(|two| assert_eq!(sound(two), Ok(()), "{two:?}"));
}

#[test]
fn a_daemon_runs_in_no_way_that_is_not_known() {
    let told = told(&SOUND.replacen("\"router\" }", "\"router\", daemon = \"proces\" }", 1));
    assert!(told.contains("unknown daemon `proces`"), "{told}");
    assert!(told.contains("did you mean `process`?"), "{told}");
}

#[test]
fn a_message_that_fields_cannot_describe_has_one_fault() {
    let told = [
        "kind = \"report\", group = \"239.1.1.1\", max-resp = \"1s\"",
        "kind = \"data\", group = \"239.1.1.1\"",
        "kind = \"done\", group = \"239.1.1.1\"",
        "kind = \"mldv1-report\", group = \"239.1.1.1\"",
        "kind = \"leaf\", group = \"239.1.1.1\"",
        "kind = \"general-query\", ttl = 1, hop-limit = 1",
    ]
    .map(|keys| told(&injecting(keys)));
    insta::assert_snapshot!(told.join("\n\n----------------------------------------\n\n"));
}

#[test]
fn an_injected_message_takes_the_spellings_of_the_fields_of_packets() {
    let scenario = injecting("kind = \"leave\", group = \"239.1.1.1\", hop-limit = 7");
    let plan = compile("sound.toml", &scenario).unwrap_or_else(|told| panic!("{told}"));
    let injected = plan.acts.iter().find_map(|act| match &act.action {
        Action::Inject(injection) => Some(injection.header.hop_limit),
        _ => None,
    });
    assert_eq!(injected, Some(7));
}
