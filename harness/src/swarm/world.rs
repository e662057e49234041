//! A world of a swarm: routers in a row, a link with hosts below each, and the events there, all
//! drawn by the seed.

use castnet::addr::Family;
use castnet::gmp::message::Version;

use super::dice::Dice;
use super::episode::{Episode, Kind};
use super::params::Params;
use super::script::Span;

/// A second router on a link, without other links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rival {
    pub(super) lan: usize,
    /// Whether it has the lower address, and so is the querier.
    pub(super) is_lower: bool,
    /// Whether it speaks the version without sources, unlike the other routers.
    pub(super) is_older: bool,
    pub(super) trouble: Option<Trouble>,
}

/// A failure of a rival, and when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) from: u64,
    pub(super) until: u64,
    /// Whether the rival is cut off from its link instead of killed.
    pub(super) is_cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    pub(super) params: Params,
    /// The number of routers in a row.
    pub(super) routers: usize,
    pub(super) rivals: Vec<Rival>,
    pub(super) episodes: Vec<Episode>,
}

impl World {
    pub(super) fn draw(seed: u64) -> Self {
        let dice = &mut Dice::new(seed, "swarm");
        let params = Params::draw(dice);
        let routers = usize::try_from(dice.within(1, 3)).unwrap_or(1);
        let rivals = (1..=routers).filter_map(|lan| {
            let is_lower = dice.one_in(2);
            let from = dice.within(params.qi() / 4, 40_000);
            let until = from + dice.within(1_000, 2 * params.oqpi());
            let trouble = Trouble { from, until, is_cut: dice.one_in(2) };
            let trouble = dice.one_in(2).then_some(trouble);
            dice.one_in(2).then_some(Rival { lan, is_lower, is_older: false, trouble })
        });
        let rivals = rivals.collect();
        let episodes = (0..dice.within(1, 6)).map(|_| {
            let lan = usize::try_from(dice.within(1, routers as u64)).unwrap_or(1);
            let start = dice.within(1_000, 40_000);
            let kind = Kind::draw(dice, &params);
            Episode {
                lan,
                start,
                stay: dice.within(1_500, 20_000),
                is_castnet: dice.one_in(2),
                has_sources: false,
                kind,
            }
        });
        let episodes = episodes.collect();
        let mut world = Self { params, routers, rivals, episodes };
        world.speak(&mut Dice::new(seed, "speech"));
        world
    }

    /// Draws the family and the version, and what goes on with sources.
    fn speak(&mut self, dice: &mut Dice) {
        let family = dice.one_of([Family::V4, Family::V6]);
        let version = dice.one_of([Version::V2, Version::V3]);
        self.params = self.params.clone().spoken(family, version);
        if family == Family::V6 {
            // MLD has no version without Leaves, and the kernel's routing of IPv6 no thresholds.
            let has = |kind| !matches!(kind, Kind::Old | Kind::Threshold(_));
            let others = self.episodes.iter_mut().filter(|one| !has(one.kind));
            others.for_each(|one| one.kind = Kind::Member);
        }
        if version == Version::V2 {
            return;
        }
        self.rivals.iter_mut().for_each(|rival| rival.is_older = dice.one_in(4));
        self.episodes.iter_mut().for_each(|one| one.has_sources = dice.one_in(2));
        for _ in 0..dice.within(1, 4) {
            let lan = usize::try_from(dice.within(1, self.routers as u64)).unwrap_or(1);
            let kind = Kind::draw_of_sources(dice);
            let is_older = self.rival_of(lan).is_some_and(|rival| rival.is_older);
            self.episodes.push(Episode {
                lan: if kind.is_aside() { 1 } else { lan },
                start: dice.within(1_000, 20_000),
                stay: dice.within(2_000, 10_000),
                is_castnet: dice.one_in(2),
                has_sources: true,
                // Beside an older router no host speaks of sources.
                kind: if is_older && !kind.is_aside() { Kind::Member } else { kind },
            });
        }
    }

    /// Whether hosts that may speak of sources do so on this link.
    pub(super) fn has_sources(&self, lan: usize) -> bool {
        let is_older = self.rival_of(lan).is_some_and(|rival| rival.is_older);
        self.params.has_sources() && !is_older
    }

    pub(super) fn rival_of(&self, lan: usize) -> Option<&Rival> {
        self.rivals.iter().find(|rival| rival.lan == lan)
    }

    /// The name of the querier of a link without trouble.
    pub(super) fn querier(&self, lan: usize) -> String {
        match self.rival_of(lan) {
            Some(rival) if rival.is_lower => format!("q{lan}"),
            _ => format!("r{lan}"),
        }
    }

    /// Whether during all of this time the link has one querier, known to every router.
    pub(super) fn is_settled(&self, lan: usize, Span(from, to): Span) -> bool {
        let trouble = self.rival_of(lan).and_then(|rival| rival.trouble);
        trouble.is_none_or(|trouble| to < trouble.from || from > self.settled_again(&trouble))
    }

    /// The parts of a time in which a router and its members know of each other. While a querier is
    /// lost no router sends General Queries, for longer than memberships may last: a Group-Specific
    /// Query counts as a sign of life of the querier (RFC 2236 section 3), but no member answers it
    /// for the other groups.
    pub(super) fn served(&self, lan: usize, Span(from, to): Span) -> Vec<Span> {
        let rival = self.rival_of(lan).filter(|rival| rival.is_lower);
        match rival.and_then(|rival| rival.trouble) {
            Some(trouble) => {
                let again = self.settled_again(&trouble);
                vec![Span(from, to.min(trouble.from)), Span(from.max(again), to)]
            }
            None => vec![Span(from, to)],
        }
    }

    /// When a link has recovered. A router that was cut off may send its next Query a whole
    /// interval later, and a router that was alone must first miss the other's Queries.
    pub(super) fn settled_again(&self, trouble: &Trouble) -> u64 {
        trouble.until + self.params.qi() + self.params.oqpi() + 1_000
    }
}
