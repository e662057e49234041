//! The keys of nodes, by their roles, and of generated nodes.

use super::key::Default::{Flag as Yes, Number, Text as Said};
use super::key::Form::{
    self, Either, Flag, Group, Like, Link, List, Network, Node, Numbers, OneOrNamed, Table, Tables,
    Text, Time, Whole, Words,
};
use super::key::{Key, Keys};

/// The most hosts of a population, which fit one assigned network.
pub const MOST_HOSTS: u32 = 1_000_000;
/// The most routers that are generated.
pub const MOST_ROUTERS: usize = 20_000;
/// A router has 32 interfaces (`MAXVIFS`): one up, one for its hosts, and these.
pub const MOST_CHILDREN: usize = 30;
/// The most levels of a generated tree.
pub const MOST_LEVELS: usize = 1000;
/// The word that gives a router's daemon a process of its own.
pub const PROCESS: &str = "process";
/// The word that leaves a node's kernel as it comes.
pub const DISTRIBUTION: &str = "distribution";
/// The IGMP stacks of a listener.
pub const STACKS: [&str; 2] = ["kernel", "castnet"];

/// The table of IGMP's parameters, of which the rows are in `knobs`, above the vocabulary.
pub const IGMP: Form = Form::Defined("igmp", &[]);
/// The table of MLD's parameters.
pub const MLD: Form = Form::Defined("mld", &[]);
/// The table of the parameters of either protocol.
pub const MEMBERSHIP: Form = Form::Defined("membership", &[]);

/// TTL thresholds: with 0 nothing would differ, and with 255 nothing would pass.
pub const THRESHOLD: Form = Whole(1, 254);

const IGMP_VERSION: Key = Key::new(
    "igmp-version",
    Whole(1, 3),
    "The same in a run of IPv4 alone, by the number of the version of IGMP.",
);

/// What a host's newest membership messages can name, in words of both families, and the version of IGMP
/// that names it; MLDv1 names groups, and MLDv2 sources.
pub const SPEAKS: [(&str, u8); 3] = [("igmp1", 1), ("groups", 2), ("sources", 3)];
/// The words alone.
pub const SPOKEN: [&str; 3] = [SPEAKS[0].0, SPEAKS[1].0, SPEAKS[2].0];
/// The words of what a switch can speak.
const SPOKEN_BY_SWITCHES: [&str; 2] = [SPEAKS[1].0, SPEAKS[2].0];

const SPEAKS_KEY: Key = Key::new(
    "speaks",
    Words(&SPOKEN),
    "Holds the kernel to a version: IGMPv3 or MLDv2 (`sources`), IGMPv2 or MLDv1 (`groups`), IGMPv1 (`igmp1`). castnet's stack speaks for `sources` unless given.",
);

/// The channels that a router forwards unasked.
pub const STATIC_JOINS: Key = Key::new(
    "static-joins",
    Tables(&[&[
        Key::needed("link", Link, "The link that is forwarded to."),
        Key::needed("group", Group, "The group."),
        Key::new("source", Node, "Only what this node sends."),
    ]]),
    "Channels forwarded to a link without members: `link`, `group`, and a `source` node.",
);

/// The boundaries of a router's links.
const BOUNDARIES: Key = Key::new(
    "boundaries",
    Tables(&[&[
        Key::needed("link", Link, "The link."),
        Key::new("ipv4", Like("239.0.0.0/8"), "The range in a run of IPv4."),
        Key::new("ipv6", Like("ff05::/16"), "The range in a run of IPv6."),
    ]]),
    "Ranges of groups that pass a link in neither direction (RFC 2365): `link`, and the range for each family.",
);

/// The static rules of a router.
const RULES: Key = Key::new(
    "rules",
    Tables(&[&[
        Key::needed(
            "from",
            List(&Link),
            "The link where it comes in; or two, of which the second one counts while it comes only there.",
        ),
        Key::needed("group", Group, "The group."),
        Key::new("source", Node, "Only what this node sends."),
        Key::new("except", Node, "Not what this node sends."),
        Key::needed("to", List(&Link), "The links that it goes out to."),
    ]]),
    "Static rules: a `group` of any `source`, `except` one, that comes in `from` a link, or from one of two, goes out `to` others without members, whatever route leads to the source.",
);

