//! The keys of acts, by their verbs.

use super::field::{PacketField, RECORDS, row};
use super::key::Default::{Flag as Yes, Number};
use super::key::Form::{
    self, Address, Flag, Group, Like, Link, List, Node, Numbers, Source, Table, Tables, Text, Time,
    Whole, Words,
};
use super::key::{Key, Keys};
use super::kind::MADE;
use super::node::{IGMP, MEMBERSHIP, MLD, SPOKEN, STATIC_JOINS, THRESHOLD};

/// The least octets of payload, for the number of a datagram.
pub const SMALLEST_PAYLOAD: usize = 32;
/// The most octets that fit into an Ethernet frame: 1500 less the IP and UDP headers.
pub const LARGEST_PAYLOAD: usize = 1472;
/// The most octets of an injected message: what fits into an Ethernet frame.
pub const LARGEST_MESSAGE: usize = 1400;
/// The most datagrams of one act.
pub const MOST_TIMES: u32 = 1_000_000;

/// The most times that an act is done.
const MOST_REPEATED: u64 = 1000;

/// The most sockets of a listener.
const MOST_SOCKETS: u64 = 64;

const fn who(whose: &'static str) -> Key {
    Key::needed("who", Node, whose)
}

const GROUP: Key = Key::needed("group", Group, "The group.");
const LINK: Key = Key::new("link", Link, "The link, if the node is on several.");
/// The key of a packet's field, as a message to be made has it.
const fn field(field: PacketField, form: Form, about: &'static str) -> Key {
    Key { form, about, ..row(field).key }
}

const MAX_RESP: Key =
    field(PacketField::MaxResp, Time, "The Max Response Time, in whole tenths of a second.");

static MEMBER: &[Key] = &[
    who("The listener."),
    GROUP,
    LINK,
    Key::new(
        "socket",
        Whole(2, MOST_SOCKETS),
        "Another socket of castnet's stack, which reads nothing.",
    ),
];

/// The keys that name the sources of those who join.
static WANTED: &[Key] = &[
    Key::new("from", List(&Source), "Only these sources (INCLUDE); all unless given."),
    Key::new("exclude", List(&Source), "All sources except these (EXCLUDE)."),
];

static REFUSED: &[Key] = &[Key::new(
    "refused",
    Flag,
    "Whether the host has to refuse it (RFC 4604, or its `level`); else the run is BROKEN.",
)
.or(Yes(false))];

static CHURN: &[Key] = &[
    who("The population."),
    GROUP,
    Key::needed("rate", Like("100/s"), "How many hosts join: 1/s to 100000/s."),
    Key::needed("stay", Time, "How long a host stays on average."),
    Key::new("for", Time, "How long hosts come; until the run ends unless given."),
];

static SEND: &[Key] = &[
    who("The source, or a listener of the kernel."),
    GROUP,
    LINK,
    Key::new("from-address", Address, "The IP source; the primary address there unless given."),
    Key::needed(
        "rate",
        Like("100pps"),
        "1pps to 100000pps, or bits of payload in a second, such as \"2Mbit/s\".",
    ),
    Key::new("for", Time, "How long; until the run ends unless given."),
    Key::new("ttl", Whole(1, 255), "The IP TTL.").or(Number(32)),
    Key::new(
        "size",
        Whole(SMALLEST_PAYLOAD as u64, LARGEST_PAYLOAD as u64),
        "Octets of UDP payload.",
    )
    .or(Number(64)),
    Key::new(
        "refused",
        Flag,
        "Whether a host of `level` 0 has to refuse each datagram; else the run is BROKEN.",
    )
    .or(Yes(false)),
];

/// The keys of every injected message.
static MESSAGE: &[Key] = &[
    who("The injector or querier."),
    LINK,
    field(PacketField::Source, Address, "The IP source; the node's own unless given."),
    field(
        PacketField::Destination,
        Address,
        "The IP destination; the one that the RFC wants unless given.",
    ),
    field(PacketField::Ttl, Whole(0, 255), "The IP TTL.").or(Number(1)),
    field(PacketField::RouterAlert, Flag, "Whether to add the Router Alert option.").or(Yes(true)),
    field(PacketField::GoodChecksum, Flag, "Whether the IGMP checksum is right.").or(Yes(true)),
    Key::new("truncate", Whole(0, 65_535), "So many octets of the message are left."),
    Key::new("pad", Whole(0, LARGEST_MESSAGE as u64), "So many zeros are added to the message.")
        .or(Number(0)),
    Key::new("every", Time, "Again and again, so far apart."),
    Key::new("times", Whole(1, MOST_TIMES as u64), "How often; until it is stopped unless given."),
];

/// The fields of a Query; those after the version are of version 3.
static QUERY_FIELDS: &[Key] = &[
    MAX_RESP,
    field(PacketField::Version, Numbers(&[1, 2, 3]), "Its version; 2, or 3 with a field of that."),
    field(PacketField::Sources, List(&Source), "The sources of a Group-and-Source-Specific Query."),
    field(PacketField::Suppress, Flag, "The S flag of a version 3 Query; not set unless given."),
    field(PacketField::Robustness, Whole(0, 7), "The QRV of a version 3 Query; 2 unless given."),
    field(PacketField::QueryInterval, Time, "The QQI of a version 3 Query; 125s unless given."),
];

