//! Datagrams that went wrong in one way, told once.

use std::collections::BTreeMap;

use super::{Evidence, Seen};
use crate::capture::decode::{Content, decode};
use crate::plan::PortId;
use crate::recording::Number;

/// How many ways to go wrong a failure tells.
const SHOWN: usize = 3;

/// The way of a datagram: how often it was received, the ports where it was seen and whether they
/// sent it, and what faults did to it.
type Way = (usize, Vec<(PortId, bool)>, Vec<String>);

impl Evidence<'_> {
    /// The way of one datagram of each kind, and how many are alike; with each number comes how often
    /// the datagram was received.
    pub(super) fn alike(&self, wrong: &[(Number, usize)]) -> Vec<String> {
        let mut ways: BTreeMap<Number, Way> =
            wrong.iter().map(|&(n, copies)| (n, (copies, Vec::new(), Vec::new()))).collect();
        for seen in self.seen.iter() {
            if let Content::Data(number) = seen.packet.content
                && let Some((_, sightings, _)) = ways.get_mut(&number)
            {
                sightings.push((seen.port, seen.outgoing));
            }
        }
        for struck in &self.recording.struck {
            if let Some(Content::Data(number)) = decode(&struck.bytes).map(|packet| packet.content)
                && let Some((.., struck_by)) = ways.get_mut(&number)
            {
                struck_by.push(struck.text());
            }
        }
        let mut kinds = BTreeMap::<Way, Vec<Number>>::new();
        for (number, mut way) in ways {
            // Ports that get a frame at one instant have no order.
            way.1.sort_unstable();
            kinds.entry(way).or_default().push(number);
        }
        let mut kinds: Vec<(Way, Vec<Number>)> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, numbers)| numbers.first().copied());
        let mut lines = Vec::new();
        for ((copies, ..), numbers) in kinds.iter().take(SHOWN) {
            let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else { continue };
            lines.push(format!("{first} arrived {copies} times:"));
            lines.extend(self.ledger(first));
            // Seen at the same ports, it may be for another reason that it was seen nowhere else.
            if self.reasons(first) != self.reasons(last) {
                lines.push(format!("{last} arrived {copies} times:"));
                lines.extend(self.ledger(last));
            }
            if numbers.len() > 1 {
                lines.push(format!("and {} alike, up to {last}", numbers.len() - 1));
            }
        }
        let rest: usize = kinds.iter().skip(SHOWN).map(|(_, numbers)| numbers.len()).sum();
        if rest > 0 {
            let ways = kinds.len() - SHOWN;
            lines.push(format!("and {rest} more in {ways} other ways"));
        }
        lines
    }

    /// What each node did with the datagram, without the times.
    fn reasons(&self, number: Number) -> Vec<String> {
        let is_it = |seen: &&Seen| seen.packet.content == Content::Data(number);
        let sightings: Vec<&Seen> = self.seen.iter().filter(is_it).collect();
        let passages = self.passages(number, &sightings).into_iter();
        passages.map(|line| line.replace(|c: char| c.is_ascii_digit(), "")).collect()
    }
}
