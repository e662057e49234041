//! Wrong claims about packets, latencies and counters.

use super::{SOUND, each, told};

/// Puts claims in the place of the one about packets.
const PACKET: &str = "packet = { on = \"lan\", kind = \"group-specific-query\", group = \"239.1.1.1\", \
                      from = \"r1\" }\ncount = \"LMQC\"\nafter = \"leave\"\nwithin = \"2*LMQT\"";

fn claims(claims: &[&str]) -> String {
    let changes: Vec<(&str, &str)> = claims.iter().map(|claim| (PACKET, *claim)).collect();
    each(&changes)
}

#[track_caller]
fn is_sound(claim: &str) {
    assert!(SOUND.contains(PACKET));
    assert_eq!(told(&SOUND.replacen(PACKET, claim, 1)), "NOTHING IS WRONG");
}

#[test]
fn fields_that_a_packet_cannot_have() {
    let packet = |fields: &str| format!("packet = {{ on = \"lan\", {fields} }}\ncount = 1");
    let cases = [
        "kind = \"leave\", max-resp = \"1s\"",
        "kind = \"leave\", suppress = true",
        "kind = \"v2-report\", record = \"to-ex\"",
        "kind = \"query\", records = 2",
        "kind = \"data\", version = 2, good-checksum = true, max-resp-code = 0, sources = []",
        "kind = \"v2-report\", version = 3",
        "kind = \"group-specific-query\", version = 1",
        "kind = \"query\", version = 4, tos = 256, length = -1",
        "kind = \"query\", sources = [\"10.0.1.1\", \"s1\"]",
        "kind = \"report\", record = \"to-exclude\"",
        "kind = \"query\", query-interval = \"LMQC\"",
        "kind = \"query\", to = \"10.0.2.1\"",
        "kind = \"query\", ttl = 1, hop-limit = 1",
    ];
    let cases = cases.map(packet);
    insta::assert_snapshot!(claims(&cases.each_ref().map(String::as_str)));
    for fields in [
        "kind = \"query\", version = 3, robustness = 2, query-interval = \"125s\"",
        "kind = \"report\", record = \"to-ex\", records = 1, sources = []",
        "kind = \"data\", length = 64, tos = 0, source = \"10.0.1.1\"",
        "kind = \"group-query\", hop-limit = 1, class = 0xc0",
    ] {
        is_sound(&packet(fields));
    }
}

#[test]
fn wrong_orders() {
    let steps = "{ on = \"lan\", kind = \"leave\" }, { on = \"lan\", kind = \"query\" }";
    insta::assert_snapshot!(claims(&[
        "order = []",
        "order = [{ on = \"lan\", kind = \"leave\" }]",
        "order = \"leave, query\"",
        "order = [\"leave\", \"query\"]",
        "order = [{ on = \"lna\", kind = \"leave\" }, { on = \"lan\", kind = \"querry\" }]",
        "order = [{ on = \"lan\" }, { on = \"lan\", kind = \"query\", count = 2 }]",
        &format!("order = [{steps}]\ncount = 2"),
        &format!("order = [{steps}]\nafter = \"leaf\""),
    ]));
    is_sound(&format!("order = [{steps}]\nafter = \"leave\"\nwithin = \"r1.LMQT\""));
}

