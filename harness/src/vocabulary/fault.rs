//! The keys of faults of links, by what they do.

use super::key::Default::Text as Said;
use super::key::Form::{Group, Like, Link, List, Node, Time, True, Whole, Words};
use super::key::{Key, Keys};
use super::kind::WORDS;

/// The most copies that one rule makes, and the most frames that overtake one.
pub const MOST_COPIES: u32 = 1000;

/// The keys that select frames.
pub static FAULT: &[Key] = &[
    Key::needed("on", Link, "The link."),
    Key::new("kind", Words(&WORDS), "Which packets; all frames unless given."),
    Key::new("group", Group, "The group that they name, or go to."),
    Key::new("from", Node, "Who sends them."),
    Key::new("to", Node, "Who would receive them; everybody alike unless given."),
    Key::new("after", Time, "From when on, from the start of the run.").or(Said("0s")),
    Key::new("for", Time, "For how long; until the run ends unless given."),
    Key::new("nth", Like("2..5"), "Of these the 2nd to the 5th, as they enter the link."),
    Key::new("chance", Like("2.5%"), "Of these each with this chance."),
];

/// The actions; a fault has exactly one.
pub static ACTIONS: &[Key] = &[
    Key::new("drop", True, "They never arrive."),
    Key::new("delay", Time, "They arrive later; what enters later may overtake them."),
    Key::new("duplicate", Whole(1, MOST_COPIES as u64), "They arrive so many times more."),
    Key::new("corrupt", True, "Their IGMP or UDP checksum arrives wrong."),
    Key::new("hold-back", Whole(1, MOST_COPIES as u64), "They arrive after so many later frames."),
    Key::new("partition", List(&Node), "These nodes and the others are cut off."),
];

/// A fault.
pub static FAULTS: Keys = &[FAULT, ACTIONS];
