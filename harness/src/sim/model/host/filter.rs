//! The sources of one group on one interface, as the kernel counts them (`struct ip_mc_list` and
//! `struct ifmcaddr6`).
//!
//! Decides what the sockets of an interface want together, which changes of that are to be reported,
//! and for which sources a Query is to be answered. Numbers of sockets are kept for each source and each
//! mode, because a source is excluded only if every socket in EXCLUDE mode excludes it. Sources that
//! are no longer wanted stay in a list of their own until that has been reported. Which packets these
//! changes make is decided elsewhere.

/// What a socket wants of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish<A> {
    /// Whether the sources are excluded; included otherwise.
    pub excluded: bool,
    /// The sources.
    pub sources: Vec<A>,
}

/// What a change of a socket's wish has changed on the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing that is reported.
    Nothing,
    /// Sources.
    Sources,
    /// The filter mode.
    Mode,
}

/// Positions of the counters of both modes.
const INCLUDE: usize = 0;
const EXCLUDE: usize = 1;

/// The state of a group.
#[derive(Clone, Debug)]
pub(super) struct Filter<A> {
    /// `sfmode`: the last mode that any socket had.
    pub(super) excluded: bool,
    /// `sfcount`: the sockets in each mode.
    sockets: [u16; 2],
    /// In the order in which they were first named.
    sources: Vec<Source<A>>,
    /// Sources whose end is still to be reported, the newest one last.
    gone: Vec<Source<A>>,
    /// `gsquery`: whether the pending answer is only about the sources that were asked for.
    is_asked: bool,
}

/// A source.
#[derive(Clone, Debug)]
struct Source<A> {
    address: A,
    /// The sockets that include it, and those that exclude it.
    sockets: [u16; 2],
    /// Whether it was active before the present change: included, or excluded by all.
    was_active: bool,
    /// Whether a Query has asked for it.
    is_asked: bool,
    /// The number of state-change Reports that are still to name it.
    untold: u8,
}

/// The lists of sources that a record may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Sources that sockets name.
    Named,
    /// Sources that no socket names any more.
    Gone,
}

impl<A: Copy + PartialEq> Filter<A> {
    /// A group that no socket has named sources of: so many sockets, all in EXCLUDE mode.
    pub(super) const fn plain(sockets: u16) -> Self {
        Self {
            excluded: true,
            sockets: [0, sockets],
            sources: Vec::new(),
            gone: Vec::new(),
            is_asked: false,
        }
    }

    /// A group whose first socket is in INCLUDE mode, without a source yet.
    pub(super) fn including() -> Self {
        Self { excluded: false, sockets: [1, 0], ..Self::plain(0) }
    }

    /// Whether any socket is in EXCLUDE mode.
    pub(super) const fn is_excluding(&self) -> bool {
        self.sockets[EXCLUDE] > 0
    }

    /// Whether there is nothing left to be reported of a group that was left.
    pub(super) const fn is_told(&self) -> bool {
        self.sources.is_empty() && self.gone.is_empty()
    }

    /// `ip_mc_add_src`: a socket of this mode names these sources. `more` is whether the socket counts
    /// already.
    pub(super) fn add(&mut self, wish: &Wish<A>, more: bool, robustness: u8) -> Effect {
        self.note_active();
        let (mode, was_excluding) = (mode_of(wish), self.excluded);
        if !more {
            self.sockets[mode] += 1;
        }
        // A crowd of hosts pays for every place that stays empty.
        self.sources.reserve_exact(wish.sources.len());
        for &address in &wish.sources {
            let known = self.sources.iter_mut().find(|source| source.address == address);
            match known {
                Some(source) => source.sockets[mode] += 1,
                None => {
                    let mut sockets = [0; 2];
                    sockets[mode] = 1;
                    let (was_active, is_asked, untold) = (false, false, 0);
                    self.sources.push(Source { address, sockets, was_active, is_asked, untold });
                }
            }
        }
        if was_excluding == self.is_excluding() {
            return self.settle(robustness);
        }
        if self.is_excluding() || self.sockets[INCLUDE] > 0 {
            self.excluded = self.is_excluding();
        }
        self.sources.iter_mut().for_each(|source| source.untold = 0);
        Effect::Mode
    }

    /// `ip_mc_del_src`: a socket of this mode no longer names these sources, or is gone. `in_v3` is
    /// whether ends of sources are reported.
    pub(super) fn remove(&mut self, wish: &Wish<A>, robustness: u8, in_v3: bool) -> Effect {
        self.note_active();
        let mode = mode_of(wish);
        if self.sockets[mode] == 0 {
            return Effect::Nothing;
        }
        self.sockets[mode] -= 1;
        let mut has_ended = false;
        for &address in &wish.sources {
            let at = self.sources.iter().position(|source| source.address == address);
            let Some(at) = at.filter(|&at| self.sources[at].sockets[mode] > 0) else { continue };
            self.sources[at].sockets[mode] -= 1;
            if self.sources[at].sockets == [0; 2] {
                let source = self.sources.remove(at);
                if source.was_active && in_v3 {
                    self.gone.push(Source { untold: robustness, ..source });
                    has_ended = true;
                }
            }
        }
        if self.excluded && !self.is_excluding() && self.sockets[INCLUDE] > 0 {
            self.excluded = false;
            self.sources.iter_mut().for_each(|source| source.untold = 0);
            return Effect::Mode;
        }
        match self.settle(robustness) {
            Effect::Nothing if has_ended => Effect::Sources,
            effect => effect,
        }
    }

    /// `sf_markstate`
    fn note_active(&mut self) {
        let excluding = self.sockets[EXCLUDE];
        self.sources.iter_mut().for_each(|source| source.was_active = source.is_active(excluding));
    }

