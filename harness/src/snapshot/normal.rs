//! The trace of a run on a real machine, with behaviour only.
//!
//! Each line stands at the time of its cause, in planned order. The trace has no times, numbers of
//! datagrams, ports, Ethernet addresses or order of independent events. Of what RFC 2236 section 3
//! leaves to chance it has only that a Query was answered, where a member had to answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::{Message, Version};

use super::causes::{Causes, Reason, groups, query as asks};
use super::label::Label;
use super::scene::{Scene, Whose};
use super::{ACT, line};
use crate::capture::decode::{Content, decode};
use crate::plan::PortId;
use crate::scenario::PacketKind;

/// Where a line belongs: the timeline, a link or a node, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Act,
    Link(usize),
    Node(usize),
}

/// Two lines with one key are equal.
type Key = (Label, Place, String);

/// The lines, without a heading.
pub(super) fn lines(scene: &Scene<'_>) -> Vec<String> {
    let causes = Causes::of(scene);
    let mut lines = BTreeMap::<Key, usize>::new();
    let mut add = |label: Label, place, what: String| {
        if scene.comes_before_the_end(&label, place) {
            *lines.entry((label, place, what)).or_default() += 1;
        }
    };
    acts(scene, &mut add);
    packets(scene, &causes.sent, &mut add);
    for (index, sent) in scene.sent.iter().enumerate() {
        if let Reason::At(label) = &causes.sent[index] {
            answers(scene, &causes.sent, index, label, &mut |what| {
                let place = Place::Link(scene.plan.ports[sent.port].link);
                add(label.clone().within("max resp"), place, what);
            });
        }
    }
    for news in &causes.news {
        add(news.label.clone(), Place::Node(news.node), news.what.clone());
    }
    // Of several changes for one cause the last one counts: their order may vary.
    let mut last = BTreeMap::new();
    for (change, label) in &causes.mfc {
        let flow = (change.node, Some(change.source), change.group);
        last.insert((label.clone(), flow), scene.entry(change));
    }
    for (change, label) in &causes.mdb {
        last.insert((label.clone(), (change.node, None, change.group)), scene.ports(change));
    }
    for ((label, (node, _, _)), what) in last {
        add(label, Place::Node(node), what);
    }
    for labelled in scene.labelled(&causes) {
        let (rate, flow) = (scene.rate(labelled.flow), scene.flow(labelled.flow));
        let (place, what) = match labelled.flow.whose {
            Whose::Port(port) => (Place::Link(scene.plan.ports[port].link), flow),
            Whose::Node(node) => (Place::Node(node), format!("received {flow}")),
        };
        add(labelled.begin, place, format!("{what}, {rate}, until {}", labelled.end));
    }
    struck(scene, &mut add);
    render(scene, lines)
}

impl Scene<'_> {
    /// An event that is due when the run ends may come before or after the end.
    fn comes_before_the_end(&self, label: &Label, place: Place) -> bool {
        let is_switched = |link: usize| self.plan.is_switched(link);
        let late = match place {
            // The timers of a bridge are late by an eighth, one after the other.
            Place::Link(link) if is_switched(link) => label.planned / 8 + self.plan.tolerance,
            _ => self.plan.tolerance,
        };
        place == Place::Act || label.planned + late <= self.plan.end
    }
}

fn acts(scene: &Scene<'_>, add: &mut impl FnMut(Label, Place, String)) {
    for (act, done) in scene.plan.acts.iter().zip(&scene.recording.acts) {
        let what = match done {
            Some(_) => act.words.clone(),
            None => format!("{}, but it was not done", act.words),
        };
        add(scene.label(act), Place::Act, what);
    }
}

fn packets(scene: &Scene<'_>, reasons: &[Reason], add: &mut impl FnMut(Label, Place, String)) {
    let mut by_chance = BTreeSet::new();
    for (sent, reason) in scene.sent.iter().zip(reasons) {
        let Reason::At(label) = reason else { continue };
        let key =
            (label.clone(), Place::Link(scene.plan.ports[sent.port].link), scene.packet(sent));
        // Equal random events make one line; Reports count, as a repeated one may come at once.
        let chance = !label.is_certain() || sent.packet.is(PacketKind::Report);
        if chance && !by_chance.insert(key.clone()) {
            continue;
        }
        let (label, place, what) = key;
        add(label, place, what);
    }
}

/// Reports each group for which a member had to answer the Query, and did.
fn answers(
    scene: &Scene<'_>,
    reasons: &[Reason],
    index: usize,
    label: &Label,
    tell: &mut impl FnMut(String),
) {
    let sent = &scene.sent[index];
    let Some(query) = asks(&sent.packet).filter(|_| sent.port == sent.origin) else { return };
    let until = label.planned + query.granted() + scene.plan.tolerance;
    // An answer to the next Query may be one to this one, too.
    let asked_again = scene.sent.iter().zip(reasons).skip(index + 1).any(|(other, reason)| {
        let planned = if let Reason::At(label) = reason { label.planned } else { Duration::MAX };
        other.port == other.origin
            && scene.segment(other.port) == scene.segment(sent.port)
            && asks(&other.packet).is_some()
            && planned <= until
    });
    if until >= scene.plan.end || asked_again || !label.is_certain() {
        return;
    }
    let mut members = BTreeMap::<Group, Vec<PortId>>::new();
    for (port, group) in scene.steady_members(sent.port, label.planned, until) {
        if query.asks_about(group) {
            members.entry(group).or_default().push(port);
        }
    }
    for (group, ports) in members {
        let mut answered = scene.sent.iter().zip(reasons).filter(|(answer, reason)| {
            **reason == Reason::Answers(index) && groups(&answer.packet).contains(&group)
        });
        let Some((answer, _)) = answered.next() else { continue };
        tell(match ports.as_slice() {
            [port] => {
                let version = answer.packet.meaning().and_then(Message::version);
                let version = version.unwrap_or(Version::V3);
                let who = scene.node_name(*port);
                format!("{group} is answered for by {who}, {version} Membership Report")
            }
            _ => format!("{group} is answered for by a member"),
        });
    }
}

/// What faults did, once for each kind of packet: the number struck may be random.
fn struck(scene: &Scene<'_>, add: &mut impl FnMut(Label, Place, String)) {
    let mut lines = Vec::new();
    for struck in &scene.recording.struck {
        let Some(packet) = decode(&struck.bytes) else { continue };
        let what = match &packet.content {
            Content::Data(_) => "datagrams".to_owned(),
            _ if packet.is(PacketKind::Report) => "Reports".to_owned(),
            Content::Gmp(message) => message.to_string(),
            _ => "other packets".to_owned(),
        };
        let place = Place::Link(scene.plan.ports[struck.port].link);
        let what = format!("{what} of {}, {}", scene.node_name(struck.port), struck.strike);
        if !lines.contains(&(place, what.clone())) {
            lines.push((place, what.clone()));
            add(Label::start().after(), place, what);
        }
    }
}

fn render(scene: &Scene<'_>, lines: BTreeMap<Key, usize>) -> Vec<String> {
    let plan = scene.plan;
    let lines = lines.into_iter().map(|((label, place, what), count)| {
        let place = match place {
            Place::Act => ACT,
            Place::Link(link) => &plan.links[link].name,
            Place::Node(node) => &plan.nodes[node].name,
        };
        let times = if count > 1 { format!("  x {count}") } else { String::new() };
        line(plan, &label.to_string(), place, &format!("{what}{times}"))
    });
    lines.collect()
}
