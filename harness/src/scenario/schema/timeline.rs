//! What is done, and what goes wrong.

use serde_json::{Value, json};

use super::super::{PacketKind, inject};
use super::key::Kind::{
    self, Address, Defined, Flag, Group, Like, Link, List, Node, Numbers, Table, Text, Time, True,
    Whole, Words,
};
use super::key::{Key, table};
use super::topology;

const ABOUT_LINK: &str = "The link, if the node is on several.";

fn who(whose: &'static str) -> Key {
    Key::needed("who", Node, whose)
}

/// A table of which exactly one of the verbs is a key.
fn with_one_of(keys: Vec<Key>, verbs: Vec<Key>) -> Value {
    let one_of: Vec<Value> = verbs.iter().map(|verb| json!({ "required": [verb.name] })).collect();
    let mut schema = table(&[keys, verbs].concat());
    schema["oneOf"] = one_of.into();
    schema
}

/// An `[[act]]`.
pub(super) fn act() -> Value {
    let keys = vec![
        Key::needed("at", Time, "When, from the start of the run."),
        Key::new("name", Text, "By which expectations refer to it."),
    ];
    let verb = |name, keys, about| Key::new(name, Table(keys), about);
    let router = || vec![who("The router.")];
    let command = Key::needed("command", List(Box::new(Text)), "The program and its arguments.");
    let verbs = vec![
        verb("join", member(), "A listener joins a group."),
        verb("leave", member(), "A listener leaves a group that it has joined."),
        verb("churn", churn(), "Hosts of a population come and go."),
        verb("send", send(), "A source sends numbered datagrams."),
        verb("stop", vec![who("The sender.")], "A source, an injector or a querier falls silent."),
        verb("query", query(), "A Query: General, or Group-Specific if there is a group."),
        verb("report", report(), "A Membership Report."),
        verb("inject", any_message(), "Any IGMP message, by fields or octet by octet."),
        verb("down", interface(), "An interface goes down."),
        verb("up", interface(), "An interface comes up."),
        verb("kill", router(), "A router's sockets close without a word."),
        verb("restart", router(), "A killed router is started again."),
        verb("set", set(), "Something of a node changes, and the rest stays."),
        verb("exec", vec![who("Where."), command], "A command, in the node's namespace."),
    ];
    with_one_of(keys, verbs)
}

/// Whose key each is, the compiler tells.
fn set() -> Vec<Key> {
    vec![
        who("The node."),
        Key::new("link", Link, "The link of a router, where not all of its links are meant."),
        Key::new("igmp", Defined("igmp"), "IGMP parameters of a router."),
        Key::new("ttl-threshold", Whole(1, 254), "That of a router."),
        topology::static_joins(),
        Key::new("igmp-version", Whole(1, 3), "That of a listener or a switch."),
        Key::new("query-interval", Time, "That of a querier or a switch."),
        Key::new("max-resp", Time, "That of a querier."),
        Key::new("query-response-interval", Time, "That of a switch."),
        Key::new("last-member-interval", Time, "That of a switch."),
        Key::new("last-member-count", Whole(1, 255), "That of a switch."),
        Key::new("snooping", Flag, "Whether a switch snoops."),
        Key::new("querier", Flag, "Whether a switch asks."),
    ]
}

fn member() -> Vec<Key> {
    vec![
        who("The listener."),
        Key::needed("group", Group, "The group."),
        Key::new("link", Link, ABOUT_LINK),
    ]
}

fn churn() -> Vec<Key> {
    vec![
        who("The population."),
        Key::needed("group", Group, "The group."),
        Key::needed("rate", Like("100/s"), "How many hosts join: 1/s to 100000/s."),
        Key::needed("stay", Time, "How long a host stays on average."),
        Key::new("for", Time, "How long hosts come; until the run ends unless given."),
    ]
}

fn interface() -> Vec<Key> {
    vec![who("The node."), Key::needed("link", Link, "The link of the interface.")]
}

