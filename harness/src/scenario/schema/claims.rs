//! What must come true.

use super::super::expect::SINCE;
use super::super::packet::RECORDS;
use super::key::Key;
use super::key::Kind::{
    self, Address, Count, Flag, Group, Length, Like, Link, List, Moment, Node, Table, Tables, Text,
    True, Whole, Words,
};
use super::timeline::packet_kinds;

fn window() -> Vec<Key> {
    vec![
        Key::new("after", Moment, "From when on; from the start of the run unless given."),
        Key::new("within", Length, "For how long; until the run ends unless given."),
    ]
}

fn at() -> Key {
    Key::needed("at", Moment, "When.")
}

/// What can be claimed, and the keys of an `[[expect]]` that claims it.
pub(super) fn expectations() -> Vec<(&'static str, Vec<Key>)> {
    let [received, exactly_once, none_after, ttl, join, leave] = delivery();
    let [querier_at, querier_throughout] = querier();
    vec![
        ("packet", packet()),
        ("order", order()),
        ("received", received),
        ("exactly-once", exactly_once),
        ("none-after", none_after),
        ("ttl", ttl),
        ("join-latency", join),
        ("leave-latency", leave),
        ("mfc", mfc()),
        ("mdb", mdb()),
        ("querier-at", querier_at),
        ("querier-throughout", querier_throughout),
        ("members", members()),
    ]
}

/// Which packets are meant.
fn filter() -> Vec<Key> {
    let records = RECORDS.map(|(word, _)| word).to_vec();
    vec![
        Key::needed("on", Link, "The link."),
        Key::needed("kind", Words(packet_kinds()), "What kind of packet."),
        Key::new("group", Group, "The group that it names, in any record, or goes to."),
        Key::new("from", Node, "The node that it begins at."),
        Key::new("source", Address, "Its IP source."),
        Key::new("to", Address, "Its IP destination."),
        Key::new("ttl", Whole(0, 255), "Its IP TTL."),
        Key::new("tos", Whole(0, 255), "Its whole TOS octet, 0xc0 for IGMP."),
        Key::new("router-alert", Flag, "Whether it carries Router Alert."),
        Key::new("length", Whole(0, 65_535), "Octets of the IGMP message, or of UDP payload."),
        Key::new("version", Whole(1, 3), "The version of the IGMP message."),
        Key::new("good-checksum", Flag, "Whether the IGMP checksum is right."),
        Key::new("max-resp", Length, "The Max Response Time of a Query."),
        Key::new("max-resp-code", Whole(0, 255), "The second octet as it stands."),
        Key::new("suppress", Flag, "S of a version 3 Query."),
        Key::new("robustness", Whole(0, 255), "QRV of a version 3 Query."),
        Key::new("query-interval", Length, "QQI of a version 3 Query."),
        Key::new("sources", List(Box::new(Address)), "All sources of a Query or a record."),
        Key::new("record", Words(records), "A version 3 Report has such a record."),
        Key::new("records", Whole(0, 65_535), "How many records a version 3 Report has."),
    ]
}

fn packet() -> Vec<Key> {
    let own = vec![
        Key::needed("packet", Table(filter()), "So many packets on a link."),
        Key::needed("count", Count, "How many: a number, a count such as LMQC, or a range."),
        Key::new("spacing", Length, "The time from each to the next."),
    ];
    [own, window()].concat()
}

fn order() -> Vec<Key> {
    let order = Key::needed("order", Tables(filter()), "The first packets like these, in order.");
    [vec![order], window()].concat()
}

fn delivery() -> [Vec<Key>; 6] {
    let claim = || {
        let keys = vec![
            Key::needed("to", Node, "The receiver."),
            Key::needed("group", Group, "The group."),
            Key::new("from", Node, "Only what this source sends."),
        ];
        vec![Key::needed("delivery", Table(keys), "What reaches a receiver.")]
    };
    let received = vec![Key::needed("received", Count, "So many are read from its socket.")];
    let about = "Each one that is sent in this window arrives, and none twice.";
    let exactly_once = vec![Key::needed("exactly-once", True, about)];
    let none_after = vec![
        Key::needed("none-after", Moment, "From then on none reaches its interface."),
        Key::new("for", Length, "For how long; until the run ends unless given."),
    ];
    let ttl = vec![Key::needed("ttl", Count, "All that reaches its interface has such a TTL.")];
    let latency = |name, about, act| {
        vec![
            Key::needed(name, Like("<= 50ms"), about),
            Key::new("after", Text, act),
            Key::new(
                "since",
                Words(SINCE.map(|(word, _)| word).to_vec()),
                "Since the act, or its message on the wire.",
            )
            .or("act"),
        ]
    };
    let join = latency("join-latency", "From the join to the first datagram.", "The join.");
    let leave = latency("leave-latency", "From the leave to the last datagram.", "The leave.");
    [
        [claim(), received, window()].concat(),
        [claim(), exactly_once, window()].concat(),
        [claim(), none_after].concat(),
        [claim(), ttl, window()].concat(),
        [claim(), join].concat(),
        [claim(), leave].concat(),
    ]
}

fn mfc() -> Vec<Key> {
    let keys = vec![
        Key::needed("of", Node, "The router."),
        Key::needed("group", Group, "The group."),
        Key::needed("source", Node, "The source."),
        Key::new("iif", Link, "The link that the flow comes in on."),
        Key::new("oifs", List(Box::new(Link)), "All links that it goes out on."),
        Key::new("packets", Count, "How many datagrams have met the entry."),
        Key::new("bytes", Count, "Their octets, with IP headers."),
        Key::new("wrong-if", Count, "How many of them came in on another interface."),
        Key::new("absent", Flag, "There is no entry at all.").or(false),
    ];
    vec![Key::needed("mfc", Table(keys), "What a router's forwarding cache holds."), at()]
}

fn mdb() -> Vec<Key> {
    let keys = vec![
        Key::needed("of", Node, "The switch."),
        Key::needed("group", Group, "The group."),
        Key::new("ports", List(Box::new(Link)), "The links of all ports with members."),
        Key::new("absent", Flag, "There is no entry at all.").or(false),
    ];
    vec![Key::needed("mdb", Table(keys), "Where a switch has seen members of a group."), at()]
}

fn querier() -> [Vec<Key>; 2] {
    let claim = || {
        let keys = vec![
            Key::needed("on", Link, "The link."),
            Key::needed("is", Node, "The node that every router there holds for its querier."),
        ];
        vec![Key::needed("querier", Table(keys), "Who queries a link.")]
    };
    [[claim(), vec![at()]].concat(), [claim(), window()].concat()]
}

fn members() -> Vec<Key> {
    let keys = vec![
        Key::needed("of", Node, "The router."),
        Key::needed("on", Link, "The link."),
        Key::needed("groups", List(Box::new(Kind::Group)), "All groups that it knows members of."),
    ];
    vec![Key::needed("members", Table(keys), "Of which groups a router knows members."), at()]
}
