//! Messages about faults of links, injected messages, and acts on nodes.

use super::{SOUND, told};

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
fn a_daemon_runs_in_no_way_that_is_not_known() {
    let told = told(&SOUND.replacen("\"router\" }", "\"router\", daemon = \"proces\" }", 1));
    assert!(told.contains("unknown daemon `proces`"), "{told}");
    assert!(told.contains("did you mean `process`?"), "{told}");
}