static ROUTE: Keys = &[&[
    Key::needed("to", Link, "The link to be reached."),
    Key::needed("link", Link, "The router's own link that leads there."),
    Key::new(
        "preference",
        COST,
        "The metric preference of a route of PIM, which its Asserts compare; the lowest wins.",
    )
    .or(Number(1)),
    Key::new("metric", COST, "The metric of a route of PIM, compared after the preference.")
        .or(Number(0)),
]];

/// A part of what a route costs, as far as an Assert can hold it (RFC 7761 section 4.9.6).
const COST: Form = Whole(0, (u32::MAX >> 1) as u64);

/// The DR Priority of PIM.
pub const DR_PRIORITY: Form = Whole(0, u32::MAX as u64);

/// The parameters of PIM of a router.
pub static PIM: Keys = &[&[
    Key::new(
        "hello-period",
        Time,
        "From one Hello to the next; its Holdtime is 3.5 times as long.",
    )
    .or(Said("30s")),
    Key::new(
        "triggered-hello-delay",
        Time,
        "The longest delay of the first Hello, and of one for a new neighbour.",
    )
    .or(Said("5s")),
    Key::new(
        "dr-priority",
        OneOrNamed(&DR_PRIORITY),
        "The DR Priority, of all links or by link: `{ lan = 10 }`; the largest wins.",
    )
    .or(Number(1)),
    Key::new("propagation-delay", Time, "The Propagation_Delay of its Hellos.").or(Said("500ms")),
    Key::new("override-interval", Time, "The Override_Interval of its Hellos.").or(Said("2500ms")),
    Key::new(
        "rp",
        OneOrNamed(&Node),
        "The RP, a router or an address, of all groups or by range: `{ \"239.1.0.0/16\" = \"r1\" }`; the longest range counts. A router's address is that on its first link.",
    ),
    Key::new(
        "join-prune-period",
        Time,
        "`t_periodic`: from one Join to the next; its Holdtime is 3.5 times as long.",
    )
    .or(Said("60s")),
    Key::new(
        "spt-switchover",
        Words(&SPT_SWITCHOVERS),
        "When a router with members, or an RP, joins the source of a flow that comes over the RP: with the first datagram, or never.",
    )
    .or(Said("immediate")),
    Key::new(
        "register-suppression-time",
        Time,
        "How long a flow is not registered that the RP has stopped, on the average: half of it to one and a half, less the probe time.",
    )
    .or(Said("60s")),
    Key::new(
        "register-probe-time",
        Time,
        "How long the RP may take to stop the flow again, after a Null-Register.",
    )
    .or(Said("5s")),
]];

/// When a flow of the RP's tree is joined towards its source.
pub const SPT_SWITCHOVERS: [&str; 2] = ["immediate", "never"];

/// The word for a daemon that is ready once each interface is a VIF.
pub const INTERFACES: &str = "interfaces";
/// The word for a daemon that reads its configuration anew on SIGHUP.
pub const HUP: &str = "hup";

static READY: Keys =
    &[&[Key::new("log", Text, "It writes this."), Key::new("file", Text, "There is such a file.")]];

static RELOAD: Keys = &[&[Key::needed("command", List(&Text), "This has it read its files.")]];

