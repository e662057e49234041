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
    /// Whether the hosts speak the version with sources, where the routers of their link do.
    pub(super) has_sources: bool,
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
    /// Members want some sources of two.
    Sources(Wish),
    /// Records come from nowhere, and nobody answers, on a link with a router of its own.
    Table(Rows),
    /// More groups are reported than a router takes.
    Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    Checksum,
    Truncated,
}

/// What the members of an episode want of two sources, and how it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// One source of a group of source-specific multicast.
    Channel,
    /// The same for longer than a membership lasts unasked.
    LongChannel,
    /// One source, then the other one instead.
    Swap,
    /// All except one source, then that one too.
    Unblock,
    /// One source, then all except that one.
    Widen,
    /// All sources, then one.
    Narrow,
    /// One host wants a source, and another host both.
    Shared,
    /// One host wants a source, and another host all except that one.
    Opposed,
    /// One host wants all sources for long, and another host for a while all except one.
    Patient,
    /// A host of the version without sources, and one that excludes some.
    Mixed,
    /// A host leaves and joins again, and what it answers after that is lost.
    Unheard,
}

/// Records that are drawn by a seed of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) seed: u64,
    pub(super) count: u64,
    /// Whether the group is one of source-specific multicast.
    pub(super) is_channel: bool,
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

    /// A kind that only routers with sources know.
    pub(super) fn draw_of_sources(dice: &mut Dice) -> Self {
        let wish = dice.one_of([
            Wish::Channel,
            Wish::LongChannel,
            Wish::Swap,
            Wish::Unblock,
            Wish::Widen,
            Wish::Narrow,
            Wish::Shared,
            Wish::Opposed,
            Wish::Patient,
            Wish::Mixed,
            Wish::Unheard,
        ]);
        let rows = Rows {
            seed: dice.within(1, u64::from(u32::MAX)),
            count: dice.within(2, 8),
            is_channel: dice.one_in(4),
        };
        match dice.within(1, 8) {
            1..5 => Self::Sources(wish),
            5..8 => Self::Table(rows),
            _ => Self::Limit,
        }
    }

    /// Whether it needs a router of its own, behind the first one.
    pub(super) const fn is_aside(self) -> bool {
        matches!(self, Self::Stranger | Self::Table(_) | Self::Limit)
    }

    /// Whether its group is one of source-specific multicast.
    pub(super) const fn is_channel(self) -> bool {
        match self {
            Self::Sources(wish) => matches!(wish, Wish::Channel | Wish::LongChannel),
            Self::Table(rows) => rows.is_channel,
            _ => false,
        }
    }

    /// Whether both sources send.
    pub(super) const fn has_sources(self) -> bool {
        matches!(self, Self::Sources(_) | Self::Table(_))
    }
}
