//! Judges the number of packets on a link.

use castnet::time::Seconds;

use super::filter::unlike;
use super::window::{Counted, Span};
use super::{Evidence, Judged, PASS, Seen};
use crate::capture::decode::Content;
use crate::plan::arithmetic::{Count, Length};
use crate::plan::{Filter, Link, Role, Window};
use crate::scenario::PacketKind;
use crate::vocabulary::field::{PacketField, Value};

/// A limit of so many times what was ever there could not be reached by any mistake of a device.
const FAR: usize = 10;

/// How many packets a failure shows.
const SHOWN: usize = 8;

impl Evidence<'_> {
    pub(super) fn packets(
        &self,
        filter: &Filter,
        count: &Count,
        spacing: Option<&Length>,
        window: &Window,
    ) -> Judged {
        let matching: Vec<&Seen> =
            self.seen.iter().filter(|seen| self.matches(filter, seen)).collect();
        let instants = matching.iter().map(|seen| seen.at);
        let span = match self.counted(count, window, instants) {
            Counted::Not(why) => return why,
            Counted::Wrong(span) => {
                let judged = Judged::fail(self.wrong_count(filter, count, &span, &matching));
                let mut within = matching.iter().filter(|seen| span.contains(seen.at));
                let first_too_many = within.nth(count.max.unwrap_or(u32::MAX) as usize);
                return Judged { at: first_too_many.map(|seen| seen.at), ..judged };
            }
            Counted::Right(span) => span,
        };
        if let Some(why) = self.hollow(filter, count, &span, &matching) {
            return Judged::vacuous(why);
        }
        let within: Vec<&Seen> =
            matching.into_iter().filter(|seen| span.contains(seen.at)).collect();
        spacing.map_or(PASS, |spacing| self.spaced(spacing, &within))
    }

    /// Why such a number of packets proves nothing, if that is so.
    fn hollow(
        &self,
        filter: &Filter,
        count: &Count,
        span: &Span,
        matching: &[&Seen],
    ) -> Option<Vec<String>> {
        if count.min == 0
            && let Some(why) = self.no_control(filter, span, matching)
        {
            let mut why = vec![format!("{why}, so its absence here proves nothing")];
            why.extend(span.describe());
            return Some(why);
        }
        let mut within = matching.iter().filter(|seen| span.contains(seen.at));
        if count.max.is_none() && filter.from.is_none() && within.all(|seen| self.is_own(seen)) {
            return Some(vec!["the laboratory itself has sent all of them".to_owned()]);
        }
        let max = count.max.filter(|max| *max > 0 && count.min == 0)?;
        let all = matching.len();
        (max as usize > all * FAR + FAR).then(|| {
            vec![format!(
                "in the whole run there were {all}, so that a limit of {max} proves nothing"
            )]
        })
    }

    /// Whether the laboratory has sent the packet, and no device has passed it on.
    fn is_own(&self, seen: &Seen) -> bool {
        match self.plan.nodes[self.plan.ports[seen.port].node].role {
            Role::Injector(_) => true,
            Role::Source | Role::Listener(_) => matches!(seen.packet.content, Content::Data(_)),
            Role::Router(_) | Role::Switch(_) => false,
        }
    }

    /// Why the absence of the packets proves nothing, if that is so.
    fn no_control(&self, filter: &Filter, span: &Span, matching: &[&Seen]) -> Option<String> {
        // A datagram may stray onto any link; an IGMP message is expected on its own link.
        if filter.kind == PacketKind::Data {
            let of_flow = |seen: &Seen| {
                filter.group.is_none_or(|group| seen.packet.names(group))
                    && filter
                        .wants(PacketField::Source)
                        .is_none_or(|source| *source == Value::Address(seen.packet.source))
            };
            let mut sent = self.sent_by_sources();
            if !sent.any(|(_, seen)| span.contains(seen.at) && of_flow(seen)) {
                return Some("no source sent such a datagram then".to_owned());
            }
            if !self.seen.iter().any(|seen| self.is_nearly(filter, seen)) {
                return Some("no datagram was like this anywhere, at any time".to_owned());
            }
            return self.is_silenced(filter, span);
        }
        // A packet that the switch has not forwarded was on another of its links instead.
        let Link { name: link, segment, .. } = &self.plan.links[filter.link];
        let elsewhere = self.seen.iter().filter(|seen| {
            let on = &self.plan.links[self.plan.ports[seen.port].link];
            on.segment == *segment && seen.outgoing && span.contains(seen.at)
        });
        if elsewhere.into_iter().any(|seen| self.is_like(filter, seen)) {
            return None;
        }
        if matching.is_empty() {
            return Some(format!("no such packet was on {link} at any time"));
        }
        self.is_silenced(filter, span)
    }

    fn wrong_count(
        &self,
        filter: &Filter,
        count: &Count,
        span: &Span,
        matching: &[&Seen],
    ) -> Vec<String> {
        let within: Vec<&&Seen> = matching.iter().filter(|seen| span.contains(seen.at)).collect();
        let mut why = vec![format!("expected {}, found {}", count.text, within.len())];
        why.extend(span.describe());
        why.extend(within.iter().take(SHOWN).map(|seen| self.describe(seen)));
        if let (Some(last), more @ 1..) = (within.last(), within.len().saturating_sub(SHOWN)) {
            why.push(format!("and {more} more, the last one"));
            why.push(self.describe(last));
        }
        let before = matching.iter().rev().find(|seen| seen.at < span.from);
        why.extend(before.map(|seen| format!("before:  {}", self.describe(seen))));
        let after = matching.iter().find(|seen| seen.at >= span.to);
        why.extend(after.map(|seen| format!("after:   {}", self.describe(seen))));
        // Packets of the claimed kind in the window, but with a wrong field: the author's or the
        // router's mistake.
        let like = Filter { group: None, from: None, fields: Vec::new(), ..*filter };
        let near = self.seen.iter().filter(|seen| {
            let is_near = self.matches(&like, seen) || self.is_malformed_on(filter.link, seen);
            span.contains(seen.at) && is_near && !self.matches(filter, seen)
        });
        for seen in near.take(SHOWN) {
            why.push(format!("unlike:  {}", self.describe(seen)));
            let wrong = unlike(filter, &seen.packet);
            why.extend(wrong.map(|wrong| format!("         {wrong}")));
        }
        why
    }

    fn spaced(&self, spacing: &Length, within: &[&Seen]) -> Judged {
        let tolerance = self.tolerance;
        let wanted = spacing.duration();
        for pair in within.windows(2) {
            let found = pair[1].at.since(pair[0].at);
            if found.abs_diff(wanted) > tolerance {
                let may_differ = match tolerance.is_zero() {
                    true => String::new(),
                    false => format!(" +- tolerance {}", Seconds(tolerance, 3)),
                };
                let (text, wanted, found) = (&spacing.text, Seconds(wanted, 3), Seconds(found, 6));
                let why = vec![
                    format!("expected {text} apart ({wanted}{may_differ}), found {found}"),
                    self.describe(pair[0]),
                    self.describe(pair[1]),
                ];
                return Judged::fail(why).at(pair[1].at);
            }
        }
        if within.len() < 2 {
            let why = match within.len() {
                1 => "one packet has no spacing",
                _ => "where there is no packet there is no spacing",
            };
            return Judged::vacuous(vec![why.to_owned()]);
        }
        PASS
    }
}