static ROUTER: &[Key] = &[
    Key::new("membership", MEMBERSHIP, "Its parameters of IGMP or MLD, the same on each of its links: a table, see below."),
    Key::new("igmp", IGMP, "The same in a run of IPv4 alone."),
    Key::new("mld", MLD, "The same in a run of IPv6 alone."),
    Key::new("pim", Table(PIM), "Speaks PIM Sparse Mode on all its links, with these parameters; `{}` for the RFC's."),
    Key::new("upstream", Link, "Makes it a proxy of IGMP or MLD (RFC 4605): on this link it is a host, which wants what members on its other links want."),
    Key::new("only-forwarder", List(&Link), "The links on which a proxy forwards to members even where another router is the querier."),
    STATIC_JOINS,
    BOUNDARIES,
    RULES,
    Key::new("routes", Tables(ROUTE), "The link `to` is reached by the own link `link`, also towards sources; wins over what is derived."),
    Key::new("derive-routes", Flag, "Whether it knows all links of the topology, or only its own and `routes`.")
        .or(Yes(true)),
    Key::new(
        "ttl-threshold",
        OneOrNamed(&THRESHOLD),
        "1 to 254, of all links or by link: `{ lan = 10 }`. A datagram leaves only if its TTL on arrival is greater.",
    )
    .or(Number(1)),
    Key::new(
        "daemon",
        Either(&Words(&[PROCESS]), &List(&Text)),
        "The program that routes, with its arguments; or `\"process\"`: castnet's own is a process of its own, as it is anyway if it is killed.",
    ),
    Key::new("config", Text, "What `daemon` reads as /run/daemon.conf: the path of a file, or, in several lines, a template."),
    Key::new(
        "ready",
        Either(&Words(&[INTERFACES]), &Table(READY)),
        "When `daemon` is ready: each interface is a VIF (`\"interfaces\"`, unless given), it writes `{ log = \"text\" }`, or there is `{ file = \"/run/x\" }`.",
    ),
    Key::new(
        "reload",
        Either(&Words(&[HUP]), &Table(RELOAD)),
        "How `daemon` takes a changed template: by SIGHUP, or by `{ command = [\"ctl\", \"reload\"] }`. Without it no act can set the router.",
    ),
    Key::new("log", Text, "A file below /run that `daemon` writes, kept beside the capture like its output."),
    Key::new("state", List(&Text), "A command that prints what `daemon` knows; it is run at the end, and its output kept."),
    Key::new("device", Text, "The software that routes: `castnet`, the name of a recipe that castnet ships, or the path of one (`\"./mine.toml\"`). See docs/devices.md.")
        .or(Said("castnet")),
    Key::new("keepalive", Time, "How long a flow may be idle before its entry goes.")
        .or(Said("210s")),
];

static LISTENER: &[Key] = &[
    Key::new("stack", Words(&STACKS), "Who speaks IGMP for it.").or(Said("kernel")),
    SPEAKS_KEY,
    IGMP_VERSION,
    Key::new(
        "level",
        Numbers(&[0, 1, 2]),
        "Its level of RFC 1112, in IPv4: 0 neither sends to groups nor joins them, 1 sends only, 2 has all.",
    )
    .or(Number(2)),
    Key::new("count", Whole(1, MOST_HOSTS as u64), "Makes it a population of so many.")
        .or(Number(1)),
    Key::new("robustness", Whole(0, 255), "How often castnet's stack reports unasked.")
        .or(Number(2)),
    Key::new("unsolicited-report-interval", Time, "At most so far apart; 10s in version 2.")
        .or(Said("1s")),
    Key::new("v1-router-present-timeout", Time, "How long it speaks to a version 1 querier.")
        .or(Said("400s")),
    Key::new(
        "silent-leaves",
        Flag,
        "Whether castnet's stack sends no Leave if another host has reported last.",
    )
    .or(Yes(true)),
    Key::new(
        "lightweight",
        Flag,
        "Whether castnet's stack of version 3 (of MLD: 2) excludes no sources (RFC 5790).",
    )
    .or(Yes(false)),
    Key::new(
        "source-specific",
        Flag,
        "Whether castnet's stack of version 3 (of MLD: 2) refuses joins of all sources of a group of source-specific multicast (RFC 4604).",
    )
    .or(Yes(false)),
    Key::new(
        "source-specific-range",
        Network,
        "The groups of source-specific multicast for castnet's stack; by default the range of IANA.",
    ),
    Key::new(
        "compatibility",
        Flag,
        "Whether castnet's stack of version 3 (of MLD: 2) speaks an older version to an older querier.",
    )
    .or(Yes(true)),
];

static QUERIER: &[Key] = &[
    Key::needed("query-interval", Time, "From one of its General Queries to the next."),
    Key::new("max-resp", Time, "Their Max Response Time; 0s makes them version 1.").or(Said("10s")),
];

