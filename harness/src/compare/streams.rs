//! Compares streams: the ports and sockets that they reach, and their pauses.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;

use super::{Bounds, Pair, Side, distance};
use crate::capture::decode::Content;
use crate::plan::{Action, NodeId, Plan, PortId, Role};

/// Where a stream is seen: it leaves a port, or a node reads it from its sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    Port(PortId),
    Node(NodeId),
}

type Key = (Where, Group, u32);

/// The last datagram before the pause, or the start of the run, and the first one after it, or the
/// end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pause {
    from: Instant,
    to: Instant,
}

/// The pauses of each stream in each place.
type Pauses = BTreeMap<Key, Vec<Pause>>;

fn pauses(plan: &Plan, side: &Side<'_>) -> Pauses {
    let sent = side.sent.iter().filter_map(|sent| {
        let Content::Data(number) = sent.packet.content else { return None };
        let group = Group::new(sent.packet.destination)?;
        Some(((Where::Port(sent.port), group, number.stream), sent.at))
    });
    let read = side.recording.deliveries.iter().map(|delivery| {
        ((Where::Node(delivery.node), delivery.group, delivery.number.stream), delivery.at)
    });
    let mut pauses = Pauses::new();
    let mut last = BTreeMap::<Key, Instant>::new();
    for (key, at) in sent.chain(read) {
        let from = last.insert(key, at).unwrap_or(Instant::ZERO);
        let pauses = pauses.entry(key).or_default();
        // One and a half times the distance of two datagrams: at least one is missing.
        if at.since(from) > pace(plan, key.2) * 3 / 2 {
            pauses.push(Pause { from, to: at });
        }
    }
    for (key, from) in last {
        pauses.entry(key).or_default().push(Pause { from, to: Instant::ZERO + plan.end });
    }
    for pauses in pauses.values_mut() {
        pauses.dedup_by(|next, pause| {
            let is_one = is_between_acts(plan, side, pause.to, next.from);
            if is_one {
                pause.to = next.to;
            }
            is_one
        });
    }
    pauses
}

/// Whether the pause, or the stream between pauses, lasted no longer than acts of one time took to
/// be done: chance decides what happens between them.
fn is_between_acts(plan: &Plan, side: &Side<'_>, from: Instant, to: Instant) -> bool {
    let near = from - plan.tolerance..=to + plan.tolerance;
    let is_near = |id: usize| side.done(id).is_some_and(|at| near.contains(&at));
    let mut due = BTreeSet::new();
    to.since(from) <= plan.tolerance
        && plan.acts.iter().enumerate().any(|(id, act)| is_near(id) && !due.insert(act.at))
}

/// Time from one datagram of the stream to the next.
fn pace(plan: &Plan, stream: u32) -> Duration {
    let sent = plan.acts.iter().find_map(|act| match &act.action {
        Action::Send(sent) if sent.id == stream => Some(sent.interval),
        _ => None,
    });
    sent.unwrap_or_default()
}

impl Pause {
    fn length(self) -> Duration {
        self.to.since(self.from)
    }

    /// How long both last at the same time.
    fn shared(self, other: Self) -> Duration {
        self.to.min(other.to).since(self.from.max(other.from))
    }
}

