//! The keys of expectations, by what they claim.

use super::field::{FIELDS, FieldRow};
use super::key::Default::{Flag as Yes, Number, Text as Said};
use super::key::Form::{
    Count, Flag, Group, Length, Like, Link, List, ListOrNamed, Moment, Node, OneOrMore, Source,
    Table, Tables, Text, True, Whole, Words,
};
use super::key::{CLAUSES, Key, Keys};
use super::kind::WORDS;

/// The points from which a latency is measured.
pub const SINCE: [&str; 2] = ["act", "wire"];

static WINDOW: &[Key] = &[
    Key::new("after", Moment, "From when on; from the start of the run unless given."),
    Key::new("within", Length, "For how long; until the run ends unless given."),
];

static PROOF: &[Key] =
    &[Key::new("proves", CLAUSES, "The RFC clauses that this expectation proves.")];

const AT: Key = Key::needed("at", Moment, "When.");

/// The keys of the fields' rows.
static ALL_FIELDS: [Key; FIELDS.len()] = {
    let rows: &[FieldRow; FIELDS.len()] = &FIELDS;
    let (mut keys, mut at) = ([AT; FIELDS.len()], 0);
    while at < keys.len() {
        keys[at] = rows[at].key;
        at += 1;
    }
    keys
};

/// The keys that select packets.
static FILTER: Keys = &[
    &[
        Key::needed("on", Link, "The link."),
        Key::needed("kind", Words(&WORDS), "What kind of packet."),
        Key::new("group", Group, "The group that it names, in any record, or goes to."),
        Key::new("from", Node, "The node that it begins at."),
    ],
    &ALL_FIELDS,
];

static PACKET: &[Key] = &[
    Key::needed("packet", Table(FILTER), "So many packets on a link."),
    Key::needed("count", Count, "How many: a number, a count such as LMQC, or a range."),
    Key::new("spacing", Length, "The time from each to the next."),
];

static ORDER: &[Key] =
    &[Key::needed("order", Tables(FILTER), "The first packets like these, in order.")];

/// The source of a claim about deliveries.
pub const FROM: Key = Key {
    aliases: &["source"],
    ..Key::new("from", Node, "Only what this source sends, a node or an address.")
};

static DELIVERY: &[Key] = &[Key::needed(
    "delivery",
    Table(&[&[
        Key::needed("to", Node, "The receiver."),
        Key::needed("group", Group, "The group."),
        FROM,
    ]]),
    "What reaches a receiver.",
)];

const RECEIVED: Key = Key::needed("received", Count, "So many are read from its socket.");
const EXACTLY_ONCE: Key = Key::needed(
    "exactly-once",
    True,
    "Each one that is sent in this window arrives, and none twice.",
);
const TTL: Key = Key::needed("ttl", Count, "All that reaches its interface has such a TTL.");

const LOSS: Key =
    Key::needed("loss", Like("<= 0.5%"), "So large a part of those sent never reaches its socket.");
const GAP: Key =
    Key::needed("gap", Like("<= 200ms"), "The longest time in which its socket has none.");
const OUTAGE: Key = Key::needed(
    "outage",
    Like("<= 1s"),
    "The longest time from one that is lost until one arrives again.",
);
const REORDERED: Key =
    Key::needed("reordered", Count, "So many arrive after a later one (RFC 4737).");
const JITTER: Key =
    Key::needed("jitter", Like("<= 5ms"), "The highest jitter, as RFC 3550 has it.");

static NONE_AFTER: &[Key] = &[
    Key::needed("none-after", Moment, "From then on none reaches its interface."),
    Key::new("for", Length, "For how long; until the run ends unless given."),
];

const SINCE_KEY: Key =
    Key::new("since", Words(&SINCE), "Since the act, or its message on the wire.").or(Said("act"));

static JOIN_LATENCY: &[Key] = &[
    Key::needed("join-latency", Like("<= 50ms"), "From the join to the first datagram."),
    Key::new("after", Text, "The join."),
    SINCE_KEY,
];

static LEAVE_LATENCY: &[Key] = &[
    Key::needed("leave-latency", Like("<= 50ms"), "From the leave to the last datagram."),
    Key::new("after", Text, "The leave."),
    SINCE_KEY,
];

const ABSENT: Key = Key::new("absent", Flag, "There is no entry at all.").or(Yes(false));

static MFC: &[Key] = &[
    Key::needed(
        "mfc",
        Table(&[&[
            Key::needed("of", Node, "The router."),
            Key::needed("group", Group, "The group."),
            Key::needed("source", Node, "The source."),
            Key::new("iif", Link, "The link that the flow comes in on."),
            Key::new("oifs", List(&Link), "All links that it goes out on."),
            Key::new("packets", Count, "How many datagrams have met the entry."),
            Key::new("bytes", Count, "Their octets, with IP headers."),
            Key::new("wrong-if", Count, "How many of them came in on another interface."),
            ABSENT,
        ]]),
        "What a router's forwarding cache holds.",
    ),
    AT,
];

