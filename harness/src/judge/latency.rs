//! How long a join or a leave takes to have effect: until the first or the last datagram.
//!
//! A join is over when the receiver's socket has a datagram, a leave when the receiver's interface
//! gets no more. Both can be measured only while a source sends.

use std::time::Duration;

use castnet::time::{Instant, Seconds};

use super::{Evidence, Judged, PASS, Seen, Value};
use crate::capture::decode::Content;
use crate::plan::arithmetic::Length;
use crate::plan::{Latency, Receiver};
use crate::protocol::wish::{Wish, tells, wants};

/// The time in which a latency is measured.
struct LatencyWindow {
    from: Instant,
    /// What the beginning is called.
    from_text: String,
    /// When the receiver did the opposite, or the run was over.
    until: Instant,
}

impl Evidence<'_> {
    pub(super) fn latency(&self, latency: &Latency) -> Judged {
        let label = &self.plan.acts[latency.act].label;
        let Some(done) = self.done(latency.act) else {
            return Judged::vacuous(vec![format!("{label} did not come")]);
        };
        let (mut from, mut from_text) = (done, format!("{label} at {done}"));
        if latency.from_wire {
            let name = if latency.is_join { "Report" } else { "Leave" };
            let Some(said) =
                self.seen.iter().find(|seen| announces(latency, seen) && seen.at >= done)
            else {
                let port = self.plan.port_name(latency.port);
                return Judged::vacuous(vec![format!("{port} sent no {name} after {label}")]);
            };
            from = said.at;
            let after = Seconds(from.since(done), 3);
            from_text = format!("the {name} at {from}, {after} after {label}");
        }
        let window = LatencyWindow { from, from_text, until: self.until(latency) };
        match latency.is_join {
            true => self.join_latency(latency, &window, done),
            false => self.leave_latency(latency, &window),
        }
    }

    /// When the receiver began to do the opposite, or else the end of the run.
    fn until(&self, latency: &Latency) -> Instant {
        let group = latency.receiver.group;
        let later = self.plan.acts.iter().enumerate().skip(latency.act + 1);
        let sources = latency.receiver.sources.as_deref();
        let opposite = later.filter(|(_, act)| {
            act.action.wants(latency.port, group, sources) == Some(!latency.is_join)
        });
        let at = opposite.filter_map(|(id, _)| self.recording.begun(id)).next();
        at.unwrap_or(Instant::ZERO + self.plan.end)
    }

    fn join_latency(&self, latency: &Latency, window: &LatencyWindow, joined: Instant) -> Judged {
        let LatencyWindow { from, until, .. } = *window;
        let mut deliveries = self.deliveries(&latency.receiver).map(|delivery| delivery.at);
        let first = deliveries.find(|at| joined <= *at && *at < until);
        if let Some(first) = first.filter(|first| *first < from) {
            let why = format!("it received one at {first} already, before {}", window.from_text);
            return Judged::vacuous(vec![why]);
        }
        let Some((number, sent)) =
            self.sent(&latency.receiver).find(|(_, at)| from <= *at && *at < until)
        else {
            let why = format!("no source was sending after {}", window.from_text);
            return Judged::vacuous(vec![why]);
        };
        let found = first.map(|first| first.since(from));
        let measured = |judged: Judged| match found {
            Some(found) => judged.measured("join-latency", Value::Time(found)),
            None => judged,
        };
        let only_then = |bound: &Length| {
            let text = bound.arithmetic(&[]);
            format!(
                "a source was sending only at {sent}, and not within {text} after {}",
                window.from_text
            )
        };
        if let Some(max) = &latency.max
            && found.is_none_or(|found| found > max.duration())
        {
            if sent > from + max.duration() {
                return measured(Judged::vacuous(vec![only_then(max)]));
            }
            let mut why = too_long(max, found, window);
            why.extend(first.map(|first| format!("to   the first datagram at {first}")));
            why.push(format!("{number}, sent at {sent}, for one:"));
            why.extend(self.ledger(number));
            let failed = Judged::fail(why).at(first.unwrap_or(sent));
            let missed_by = found.map(|found| found.saturating_sub(max.duration()));
            return measured(Judged { missed_by, ..failed });
        }
        let Some(min) = &latency.min else { return measured(PASS) };
        match (first, found) {
            (Some(first), Some(found)) if found < min.duration() => {
                let mut why = too_short(min, found, window);
                why.push(format!("to   the first datagram at {first}"));
                measured(Judged::fail(why).at(first))
            }
            _ if sent >= from + min.duration() => measured(Judged::vacuous(vec![only_then(min)])),
            (None, _) => Judged::vacuous(vec!["it received none at all".to_owned()]),
            _ => measured(PASS),
        }
    }

    fn leave_latency(&self, latency: &Latency, window: &LatencyWindow) -> Judged {
        let LatencyWindow { from, until, .. } = *window;
        let arrived: Vec<&Seen> = self
            .seen
            .iter()
            .filter(|seen| self.arrives(&latency.receiver, seen) && seen.port == latency.port)
            .collect();
        let last = arrived.iter().rev().find(|seen| from <= seen.at && seen.at < until);
        if last.is_none() && !arrived.iter().any(|seen| seen.at < from) {
            let why = "none arrived before either, so the silence proves nothing";
            return Judged::vacuous(vec![why.to_owned()]);
        }
        let end = last.map_or(from, |last| last.at);
        let found = end.since(from);
        let to_text = match last {
            Some(last) => format!("to   the last one: {}", self.describe(last).trim_start()),
            None => "to   the same: none arrived after it".to_owned(),
        };
        let measured = |judged: Judged| judged.measured("leave-latency", Value::Time(found));
        if let Some(max) = &latency.max
            && found > max.duration()
        {
            let mut why = too_long(max, Some(found), window);
            why.push(to_text);
            if let Some(Content::Data(number)) = last.map(|last| last.packet.content.clone()) {
                why.extend(self.ledger(number));
            }
            return measured(Judged {
                missed_by: Some(found - max.duration()),
                ..Judged::fail(why).at(end)
            });
        }
        if !self.sent(&latency.receiver).any(|(_, at)| end < at && at < until) {
            let why = format!("no source was sending after {end}, so the silence proves nothing");
            return Judged::vacuous(vec![why]);
        }
        match &latency.min {
            Some(min) if found < min.duration() => {
                let mut why = too_short(min, found, window);
                why.push(to_text);
                measured(Judged::fail(why).at(end))
            }
            _ => measured(PASS),
        }
    }
}

