//! Finds events that chance decides: two correct runs may differ from there on.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;
use castnet::gmp::message::{Message, Version};
use castnet::time::Instant;

use super::{Pair, SentPacket};
use crate::plan::{Action, LinkId, Role};
use crate::scenario::PacketKind;

/// The twins of an event, one in each recording.
type TwinInstants = [Instant; 2];

impl Pair<'_> {
    /// Excludes what cannot be compared, and notes why.
    pub(super) fn leave_out_chance(&mut self) {
        self.who_comes_and_goes();
        self.who_may_leave();
        self.who_asks_first();
        self.who_answers_in_time();
    }

    /// Hosts of a population join and leave at random, each at another time in another run.
    fn who_comes_and_goes(&mut self) {
        for (id, act) in self.plan.acts.iter().enumerate() {
            let Action::Churn(churn) = &act.action else { continue };
            let Some(done) = self.done(id) else { continue };
            let (group, link) = (churn.group, self.plan.ports[churn.port].link);
            let (place, since) = (self.place(link, group), done[0].min(done[1]));
            self.incomparable_groups.insert(place, since);
            let link = &self.plan.links[link].name;
            let what = format!("{group} on {link} from {since} on: hosts join and leave at random");
            self.found.left_out.push(what);
        }
    }

    /// Only the host that sent the last Report must send a Leave. If that host differs between the
    /// runs before a leave, the group is not comparable from then on.
    fn who_may_leave(&mut self) {
        for (id, act) in self.plan.acts.iter().enumerate() {
            let Action::Leave(port, group) = act.action else { continue };
            let place = self.place(self.plan.ports[port].link, group);
            let Some(done) = self.done(id) else { continue };
            let last = [0, 1].map(|n: usize| {
                let sent = self.sides[n].last_report(self.plan, place, done[n]);
                sent.map_or_else(|| "nobody".to_owned(), |sent| sent.packet.source.to_string())
            });
            if last[0] == last[1] || self.incomparable_groups.contains_key(&place) {
                continue;
            }
            let since = done[0].min(done[1]);
            self.incomparable_groups.insert(place, since);
            let link = &self.plan.links[place.0].name;
            self.decided(
                &format!("{group} on {link} from {since} on"),
                &[format!("{} reported it last", last[0]), last[1].clone()],
            );
        }
    }

    /// A switch that hears a Query before it has sent one is silent. Among nodes that start at one
    /// time, tiny differences decide which one is first. Routers send their Queries in any case.
    fn who_asks_first(&mut self) {
        let segments: BTreeSet<LinkId> = self.plan.links.iter().map(|link| link.segment).collect();
        for segment in segments {
            let found = self.beginnings().into_iter().find_map(|moment| {
                let askers = [0, 1].map(|n: usize| self.askers(n, segment, moment[n]));
                let all: BTreeSet<_> = askers.iter().flatten().collect();
                let is_chance = askers[0] != askers[1]
                    && all.len() > 1
                    && all.into_iter().any(|&address| self.is_switch(address));
                is_chance.then(|| (moment[0].min(moment[1]), askers))
            });
            let Some((since, askers)) = found else { continue };
            self.incomparable_segments.insert(segment, since);
            for side in &mut self.sides {
                side.sent.retain(|sent| {
                    let there = self.plan.links[sent.link].segment == segment && sent.at >= since;
                    !there || !(sent.is_answer || sent.packet.is(PacketKind::GeneralQuery))
                });
            }
            let link = &self.plan.links[segment].name;
            let askers = askers.map(|all| {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                if all.is_empty() { "nobody".to_owned() } else { all.join(" and ") }
            });
            self.decided(
                &format!("what is asked and answered on {link} from {since} on"),
                &[format!("{} asked first", askers[0]), askers[1].clone()],
            );
        }
    }

    fn is_switch(&self, address: IpAddr) -> bool {
        self.plan.nodes.iter().any(|node| match &node.role {
            Role::Switch(switch) => switch.queries_from() == Some(address),
            _ => false,
        })
    }

    /// The start of the run, and every act that makes a querier start anew.
    fn beginnings(&self) -> Vec<TwinInstants> {
        let begins = |action: &Action| {
            matches!(action, Action::Restart | Action::Set(_) | Action::Interface { up: true, .. })
        };
        let acts = self.plan.acts.iter().enumerate().filter(|(_, act)| begins(&act.action));
        let mut all: Vec<TwinInstants> = acts.filter_map(|(id, _)| self.done(id)).collect();
        all.push([Instant::ZERO; 2]);
        all.sort_unstable();
        all
    }

    /// The nodes that sent a General Query on the segment right after that time.
    fn askers(&self, side: usize, segment: LinkId, from: Instant) -> BTreeSet<IpAddr> {
        let to = from + self.plan.tolerance;
        let sent = self.sides[side].sent.iter().filter(|sent| {
            self.plan.links[sent.link].segment == segment
                && (from..=to).contains(&sent.at)
                && sent.packet.is(PacketKind::GeneralQuery)
        });
        sent.map(|sent| sent.packet.source).collect()
    }

    /// A querier repeats a Group-Specific Query unless an answer comes in time (RFC2236-7-06), and
    /// the answer's random delay may be as long as that. It asks once more if a host repeats what it
    /// no longer wants after others have answered. A switch may ask once more at the end of a check.
    fn who_answers_in_time(&mut self) {
        for side in [0, 1] {
            let names = [self.sides[side].name, self.sides[1 - side].name];
            let why = |at| match () {
                () if self.has_twin(side, at) => None,
                () if self.is_asked_by_chance(side, at) => Some(format!(
                    "in {} the answer to the one before it was there in time",
                    names[1]
                )),
                () if self.is_asked_again(side, at) => {
                    Some("a host repeated its change after an answer to it".to_owned())
                }
                () if self.is_asked_at_the_end(side, at) => {
                    Some("the switch asked before it ended the check, at the same time".to_owned())
                }
                () => None,
            };
            let again = 0..self.sides[side].sent.len();
            let again: Vec<_> = again.filter_map(|at| Some((at, why(at)?))).collect();
            for (at, why) in again.into_iter().rev() {
                let SentPacket { at, link, packet, .. } = self.sides[side].sent.remove(at);
                self.found.left_out.push(format!(
                    "{packet} on {} at {at} in {}: chance had it that {why}",
                    self.plan.links[link].name, names[0]
                ));
            }
        }
    }

    /// Whether the port asked about the same group at that time in the other recording too.
    fn has_twin(&self, side: usize, at: usize) -> bool {
        let own = &self.sides[side].sent[at];
        let Some(group) = asked_about(own) else { return false };
        let bounds = self.bounds(own.at);
        self.sides[1 - side].sent.iter().any(|sent| {
            let is_then = match side {
                0 => bounds.contain(own.at, sent.at),
                _ => bounds.contain(sent.at, own.at),
            };
            is_then && sent.port == own.port && asked_about(sent) == Some(group)
        })
    }

    /// Whether a router asks here because a host has said a change of its state again, at a random time
    /// (RFC3376-5.1-05), when the timers that the change had lowered were restarted by an answer.
    fn is_asked_again(&self, side: usize, at: usize) -> bool {
        let this = &self.sides[side].sent;
        let own = &this[at];
        let (Some(group), Role::Router(router)) =
            (asked_about(own), &self.plan.nodes[self.plan.ports[own.port].node].role)
        else {
            return false;
        };
        let of_port = router.interfaces.iter().find(|one| one.port == own.port);
        let check = of_port.map_or(Duration::ZERO, |one| one.knobs.last_member_query_time());
        let since = own.at - check - self.plan.tolerance;
        let changes = |sent: &SentPacket| sent.link == own.link && changes(sent, group);
        this[..at].iter().filter(|sent| sent.at >= since && changes(sent)).any(|repeat| {
            let earlier = this.iter().take_while(|sent| sent.at < repeat.at).filter(|sent| {
                changes(sent)
                    && sent.packet.source == repeat.packet.source
                    && sent.packet.content == repeat.packet.content
            });
            earlier.last().is_some_and(|first| {
                let answers = |sent: &SentPacket| {
                    sent.link == own.link
                        && (first.at..repeat.at).contains(&sent.at)
                        && sent.packet.is(PacketKind::Report)
                        && sent.packet.names(group)
                        && !self::changes(sent, group)
                };
                this.iter().any(answers)
            })
        })
    }

    /// Whether a switch asks here when its check ends: Linux sets the timer of the last Query and that of
    /// the members to one time, and serves each late by up to an eighth.
    fn is_asked_at_the_end(&self, side: usize, at: usize) -> bool {
        let this = &self.sides[side].sent;
        let own = &this[at];
        let node = self.plan.ports[own.port].node;
        let (Some(group), Role::Switch(switch)) = (asked_about(own), &self.plan.nodes[node].role)
        else {
            return false;
        };
        let change = this[..at].iter().rfind(|sent| sent.link == own.link && changes(sent, group));
        let check = switch.knobs.igmp.last_member_query_time();
        change.is_some_and(|change| {
            let since = own.at.since(change.at);
            (check..=check + self.plan.tolerance).contains(&since)
        })
    }

    /// Whether this Group-Specific Query exists only in this recording, because in the other one
    /// the Query before it was answered by then.
    fn is_asked_by_chance(&self, side: usize, at: usize) -> bool {
        let [this, other] = [&self.sides[side].sent, &self.sides[1 - side].sent];
        let own = &this[at];
        let Some(group) = asked_about(own) else { return false };
        let latest = own.at + self.bounds(own.at).width();
        let alike = |sent: &&SentPacket| sent.port == own.port && asked_about(sent) == Some(group);
        let before = this[..at].iter().rfind(alike);
        let last = other.iter().take_while(|sent| sent.at <= latest).filter(alike).last();
        let (Some(before), Some(last)) = (before, last) else { return false };
        // An answer may have been under way when a Query was sent: in the other recording when the last
        // one was, in this one when the one that is looked at was.
        let under_way = last.at - self.plan.tolerance;
        let in_time = own.at - self.plan.tolerance;
        let segment = self.plan.links[own.link].segment;
        let answered = |sent: &[SentPacket], from: Instant, to: Instant| {
            sent.iter().any(|sent| {
                sent.packet.is(PacketKind::Report)
                    && sent.packet.names(group)
                    && self.plan.links[sent.link].segment == segment
                    && (from..to).contains(&sent.at)
            })
        };
        answered(other, under_way, latest) && !answered(this, before.at, in_time)
    }

    /// When the act was done, if it was done in both runs.
    fn done(&self, act: usize) -> Option<TwinInstants> {
        Some([self.sides[0].done(act)?, self.sides[1].done(act)?])
    }

    fn decided(&mut self, what: &str, how: &[String; 2]) {
        let names = [self.sides[0].name, self.sides[1].name];
        self.found.left_out.push(format!(
            "{what}: chance had it that {} in {}, and {} in {}",
            how[0], names[0], how[1], names[1]
        ));
    }
}

/// Whether a Report of version 3 says a change of the group.
fn changes(sent: &SentPacket, group: Group) -> bool {
    let Some(Message::Report(report)) = sent.packet.meaning() else { return false };
    report.version == Version::V3
        && report.records.iter().any(|(of, record)| *of == group && record.kind().is_change())
}

/// The group of a Group-Specific Query.
fn asked_about(sent: &SentPacket) -> Option<Group> {
    match sent.packet.meaning()? {
        Message::Query(query) => query.group,
        _ => None,
    }
}