impl Pair<'_> {
    pub(super) fn streams(&mut self) {
        let of_each = [0, 1].map(|n: usize| pauses(self.plan, &self.sides[n]));
        let keys: BTreeSet<Key> = of_each.iter().flat_map(BTreeMap::keys).copied().collect();
        let everywhere = [Pause { from: Instant::ZERO, to: Instant::ZERO + self.plan.end }];
        for key in keys {
            let lists = [0, 1].map(|n: usize| of_each[n].get(&key).map_or(&everywhere[..], |v| v));
            let (mut agreed, mut told) = (0, None);
            for (side, &pause) in
                [0, 1].into_iter().flat_map(|n| lists[n].iter().map(move |p| (n, p)))
            {
                match self.pause(key, side, pause, lists[1 - side]) {
                    Ok(worth) => agreed += usize::from(worth),
                    Err(disagreement) => told = told.or(Some(disagreement)),
                }
            }
            self.found.shared.pauses += agreed.div_ceil(2);
            if let Some((at, text)) = told {
                self.disagree(at, text);
            }
        }
    }

    /// Looks for a twin of the pause on the other side; without one, returns the time and the words
    /// of the difference.
    fn pause(
        &mut self,
        key: Key,
        side: usize,
        pause: Pause,
        others: &[Pause],
    ) -> Result<bool, (Instant, String)> {
        let bounds = self.stream_bounds(key, pause.to);
        let chance = self.settling(pause.from).max(self.settling(pause.to));
        let significant = bounds.width() + chance + pace(self.plan, key.2).saturating_mul(2);
        let whole =
            self.segments(key).into_iter().all(|s| self.is_comparable((s, key.1), pause.to));
        if pause.length() <= significant || !whole {
            return Ok(false);
        }
        let twin = others.iter().copied().max_by_key(|other| pause.shared(*other));
        let names = [self.sides[side].name, self.sides[1 - side].name];
        let Some(twin) = twin.filter(|twin| !pause.shared(*twin).is_zero()) else {
            let text = format!(
                "{}: not there from {} to {} in {}, and there all the time in {}",
                self.describe(key),
                pause.from,
                pause.to,
                names[0],
                names[1]
            );
            return Err((pause.from, text));
        };
        for (verb, own, other) in [("stops", pause.from, twin.from), ("starts", pause.to, twin.to)]
        {
            let (one, two) = if side == 0 { (own, other) } else { (other, own) };
            let chance = self.settling(own).max(self.settling(other));
            let chance = distance(Instant::ZERO, Instant::ZERO + chance);
            let bounds = bounds.widened(-chance, chance);
            if bounds.contain(one, two) {
                self.agree(one, two);
            } else if self.is_early(own.min(other)) {
                let text = format!(
                    "{}: {} {verb} at {own}, {} at {other}: {}",
                    self.describe(key),
                    names[0],
                    names[1],
                    bounds.exceeded(one, two)
                );
                return Err((own.min(other), text));
            }
        }
        Ok(true)
    }

    /// The bounds for the second one's times: chance widens them where Reports let the stream
    /// through.
    fn stream_bounds(&self, key: Key, at: Instant) -> Bounds {
        let apart = self
            .segments(key)
            .into_iter()
            .filter_map(|segment| self.report_distances.get(&(segment, key.1)));
        apart.fold(self.bounds(at), |bounds, &(least, most)| bounds.widened(least, most))
    }

    /// How long what streams do at that time is left to chance because a router of PIM has just started again,
    /// in either run: its first Hello comes at random (RFC7761-4.3.1-02), and its neighbours join anew within
    /// the Override_Interval, at random too (RFC 7761 section 4.5.5).
    fn settling(&self, at: Instant) -> Duration {
        let delays = self.plan.acts.iter().enumerate().filter_map(|(id, act)| {
            let Role::Router(router) = &self.plan.nodes[act.node].role else { return None };
            let pim = router.pim.as_ref().filter(|_| matches!(act.action, Action::Restart))?;
            let delay = pim.triggered_hello_delay.saturating_add(pim.override_interval);
            let until = delay.saturating_add(self.plan.tolerance);
            let is_near = |done: Instant| (done..=done + until).contains(&at);
            self.sides.iter().any(|side| side.done(id).is_some_and(is_near)).then_some(delay)
        });
        delays.max().unwrap_or_default()
    }

    fn segments(&self, (place, ..): Key) -> Vec<usize> {
        let segment = |port: PortId| self.plan.links[self.plan.ports[port].link].segment;
        match place {
            Where::Port(port) => vec![segment(port)],
            Where::Node(node) => {
                self.plan.nodes[node].ports.iter().map(|&port| segment(port)).collect()
            }
        }
    }

    fn describe(&self, (place, group, stream): Key) -> String {
        match place {
            Where::Port(port) => {
                format!("stream {stream} to {group} out of {}", self.plan.port_name(port))
            }
            Where::Node(node) => {
                format!("stream {stream} to {group} at {}'s socket", self.plan.nodes[node].name)
            }
        }
    }
}