fn send() -> Vec<Key> {
    vec![
        who("The source."),
        Key::needed("group", Group, "The group."),
        Key::needed("rate", Like("100pps"), "1pps to 100000pps."),
        Key::new("for", Time, "How long; until the run ends unless given."),
        Key::new("ttl", Whole(1, 255), "The IP TTL.").or(32),
        Key::new("size", Whole(32, 1472), "Octets of UDP payload.").or(64),
        Key::new("link", Link, ABOUT_LINK),
        Key::new("from-address", Address, "The IP source; the primary address there unless given."),
    ]
}

/// What every injected message has.
fn message() -> Vec<Key> {
    vec![
        who("The injector or querier."),
        Key::new("link", Link, ABOUT_LINK),
        Key::new("source", Address, "The IP source; the node's own unless given."),
        Key::new("to", Address, "The IP destination; the one that the RFC wants unless given."),
        Key::new("ttl", Whole(0, 255), "The IP TTL.").or(1),
        Key::new("router-alert", Flag, "Whether to add the Router Alert option.").or(true),
        Key::new("good-checksum", Flag, "Whether the IGMP checksum is right.").or(true),
        Key::new("truncate", Whole(0, 65_535), "So many octets of the message are left."),
        Key::new("pad", Whole(0, 1400), "So many zeros are added to the message.").or(0),
        Key::new("every", Time, "Again and again, so far apart."),
        Key::new("times", Whole(1, 1_000_000), "How often; until it is stopped unless given."),
    ]
}

fn max_resp() -> Key {
    Key::new("max-resp", Time, "The Max Response Time, 0s to 25.5s in whole tenths.")
}

fn query() -> Vec<Key> {
    let group = Key::new("group", Group, "Makes it a Group-Specific Query.");
    [message(), vec![group, max_resp()]].concat()
}

fn report() -> Vec<Key> {
    let group = Key::needed("group", Group, "The group.");
    let version = Key::new("version", Numbers(&[1, 2]), "Of which version it is.").or(2);
    [message(), vec![group, version]].concat()
}

fn any_message() -> Vec<Key> {
    let kinds = inject::KINDS.map(PacketKind::word).to_vec();
    let own = vec![
        Key::new("kind", Words(kinds), "The message, by its fields."),
        Key::new("group", Group, "The group that it names."),
        max_resp(),
        Key::new("hex", Like("16 00 fa fd ef 01 01 01"), "The message, octet by octet."),
    ];
    [message(), own].concat()
}

/// A `[[fault]]`.
pub(super) fn fault() -> Value {
    let number = Kind::Whole(1, 1000);
    let keys = vec![
        Key::needed("on", Link, "The link."),
        Key::new("kind", Words(packet_kinds()), "Which packets; all frames unless given."),
        Key::new("group", Group, "The group that they name, or go to."),
        Key::new("from", Node, "Who sends them."),
        Key::new("to", Node, "Who would receive them; everybody alike unless given."),
        Key::new("after", Time, "From when on, from the start of the run.").or("0s"),
        Key::new("for", Time, "For how long; until the run ends unless given."),
        Key::new("nth", Like("2..5"), "Of these the 2nd to the 5th, as they enter the link."),
        Key::new("chance", Like("2.5%"), "Of these each with this chance."),
    ];
    let actions = vec![
        Key::new("drop", True, "They never arrive."),
        Key::new("delay", Time, "They arrive later; what enters later may overtake them."),
        Key::new("duplicate", number.clone(), "They arrive so many times more."),
        Key::new("corrupt", True, "Their IGMP or UDP checksum arrives wrong."),
        Key::new("hold-back", number, "They arrive after so many later frames."),
        Key::new("partition", List(Box::new(Node)), "These nodes and the others are cut off."),
    ];
    with_one_of(keys, actions)
}

/// The words for kinds of packets.
pub(super) fn packet_kinds() -> Vec<&'static str> {
    PacketKind::WORDS.iter().map(|(word, _)| *word).collect()
}
