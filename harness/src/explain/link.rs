//! What happened on one link, as an interface of the capture saw it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::{Family, Group, PerFamily};
use castnet::gmp::message::{Message, Query, Report, Version};
use serde::Serialize;

use super::Seen;
use super::member::{Answers, Asked, Member};
use super::querier::Querier;
use super::stream::{Stream, Then};
use crate::capture::decode::{Content, DecodedMessage, Packet};
use crate::protocol::wish::{Wish, wish};

/// The most streams, and the most memberships, that are kept apart on a link.
const MOST: usize = 10_000;

/// The facts of one link.
#[derive(Debug, Default, Serialize)]
pub struct Link {
    /// Who sent General Queries.
    pub queriers: BTreeMap<IpAddr, Querier>,
    /// Who asked for which group.
    #[serde(serialize_with = "list")]
    pub members: BTreeMap<(Group, IpAddr), Member>,
    /// The streams by group and source.
    #[serde(serialize_with = "list")]
    pub streams: BTreeMap<(Group, IpAddr), Stream>,
    /// Messages that not every receiver accepts: what is odd, how often, and when first.
    pub odd: BTreeMap<String, (u64, Seen)>,
    /// Memberships and streams beyond those that are kept apart.
    pub beyond: u64,
    #[serde(skip)]
    groups: BTreeMap<Group, Asked>,
    #[serde(skip)]
    general: PerFamily<Option<Seen>>,
    #[serde(skip)]
    pauses: PerFamily<Option<(Duration, Seen)>>,
    /// The last message of which only a part was captured.
    #[serde(skip)]
    cut: PerFamily<Option<Seen>>,
    /// Whether several interfaces may be behind it, as in a cooked capture of the first version.
    #[serde(skip)]
    pub(super) is_merged: bool,
}

/// A map whose keys are pairs, as a list of objects.
fn list<V: Serialize, S: serde::Serializer>(
    map: &BTreeMap<(Group, IpAddr), V>,
    to: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Row<'a, V> {
        group: IpAddr,
        address: IpAddr,
        #[serde(flatten)]
        facts: &'a V,
    }
    to.collect_seq(map.iter().map(|((group, address), facts)| {
        let (group, address) = (group.addr(), *address);
        Row { group, address, facts }
    }))
}

impl Link {
    /// A sound packet.
    pub(super) fn hear(&mut self, packet: &Packet, at: Seen, outgoing: Option<bool>) {
        match &packet.content {
            Content::Gmp(message) => {
                self.look_at(packet, message, at);
                match message.meaning() {
                    Message::Query(query) => self.query(packet.source, query, at),
                    Message::Report(report) => self.report(packet.source, report, at, outgoing),
                    _ => {}
                }
            }
            Content::BadGmp(malformed) => self.mark(&malformed.to_string(), at),
            Content::Other(other) if other.is_control => {}
            Content::Data(_) | Content::Other(_) => {
                if let Some(group) =
                    Group::new(packet.destination).filter(|group| !group.is_link_local())
                {
                    self.datagram(group, packet, at, outgoing);
                }
            }
        }
    }

    /// A message that receivers may refuse, and why.
    pub(super) fn mark(&mut self, what: &str, at: Seen) {
        // What differs with each message must not fill the memory.
        if self.odd.contains_key(what) || self.odd.len() < 100 {
            self.odd.entry(what.to_owned()).or_insert((0, at)).0 += 1;
        } else {
            self.beyond += 1;
        }
    }

    /// A message of which only a part was captured: it may have answered for any group.
    pub(super) fn cut(&mut self, family: Family, what: &str, at: Seen) {
        self.mark(what, at);
        *self.cut.of_mut(family) = Some(at);
        let groups = self.groups.iter_mut().filter(|(group, _)| group.family() == family);
        groups.for_each(|(_, asked)| asked.answers.hear());
        let members = self.members.iter_mut().filter(|((group, _), _)| group.family() == family);
        members.for_each(|(_, member)| member.answers.hear());
    }

    /// Whether a message of the family was captured in part after this.
    pub(super) fn is_cut_after(&self, family: Family, seen: Seen) -> bool {
        self.cut.of(family).is_some_and(|cut| cut > seen)
    }

