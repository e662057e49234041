//! What became of each frame that a port sent: who received it, when and how often, and what faults
//! did to it on its way.
//!
//! A recording has sightings only: a frame at its sender, and at each port that it reached. Frames
//! of equal octets are told apart by their times and by the delays of the rules that struck them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use castnet::time::Instant;

use crate::plan::{Action, LinkId, Plan, PortId};
use crate::recording::{Frame, Recording, Strike, Struck};

/// How many frames of equal octets on one link may be on their way at a time.
const ALIKE: usize = 16;

/// What became of the frames of some links.
#[derive(Clone, Debug, Default)]
pub struct Fates<'a> {
    /// By the position of the frame in the recording.
    fates: BTreeMap<usize, Fate<'a>>,
}

/// What became of a frame.
#[derive(Clone, Debug, Default)]
pub struct Fate<'a> {
    /// Each arrival, in the order of time.
    pub arrivals: Vec<Arrival>,
    /// What faults did to it, in the order of the rules.
    pub struck: Vec<&'a Struck>,
    /// The ports of the link that never received it, each with what took it, if a fault did.
    pub missed: Vec<(PortId, Option<&'a Struck>)>,
}

/// The arrival of a frame at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The port.
    pub port: PortId,
    /// When it arrived.
    pub at: Instant,
}

/// How the copies of a frame for some ports fared, where they did not simply arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fared<'a> {
    /// The ports.
    pub ports: Vec<PortId>,
    /// When the copy arrived; `None` if it never did.
    pub arrived: Option<Instant>,
    /// What a fault did to it.
    pub struck: Option<&'a Struck>,
}

/// How a copy of a frame ended that did not simply arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A fault took it.
    Lost,
    /// It did not arrive, for no reason that is known.
    Missing,
    /// It arrived later.
    Later,
    /// It arrived changed.
    Changed,
    /// It arrived more than once.
    Again,
}

impl<'a> Fate<'a> {
    /// What happened to the copies on their way, those that never arrived first.
    #[must_use]
    pub fn fared(&self) -> Vec<Fared<'a>> {
        let mut all: Vec<Fared<'a>> = Vec::new();
        for &(port, struck) in &self.missed {
            match all.iter_mut().find(|fared| fared.struck == struck) {
                Some(fared) => fared.ports.push(port),
                None => all.push(Fared { ports: vec![port], arrived: None, struck }),
            }
        }
        let mut told = Vec::new();
        for Arrival { port, at } in &self.arrivals {
            let mut struck = self.struck.iter().filter(|struck| concerns(struck, *port));
            let struck = struck.find(|struck| struck.strike != Strike::Unharmed);
            if let Some(struck) = struck.filter(|_| !told.contains(port)) {
                told.push(*port);
                all.push(Fared { ports: vec![*port], arrived: Some(*at), struck: Some(struck) });
            }
        }
        all
    }
}

impl Fared<'_> {
    /// How the copies ended.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        match (self.arrived, self.struck) {
            (None, Some(_)) => Ending::Lost,
            (None, None) => Ending::Missing,
            (Some(_), Some(Struck { strike: Strike::Corrupted, .. })) => Ending::Changed,
            (Some(_), Some(Struck { strike: Strike::Duplicated(_), .. })) => Ending::Again,
            (Some(_), _) => Ending::Later,
        }
    }

    /// What was done, and by what: `dropped by fault, line 58`.
    #[must_use]
    pub fn by(&self) -> Option<String> {
        let Struck { strike, line, .. } = self.struck?;
        let line = line.map(|line| format!(" by fault, line {line}")).unwrap_or_default();
        Some(format!("{strike}{line}"))
    }
}

/// Whether the rule struck the copy for this port.
fn concerns(struck: &Struck, port: PortId) -> bool {
    struck.to.is_none_or(|to| to == port)
}

impl<'a> Fates<'a> {
    /// The fates of all frames of the links for which `wanted` is true.
    #[must_use]
    pub fn of(plan: &Plan, recording: &'a Recording, wanted: impl Fn(LinkId) -> bool) -> Self {
        let mut tracing = Tracing { plan, recording, fates: BTreeMap::new(), on: BTreeMap::new() };
        let link = |port: PortId| plan.ports[port].link;
        let wanted = |port: PortId| plan.ports.get(port).is_some_and(|port| wanted(port.link));
        let mut strikes = Strikes::of(recording.struck.iter().filter(|one| wanted(one.port)));
        // A recording of senders alone says nothing of arrivals.
        if recording.frames.iter().all(|frame| frame.outgoing) {
            return Self::default();
        }
        let frames = recording.frames.iter().enumerate();
        for (position, frame) in frames.filter(|(_, frame)| wanted(frame.port)) {
            if frame.outgoing {
                let struck = strikes.take(frame);
                tracing.fates.insert(position, Fate { struck, ..Fate::default() });
                let sent = tracing.on.entry((link(frame.port), &frame.bytes)).or_default();
                sent.push_back(position);
                if sent.len() > ALIKE {
                    sent.pop_front();
                }
            } else {
                tracing.arrive(frame);
            }
        }
        tracing.ended()
    }

    /// The fates on links where a frame may not reach every port: links with faults, and links with
    /// an interface that an act takes down.
    #[must_use]
    pub fn where_lost(plan: &Plan, recording: &'a Recording) -> Self {
        let mut uncertain = vec![false; plan.links.len()];
        for fault in &plan.faults {
            uncertain[fault.link] = true;
        }
        for act in &plan.acts {
            match act.action {
                Action::Interface { port, .. } => uncertain[plan.ports[port].link] = true,
                Action::Exec(_) => {
                    let ports = plan.nodes[act.node].ports.iter();
                    ports.for_each(|&port| uncertain[plan.ports[port].link] = true);
                }
                _ => {}
            }
        }
        match uncertain.contains(&true) {
            true => Self::of(plan, recording, |link| uncertain[link]),
            false => Self::default(),
        }
    }

