//! The kinds of episodes of a world. Each episode has a group, hosts and a stream of its own, so
//! that any episode can be left out.

use super::dice::Dice;
use super::params::Params;

/// An episode: its place, its start, how long its members stay, and their stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) lan: usize,
    pub(super) start: u64,
    pub(super) stay: u64,
    /// Whether the hosts run castnet's own host machine instead of the kernel's.
    pub(super) is_castnet: bool,
    pub(super) kind: Kind,
}

/// The kind of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A host comes and goes.
    Member,
    /// Two members; one leaves, then the other.
    Pair,
    /// A member leaves, and joins again this many ms later, before its router has forgotten it.
    Rejoin(u64),
    /// The link of the only member goes down.
    Vanish,
    /// A version 1 host is a member, and another host sends a Leave.
    Old,
    /// A Report that must not count, because its checksum is wrong or it is cut short.
    Hostile(Damage),
    /// A Leave that must not count.
    HostileLeave,
    /// The first Report is lost.
    LostReport,
    /// Every Leave is lost.
    LostLeave,
    /// The Leave arrives this many more times.
    Doubled(u64),
    /// The Leave is late by this many ms.
    Late(u64),
    /// The TTL is just above the threshold (`true`), or equal to it.
    Threshold(bool),
    /// The source is on the member's own link.
    Return,
    /// The router has no route to the source.
    Stranger,
    /// Two members answer Queries.
    Crowd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    Checksum,
    Truncated,
}

impl Kind {
    pub(super) fn draw(dice: &mut Dice, params: &Params) -> Self {
        match dice.within(0, 15) {
            0 | 1 => Self::Member,
            2 => Self::Pair,
            3 => Self::Rejoin(dice.within(50, (params.lmqt() - 100).max(50))),
            4 => Self::Vanish,
            5 => Self::Old,
            6 => Self::Hostile(Damage::Checksum),
            7 => Self::Hostile(Damage::Truncated),
            8 => Self::HostileLeave,
            9 => Self::LostReport,
            10 => Self::LostLeave,
            11 => Self::Doubled(dice.within(1, 3)),
            12 => Self::Late(dice.within(10, 400)),
            13 => Self::Threshold(dice.one_in(2)),
            14 => {
                if dice.one_in(2) {
                    Self::Return
                } else {
                    Self::Stranger
                }
            }
            _ => Self::Crowd,
        }
    }
}
