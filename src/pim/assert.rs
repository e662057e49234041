//! Which of several routers forwards onto a link: the Assert machines of each interface.
//!
//! Owns RFC 7761 sections 4.6.1 and 4.6.2, whose machines of (S,G) and (*,G) differ in what they are told:
//! the one of (*,G) hears only Asserts with the RPT bit. What a machine has to know of the rest of PIM it
//! is handed as a [`View`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Branch;
use super::assert_metric::Metric;
use crate::addr::Group;
use crate::mfc::vif::Vif;
use crate::time::{Instant, Timers};

/// `Assert_Time`: how long a router stays silent after the Assert of a better one (RFC7761-4.11-01).
const ASSERT_TIME: Duration = Duration::from_secs(180);

/// `Assert_Override_Interval`: how long before that the winner asserts again (RFC7761-4.11-01).
const ASSERT_OVERRIDE_INTERVAL: Duration = Duration::from_secs(3);

/// The shortest time between two Asserts that datagrams cause (RFC7761-4.2-04).
const DATA_INTERVAL: Duration = Duration::from_secs(3);

/// What a machine is about: (S,G) or (*,G), and the interface.
pub(super) type Key = (Branch, Vif);

/// All machines.
#[derive(Clone, Debug, Default)]
pub(super) struct Asserts {
    /// A machine that is not here is in state NoInfo.
    states: BTreeMap<Key, State>,
    /// The Assert Timers.
    timers: Timers<Key>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// I am Assert Winner.
    Winner {
        /// When the last Assert was sent.
        sent: Instant,
    },
    /// I am Assert Loser.
    Loser(Lost),
}

/// What the loser of an Assert knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// `AssertWinner`: its address.
    pub(super) to: IpAddr,
    /// `AssertWinnerMetric`.
    pub(super) metric: Metric,
    /// Whether the interface has been the one towards the root meanwhile.
    was_rpf: bool,
}

/// What a machine has to know of the rest of PIM.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// CouldAssert.
    pub(super) could_assert: bool,
    /// AssertTrackingDesired.
    pub(super) is_tracked: bool,
    /// `my_assert_metric`.
    pub(super) own: Metric,
    /// Whether the interface is the one towards the root: the source, or RP(G).
    pub(super) is_rpf: bool,
    /// Whether the winner is a neighbour.
    pub(super) has_winner: bool,
}

/// What happens to a machine.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A datagram came in on the interface, on which the router itself forwards the flow.
    Data,
    /// An Assert from this address.
    Heard(IpAddr, Metric),
    /// The Assert Timer is over.
    Expired,
    /// What the machine has to know may have changed.
    Changed,
    /// A Join for the router itself.
    Joined,
    /// The winner has started again.
    Restarted,
}

/// What a machine sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Send {
    /// An Assert.
    Assert,
    /// An AssertCancel.
    Cancel,
}

/// What a machine does next.
enum Turn {
    Stay,
    Win,
    Lose(IpAddr, Metric),
    /// Back to NoInfo.
    Forget(Option<Send>),
}

impl Asserts {
    /// Whether the router itself is the AssertWinner.
    pub(super) fn is_won(&self, branch: Branch, vif: Vif) -> bool {
        matches!(self.states.get(&(branch, vif)), Some(State::Winner { .. }))
    }

    /// The other router that is the AssertWinner, so that this one is the loser.
    pub(super) fn lost(&self, branch: Branch, vif: Vif) -> Option<Lost> {
        match self.states.get(&(branch, vif)) {
            Some(State::Loser(lost)) => Some(*lost),
            _ => None,
        }
    }

    /// Whether the machine is in state NoInfo.
    pub(super) fn has_no_info(&self, key: Key) -> bool {
        !self.states.contains_key(&key)
    }

    /// The machines of the group that are not in state NoInfo.
    pub(super) fn of(&self, group: Group) -> impl Iterator<Item = Key> {
        let of_group = self.states.range((Branch::any(group), Vif::FIRST)..);
        of_group.map(|(key, _)| *key).take_while(move |(branch, _)| branch.group == group)
    }

