//! Judges what reaches a receiver.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use castnet::time::Instant;

use super::window::{Counted, Purpose, Span, not_done};
use super::{Evidence, Judged, PASS, Seen, Value};
use crate::capture::decode::{Content, Packet};
use crate::plan::arithmetic::Count;
use crate::plan::{Act, Action, Receiver, Role, Window};
use crate::recording::{Delivery, Number};

pub(super) const NONE_SENT: &str = "no source sent any such datagram";

impl Evidence<'_> {
    pub(super) fn received(&self, receiver: &Receiver, count: &Count, window: &Window) -> Judged {
        let all: Vec<Delivery> = self.deliveries(receiver).collect();
        let instants = all.iter().map(|delivery| delivery.at);
        let counted = self.counted(count, window, instants.clone());
        if let Counted::Not(why) = counted {
            return why;
        }
        if self.sent(receiver).next().is_none() {
            return Judged::vacuous(vec![NONE_SENT.to_owned()]);
        }
        if let Counted::Wrong(span) = counted {
            let within = span.count(instants);
            let mut why = vec![format!("expected {}, found {within}", count.text)];
            why.extend(span.describe());
            why.push(in_all(&all));
            let lost = self.sent(receiver).find(|(number, at)| {
                span.contains(*at) && !all.iter().any(|delivery| delivery.number == *number)
            });
            let lost = lost.filter(|_| within < count.min as usize);
            if let Some((lost, _)) = lost {
                why.push(format!("{lost}, for one:"));
                why.extend(self.ledger(lost));
            }
            return Judged { at: lost.map(|(_, sent)| sent), ..Judged::fail(why) };
        }
        if count.min == 0 && all.is_empty() {
            return self.was_refused(receiver, window);
        }
        if count.min == 0 { self.could_have_received(receiver, window) } else { PASS }
    }

    /// Whether a socket that was silent in the whole run says anything: it does if the host had to refuse its join,
    /// and a datagram came to the interface nevertheless.
    fn was_refused(&self, receiver: &Receiver, window: &Window) -> Judged {
        let Some(span) = self.span(window, Purpose::AtMost) else { return not_done(window) };
        let mut acts = self.plan.acts.iter().enumerate();
        let is_refused = acts.any(|(id, act)| {
            act.node == receiver.node
                && matches!(act.action, Action::RefusedJoin(_, group, _) if group == receiver.group)
                && self.done(id).is_some_and(|done| done < span.to)
        });
        let mut arrived = self.seen.iter().filter(|seen| self.arrives(receiver, seen));
        if is_refused && arrived.any(|seen| span.contains(seen.at)) {
            return PASS;
        }
        if !is_refused {
            let why =
                "the receiver never received any, so that it received none here proves nothing";
            return Judged::vacuous(vec![why.to_owned()]);
        }
        let why = "none came to its interface then, so that its socket was silent proves nothing";
        let mut why = vec![why.to_owned()];
        why.extend(span.describe());
        Judged::vacuous(why)
    }

    /// Whether a silent socket in the window says anything about routers.
    fn could_have_received(&self, receiver: &Receiver, window: &Window) -> Judged {
        let Some(span) = self.span(window, Purpose::AtMost) else { return not_done(window) };
        let sources: BTreeSet<IpAddr> = self
            .sent_of(receiver)
            .filter(|(_, seen)| span.contains(seen.at))
            .map(|(_, seen)| seen.packet.source)
            .collect();
        let mut why = if sources.is_empty() {
            vec!["no source was sending then, so that none was received proves nothing".to_owned()]
        } else if !sources.iter().any(|source| self.wanted(receiver, *source, &span)) {
            vec![
                "the receiver wanted none of it then: whatever the routers did, its socket is silent"
                    .to_owned(),
                "(`none-after` looks at what reaches its interface)".to_owned(),
            ]
        } else if let Some(why) = self.is_cut_off(receiver, &span) {
            vec![format!("{why}, so that none was received proves nothing")]
        } else {
            return PASS;
        };
        why.extend(span.describe());
        Judged::vacuous(why)
    }

    /// Whether the receiver's socket took datagrams of the source at any time of the span.
    pub(super) fn wanted(&self, receiver: &Receiver, source: IpAddr, span: &Span) -> bool {
        let acts =
            || self.plan.acts.iter().enumerate().filter(|(_, act)| act.node == receiver.node);
        acts().any(|(id, act)| {
            let Action::Join(port, group, _) = act.action else { return false };
            let wants = |act: &Act| act.action.wants(port, receiver.group, Some(&[source]));
            let ended = acts().find(|(later, act)| *later > id && wants(act) == Some(false));
            let ended = ended.and_then(|(id, _)| self.done(id));
            group == receiver.group
                && wants(act) == Some(true)
                && self.done(id).is_some_and(|joined| joined < span.to)
                && ended.is_none_or(|ended| ended > span.from)
        })
    }

    pub(super) fn exactly_once(&self, receiver: &Receiver, window: &Window) -> Judged {
        let Some(span) = self.span(window, Purpose::Selection) else { return not_done(window) };
        let mut copies: BTreeMap<Number, usize> =
            self.sent(receiver).filter(|(_, at)| span.contains(*at)).map(|(n, _)| (n, 0)).collect();
        if copies.is_empty() {
            let mut why = vec![NONE_SENT.to_owned()];
            why.extend(span.describe());
            return Judged::vacuous(why);
        }
        for delivery in self.deliveries(receiver) {
            if let Some(copies) = copies.get_mut(&delivery.number) {
                *copies += 1;
            }
        }
        let wrong: Vec<_> = copies.iter().filter(|(_, copies)| **copies != 1).collect();
        if wrong.is_empty() {
            return PASS;
        }
        let lost = wrong.iter().filter(|(_, copies)| **copies == 0).count();
        let (sent, more) = (copies.len(), wrong.len() - lost);
        let mut why = vec![format!("of {sent} sent, {lost} did not arrive, {more} more than once")];
        why.extend(span.describe());
        let wanted = |seen: &Seen| self.wanted(receiver, seen.packet.source, &span);
        if lost > 0
            && !self.sent_of(receiver).any(|(_, seen)| span.contains(seen.at) && wanted(seen))
        {
            why.push("the receiver was no member then".to_owned());
        }
        let first = wrong.first().map(|(number, _)| **number);
        let at = self.sent(receiver).find(|(number, _)| Some(*number) == first).map(|(_, at)| at);
        let wrong = wrong.into_iter().map(|(number, copies)| (*number, *copies));
        why.extend(self.alike(&wrong.collect::<Vec<_>>()));
        Judged { at, ..Judged::fail(why) }
    }

    /// Judged at the receiver's interfaces: its own socket would be silent after a leave even if
    /// the router forwards.
    pub(super) fn none_after(&self, receiver: &Receiver, window: &Window) -> Judged {
        let Some(span) = self.span(window, Purpose::AtMost) else { return not_done(window) };
        if span.is_empty() {
            return span.too_short();
        }
        let arrived: Vec<&Seen> =
            self.seen.iter().filter(|seen| self.arrives(receiver, seen)).collect();
        let late: Vec<&&Seen> = arrived.iter().filter(|seen| span.contains(seen.at)).collect();
        if let (Some(first), Some(last)) = (late.first(), late.last()) {
            let port = self.plan.port_name(last.port);
            let mut why = vec![
                format!("none may arrive after {}", span.beginning()),
                format!("{} arrived at {port}, the last one at {}", late.len(), last.at),
                format!("the first one is {}:", self.describe(first).trim_start()),
            ];
            if let Content::Data(number) = first.packet.content {
                why.extend(self.ledger(number));
            }
            return Judged::fail(why).at(first.at);
        }
        if !arrived.iter().any(|seen| seen.at < span.from) {
            let why = "none arrived before either, so the silence proves nothing";
            return Judged::vacuous(vec![why.to_owned()]);
        }
        if !self.sent(receiver).any(|(_, at)| span.contains(at)) {
            let mut why =
                vec!["no source was sending any more, so the silence proves nothing".to_owned()];
            why.extend(span.describe());
            return Judged::vacuous(why);
        }
        match self.is_cut_off(receiver, &span) {
            Some(why) => Judged::vacuous(vec![format!("{why}, so the silence proves nothing")]),
            None => PASS,
        }
    }

    /// The TTL at the receiver's interfaces: a socket does not show it.
    pub(super) fn ttl(&self, receiver: &Receiver, ttl: &Count, window: &Window) -> Judged {
        let Some(span) = self.span(window, Purpose::Selection) else { return not_done(window) };
        let arrived = self.seen.iter().filter(|seen| self.arrives(receiver, seen));
        let arrived: Vec<&Seen> = arrived.filter(|seen| span.contains(seen.at)).collect();
        if arrived.is_empty() {
            let mut why = vec!["no datagram reached it, so there was no TTL to see".to_owned()];
            why.extend(span.describe());
            return Judged::vacuous(why);
        }
        let found: BTreeSet<u8> = arrived.iter().map(|seen| seen.packet.ttl).collect();
        let measured = |judged: Judged| {
            let values = found.iter().map(|&ttl| Value::Number(ttl.into()));
            values.fold(judged, |judged, value| judged.measured("ttl", value))
        };
        let wrong = || arrived.iter().filter(|seen| !ttl.allows(seen.packet.ttl.into()));
        let Some(first) = wrong().next() else { return measured(PASS) };
        let mut why = vec![
            format!(
                "expected TTL {}, found {} in {} of {} datagrams",
                ttl.text,
                first.packet.ttl,
                wrong().count(),
                arrived.len()
            ),
            format!("the first one is {}:", self.describe(first).trim_start()),
        ];
        if let Content::Data(number) = first.packet.content {
            why.extend(self.ledger(number));
        }
        why.extend(span.describe());
        measured(Judged::fail(why).at(first.at))
    }

    pub(super) fn deliveries(&self, receiver: &Receiver) -> impl Iterator<Item = Delivery> {
        self.recording.deliveries.iter().filter(|delivery| {
            delivery.node == receiver.node
                && delivery.group == receiver.group
                && receiver.sources.as_ref().is_none_or(|of| of.contains(&delivery.source))
        })
    }

    /// The datagrams for the receiver's group, as they left their sources.
    pub(super) fn sent(&self, receiver: &Receiver) -> impl Iterator<Item = (Number, Instant)> {
        self.sent_of(receiver).map(|(number, seen)| (number, seen.at))
    }

    fn sent_of(&self, receiver: &Receiver) -> impl Iterator<Item = (Number, &Seen)> {
        self.sent_by_sources().filter(|(_, seen)| is_for(receiver, &seen.packet))
    }

    /// All datagrams, as they left their sources.
    pub(super) fn sent_by_sources(&self) -> impl Iterator<Item = (Number, &Seen)> {
        self.seen.iter().filter_map(|seen| {
            let node = &self.plan.nodes[self.plan.ports[seen.port].node];
            // A listener passes nothing on, so that what it sends begins there.
            let from_source =
                seen.outgoing && matches!(node.role, Role::Source | Role::Listener(_));
            match seen.packet.content {
                Content::Data(number) if from_source => Some((number, seen)),
                _ => None,
            }
        })
    }

    pub(super) fn arrives(&self, receiver: &Receiver, seen: &Seen) -> bool {
        !seen.outgoing
            && self.plan.ports[seen.port].node == receiver.node
            && matches!(seen.packet.content, Content::Data(_))
            && is_for(receiver, &seen.packet)
    }
}

pub(super) fn is_for(receiver: &Receiver, packet: &Packet) -> bool {
    receiver.group.addr() == packet.destination
        && receiver.sources.as_ref().is_none_or(|of| of.contains(&packet.source))
}

fn in_all(all: &[Delivery]) -> String {
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return "none was received at any time".to_owned();
    };
    let count = all.len();
    format!("in the whole run {count}: the first one at {}, the last one at {}", first.at, last.at)
}
