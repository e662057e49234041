//! Wrong parameters of routers and other nodes.

use super::{SOUND, each, told};

#[test]
fn igmp_parameters_against_the_rfc() {
    let interval = "query-interval = \"20s\"";
    insta::assert_snapshot!(each(&[
        (interval, "query-interval = \"10s\""),
        (interval, "query-response-interval = \"30s\", query-interval = \"20s\""),
        (interval, "version = 2, query-response-interval = \"26s\", query-interval = \"50s\""),
        (interval, "version = 2, query-response-interval = \"150ms\""),
        (interval, "robustness = 0"),
        (interval, "robustness = 256"),
        (interval, "last-member-query-count = 0"),
        (interval, "startup-query-interval = \"0s\""),
        (interval, "version = 4"),
        (interval, "rfc = 2326"),
        ("igmp = { query-interval = \"20s\", last-member-query-interval = \"500ms\" }", "igmp = 2"),
    ]));
}

/// Two routers on one link have different intervals; naming one of them is the remedy.
#[test]
fn intervals_of_routers_that_differ() {
    let change = ("group = \"239.1.1.1\", from = \"r1\" }", "group = \"239.1.1.1\" }");
    insta::assert_snapshot!(each(&[change]));
    let cured = SOUND.replace(change.0, change.1).replace("\"2*LMQT\"", "\"2*r1.LMQT\"");
    assert_eq!(told(&cured), "NOTHING IS WRONG");
}

/// Whatever is wrong with one value, the other keys of a node have their meaning.
#[test]
fn a_wrong_value_makes_no_other_key_unknown() {
    for (keys, wrong) in [
        (
            "role = \"router\", igmp = { version = 9 }, device = \"frr\", keepalive = \"7s\"",
            "version",
        ),
        (
            "role = \"router\", static-joins = 7, daemon = \"process\", ttl-threshold = 3",
            "static-joins",
        ),
        ("role = \"listener\", stack = \"castnet\", speaks = \"x\", robustness = 3", "speaks"),
        ("role = \"listener\", stack = \"x\", count = 3", "stack"),
        ("role = \"querier\", query-interval = 1, max-resp = \"1s\"", "query-interval"),
        ("role = \"switch\", speaks = 1, querier = true, last-member-count = 3", "speaks"),
    ] {
        let told =
            told(&SOUND.replacen("r2 = { role = \"router\" }", &format!("r2 = {{ {keys} }}"), 1));
        assert!(told.contains(wrong) && !told.contains("unknown key"), "{keys}:\n{told}");
    }
}