/// A measured length is exact, so that no tolerance is added.
fn too_long(max: &Length, found: Option<Duration>, window: &LatencyWindow) -> Vec<String> {
    let limit = max.arithmetic(&[]);
    let found = found.map_or("none at all".to_owned(), |found| Seconds(found, 6).to_string());
    vec![format!("expected at most {limit}, found {found}"), format!("from {}", window.from_text)]
}

fn too_short(min: &Length, found: Duration, window: &LatencyWindow) -> Vec<String> {
    let found = Seconds(found, 6);
    vec![
        format!("expected at least {}, found {found}", min.arithmetic(&[])),
        format!("from {}", window.from_text),
    ]
}

/// Whether the receiver reports the group with this frame, or leaves it, or those of its sources that
/// are meant.
fn announces(latency: &Latency, seen: &Seen) -> bool {
    let Receiver { group, sources, .. } = &latency.receiver;
    let tells = |message| match (latency.is_join, sources) {
        (true, None) => tells(message, *group, Wish::Member),
        (false, None) => tells(message, *group, Wish::Leave),
        (is_join, Some(sources)) => {
            sources.iter().any(|&source| wants(message, *group, source) == Some(is_join))
        }
    };
    seen.outgoing && seen.port == latency.port && seen.packet.meaning().is_some_and(tells)
}