    fn look_at(&mut self, packet: &Packet, message: &DecodedMessage, at: Seen) {
        let is_old = message.meaning().version() == Some(Version::V1);
        if packet.ttl != 1 {
            self.mark(&format!("{} with TTL {}", name(message.meaning()), packet.ttl), at);
        }
        if !packet.router_alert && !is_old {
            self.mark(&format!("{} without Router Alert", name(message.meaning())), at);
        }
        if !packet.destination.is_multicast() {
            self.mark(&format!("{} to a unicast address", name(message.meaning())), at);
        }
    }

    fn query(&mut self, from: IpAddr, query: &Query, at: Seen) {
        let family = Family::of(from);
        if query.group.is_none() {
            let before = self.general.of_mut(family).replace(at);
            let silence = before.map(|from| (at.since(from), from));
            let longest = self.pauses.of_mut(family);
            *longest = (*longest).max(silence);
            self.queriers
                .entry(from)
                .and_modify(|querier| querier.ask(query, at))
                .or_insert_with(|| Querier::new(query, at));
        }
        if query.sources.is_empty() {
            self.ask(family, query, at);
        }
    }

    /// A Query that members of its group, or all members of the family, have to answer.
    fn ask(&mut self, family: Family, query: &Query, at: Seen) {
        let is_asked = |group: &Group| group.family() == family && query.asks_about(*group);
        let mut over = Vec::new();
        for (group, asked) in self.groups.iter_mut().filter(|(group, _)| is_asked(group)) {
            if asked.settle(at.at) {
                over.push((*group, asked.leave));
            }
            if asked.members > 0 {
                asked.answers.ask(query, at);
            }
        }
        for (group, left) in over {
            members_of(&mut self.members, group).for_each(|member| member.left = left);
        }
        let is_silent = |member: &Member| member.version != Version::V3 || member.left.is_some();
        for ((group, _), member) in &mut self.members {
            if is_asked(group) && query.version == Version::V3 && !is_silent(member) {
                member.answers.ask(query, at);
            }
        }
    }

    fn report(&mut self, from: IpAddr, report: &Report, at: Seen, outgoing: Option<bool>) {
        for (group, record) in &report.records {
            let key = (*group, from);
            match wish(record) {
                Wish::Member if self.members.len() >= MOST && !self.members.contains_key(&key) => {
                    self.beyond += 1;
                }
                Wish::Member => self.join(key, report.version, at, outgoing),
                Wish::Leave => self.leave(key, report.version, at),
                Wish::FewerSources | Wish::Nothing => {}
            }
        }
    }

    fn join(&mut self, key: (Group, IpAddr), version: Version, at: Seen, outgoing: Option<bool>) {
        let asked = self.groups.entry(key.0).or_default();
        let member = self.members.entry(key).or_insert_with(|| Member {
            version,
            reports: 0,
            first: at,
            last: at,
            left: None,
            outgoing,
            answers: Answers::default(),
        });
        if member.reports == 0 || member.left.take().is_some() {
            asked.members += 1;
        }
        (member.last, member.version) = (at, version);
        member.reports += 1;
        member.answers.hear();
        (asked.report, asked.leave, asked.version) = (Some(at), None, Some(version));
        asked.answers.hear();
    }

    fn leave(&mut self, key: (Group, IpAddr), version: Version, at: Seen) {
        let asked = self.groups.entry(key.0).or_default();
        if let Some(member) = self.members.get_mut(&key)
            && member.left.replace(at).is_none()
        {
            member.answers.settle(at.at);
            member.answers.hear();
            asked.members = asked.members.saturating_sub(1);
        }
        // Of several members of version 2 only one may have been heard.
        if asked.members == 0 || version != Version::V3 {
            (asked.leave, asked.left) = (Some(at), Some(at));
        }
        asked.answers.settle(at.at);
        asked.answers.hear();
    }

