//! Compares messages without any chance in them: each must have its twin, from its port and in
//! time. In crowds of equal messages only the first and the last are compared. Messages of PIM and
//! changes of many hosts are not compared: what they do shows in the streams.

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::time::Instant;

use super::{Pair, Side, group};
use crate::capture::decode::Content;
use crate::capture::noise::Noise;
use crate::plan::{Plan, PortId, Role};
use crate::scenario::{Listener, PacketKind};

/// A port, and a message of it in words.
type MessageKey = (PortId, String);

/// This many equal messages, each within the tolerance of the one before, are a crowd: the order in
/// which other messages are heard between them may vary, and so may their number by one.
const CROWD: usize = 20;

/// When a port sent the same message.
type MessageTimes = BTreeMap<MessageKey, Vec<Instant>>;

fn times(plan: &Plan, pair: &Pair<'_>, side: &Side<'_>) -> MessageTimes {
    let mut times = MessageTimes::new();
    let noise = Noise::of(plan);
    for sent in side.sent.iter().filter(|sent| !sent.is_answer) {
        // The first Hello comes at random (RFC7761-4.3.1-02), and so does what waits for one; a
        // generation ID is a random number, and Joins suppress and override each other at random.
        let is_left_to_chance = sent.packet.pim().is_some()
            // Each of many kernels repeats its changes at random (RFC3376-5.1-06).
            || (sent.packet.is(PacketKind::V3Report) && is_of_many(plan, sent.port));
        if matches!(sent.packet.content, Content::Data(_)) || is_left_to_chance {
            continue;
        }
        let segment = plan.links[sent.link].segment;
        // Kernels repeat at random what they leave themselves, and are asked about it.
        let is_noise = |group| noise.as_ref().is_some_and(|noise| noise.is_about(group));
        let comparable = |group| pair.is_comparable((segment, group), sent.at) && !is_noise(group);
        if group(&sent.packet).is_some_and(|group| !comparable(group)) {
            continue;
        }
        let alert = if sent.packet.router_alert { "" } else { ", no Router Alert" };
        let text = format!("{}, TTL {}{alert}", sent.packet, sent.packet.ttl);
        times.entry((sent.port, text)).or_default().push(sent.at);
    }
    for times in times.values_mut() {
        *times = without_crowds(times, plan.tolerance);
    }
    times
}

/// Whether the port is that of a population.
fn is_of_many(plan: &Plan, port: PortId) -> bool {
    let node = &plan.nodes[plan.ports[port].node];
    matches!(node.role, Role::Listener(Listener::Population { .. }))
}

/// The times, of crowds only the first and the last one.
fn without_crowds(times: &[Instant], tolerance: Duration) -> Vec<Instant> {
    let runs = times.chunk_by(|one, next| next.since(*one) <= tolerance);
    let kept = runs.flat_map(|run| match run {
        [first, .., last] if run.len() > CROWD => vec![*first, *last],
        few => few.to_vec(),
    });
    kept.collect()
}

impl Pair<'_> {
    pub(super) fn messages(&mut self) {
        let of_each = [0, 1].map(|n: usize| times(self.plan, self, &self.sides[n]));
        let mut keys: Vec<&MessageKey> = of_each.iter().flat_map(MessageTimes::keys).collect();
        keys.sort_unstable();
        keys.dedup();
        let none = Vec::new();
        for key in keys {
            let lists = [0, 1].map(|n: usize| of_each[n].get(key).unwrap_or(&none).as_slice());
            self.twins(key, lists);
        }
    }

    fn twins(&mut self, (port, text): &MessageKey, lists: [&[Instant]; 2]) {
        let names = [self.sides[0].name, self.sides[1].name];
        let port = self.plan.port_name(*port);
        for (&one, &other) in lists[0].iter().zip(lists[1]) {
            let bounds = self.bounds(one.min(other));
            if !bounds.contain(one, other) {
                let text = format!(
                    "{port} sends {text} at {one} in {}, at {other} in {}: {}",
                    names[0],
                    names[1],
                    bounds.exceeded(one, other)
                );
                return self.disagree(one.min(other), text);
            }
            self.found.shared.messages += 1;
            self.agree(one, other);
        }
        let shared = lists[0].len().min(lists[1].len());
        let more = usize::from(lists[1].len() > shared);
        // A message at the very end may come after the end instead.
        if let Some(&at) = lists[more].get(shared).filter(|&&at| self.is_early(at)) {
            let text = format!(
                "{port} sends {text} at {at} in {}, {}; {} has {shared} of them",
                names[more],
                ordinal(shared),
                names[1 - more]
            );
            self.disagree(at, text);
        }
    }
}

/// The message that comes after `before` equal ones.
fn ordinal(before: usize) -> String {
    match before {
        0 => "the first one".to_owned(),
        n => format!("number {} of its kind", n + 1),
    }
}
