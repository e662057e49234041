//! So many packets on a link.

use castnet::time::Seconds;
use castnet::wire::igmp::Message;

use super::window::{Counted, Span};
use super::{Evidence, Judged, Outcome, PASS, Seen};
use crate::capture::decode::{Content, Packet};
use crate::plan::arithmetic::{Count, Length};
use crate::plan::{Filter, Link, LinkId, PortId, Role, Window};
use crate::scenario::PacketKind;

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
                return (Outcome::Fail, self.wrong_count(filter, count, &span, &matching));
            }
            Counted::Right(span) => span,
        };
        if count.min == 0
            && let Some(why) = self.no_control(filter, &span, &matching)
        {
            let mut why = vec![format!("{why}, so its absence here proves nothing")];
            why.extend(span.describe());
            return (Outcome::Vacuous, why);
        }
        let within: Vec<&Seen> =
            matching.into_iter().filter(|seen| span.contains(seen.at)).collect();
        spacing.map_or(PASS, |spacing| self.spaced(spacing, &within))
    }

    /// Why nothing could have been there to be absent, if that is so.
    fn no_control(&self, filter: &Filter, span: &Span, matching: &[&Seen]) -> Option<String> {
        // A datagram that is sent may stray onto any link; a message of IGMP is told on its own.
        if filter.kind == PacketKind::Data {
            let sent = self.seen.iter().any(|seen| {
                let node = &self.plan.nodes[self.plan.ports[seen.port].node];
                let from_source = seen.outgoing && matches!(node.role, Role::Source);
                let of_group = filter.group.is_none_or(|group| seen.packet.names(group));
                from_source && of_group && seen.packet.is(filter.kind) && span.contains(seen.at)
            });
            return (!sent).then(|| "no source sent such a datagram then".to_owned());
        }
        // What a switch has not passed on was on another of its links instead.
        let Link { name: link, segment, .. } = &self.plan.links[filter.link];
        let elsewhere = self.seen.iter().filter(|seen| {
            let on = &self.plan.links[self.plan.ports[seen.port].link];
            on.segment == *segment && seen.outgoing && span.contains(seen.at)
        });
        if elsewhere.into_iter().any(|seen| self.is_like(filter, seen)) {
            return None;
        }
        matching.is_empty().then(|| format!("no such packet was on {link} at any time"))
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
        let after = matching.iter().find(|seen| seen.at > span.to);
        why.extend(after.map(|seen| format!("after:   {}", self.describe(seen))));
        // The same kind in the window, but wrong in a field: the author's or the router's mistake.
        let like = Filter::any_like(filter);
        let near = self.seen.iter().filter(|seen| {
            let is_near = self.matches(&like, seen) || self.is_malformed_on(filter.link, seen);
            span.contains(seen.at) && is_near && !self.matches(filter, seen)
        });
        why.extend(near.take(SHOWN).map(|seen| format!("unlike:  {}", self.describe(seen))));
        why
    }

    fn spaced(&self, spacing: &Length, within: &[&Seen]) -> Judged {
        let tolerance = self.plan.tolerance;
        let wanted = spacing.duration();
        for pair in within.windows(2) {
            let found = pair[1].at.since(pair[0].at);
            if found.abs_diff(wanted) > tolerance {
                let why = vec![
                    format!(
                        "expected {} apart ({} +- tolerance {}), found {}",
                        spacing.text,
                        Seconds(wanted, 3),
                        Seconds(tolerance, 3),
                        Seconds(found, 3)
                    ),
                    self.describe(pair[0]),
                    self.describe(pair[1]),
                ];
                return (Outcome::Fail, why);
            }
        }
        if within.len() < 2 {
            let why = match within.len() {
                1 => "one packet has no spacing",
                _ => "where there is no packet there is no spacing",
            };
            return (Outcome::Vacuous, vec![why.to_owned()]);
        }
        PASS
    }

    fn is_malformed_on(&self, link: LinkId, seen: &Seen) -> bool {
        seen.outgoing
            && self.plan.ports[seen.port].link == link
            && matches!(seen.packet.content, Content::BadIgmp(_))
    }

    /// Whether a frame counts: each one is seen once on its link, at the port that sends it.
    fn matches(&self, filter: &Filter, seen: &Seen) -> bool {
        seen.outgoing
            && self.plan.ports[seen.port].link == filter.link
            && self.is_like(filter, seen)
    }

    /// Whether a frame is what the filter wants, on whatever link.
    fn is_like(&self, filter: &Filter, seen: &Seen) -> bool {
        let packet = &seen.packet;
        packet.is(filter.kind)
            && filter.from.is_none_or(|from| self.comes_from(from, seen))
            && filter.group.is_none_or(|group| packet.names(group))
            && filter.to.is_none_or(|to| to == packet.destination)
            && filter.ttl.is_none_or(|ttl| ttl == packet.ttl)
            && filter.router_alert.is_none_or(|alert| alert == packet.router_alert)
            && filter.max_resp.as_ref().is_none_or(|max_resp| has_max_resp(packet, max_resp))
    }

    /// Whether the port sent the frame, be it that a switch has passed it on since.
    fn comes_from(&self, port: PortId, seen: &Seen) -> bool {
        match self.plan.is_switched(self.plan.ports[seen.port].link) {
            true => seen.origin == self.plan.ports[port].mac,
            false => seen.port == port,
        }
    }
}

fn has_max_resp(packet: &Packet, wanted: &Length) -> bool {
    let Content::Igmp(Message::Query(query)) = &packet.content else { return false };
    let found = if query.v3.is_some() { query.max_resp_v3() } else { query.max_resp_v2() };
    found == wanted.duration()
}

impl Filter {
    /// A filter for everything on the same link of the same kind.
    fn any_like(like: &Self) -> Self {
        Self {
            link: like.link,
            kind: like.kind,
            group: None,
            from: None,
            to: None,
            ttl: None,
            router_alert: None,
            max_resp: None,
        }
    }
}
