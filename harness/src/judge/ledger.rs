//! The way of each copy of a datagram.

use castnet::time::Instant;

use super::{Evidence, Seen};
use crate::capture::decode::{Content, decode};
use crate::plan::{Action, LinkId, PortId};
use crate::recording::{Number, Struck};

/// The most events of routers, and the most struck messages, that a ledger shows.
const EVENTS: usize = 6;

/// One crossing of a link.
struct Hop {
    at: Instant,
    link: LinkId,
    origin: [u8; 6],
    /// The sending port; `None` if no port of the plan has sent the frame.
    from: Option<PortId>,
    to: Vec<PortId>,
}

impl Evidence<'_> {
    /// Every link that the datagram crossed, from which port to which; what happened to it in each
    /// router, switch and listener; and the routers' last reports about its group by then.
    pub(super) fn ledger(&self, number: Number) -> Vec<String> {
        let sightings: Vec<_> =
            self.seen.iter().filter(|seen| seen.packet.content == Content::Data(number)).collect();
        let Some(last) = sightings.last() else {
            return vec!["it was never on any link".to_owned()];
        };
        let mut crossed: Vec<(Instant, String)> =
            self.hops(&sightings).iter().map(|hop| (hop.at, self.hop(hop))).collect();
        let struck = self.recording.struck.iter().filter_map(|struck| {
            let is_it = decode(&struck.bytes)?.content == Content::Data(number);
            is_it.then(|| (struck.at, self.struck(struck, "")))
        });
        crossed.extend(struck);
        crossed.sort_by_key(|(at, _)| *at);
        let mut lines: Vec<String> = crossed.into_iter().map(timed).collect();
        lines.extend(self.passages(number, &sightings));
        lines.extend(self.told_before(last));
        lines
    }

    /// What faults did to the group's messages, and the routers' last reports about it.
    fn told_before(&self, last: &Seen) -> Vec<String> {
        let until = last.at + self.plan.tolerance;
        let messages = self.recording.struck.iter().filter(|struck| struck.at <= until);
        let messages = messages.filter_map(|struck| {
            let packet = decode(&struck.bytes)?;
            let Content::Gmp(message) = &packet.content else { return None };
            let is_named = last.group().is_some_and(|group| packet.names(group));
            is_named.then(|| (struck.at, self.struck(struck, &format!("{message} "))))
        });
        let messages: Vec<_> = messages.collect();
        let group = last.group();
        let told = self.recording.events.iter();
        let told =
            told.filter(|event| event.at <= until && group.is_some() && event.group == group);
        let told = told.map(|event| {
            let node = &self.plan.nodes[event.node].name;
            (event.at, format!("{node} told: {}", event.text))
        });
        let told: Vec<_> = told.collect();
        let shown = [messages, told].map(|mut all| all.split_off(all.len().saturating_sub(EVENTS)));
        let mut shown: Vec<(Instant, String)> = shown.into_iter().flatten().collect();
        shown.sort_by_key(|(at, _)| *at);
        shown.into_iter().map(timed).collect()
    }

    /// `behind r1:lan: dropped (line 13) on its way to h1:lan`
    fn struck(&self, struck: &Struck, what: &str) -> String {
        let behind = self.plan.port_name(struck.port);
        let to = struck.to.map(|to| format!(" on its way to {}", self.plan.port_name(to)));
        format!("behind {behind}: {what}{}{}", struck.text(), to.unwrap_or_default())
    }

    /// `r1:lan -> h2:lan, not h1:lan (down since 0.700 s)`
    fn hop(&self, hop: &Hop) -> String {
        let name = |port: &PortId| self.plan.port_name(*port);
        let mut to = hop.to.iter().map(name).collect::<Vec<_>>().join(", ");
        if to.is_empty() {
            to.push_str("nobody");
        }
        let from = hop.from.as_ref().map_or("?".to_owned(), name);
        let ports = self.plan.links[hop.link].ports.iter();
        let missing = ports.filter(|port| hop.from.is_some() && hop.from != Some(**port));
        let missing = missing.filter(|port| !hop.to.contains(port)).map(|port| {
            let down = self.down_since(*port, hop.at);
            let down = down.map_or(String::new(), |since| format!(" (down since {since})"));
            format!("{}{down}", name(port))
        });
        let missing: Vec<String> = missing.collect();
        match missing.as_slice() {
            [] => format!("{from} -> {to}"),
            _ => format!("{from} -> {to}, not {}", missing.join(", ")),
        }
    }

    /// Since when the interface was down at that time; `None` if it was up.
    pub(super) fn down_since(&self, port: PortId, then: Instant) -> Option<Instant> {
        let mut acts = self.plan.acts.iter().enumerate().filter_map(|(id, act)| match act.action {
            Action::Interface { port: of, up } if of == port => Some((self.done(id)?, up)),
            _ => None,
        });
        let (since, up) = acts.rfind(|(at, _)| *at <= then)?;
        (!up).then_some(since)
    }

    fn hops(&self, sightings: &[&Seen]) -> Vec<Hop> {
        let mut hops: Vec<Hop> = Vec::new();
        for seen in sightings {
            let (port, origin) = (seen.port, seen.origin);
            let link = self.plan.ports[port].link;
            let on_link = |hop: &&Hop| hop.link == link;
            let sender = hops.iter().rposition(|hop| on_link(&hop) && hop.origin == origin);
            let sender = sender.or_else(|| hops.iter().rposition(|hop| on_link(&hop)));
            match sender {
                Some(sender) if !seen.outgoing => hops[sender].to.push(port),
                _ if seen.outgoing => {
                    hops.push(Hop { at: seen.at, link, origin, from: Some(port), to: Vec::new() });
                }
                _ => hops.push(Hop { at: seen.at, link, origin, from: None, to: vec![port] }),
            }
        }
        hops
    }
}

fn timed((at, what): (Instant, String)) -> String {
    let at = format!("{at:.6}");
    format!("{at:>13}  {what}")
}
