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
fn rates_and_queues() {
    let send = |keys: &str| SOUND.replacen("rate = \"100pps\"", keys, 1);
    let link = |keys: &str| {
        let lan = format!("lan = {{ nodes = [\"r1\", \"r2\", \"h1\"], {keys} }}");
        SOUND.replacen("lan = [\"r1\", \"r2\", \"h1\"]", &lan, 1)
    };
    let told = [
        send("rate = \"0Mbit/s\""),
        send("rate = \"2Mbit\""),
        send("rate = \"1.5Mbit/s\""),
        send("rate = \"511bit/s\""),
        send("rate = \"51200001bit/s\""),
        send("rate = \"20Gbit/s\", size = 1472"),
        send("rate = \"2Mbit/s\", size = 1473"),
        link("queue = 10"),
        link("bandwidth = \"1Mbps\", queue = 0"),
        link("bandwidth = \"1Mbps\", queue = \"10\""),
        link("bandwidth = \"1Mbps\", queues = 10"),
    ]
    .map(|source| told(&source));
    insta::assert_snapshot!(told.join("\n\n----------------------------------------\n\n"));
    let interval = |keys: &str| {
        let plan = compile("sound.toml", &send(keys)).unwrap_or_else(|told| panic!("{told}"));
        let sent = plan.acts.iter().find_map(|act| match &act.action {
            Action::Send(stream) => Some(stream.interval.as_nanos()),
            _ => None,
        });
        sent.unwrap()
    };
    // 8,000 bits of payload 250 times a second.
    assert_eq!(interval("rate = \"2Mbit/s\", size = 1000"), 4_000_000);
    assert_eq!(interval("rate = \"2000kbps\", size = 1000"), 4_000_000);
    assert_eq!(interval("rate = \"512bit/s\""), 1_000_000_000);
    assert_eq!(interval("rate = \"51200kbit/s\""), 10_000);
}

#[test]
fn a_stream_that_its_own_link_cannot_carry_is_remarked_on() {
    // 1042 octets with their headers take 8.336 ms at 1 Mbit/s.
    let remarks = |rate: &str, pace: &str| {
        let up = format!("up = {{ nodes = [\"s1\", \"r1\"], bandwidth = \"1Mbps\"{pace} }}");
        let source = SOUND.replacen("up = [\"s1\", \"r1\"]", &up, 1);
        let source = source.replacen("\"100pps\"", &format!("\"{rate}\", size = 1000"), 1);
        compile("sound.toml", &source).unwrap_or_else(|told| panic!("{told}")).remarks
    };
    let told = remarks("120pps", "").join("\n");
    let words = "a frame of 1042 octets takes 8.336ms, and there is one every 8.333333ms";
    assert!(told.contains("the stream is faster than up") && told.contains(words), "{told}");
    assert!(told.contains("rate = \"120pps\""), "{told}");
    assert_eq!(remarks("1Mbit/s", "").len(), 1);
    assert_eq!(remarks("119pps", "").len(), 0);
    assert_eq!(remarks("2Mbit/s", ", queue = 5").len(), 0);
}

#[test]
fn acts_that_are_repeated() {
    const BEFORE: &str = "[[expect]]\npacket";
    let act = |keys: &str| {
        SOUND.replacen(BEFORE, &format!("[[act]]\nat = \"5s\"\n{keys}\n\n{BEFORE}"), 1)
    };
    let join = "join = { who = \"h1\", group = \"239.1.2.0\" }";
    let told = [
        format!("every = \"10ms\"\n{join}"),
        format!("times = 10\n{join}"),
        format!("step = 1\n{join}"),
        format!("every = \"0s\"\ntimes = 10\nstep = 1\n{join}"),
        format!("every = \"10ms\"\ntimes = 1\n{join}"),
        format!("every = \"10ms\"\ntimes = 1001\nstep = 0\n{join}"),
        format!("every = \"10ms\"\ntimes = 3\n{join}"),
        format!("every = \"10h\"\ntimes = 4\nstep = 1\n{join}"),
        format!("evry = \"10ms\"\ntimes = 3\nstep = 1\n{join}"),
        "every = \"1s\"\ntimes = 2\nstep = 1\nkill = { who = \"r1\" }".to_owned(),
        "every = \"1ms\"\ntimes = 100\nstep = 256\njoin = { who = \"h1\", group = \"239.255.240.0\" }"
            .to_owned(),
    ]
    .map(|keys| told(&act(&keys)));
    insta::assert_snapshot!(told.join("\n\n----------------------------------------\n\n"));
    let ramp = act(&format!("name = \"ramp\"\nevery = \"10ms\"\ntimes = 3\nstep = 256\n{join}"));
    let plan = compile("sound.toml", &ramp).unwrap_or_else(|told| panic!("{told}"));
    let acts = plan.acts.iter().filter(|act| act.at.as_secs() == 5);
    let acts: Vec<_> = acts.map(|act| (act.at.as_millis(), act.label.as_str())).collect();
    let all = [(5000, "ramp"), (5010, "h1 joins 239.1.3.0"), (5020, "h1 joins 239.1.4.0")];
    assert_eq!(acts, all);
    let carried = ramp.replace("239.1.2.0", "239.1.255.255");
    let plan = compile("sound.toml", &carried.replace("step = 256", "step = 1")).unwrap();
    assert!(plan.acts.iter().any(|act| act.label == "h1 joins 239.2.0.1"), "it carries over");
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