    /// Each frame's position in the recording, and its fate.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Fate<'a>)> {
        self.fates.iter().map(|(position, fate)| (*position, fate))
    }

    /// The fate of the frame at this position of the recording; `None` unless a port of these links
    /// sent it.
    #[must_use]
    pub fn of_frame(&self, position: usize) -> Option<&Fate<'a>> {
        self.fates.get(&position)
    }
}

/// Entries of what rules did that no frame has been found for, by the sending port and the octets.
struct Strikes<'a>(BTreeMap<(PortId, &'a [u8]), VecDeque<&'a Struck>>);

impl<'a> Strikes<'a> {
    fn of(struck: impl Iterator<Item = &'a Struck>) -> Self {
        let mut strikes = Self(BTreeMap::new());
        for one in struck.filter(|one| one.strike != Strike::UnderWay) {
            strikes.0.entry((one.port, &one.bytes)).or_default().push_back(one);
        }
        strikes
    }

    /// What rules did to this frame: all entries of one instant, which is that of the frame as far
    /// as the clocks of the kernel and of the laboratory agree.
    fn take(&mut self, frame: &'a Frame) -> Vec<&'a Struck> {
        let Some(waiting) = self.0.get_mut(&(frame.port, &frame.bytes[..])) else {
            return Vec::new();
        };
        // The frame of an earlier entry was not seen at its sender.
        while waiting.front().is_some_and(|first| first.at + APART < frame.at) {
            waiting.pop_front();
        }
        let first = waiting.front().map(|first| first.at);
        let Some(at) = first.filter(|at| *at <= frame.at + APART) else { return Vec::new() };
        let count = waiting.iter().take_while(|one| one.at == at).count();
        waiting.drain(..count).collect()
    }
}

/// How many frames before an arrival may be the one whose octets a fault has changed.
const RECENT: usize = 256;
/// How far the time of a frame at its sender may be from that at which the link took it.
const APART: Duration = Duration::from_millis(20);

/// The frames that are on their way.
struct Tracing<'a, 'p> {
    plan: &'p Plan,
    recording: &'a Recording,
    fates: BTreeMap<usize, Fate<'a>>,
    /// By link and octets, the positions of the last frames sent.
    on: BTreeMap<(LinkId, &'a [u8]), VecDeque<usize>>,
}

impl<'a> Tracing<'a, '_> {
    /// Gives an arrival to the frame that it is most likely of.
    fn arrive(&mut self, frame: &'a Frame) {
        let link = self.plan.ports[frame.port].link;
        let alike = self.on.get(&(link, &frame.bytes[..]));
        let sent = alike.and_then(|alike| self.likeliest(frame, alike.iter().copied()));
        // A spoiled checksum has changed the octets.
        let sent = sent.or_else(|| {
            let before = self.fates.range(..).rev().map(|(position, _)| *position);
            let spoiled = before.take(RECENT).filter(|position| {
                let sent = &self.recording.frames[*position];
                let mut struck = self.fates[position].struck.iter();
                self.plan.ports[sent.port].link == link
                    && struck.any(|one| one.strike == Strike::Corrupted)
                    && is_spoiled(&sent.bytes, &frame.bytes)
            });
            self.likeliest(frame, spoiled)
        });
        let arrival = Arrival { port: frame.port, at: frame.at };
        if let Some(fate) = sent.and_then(|position| self.fates.get_mut(&position)) {
            fate.arrivals.push(arrival);
        }
    }

    /// Of these frames the one that should arrive at this time, and rather one that has not.
    fn likeliest(&self, arriving: &Frame, sent: impl Iterator<Item = usize>) -> Option<usize> {
        let port = arriving.port;
        let rank = |position: usize| {
            let (frame, fate) = (&self.recording.frames[position], &self.fates[&position]);
            let struck = || fate.struck.iter().filter(|one| concerns(one, port));
            if frame.port == port || struck().any(|one| one.strike.is_loss()) {
                return None;
            }
            let delays = struck().filter_map(|one| match one.strike {
                Strike::Delayed(by) => Some(by),
                _ => None,
            });
            let due = frame.at + delays.sum();
            let is_copy = fate.arrivals.iter().any(|arrival| arrival.port == port);
            Some((is_copy, due.as_nanos().abs_diff(arriving.at.as_nanos()), position))
        };
        sent.filter_map(rank).min().map(|(.., position)| position)
    }

    /// Adds who missed each frame.
    fn ended(mut self) -> Fates<'a> {
        let under_way: Vec<&Struck> =
            self.recording.struck.iter().filter(|one| one.strike == Strike::UnderWay).collect();
        for (&position, fate) in &mut self.fates {
            let sent = &self.recording.frames[position];
            for &port in &self.plan.links[self.plan.ports[sent.port].link].ports {
                if port == sent.port || fate.arrivals.iter().any(|one| one.port == port) {
                    continue;
                }
                let lost = fate.struck.iter().copied();
                let lost = lost.filter(|one| concerns(one, port) && one.strike.is_loss());
                let is_it = |one: &&&Struck| one.to == Some(port) && one.bytes == sent.bytes;
                let late = under_way.iter().find(is_it).copied();
                fate.missed.push((port, lost.into_iter().next().or(late)));
            }
        }
        Fates { fates: self.fates }
    }
}

/// Whether the frames differ in one octet only.
fn is_spoiled(sent: &[u8], arrived: &[u8]) -> bool {
    sent.len() == arrived.len() && sent.iter().zip(arrived).filter(|(a, b)| a != b).count() == 1
}

#[cfg(test)]
mod tests;
