//! The keys of a scenario file.

use super::act::ACTS;
use super::fault::FAULTS;
use super::key::Default::Text as Said;
use super::key::Form::{
    Defined, Flag, Group, Like, List, Named, Table, Tables, Text, Time, Whole, Words,
};
use super::key::{CLAUSES, Key, Keys};
use super::link::LINK;
use super::node::GENERATE;

/// The backends.
pub const BACKENDS: [&str; 2] = ["netns", "sim"];

/// The families of addresses.
pub const FAMILIES: [&str; 2] = ["ipv4", "ipv6"];

/// Whose timers a run has.
pub const TIMERS: [&str; 2] = ["file", "rfc"];

/// The rules of every run.
pub const RULES: [&str; 5] =
    ["no-unwanted", "no-duplicate", "ttl-by-one", "no-return", "well-formed-igmp"];

/// Which frames of a run can be kept.
pub const RECORDS: [&str; 2] = ["everything", "claimed"];

static ONLY: Keys = &[&[
    Key::new("only", List(&Words(&BACKENDS)), "Those that it runs on."),
    Key::new(
        "virtual-time",
        Flag,
        "Instead of `only`: it takes so long that it runs where time is virtual, in the simulator, and with \
         `--kernel`.",
    ),
    Key::needed("because", Text, "Why on no other."),
]];

static WAIVER: Keys = &[&[
    Key::needed("name", Words(&RULES), "The rule."),
    Key::needed("because", Text, "Why it does not hold in this run."),
]];

static INVARIANTS: Keys =
    &[&[Key::new("off", Tables(WAIVER), "The rules that do not hold in this run.")]];

/// A group that has a name.
pub static NAMED_GROUP: Keys = &[&[
    Key::new("ipv4", Group, "Its address in a run of IPv4."),
    Key::new("ipv6", Group, "Its address in a run of IPv6."),
    Key::new("ssm", Whole(1, 65_535), "The number of a group of source-specific multicast."),
]];

/// A scenario.
pub static FILE: Keys = &[&[
    Key::new("title", Text, "One line that says what the scenario claims."),
    Key::new("family", Words(&FAMILIES), "The family of all its addresses.").or(Said("ipv4")),
    Key::new("proves", CLAUSES, "The RFC clauses that it proves, by their ids."),
    Key::new("extends", Like("../topologies/router.toml"), "The template that it begins with."),
    Key::new(
        "matrix",
        Defined("matrix", &[]),
        "Parameters and their values; ${name} stands for each in turn.",
    ),
    Key::new("template", Text, "One line that says what this template is, which is no scenario."),
    Key::new(
        "tolerance",
        Time,
        "How late a machine may be, at most 10s; 100ms unless given, and 0 in the simulator.",
    ),
    Key::new("end", Time, "When the run ends; when everything can be judged unless given."),
    Key::new(
        "timers",
        Words(&TIMERS),
        "`rfc` where routers, switches and queriers take the RFCs' default intervals in virtual time; `file` where \
         times in figures belong to the file's own.",
    ),
    Key::new(
        "golden",
        List(&Words(&BACKENDS)),
        "The backends whose runs are compared with what is kept of earlier ones.",
    ),
    Key::new("invariants", Table(INVARIANTS), "The rules that hold in every run."),
    Key::new("backends", Table(ONLY), "Where it runs, if not everywhere."),
    Key::new("record", Words(&RECORDS), "Which frames are kept.").or(Said("everything")),
    Key::new("generate", Table(GENERATE), "Routers in a shape, and hosts behind them."),
    Key::new(
        "groups",
        Named(&Defined("group", &[])),
        "Names for groups: a number, an address, or an address of each family.",
    ),
    Key::new("links", Named(&Defined("link", LINK)), "The links: a name, and the nodes on it."),
    Key::new("nodes", Named(&Defined("node", &[])), "The nodes: a name, and what it does."),
    Key::new("act", List(&Defined("act", ACTS)), "What is done, and when."),
    Key::new("fault", List(&Defined("fault", FAULTS)), "What goes wrong on the links."),
    Key::new("expect", List(&Defined("expect", &[])), "What must come true."),
]];