static SWITCH: &[Key] = &[
    Key::new("snooping", Flag, "Whether a group goes only to members and routers, or everywhere.")
        .or(Yes(true)),
    Key::new("querier", Flag, "Whether it asks itself, while it hears nobody else ask.")
        .or(Yes(false)),
    Key::new(
        "speaks",
        Words(&SPOKEN_BY_SWITCHES),
        "The version of its Queries: IGMPv3 or MLDv2, or IGMPv2 or MLDv1.",
    )
    .or(Said("groups")),
    Key::new("igmp-version", Numbers(&[2, 3]), "The same in a run of IPv4 alone: 2 or 3."),
    Key::new("query-interval", Time, "`QI`, at least `\"1s\"`.").or(Said("125s")),
    Key::new("query-response-interval", Time, "`QRI`.").or(Said("10s")),
    Key::new("last-member-interval", Time, "`LMQI`.").or(Said("1s")),
    Key::new("last-member-count", Whole(1, 255), "`LMQC`.").or(Number(2)),
    Key::new("fast-leave", List(&Link), "The links on which a Leave ends a membership at once."),
    Key::new(
        "max-entries",
        Whole(1, u32::MAX as u64),
        "The most entries of its database, with one for each source. One more ends all snooping.",
    )
    .or(Number(4096)),
    Key::new(
        "max-entries-per-port",
        Whole(1, u32::MAX as u64),
        "The most entries of its database for each link. A Report that needs more is dropped.",
    ),
];

const SYSCTLS: Key = Key::new(
    "sysctls",
    Words(&[DISTRIBUTION]),
    "Leaves what a router has to cope with, and the laboratory takes off it otherwise, as the machine has it: the limit of memberships of a socket, the kernel's own Reports for 224.0.0.x, the reverse-path filter.",
);

macro_rules! role {
    ($word:literal) => {
        &[Key::needed("role", Words(&[$word]), "What it does."), SYSCTLS]
    };
}

/// The roles, each with the keys of its nodes.
pub static ROLES: [(&str, Keys); 6] = [
    ("router", &[role!("router"), ROUTER]),
    ("listener", &[role!("listener"), LISTENER]),
    ("source", &[role!("source")]),
    ("injector", &[role!("injector")]),
    ("querier", &[role!("querier"), QUERIER]),
    ("switch", &[role!("switch"), SWITCH]),
];

/// The keys of every generated shape.
static SHAPE: &[Key] = &[
    Key::new("hosts", Whole(0, MOST_HOSTS as u64), "How many hosts a router has, if it has some.")
        .or(Number(0)),
    Key::new("group", Group, "A group that is carried down to all routers."),
];

const fn size(name: &'static str, most: usize, about: &'static str) -> Key {
    Key::needed(name, Whole(1, most as u64), about)
}

static CHAIN: &[Key] = &[size("routers", MOST_ROUTERS, "How many routers.")];
static TREE: &[Key] = &[
    size("fan-out", MOST_CHILDREN, "How many routers are below each."),
    size("depth", MOST_LEVELS, "How many levels of routers there are."),
];
static GRID: &[Key] = &[
    size("rows", MOST_ROUTERS, "How many rows of routers."),
    size("columns", MOST_ROUTERS, "How many routers in a row."),
];

/// The keys of `[generate]`.
pub static GENERATE: Keys = &[&[
    Key::new("chain", Table(&[CHAIN, SHAPE]), "Each router is below the one before it."),
    Key::new("tree", Table(&[TREE, SHAPE]), "Levels of routers; the last ones have hosts."),
    Key::new("grid", Table(&[GRID, SHAPE]), "Routers in rows, linked with all neighbours."),
    Key::new("lan", Table(&[SHAPE]), "One router and one link."),
    Key::new("membership", MEMBERSHIP, "The parameters of IGMP or MLD of all routers."),
    Key::new("igmp", IGMP, "The same in a run of IPv4 alone."),
    Key::new("mld", MLD, "The same in a run of IPv6 alone."),
    SPEAKS_KEY,
    IGMP_VERSION,
]];

/// The keys of all roles.
pub fn all_keys() -> impl Iterator<Item = &'static &'static [Key]> {
    ROLES.iter().flat_map(|(_, keys)| keys.iter())
}

/// The keys of a node with this role, if there is such a role.
#[must_use]
pub fn keys(role: &str) -> Option<Keys> {
    ROLES.iter().find(|(word, _)| *word == role).map(|(_, keys)| *keys)
}