#[test]
fn wrong_claims_about_how_well_a_stream_arrives() {
    let of = |rest: &str| format!("delivery = {{ to = \"h1\", group = \"239.1.1.1\" }}\n{rest}");
    let cases = [
        "loss = 5",
        "loss = \"<= 5\"",
        "loss = \"<= 100%\"",
        "loss = \">= 0%\"",
        "loss = \"1%..100%\"",
        "lost = \"<= 5%\"",
        "gap = \"200ms\"",
        "gap = \"<= 1%\"",
        "gap = \">= 0s\"",
        "gap = \"<= 5ms\"",
        "gap = \"<= 2s\"\nafter = \"leave\"\nwithin = \"2s\"",
        "outage = \"<= 1s..2s\"",
        "outage = \"2s..1s\"",
        "outage = \"<= LMQC\"",
        "outage = \"<= 2d\"",
        "outages = \"<= 1s\"",
        "reordered = \">= 0\"",
        "reordered = \"<= 10%\"",
        "reordered = \"<= 10000\"",
        "jitter = 5",
        "jitter = \"<= 1s\"\nfor = \"2s\"",
        "jitter = \"<= 1s\"\nafter = \"leaf\"",
        "jitter = \"<= 1s\"\ngap = \"<= 1s\"",
        "jitter = \"<= 1s\"\nwithin = \"0s\"",
    ];
    let cases = cases.map(of);
    insta::assert_snapshot!(claims(&cases.each_ref().map(String::as_str)));
    for claim in [
        "loss = \"0%\"",
        "loss = \">= 100%\"",
        "gap = \"<= r1.LMQT\"",
        "outage = \"<= 1900ms\"\nafter = \"leave\"\nwithin = \"100ms\"",
        "reordered = \"<= 3\"",
        "jitter = \"1ms..7ms\"\nafter = \"leave\"\nwithin = \"r1.LMQT\"",
    ] {
        is_sound(&of(claim));
    }
    let nobody = "delivery = { to = \"h1\", group = \"239.1.1.2\" }\nloss = \"0%\"";
    insta::assert_snapshot!("a_loss_of_what_nobody_sends", claims(&[nobody]));
}

#[test]
fn wrong_latencies() {
    let of = |rest: &str| format!("delivery = {{ to = \"h1\", group = \"239.1.1.1\" }}\n{rest}");
    let cases = [
        of("join-latency = \"50ms\""),
        of("join-latency = \"<= fast\""),
        of("join-latency = \"2s..1s\""),
        of("join-latency = \"<= 50ms\"\nsince = \"report\""),
        of("join-latency = \"<= 50ms\"\nafter = \"leave\""),
        of("leave-latency = \"<= r1.LMQT\"\nafter = \"leaf\""),
        of("leave-latency = \"<= LMQT\""),
        of("leave-latency = \"<= 1s\"\nwithin = \"1s\""),
        of("leave-latency = \"<= 2d\""),
        of("ttl = 300"),
        of("ttl = \"LMQI\""),
        "delivery = { to = \"h1\", group = \"239.1.1.2\" }\njoin-latency = \"<= 1s\"".to_owned(),
    ];
    insta::assert_snapshot!(claims(&cases.each_ref().map(String::as_str)));
    let twice = "leave = { who = \"h1\", group = \"239.1.1.1\" }\n\n[[act]]\nat = \"3s\"\n\
                 join = { who = \"h1\", group = \"239.1.1.1\" }";
    let source = SOUND.replacen("leave = { who = \"h1\", group = \"239.1.1.1\" }", twice, 1);
    let source = source.replacen(PACKET, &of("join-latency = \"<= 1s\""), 1);
    insta::assert_snapshot!("which_of_two_joins", told(&source));
    for claim in ["join-latency = \"<= 50ms\"", "leave-latency = \"1s..r1.LMQT\"\nsince = \"wire\""]
    {
        is_sound(&of(claim));
    }
    is_sound(&of("ttl = \"30..31\"\nafter = \"leave\"\nwithin = \"1s\""));
}

#[test]
fn wrong_counters() {
    let of = |keys: &str| {
        format!(
            "mfc = {{ of = \"r1\", group = \"239.1.1.1\", source = \"s1\", {keys} }}\nat = \"leave\""
        )
    };
    let cases = [
        of("absent = true, packets = 1"),
        of("iif = \"up\", packets = 1"),
        of("packets = \"1s\""),
        of("wrong-iif = 0, packets = 1"),
        of("bytes = \"5..1\""),
    ];
    insta::assert_snapshot!(claims(&cases.each_ref().map(String::as_str)));
    for keys in ["packets = 1", "iif = \"up\", oifs = [], bytes = \">= 1\", wrong-if = 0"] {
        is_sound(&of(keys));
    }
}