static QUERY: &[Key] = &[Key::new("group", Group, "Makes it a Group-Specific Query.")];

const RECORDS_KEY: Key = Key::new(
    "records",
    Tables(&[RECORD]),
    "The group records of a version 3 Report: `type`, `group`, and `sources`.",
);

/// A group record of a version 3 Report.
const RECORD: &[Key] = &[
    Key::needed("type", Words(&RECORDS), "Its type."),
    GROUP,
    Key::new("sources", List(&Source), "Its sources; none unless given."),
    Key::new("aux", Like("00 00 00 00"), "Auxiliary data, whole 32-bit words octet by octet."),
];

static REPORT: &[Key] = &[
    Key::new("group", Group, "The group of a Report of version 1 or 2."),
    Key::new("version", Numbers(&[1, 2, 3]), "Of which version it is; 3 with `records`.")
        .or(Number(2)),
    RECORDS_KEY,
];

static ANY_MESSAGE: &[Key] = &[
    Key::new("kind", Words(&MADE), "The message, by its fields."),
    Key::new("group", Group, "The group that it names."),
    RECORDS_KEY,
    Key::new("hex", Like("16 00 fa fd ef 01 01 01"), "The message, octet by octet."),
];

static INTERFACE: &[Key] =
    &[who("The node."), Key::needed("link", Link, "The link of the interface.")];

static EXEC: &[Key] =
    &[who("Where."), Key::needed("command", List(&Text), "The program and its arguments.")];

/// The keys that `set` can change; the plan knows which role has which.
pub static SET: &[Key] = &[
    Key::new("link", Link, "The link of a router, where not all of its links are meant."),
    Key::new("membership", MEMBERSHIP, "Parameters of IGMP or MLD of a router."),
    Key::new("igmp", IGMP, "The same in a run of IPv4 alone."),
    Key::new("mld", MLD, "The same in a run of IPv6 alone."),
    Key::new("ttl-threshold", THRESHOLD, "The TTL threshold of a router."),
    STATIC_JOINS,
    Key::new("speaks", Words(&SPOKEN), "The version of a listener, or of a switch's Queries."),
    Key::new("igmp-version", Whole(1, 3), "The same in a run of IPv4 alone."),
    Key::new("query-interval", Time, "The Query Interval of a querier or a switch."),
    Key::new("max-resp", Time, "The Max Response Time of a querier."),
    Key::new("query-response-interval", Time, "The Query Response Interval of a switch."),
    Key::new("last-member-interval", Time, "The Last Member Query Interval of a switch."),
    Key::new("last-member-count", Whole(1, 255), "The Last Member Query Count of a switch."),
    Key::new("snooping", Flag, "Whether a switch snoops."),
    Key::new("querier", Flag, "Whether a switch asks."),
];

/// The keys that every act has besides its verb.
pub static ACT: &[Key] = &[
    Key::needed("at", Time, "When, from the start of the run."),
    Key::new(
        "name",
        Text,
        "By which expectations refer to it; to the first one if there are several.",
    ),
    Key::new("every", Time, "Again and again, so far apart."),
    Key::new("times", Whole(2, MOST_REPEATED), "How often in all."),
    Key::new(
        "step",
        Whole(1, 65_535),
        "By how many addresses the group grows from one to the next.",
    ),
];

/// The verbs; an act has exactly one.
pub static VERBS: &[Key] = &[
    Key::new(
        "join",
        Table(&[MEMBER, WANTED, REFUSED]),
        "A listener joins a group, or changes the sources that it wants of it.",
    ),
    Key::new("leave", Table(&[MEMBER]), "A listener leaves a group that it has joined."),
    Key::new("churn", Table(&[CHURN, WANTED]), "Hosts of a population come and go."),
    Key::new(
        "send",
        Table(&[SEND]),
        "A source, or a listener of the kernel, sends numbered datagrams.",
    ),
    Key::new(
        "stop",
        Table(&[&[who("The sender.")]]),
        "A source, a listener that sends, an injector or a querier sends no more.",
    ),
    Key::new(
        "query",
        Table(&[MESSAGE, QUERY, QUERY_FIELDS]),
        "A Query: General, or Group-Specific if there is a group, and of sources if there are any.",
    ),
    Key::new("report", Table(&[MESSAGE, REPORT]), "A Membership Report."),
    Key::new(
        "inject",
        Table(&[MESSAGE, ANY_MESSAGE, QUERY_FIELDS]),
        "Any IGMP message, by fields or octet by octet.",
    ),
    Key::new("down", Table(&[INTERFACE]), "An interface goes down."),
    Key::new("up", Table(&[INTERFACE]), "An interface comes up."),
    Key::new("kill", Table(&[&[who("The router.")]]), "A router's sockets close without a word."),
    Key::new("restart", Table(&[&[who("The router.")]]), "A killed router is started again."),
    Key::new(
        "set",
        Table(&[&[who("The node.")], SET]),
        "Something of a node changes, and the rest stays.",
    ),
    Key::new(
        "exec",
        Table(&[EXEC]),
        "A command on the node, with processes and a /proc of the node's own; beside the timeline, and what runs at the end of the run is killed. A status other than 0 breaks the run; the output is kept beside the capture.",
    ),
];

/// An act.
pub static ACTS: Keys = &[ACT, VERBS];
