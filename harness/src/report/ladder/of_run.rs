//! The ladder of a run, from its recording: acts, and each packet with what became of it.

use super::stream::{Train, is_control};
use super::{Arrow, Event, Ladder, Link, Reach, Row};
use crate::capture::decode::{Packet, decode};
use crate::capture::fate::{Ending, Fared, Fate, Fates};
use crate::plan::{LinkId, Plan, PortId};
use crate::recording::{Frame, Recording};

impl Ladder {
    /// The ladder of these links in a run.
    #[must_use]
    pub fn of_run(plan: &Plan, recording: &Recording, links: &[LinkId]) -> Self {
        let mut ladder = Self::default();
        for &link in links {
            let columns = plan.links[link].ports.iter();
            let columns = columns.map(|&port| plan.nodes[plan.ports[port].node].name.clone());
            ladder.links.push(Link::new(&plan.links[link].name, columns.collect()));
        }
        let mut acts = acts(plan, recording).into_iter().peekable();
        let fates = Fates::of(plan, recording, |link| links.contains(&link));
        let unknown = Fate::default();
        for (position, frame) in recording.frames.iter().enumerate() {
            let at = nanos(frame.at);
            while let Some((at, node, text)) = acts.next_if(|(done, ..)| *done <= at) {
                ladder.remark(at, Some(node), text);
            }
            let link = plan.ports[frame.port].link;
            let place = links.iter().position(|&other| other == link);
            let Some(place) = place.filter(|_| frame.outgoing) else { continue };
            let Some(packet) = decode(&frame.bytes) else { continue };
            let fate = fates.of_frame(position).unwrap_or(&unknown);
            Sent { plan, frame, packet: &packet, fate, link: place }.add(&mut ladder);
        }
        for (at, node, text) in acts {
            ladder.remark(at, Some(node), text);
        }
        ladder
    }
}

/// The acts that were done, and when, at which node.
fn acts(plan: &Plan, recording: &Recording) -> Vec<(i64, String, String)> {
    let acts = plan.acts.iter().zip(&recording.acts).filter_map(|(act, done)| {
        let name = (act.label != act.words).then(|| format!(" ({})", act.label));
        let text = format!("{}{}", act.words, name.unwrap_or_default());
        Some((nanos((*done)?), plan.nodes[act.node].name.clone(), text))
    });
    let mut acts: Vec<_> = acts.collect();
    acts.sort_by_key(|(at, ..)| *at);
    acts
}

fn nanos(at: castnet::time::Instant) -> i64 {
    i64::try_from(at.as_nanos()).unwrap_or(i64::MAX)
}

/// A frame at the port that sent it.
struct Sent<'s> {
    plan: &'s Plan,
    frame: &'s Frame,
    packet: &'s Packet,
    fate: &'s Fate<'s>,
    /// The position of its link on the ladder.
    link: usize,
}

impl Sent<'_> {
    fn add(&self, ladder: &mut Ladder) {
        let (at, from, link) = (nanos(self.frame.at), self.column(self.frame.port), self.link);
        let fared = self.fate.fared();
        let otherwise = fared
            .iter()
            .flat_map(|fared| fared.ports.iter().map(|&port| (self.column(port), fared.ending())));
        let reach = Reach::All(otherwise.collect());
        let told = self.told(&fared);
        let text = format!("{}{told}", self.packet);
        let train = Train::of(Some(self.packet), at, &told);
        ladder.add(at, Arrow { link, from, reach, text, train }, is_control(self.packet));
        for fared in fared.iter().filter(|fared| fared.ending() == Ending::Later) {
            let (Some(arrived), [port]) = (fared.arrived, &fared.ports[..]) else { continue };
            let text = format!("{}, sent at {:.6}", self.packet, self.frame.at);
            let reach = Reach::Late(self.column(*port));
            let arrow = Arrow { link, from, reach, text, train: None };
            ladder.rows.push(Row { at: nanos(arrived), event: Event::Packet(arrow) });
        }
    }

    fn column(&self, port: PortId) -> usize {
        let link = &self.plan.links[self.plan.ports[port].link];
        link.ports.iter().position(|&on| on == port).unwrap_or_default()
    }

    /// `, dropped by fault, line 58`, with the nodes if others got it.
    fn told(&self, fared: &[Fared<'_>]) -> String {
        let mut kinds: Vec<(Option<String>, Vec<&str>)> = Vec::new();
        for one in fared {
            let names = one.ports.iter();
            let names = names.map(|&port| &*self.plan.nodes[self.plan.ports[port].node].name);
            match kinds.iter_mut().find(|(by, _)| *by == one.by()) {
                Some((_, known)) => known.extend(names),
                None => kinds.push((one.by(), names.collect())),
            }
        }
        let others = self.plan.links[self.plan.ports[self.frame.port].link].ports.len() - 1;
        let kinds = kinds.into_iter().map(|(by, names)| match by {
            None => format!(", not received by {}", names.join(", ")),
            Some(by) if names.len() == others => format!(", {by}"),
            Some(by) => format!(", {by}, on its way to {}", names.join(", ")),
        });
        kinds.collect()
    }
}