static MDB: &[Key] = &[
    Key::needed(
        "mdb",
        Table(&[&[
            Key::needed("of", Node, "The switch."),
            Key::needed("group", Group, "The group."),
            Key::new(
                "ports",
                ListOrNamed(&Link, &Table(MEMBERS_OF)),
                "The links of all ports with members, or a table of them with their sources.",
            ),
            ABSENT,
        ]]),
        "Where a switch has seen members of a group.",
    ),
    AT,
];

static QUERIER: &[Key] = &[Key::needed(
    "querier",
    Table(&[&[
        Key::needed("on", Link, "The link."),
        Key::needed("is", Node, "The node that every router there holds for its querier."),
    ]]),
    "Who queries a link.",
)];

/// The sources of a group, as a router or a switch knows them; the table has the first or the second key.
pub static MEMBERS_OF: Keys = &[&[
    Key::new("include", List(&Source), "INCLUDE: members want only these sources."),
    Key::new("exclude", List(&Source), "EXCLUDE: members want all sources except these."),
    Key::new("requested", List(&Source), "In EXCLUDE: the sources whose timers run."),
]];

static MEMBERS: &[Key] = &[
    Key::needed(
        "members",
        Table(&[&[
            Key::needed("of", Node, "The router."),
            Key::needed("on", Link, "The link."),
            Key::needed(
                "groups",
                ListOrNamed(&Group, &Table(MEMBERS_OF)),
                "All groups that it knows members of, or a table of them with their sources.",
            ),
        ]]),
        "Of which groups a router knows members.",
    ),
    AT,
];

static COMMAND: &[Key] = &[
    Key::needed(
        "command",
        Table(&[&[
            Key::needed("act", Text, "The act `exec` that starts it, by its name."),
            Key::new("exit", Whole(0, 255), "Its exit status.").or(Number(0)),
            Key::new("contains", OneOrMore(&Text), "It writes this text, or all of these."),
            Key::new("lacks", OneOrMore(&Text), "It writes none of this."),
            Key::new("lines", Count, "So many lines."),
        ]]),
        "What a command came to that an act runs.",
    ),
    Key::needed("within", Length, "It ends so soon after the act."),
];

/// The claims, and the keys of an `[[expect]]` with each of them.
pub static EXPECTATIONS: [(&str, Keys); 19] = [
    ("packet", &[PACKET, WINDOW, PROOF]),
    ("order", &[ORDER, WINDOW, PROOF]),
    ("received", &[DELIVERY, &[RECEIVED], WINDOW, PROOF]),
    ("exactly-once", &[DELIVERY, &[EXACTLY_ONCE], WINDOW, PROOF]),
    ("none-after", &[DELIVERY, NONE_AFTER, PROOF]),
    ("ttl", &[DELIVERY, &[TTL], WINDOW, PROOF]),
    ("loss", &[DELIVERY, &[LOSS], WINDOW, PROOF]),
    ("gap", &[DELIVERY, &[GAP], WINDOW, PROOF]),
    ("outage", &[DELIVERY, &[OUTAGE], WINDOW, PROOF]),
    ("reordered", &[DELIVERY, &[REORDERED], WINDOW, PROOF]),
    ("jitter", &[DELIVERY, &[JITTER], WINDOW, PROOF]),
    ("join-latency", &[DELIVERY, JOIN_LATENCY, PROOF]),
    ("leave-latency", &[DELIVERY, LEAVE_LATENCY, PROOF]),
    ("mfc", &[MFC, PROOF]),
    ("mdb", &[MDB, PROOF]),
    ("querier-at", &[QUERIER, &[AT], PROOF]),
    ("querier-throughout", &[QUERIER, WINDOW, PROOF]),
    ("members", &[MEMBERS, PROOF]),
    ("command", &[COMMAND, PROOF]),
];

/// The keys of every expectation that has the key `claim`.
pub fn keys(claim: &str) -> impl Iterator<Item = &'static &'static [Key]> {
    let has = move |keys: Keys| keys.iter().copied().flatten().any(|key| key.name == claim);
    EXPECTATIONS.iter().filter(move |(_, keys)| has(keys)).flat_map(|(_, keys)| keys.iter())
}

/// The keys of all expectations.
pub fn all_keys() -> impl Iterator<Item = &'static &'static [Key]> {
    EXPECTATIONS.iter().flat_map(|(_, keys)| keys.iter())
}