    /// `sf_setstate`: what became active or inactive is to be reported.
    fn settle(&mut self, robustness: u8) -> Effect {
        let excluding = self.sockets[EXCLUDE];
        let mut effect = Effect::Nothing;
        for source in &mut self.sources {
            match (source.was_active, source.is_active(excluding)) {
                (false, true) => {
                    self.gone.retain(|gone| gone.address != source.address);
                    source.untold = robustness;
                }
                (true, false) => {
                    source.untold = 0;
                    let gone = self.gone.iter_mut().find(|gone| gone.address == source.address);
                    match gone {
                        Some(gone) => gone.untold = robustness,
                        None => self.gone.push(Source { untold: robustness, ..source.clone() }),
                    }
                }
                _ => continue,
            }
            effect = Effect::Sources;
        }
        effect
    }

    /// `igmpv3_add_delrec`: the state that is still to be reported after the last socket has left. In
    /// INCLUDE mode it takes all sources with it.
    pub(super) fn take_left(&mut self, robustness: u8) -> Self {
        let (sources, gone) = match self.excluded {
            true => Default::default(),
            false => (std::mem::take(&mut self.sources), std::mem::take(&mut self.gone)),
        };
        let mut left = Self { sources, gone, excluded: self.excluded, ..Self::plain(0) };
        left.sources.iter_mut().for_each(|source| source.untold = robustness);
        left
    }

    /// `igmpv3_del_delrec`: a group is joined again before its end was reported.
    pub(super) fn take_back(&mut self, left: &mut Self, robustness: u8) {
        if !self.excluded {
            std::mem::swap(&mut self.sources, &mut left.sources);
            std::mem::swap(&mut self.gone, &mut left.gone);
            self.sources.iter_mut().for_each(|source| source.untold = robustness);
        }
    }

    /// Forgets the ends of sources that are still to be reported.
    pub(super) fn forget_gone(&mut self) {
        self.gone.clear();
    }

    /// `igmpv3_clear_zeros`: drops the sources of a group that was left which have been reported.
    pub(super) fn drop_told(&mut self) {
        self.sources.retain(|source| source.untold > 0);
        self.gone.retain(|source| source.untold > 0);
    }

    /// A Query asks for these sources, or for all if there are none: whether it is to be answered.
    /// `is_pending` is whether an answer is scheduled.
    pub(super) fn ask(&mut self, asked: &[A], is_pending: bool) -> bool {
        let of_sources = !asked.is_empty();
        self.is_asked = of_sources && (self.is_asked || !is_pending);
        if !self.is_asked {
            return true;
        }
        if self.excluded {
            self.is_asked = false;
            let excluding = self.sockets[EXCLUDE];
            let excluded =
                self.sources.iter().filter(|source| source.is_excluded_by_all(excluding));
            let known = excluded.filter(|source| asked.contains(&source.address));
            return known.count() != asked.len();
        }
        let mut found = 0;
        for source in &mut self.sources {
            if found < asked.len() && asked.contains(&source.address) {
                source.is_asked = true;
                found += 1;
            }
        }
        self.is_asked = found > 0;
        self.is_asked
    }

    /// The sources of a record that answers a Query (`is_in`).
    pub(super) fn answer(&mut self) -> Vec<A> {
        let (only_asked, excluded) = (self.is_asked, self.excluded);
        let excluding = self.sockets[EXCLUDE];
        let mut sources = Vec::new();
        for source in &mut self.sources {
            let is_meant = !only_asked || source.is_asked;
            if is_meant && (!excluded || source.is_excluded_by_all(excluding)) {
                source.is_asked = false;
                sources.push(source.address);
            }
        }
        self.is_asked = false;
        sources
    }

    /// The sources of a record that changes the mode.
    pub(super) fn changed_mode(&self) -> Vec<A> {
        let excluding = self.sockets[EXCLUDE];
        let is_meant = |source: &&Source<A>| match self.excluded {
            true => excluding > 0 && source.is_excluded_by_all(excluding),
            false => source.sockets[INCLUDE] > 0,
        };
        self.sources.iter().filter(is_meant).map(|source| source.address).collect()
    }

    /// The sources of a record that adds sources, or takes some away: each one that is told counts as
    /// told once more. `is_silent` is whether they are left out all the same, because a change of the
    /// mode is to be reported.
    pub(super) fn changed(&mut self, list: List, of_left: bool, is_silent: bool) -> Vec<A> {
        let drops = of_left || list == List::Gone;
        let mut told = Vec::new();
        let count = |source: &mut Source<A>| {
            // All sources of a group that was left are named, whether or not they are due.
            if source.untold == 0 && !of_left {
                return true;
            }
            if source.untold == 0 || !is_silent {
                told.push(source.address);
            }
            let was_due = source.untold > 0;
            source.untold = source.untold.saturating_sub(1);
            !(drops && was_due && source.untold == 0)
        };
        match list {
            List::Named => self.sources.retain_mut(count),
            // The newest one is the first.
            List::Gone => {
                self.gone.reverse();
                self.gone.retain_mut(count);
                self.gone.reverse();
            }
        }
        told
    }
}

impl<A> Source<A> {
    /// Whether it is included, or excluded by all of so many sockets.
    const fn is_active(&self, excluding: u16) -> bool {
        match excluding {
            0 => self.sockets[INCLUDE] > 0,
            _ => self.is_excluded_by_all(excluding),
        }
    }

    const fn is_excluded_by_all(&self, excluding: u16) -> bool {
        self.sockets[INCLUDE] == 0 && self.sockets[EXCLUDE] == excluding
    }
}

const fn mode_of<A>(wish: &Wish<A>) -> usize {
    if wish.excluded { EXCLUDE } else { INCLUDE }
}
