//! Judges the contents and counters of a router's forwarding cache.
//!
//! A claim is about one reading of the counters, so that of two that contradict each other one is
//! false.

use std::collections::BTreeMap;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::time::Instant;

use super::history::History;
use super::window::StateAt;
use super::{Evidence, Judged, Outcome, PASS, Value};
use crate::capture::decode::Content;
use crate::plan::arithmetic::Moment;
use crate::plan::{Counted, MfcState, NodeId, PortId};
use crate::recording::{CountersRead, FlowCounters, MfcEntry};

/// A flow in a router.
#[derive(Clone, Copy)]
pub(super) struct RouterFlow {
    pub(super) router: NodeId,
    pub(super) source: IpAddr,
    pub(super) group: Group,
}

impl Evidence<'_> {
    pub(super) fn mfc(&self, flow: RouterFlow, at: &Moment, state: &MfcState) -> Judged {
        let (entry, counted) = match state {
            MfcState::Absent => return self.held_entry(flow, at, None),
            MfcState::Present { entry, counted } => (entry, counted),
        };
        if let Some((iif, oifs)) = entry {
            let claimed = MfcEntry { iif: *iif, oifs: oifs.clone() };
            let judged = self.held_entry(flow, at, Some(&claimed));
            if judged.outcome != Outcome::Pass {
                return judged;
            }
        }
        counted.as_ref().map_or(PASS, |counted| self.counted_right(flow, at, counted))
    }

    fn held_entry(&self, flow: RouterFlow, at: &Moment, claimed: Option<&MfcEntry>) -> Judged {
        let RouterFlow { router, source, group } = flow;
        let changes = self.recording.mfc.iter();
        let history: History<'_, MfcEntry> = changes
            .filter(|c| c.node == router && c.source == source && c.group == group)
            .map(|change| (change.at, change.entry.as_ref()))
            .collect();
        self.held(&history, at, claimed, |entry| self.entry(entry))
    }

    fn entry(&self, entry: Option<&MfcEntry>) -> String {
        let Some(MfcEntry { iif, oifs }) = entry else { return "no entry".to_owned() };
        let oifs: Vec<String> = oifs.iter().map(|&oif| self.plan.port_name(oif)).collect();
        let out = if oifs.is_empty() { "nowhere".to_owned() } else { oifs.join(", ") };
        format!("in {} out {out}", self.plan.port_name(*iif))
    }

    fn counted_right(&self, flow: RouterFlow, at: &Moment, counted: &Counted) -> Judged {
        let Some(StateAt { at, text, .. }) = self.state_at(at) else {
            return Judged::vacuous(vec![format!("{} did not come", at.text)]);
        };
        let Some(read) = self.recording.counters.get(counted.reading).copied().flatten() else {
            return Judged::vacuous(vec!["the counters were not read".to_owned()]);
        };
        let mut why = vec![format!("at {text}")];
        let Some(found) = read.counters else {
            why.push("there was no entry".to_owned());
            why.push(self.captured(flow, read.at));
            return Judged::fail(why).at(at);
        };
        let measured = |judged: Judged| {
            judged
                .measured("packets", Value::Number(found.packets))
                .measured("bytes", Value::Number(found.bytes))
                .measured("wrong-if", Value::Number(found.wrong_if))
        };
        let kinds = [
            ("packets", &counted.packets, found.packets),
            ("octets", &counted.bytes, found.bytes),
            ("packets on a wrong interface", &counted.wrong_if, found.wrong_if),
        ];
        let claimed = || {
            kinds.iter().filter_map(|(name, count, found)| Some((name, count.as_ref()?, *found)))
        };
        if let Some((name, count, found)) =
            claimed().find(|(_, count, found)| !count.allows(*found))
        {
            why.push(format!("expected {} {name}", count.text));
            why.push(format!("found    {found}"));
            why.push(counts(&read));
            why.push(self.captured(flow, read.at));
            return measured(Judged::fail(why).at(at));
        }
        let wants_some = claimed().any(|(_, count, _)| count.min > 0);
        let entered = self.had_entered(flow, read.at);
        let is_of_wrong_alone = counted.packets.is_none() && counted.bytes.is_none();
        let where_not = match () {
            () if wants_some => None,
            () if found.packets == 0 && entered.is_empty() => Some("come into the router"),
            () if is_of_wrong_alone && entered.len() < 2 => Some("come in on a second interface"),
            () => None,
        };
        if let Some(where_not) = where_not {
            why.push(format!(
                "no such datagram had {where_not} by then, so that it counted none proves nothing"
            ));
            return measured(Judged::vacuous(why));
        }
        measured(PASS)
    }

    /// How many datagrams of the flow had come into each port of the router.
    fn had_entered(&self, flow: RouterFlow, by: Instant) -> BTreeMap<PortId, usize> {
        let mut entered = BTreeMap::new();
        for seen in self.seen.iter().filter(|seen| !seen.outgoing && seen.at <= by) {
            let is_data = matches!(seen.packet.content, Content::Data(_));
            if is_data
                && self.plan.ports[seen.port].node == flow.router
                && seen.packet.source == flow.source
                && seen.group() == Some(flow.group)
            {
                *entered.entry(seen.port).or_insert(0) += 1;
            }
        }
        entered
    }

    /// The capture's numbers, for comparison with the counters.
    fn captured(&self, flow: RouterFlow, by: Instant) -> String {
        let entered = self.had_entered(flow, by);
        let entered = entered
            .iter()
            .map(|(&port, count)| format!("{count} had entered {}", self.plan.port_name(port)));
        let entered: Vec<String> = entered.collect();
        let entered =
            if entered.is_empty() { "none had entered".to_owned() } else { entered.join(", ") };
        format!("on the links by {by}: {entered}")
    }
}

fn counts(read: &CountersRead) -> String {
    let at = read.at.to_string();
    match read.counters {
        None => format!("{at:>10}  no entry"),
        Some(FlowCounters { packets, bytes, wrong_if }) => {
            format!("{at:>10}  {packets} packets, {bytes} octets, {wrong_if} on a wrong interface")
        }
    }
}