    /// All groups of which a machine is not in state NoInfo, in ascending order.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group> {
        self.states.keys().map(|(branch, _)| branch.group)
    }

    /// The machines that have lost to this router of the link.
    pub(super) fn lost_to(&self, vif: Vif, winner: IpAddr) -> Vec<Key> {
        let to = |state: &State| matches!(state, State::Loser(lost) if lost.to == winner);
        let lost = self.states.iter().filter(|((_, on), state)| *on == vif && to(state));
        lost.map(|(key, _)| *key).collect()
    }

    /// Lets a machine take an event; returns what it sends.
    pub(super) fn take(
        &mut self,
        now: Instant,
        key: Key,
        event: Event,
        view: &View,
    ) -> Option<Send> {
        let turn = match self.states.get_mut(&key) {
            None => no_info(key.0, event, view),
            Some(State::Winner { sent }) => winner(now, *sent, event, view),
            Some(State::Loser(lost)) => {
                lost.was_rpf |= view.is_rpf;
                loser(key.0, lost, event, view)
            }
        };
        match turn {
            Turn::Stay => None,
            Turn::Win => {
                self.states.insert(key, State::Winner { sent: now });
                self.timers.set(key, now + ASSERT_TIME.saturating_sub(ASSERT_OVERRIDE_INTERVAL));
                Some(Send::Assert)
            }
            Turn::Lose(to, metric) => {
                let lost = Lost { to, metric, was_rpf: view.is_rpf };
                self.states.insert(key, State::Loser(lost));
                self.timers.set(key, now + ASSERT_TIME);
                None
            }
            Turn::Forget(send) => {
                self.states.remove(&key);
                self.timers.cancel(key);
                send
            }
        }
    }

    /// Forgets everything about an interface.
    pub(super) fn forget_link(&mut self, vif: Vif) {
        let lost = self.states.extract_if(.., |(_, on), _| *on == vif);
        lost.for_each(|(key, _)| self.timers.cancel(key));
    }

    /// When [`Asserts::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// The next machine whose Assert Timer is over: it is to take [`Event::Expired`].
    pub(super) fn expire(&mut self, now: Instant) -> Option<Key> {
        self.timers.pop_expired(now)
    }
}

/// Whether an Assert is acceptable: better than what the router itself could send.
fn is_acceptable(heard: &Metric, own: &Metric) -> bool {
    !heard.is_infinite() && heard.is_better_than(own)
}

/// Whether an Assert is inferior: worse than what the router itself could send.
fn is_inferior(heard: &Metric, own: &Metric) -> bool {
    !own.is_infinite() && own.is_better_than(heard)
}

/// State NoInfo.
fn no_info(branch: Branch, event: Event, view: &View) -> Turn {
    let of_group = branch.source.is_none();
    match event {
        // RFC7761-4.6.1-01, RFC7761-4.2-03
        Event::Data if view.could_assert => Turn::Win,
        Event::Heard(_, heard)
            if view.could_assert
                && (is_inferior(&heard, &view.own) || heard.is_rpt && !of_group) =>
        {
            Turn::Win
        }
        // RFC7761-4.6.1-02
        Event::Heard(from, heard)
            if view.is_tracked && heard.is_rpt == of_group && is_acceptable(&heard, &view.own) =>
        {
            Turn::Lose(from, heard)
        }
        _ => Turn::Stay,
    }
}

/// State Winner.
fn winner(now: Instant, sent: Instant, event: Event, view: &View) -> Turn {
    match event {
        // RFC7761-4.6.1-04
        _ if !view.could_assert => Turn::Forget(Some(Send::Cancel)),
        // RFC7761-4.6.1-03
        Event::Expired => Turn::Win,
        Event::Heard(_, heard) if is_inferior(&heard, &view.own) => Turn::Win,
        // RFC7761-4.6.1-02
        Event::Heard(from, heard) if heard.is_better_than(&view.own) => Turn::Lose(from, heard),
        // RFC7761-4.2-03, RFC7761-4.2-04: somebody has missed the Assert.
        Event::Data if now >= sent + DATA_INTERVAL => Turn::Win,
        _ => Turn::Stay,
    }
}

/// State Loser.
fn loser(branch: Branch, lost: &Lost, event: Event, view: &View) -> Turn {
    let of_group = branch.source.is_none();
    match event {
        // RFC7761-4.6.1-02
        Event::Heard(from, heard) if heard.is_better_than(&lost.metric) => Turn::Lose(from, heard),
        Event::Heard(from, heard) if from == lost.to => {
            // RFC7761-4.6.1-05
            if heard.is_infinite() || is_inferior(&heard, &view.own) {
                Turn::Forget(None)
            } else if heard.is_rpt == of_group && is_acceptable(&heard, &view.own) {
                Turn::Lose(from, heard)
            } else {
                Turn::Stay
            }
        }
        // RFC7761-4.6.1-05
        Event::Expired | Event::Joined | Event::Restarted => Turn::Forget(None),
        Event::Changed => {
            let has_moved = lost.was_rpf && !view.is_rpf;
            let is_better = view.own.is_better_than(&lost.metric);
            let ends = !view.is_tracked || !view.has_winner || has_moved || is_better;
            if ends { Turn::Forget(None) } else { Turn::Stay }
        }
        Event::Data | Event::Heard(..) => Turn::Stay,
    }
}
