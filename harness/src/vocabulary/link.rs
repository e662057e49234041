//! The keys of a link.

use super::key::Form::{Address, Like, List, Named, Network, Node, OneOrMore, Time, Whole};
use super::key::{Key, Keys};

/// The longest queue of a port, in frames.
const LONGEST_QUEUE: u64 = 100_000;

/// The list of a link's nodes, also for a link that is just this list.
pub const NODES: Key =
    Key::needed("nodes", List(&Node), "The nodes on it, in the order of their addresses.");

/// A link that is written as a table.
pub static LINK: Keys = &[&[
    NODES,
    Key::new("subnet", Network, "Its network; by default the n-th link is 10.0.n.0/24."),
    Key::new(
        "addresses",
        Named(&OneOrMore(&Address)),
        "Addresses of some nodes, the primary one first; the others get what is free.",
    ),
    Key::new("delay", Time, "How long a frame is under way; none unless given."),
    Key::new("bandwidth", Like("10Mbps"), "What each port can send; without a limit unless given."),
    Key::new(
        "queue",
        Whole(1, LONGEST_QUEUE),
        "The most frames that wait at each port; one more is dropped. Without a limit unless given.",
    ),
]];
