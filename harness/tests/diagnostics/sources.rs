//! Wrong sources of memberships, of injected messages and of claims.

use castnet_lab::plan::{Action, Payload, SourceFilter, compile};

use super::{SOUND, each, injecting, told};

const JOIN: &str = "join = { who = \"h1\", group = \"239.1.1.1\" }";
const LEAVE: &str = "leave = { who = \"h1\", group = \"239.1.1.1\" }";

fn join(sources: &str) -> String {
    format!("join = {{ who = \"h1\", group = \"239.1.1.1\", {sources} }}")
}

fn joined(sources: &str) -> SourceFilter {
    let plan = compile("sound.toml", &SOUND.replacen(JOIN, &join(sources), 1));
    let plan = plan.unwrap_or_else(|told| panic!("{told}"));
    let mut filters = plan.acts.into_iter().rev().filter_map(|act| match act.action {
        Action::Join(_, _, filter) => Some(filter),
        _ => None,
    });
    filters.next().unwrap()
}

#[test]
fn sources_of_a_join() {
    let wrong = [
        "from = [\"s1\"], exclude = [\"s1\"]",
        "from = []",
        "from = \"s1\"",
        "from = [\"s3\"]",
        "from = [\"r1\"]",
        "from = [\"10.0.1\"]",
        "from = [\"239.1.1.2\"]",
        "from = [\"s1\", \"10.0.1.1\"]",
        "from = [\"10.0.9.9..10.0.9.1\"]",
        "from = [\"10.0.0.1..10.9.0.1\"]",
        "exclude = [7]",
        "sources = [\"s1\"]",
    ]
    .map(join);
    let mut changes: Vec<(&str, &str)> = wrong.iter().map(|join| (JOIN, join.as_str())).collect();
    changes.push((LEAVE, "leave = { who = \"h1\", group = \"239.1.1.1\", from = [\"s1\"] }"));
    changes.push(("igmp-version = 2", "igmp-version = 2, speaks = \"groups\""));
    changes.push(("igmp-version = 2", "speaks = \"mld\""));
    insta::assert_snapshot!(each(&changes));
}

/// Which listeners may be hosts of RFC 5790 or RFC 4604, refuse joins, and have several sockets.
#[test]
fn modes_and_sockets_of_hosts() {
    let strict = "stack = \"castnet\", speaks = \"sources\", source-specific = true";
    let sound = SOUND.replacen("igmp-version = 2", strict, 1);
    let joins = [
        "group = \"232.1.1.1\", refused = true",
        "group = \"232.1.1.1\", exclude = [\"s1\"], refused = true",
        "group = \"239.1.1.2\", socket = 2",
        "group = \"239.1.1.1\", refused = true",
        "group = \"232.1.1.1\", from = [\"s1\"], refused = true",
        "group = \"239.1.1.2\", socket = 1",
    ];
    let act = |join| format!("\n[[act]]\nat = \"1s\"\njoin = {{ who = \"h1\", {join} }}\n");
    let told_of = |join| compile("sound.toml", &(sound.clone() + &act(join))).map(|_| ());
    for join in &joins[..3] {
        told_of(join).unwrap_or_else(|told| panic!("{join}: {told}"));
    }
    let wrong: Vec<String> =
        joins[3..].iter().map(|join| told_of(join).unwrap_err().to_string()).collect();
    let older = strict.replace("\"sources\"", "\"groups\"");
    let of_kernel = [join("refused = true"), join("socket = 2")];
    let changes = [
        ("igmp-version = 2", older.as_str()),
        ("igmp-version = 2", "igmp-version = 2, stack = \"castnet\", lightweight = true"),
        ("igmp-version = 2", "lightweight = true"),
        (JOIN, &of_kernel[0]),
        (JOIN, &of_kernel[1]),
    ];
    insta::assert_snapshot!(format!("{}\n{}", wrong.join("\n"), each(&changes)));
}

#[test]
fn sources_are_nodes_addresses_and_ranges() {
    let of = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let three = of(&["10.0.9.254", "10.0.9.255", "10.0.10.0"]);
    assert_eq!(joined("from = [\"s1\"]"), SourceFilter::Include(of(&["10.0.1.1"])));
    assert_eq!(joined("from = [\"10.0.9.254..10.0.10.0\"]"), SourceFilter::Include(three));
    assert_eq!(joined("exclude = [\"10.7.7.7\"]"), SourceFilter::Exclude(of(&["10.7.7.7"])));
    assert_eq!(joined("exclude = []"), SourceFilter::all());
}

/// A second join changes the sources, and means something only if it does.
#[test]
fn a_second_join_names_other_sources() {
    let second = |sources: &str| {
        let act = format!("at = \"500ms\"\n{}\n\n[[act]]\nat = \"1s\"", join(sources));
        SOUND.replacen(JOIN, &join("from = [\"s1\"]"), 1).replacen("at = \"1s\"", &act, 1)
    };
    assert_eq!(told(&second("exclude = [\"s1\"]")), "NOTHING IS WRONG");
    let again = told(&second("from = [\"10.0.1.1\"]"));
    assert!(again.contains("h1 has joined 239.1.1.1 already"), "{again}");
}

