//! Where each copy of a datagram went.

use castnet::time::Instant;

use super::{Evidence, Seen};
use crate::capture::decode::{Content, decode};
use crate::plan::LinkId;
use crate::recording::Number;

/// How many events of routers a ledger shows.
const EVENTS: usize = 6;

/// One crossing of a link.
struct Hop {
    at: Instant,
    link: LinkId,
    origin: [u8; 6],
    from: String,
    to: Vec<String>,
}

impl Evidence<'_> {
    /// Every link that the datagram crossed, from which port to which; what became of it in each
    /// machine; and what the routers told last about its group by then.
    pub(super) fn ledger(&self, number: Number) -> Vec<String> {
        let sightings: Vec<_> =
            self.seen.iter().filter(|seen| seen.packet.content == Content::Data(number)).collect();
        let Some(last) = sightings.last() else {
            return vec!["it was never on any link".to_owned()];
        };
        let hops = self.hops(&sightings);
        let mut lines: Vec<String> = hops
            .iter()
            .map(|Hop { at, from, to, .. }| {
                let at = format!("{at:.6}");
                let to = if to.is_empty() { "nobody".to_owned() } else { to.join(", ") };
                format!("{at:>13}  {from} -> {to}")
            })
            .collect();
        let struck = self.recording.struck.iter().filter(|struck| {
            decode(&struck.bytes).is_some_and(|packet| packet.content == Content::Data(number))
        });
        lines.extend(struck.map(|struck| {
            let at = format!("{:.6}", struck.at);
            format!("{at:>13}  behind {}: {}", self.plan.port_name(struck.port), struck.text)
        }));
        lines.extend(self.passages(number, &sightings));
        let group = last.packet.destination.to_string();
        let before = |at: Instant| at <= last.at + self.plan.tolerance;
        let told: Vec<_> = self
            .recording
            .events
            .iter()
            .filter(|event| before(event.at) && names(&event.text, &group))
            .collect();
        for event in &told[told.len().saturating_sub(EVENTS)..] {
            let at = format!("{:.6}", event.at);
            let node = &self.plan.nodes[event.node].name;
            lines.push(format!("{at:>13}  {node} told: {}", event.text));
        }
        lines
    }

    fn hops(&self, sightings: &[&Seen]) -> Vec<Hop> {
        let mut hops: Vec<Hop> = Vec::new();
        for seen in sightings {
            let (link, port) = (self.plan.ports[seen.port].link, self.plan.port_name(seen.port));
            let origin = seen.origin;
            let on_link = |hop: &&Hop| hop.link == link;
            let sender = hops.iter().rposition(|hop| on_link(&hop) && hop.origin == origin);
            let sender = sender.or_else(|| hops.iter().rposition(|hop| on_link(&hop)));
            match sender {
                Some(sender) if !seen.outgoing => hops[sender].to.push(port),
                _ if seen.outgoing => {
                    hops.push(Hop { at: seen.at, link, origin, from: port, to: Vec::new() });
                }
                // Nobody that we know has sent it.
                _ => hops.push(Hop {
                    at: seen.at,
                    link,
                    origin,
                    from: "?".to_owned(),
                    to: vec![port],
                }),
            }
        }
        hops
    }
}

/// Whether the text names the address, and not only a longer one that contains it.
fn names(text: &str, address: &str) -> bool {
    let in_address = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c: char| !in_address(c)).any(|word| word.trim_end_matches('.') == address)
}