    fn datagram(&mut self, group: Group, packet: &Packet, at: Seen, outgoing: Option<bool>) {
        let key = (group, packet.source);
        let then = self.then(group, at.at);
        let is_full = self.streams.len() >= MOST;
        match self.streams.entry(key) {
            Entry::Occupied(stream) => stream.into_mut().add(packet, at, outgoing, then),
            Entry::Vacant(_) if is_full => self.beyond += 1,
            Entry::Vacant(free) => {
                free.insert(Stream::new(packet, at, outgoing, then));
            }
        }
    }

    /// The capture is over: Queries whose time to answer is over count.
    pub(super) fn close(&mut self, length: Duration) {
        self.groups.values_mut().for_each(|asked| {
            asked.settle(length);
        });
        self.members.values_mut().for_each(|member| {
            member.answers.settle(length);
        });
    }

    /// What the link knows of the group at this time.
    pub(super) fn then(&self, group: Group, at: Duration) -> Then {
        let mut asked = self.groups.get(&group).copied().unwrap_or_default();
        asked.settle(at);
        let general = *self.general.of(group.family());
        let Asked { report, leave, left, answers, .. } = asked;
        Then { general, report, leave, left, unanswered: answers.unanswered() }
    }

    /// The longest time between two General Queries of a family, and the one before it.
    pub(super) fn longest_pause(&self, family: Family) -> Option<(Duration, Seen)> {
        *self.pauses.of(family)
    }

    /// The groups that routers forward, and what was asked and heard about them.
    pub(super) fn groups(&self) -> impl Iterator<Item = (Group, &Asked)> {
        let routed = self.groups.iter().filter(|(group, _)| !group.is_link_local());
        routed.map(|(group, asked)| (*group, asked))
    }

    /// The hosts that asked for the group.
    pub(super) fn members(&self, group: Group) -> impl Iterator<Item = (IpAddr, &Member)> {
        let of = self.members.iter().filter(move |((of, _), _)| *of == group);
        of.map(|((_, host), member)| (*host, member))
    }

    /// Whether somebody ever asked for the group.
    pub(super) fn knows(&self, group: Group) -> bool {
        self.groups.contains_key(&group)
    }

    /// The one who queries last in a family.
    pub(super) fn querier(&self, family: Family) -> Option<(&IpAddr, &Querier)> {
        let of = |(address, _): &(&IpAddr, &Querier)| Family::of(**address) == family;
        self.queriers.iter().filter(of).max_by_key(|(_, querier)| querier.last)
    }

    /// Whether somebody asked for a group of the family that routers forward.
    pub(super) fn has_members(&self, family: Family) -> bool {
        self.groups.keys().any(|group| group.family() == family && !group.is_link_local())
    }

    /// Whether any host of the family was heard to report.
    pub(super) fn has_reports(&self, family: Family) -> bool {
        self.cut.of(family).is_some() || self.groups.keys().any(|group| group.family() == family)
    }

    /// The first Report for a group of the family that routers forward.
    pub(super) fn first_report(&self, family: Family) -> Option<Seen> {
        let of = self
            .members
            .iter()
            .filter(|((group, _), _)| group.family() == family && !group.is_link_local());
        of.map(|(_, member)| member.first).min()
    }

    /// Whether a stream ended although its members had not left.
    pub(super) fn loses_a_wanted_stream(&self, family: Family, length: Duration) -> bool {
        let is_lost = |(&(group, _), stream): (&(Group, IpAddr), &Stream)| {
            let is_wanted = stream.then.report.is_some() && stream.then.leave.is_none();
            let after = self.then(group, length);
            group.family() == family && is_wanted && after.leave.is_none() && stream.is_over(length)
        };
        self.streams.iter().any(is_lost)
    }

    /// Whether a stream of the family was seen.
    pub(super) fn has_streams(&self, family: Family) -> bool {
        self.streams.keys().any(|(group, _)| group.family() == family)
    }
}

/// The members of a group.
fn members_of(
    members: &mut BTreeMap<(Group, IpAddr), Member>,
    of: Group,
) -> impl Iterator<Item = &mut Member> {
    members.iter_mut().filter(move |((group, _), _)| *group == of).map(|(_, member)| member)
}

const fn name(message: &Message) -> &'static str {
    match message {
        Message::Query(_) => "a Query",
        _ => "a Report or Leave",
    }
}