#[test]
fn fields_of_version_3_that_cannot_be_sent() {
    let told = [
        "kind = \"source-query\", group = \"239.1.1.1\"",
        "kind = \"source-query\", group = \"239.1.1.1\", sources = []",
        "kind = \"source-query\", group = \"239.1.1.1\", sources = [\"s9\"], robustness = 8",
        "kind = \"general-query\", version = 2, suppress = true",
        "kind = \"general-query\", version = 2, max-resp = \"0s\"",
        "kind = \"general-query\", version = 1, max-resp = \"1s\"",
        "kind = \"general-query\", version = 4",
        "kind = \"general-query\", version = 3, max-resp = \"12900ms\"",
        "kind = \"general-query\", query-interval = \"1500ms\"",
        "kind = \"v3-report\", group = \"239.1.1.1\"",
        "kind = \"v3-report\", records = { type = \"is-in\" }",
        "kind = \"v3-report\", records = [{ type = \"to_in\", group = \"239.1.1.1\" }]",
        "kind = \"v3-report\", records = [{ type = \"to-in\", sources = [\"s1\"] }]",
        "kind = \"v3-report\", records = [{ type = \"to-in\", group = \"239.1.1.1\", aux = \"00\" }]",
        "kind = \"leave\", group = \"239.1.1.1\", records = []",
    ]
    .map(|keys| told(&injecting(keys)));
    insta::assert_snapshot!(told.join("\n\n----------------------------------------\n\n"));
}

/// The fields and the octets of RFC 3376 sections 4.1 and 4.2 are one message.
#[test]
fn fields_of_version_3_are_sent_as_they_are_written() {
    let octets = |keys: &str| {
        let plan = compile("sound.toml", &injecting(keys)).unwrap_or_else(|told| panic!("{told}"));
        let injection = plan.acts.iter().find_map(|act| match &act.action {
            Action::Inject(injection) => Some(injection),
            _ => None,
        });
        let injection = injection.unwrap();
        assert!(matches!(injection.payload, Payload::Message(_)));
        let packet = castnet_lab::capture::encode::injected(injection).unwrap();
        (injection.to.to_string(), packet[24..].iter().map(|b| format!("{b:02x}")).collect())
    };
    let of = |to: &str, octets: &str| (to.to_owned(), octets.replace(' ', ""));
    let query = "kind = \"source-query\", group = \"239.1.1.1\", sources = [\"s1\"], \
                 max-resp = \"1s\", suppress = true, robustness = 3, query-interval = \"128s\"";
    assert_eq!(octets(query), of("239.1.1.1", "11 0a e870 ef01 0101 0b 80 0001 0a00 0101"));
    let report = "kind = \"v3-report\", records = [\
                  { type = \"to-in\", group = \"239.1.1.1\", sources = [\"s1\"] }, \
                  { type = \"block\", group = \"239.1.1.2\", aux = \"de ad be ef\" }]";
    assert_eq!(
        octets(report),
        of(
            "224.0.0.22",
            "22 00 4c56 0000 0002 03 00 0001 ef01 0101 0a00 0101 06 01 0000 ef01 0102 dead beef"
        )
    );
}

#[test]
fn sources_of_members() {
    let claim = |groups: &str| {
        let mfc = "mfc = { of = \"r1\", group = \"239.1.1.1\", source = \"s1\", iif = \"up\", \
                   oifs = [] }";
        let members = format!("members = {{ of = \"r1\", on = \"lan\", groups = {groups} }}");
        assert!(SOUND.contains(mfc));
        told(&SOUND.replacen(mfc, &members, 1))
    };
    let wrong = [
        "{ \"239.1.1.1\" = {} }",
        "{ \"239.1.1.1\" = { include = [\"s1\"], exclude = [] } }",
        "{ \"239.1.1.1\" = { include = [\"s1\"], requested = [] } }",
        "{ \"239.1.1.1\" = { include = [\"s9\"] } }",
        "{ \"239.1.1.1\" = [\"s1\"] }",
        "{ \"10.1.1.1\" = { include = [\"s1\"] } }",
        "{ \"224.0.0.2\" = { exclude = [] } }",
        "7",
    ];
    insta::assert_snapshot!(
        wrong.map(claim).join("\n\n----------------------------------------\n\n")
    );
    for sound in [
        "{ \"239.1.1.1\" = { include = [\"s1\"] } }",
        "{ \"239.1.1.1\" = { exclude = [], requested = [\"s1\"] }, \"239.1.1.2\" = { exclude = [] } }",
        "{}",
    ] {
        assert_eq!(claim(sound), "NOTHING IS WRONG");
    }
}
