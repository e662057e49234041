//! What must come true.

use super::key::Key;
use super::key::Kind::{
    self, Address, Count, Flag, Group, Length, Link, List, Moment, Node, Table, True, Whole, Words,
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
    let [received, exactly_once, none_after] = delivery();
    let [querier_at, querier_throughout] = querier();
    vec![
        ("packet", packet()),
        ("received", received),
        ("exactly-once", exactly_once),
        ("none-after", none_after),
        ("mfc", mfc()),
        ("mdb", mdb()),
        ("querier-at", querier_at),
        ("querier-throughout", querier_throughout),
        ("members", members()),
    ]
}

fn packet() -> Vec<Key> {
    let keys = vec![
        Key::needed("on", Link, "The link."),
        Key::needed("kind", Words(packet_kinds()), "What kind of packet."),
        Key::new("group", Group, "The group that it names, or goes to."),
        Key::new("from", Node, "Who sends it."),
        Key::new("to", Address, "Its IP destination."),
        Key::new("ttl", Whole(0, 255), "Its IP TTL."),
        Key::new("router-alert", Flag, "Whether it carries Router Alert."),
        Key::new("max-resp", Length, "The Max Response Time of a Query."),
    ];
    let own = vec![
        Key::needed("packet", Table(keys), "So many packets on a link."),
        Key::needed("count", Count, "How many: a number, a count such as LMQC, or a range."),
        Key::new("spacing", Length, "The time from each to the next."),
    ];
    [own, window()].concat()
}

fn delivery() -> [Vec<Key>; 3] {
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
    [
        [claim(), received, window()].concat(),
        [claim(), exactly_once, window()].concat(),
        [claim(), none_after].concat(),
    ]
}

fn mfc() -> Vec<Key> {
    let keys = vec![
        Key::needed("of", Node, "The router."),
        Key::needed("group", Group, "The group."),
        Key::needed("source", Node, "The source."),
        Key::new("iif", Link, "The link that the flow comes in on."),
        Key::new("oifs", List(Box::new(Link)), "All links that it goes out on."),
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
