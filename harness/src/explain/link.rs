//! What happened on one link, as an interface of the capture saw it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::{Family, Group, PerFamily};
use castnet::gmp::message::{Message, Query, Report, Version};
use serde::Serialize;

use super::querier::Querier;
use super::stream::{Stream, Then};
use super::{maybe_seconds, seconds};
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
    pub odd: BTreeMap<String, (u64, f64)>,
    /// Memberships and streams beyond those that are kept apart.
    pub beyond: u64,
    #[serde(skip)]
    groups: BTreeMap<Group, Asked>,
    #[serde(skip)]
    general: PerFamily<Option<Duration>>,
}

/// A host that asked for a group.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// The version of its last message.
    pub version: Version,
    /// How many Reports asked for the group.
    pub reports: u64,
    /// The first of them.
    #[serde(serialize_with = "seconds")]
    pub first: Duration,
    /// The last of them.
    #[serde(serialize_with = "seconds")]
    pub last: Duration,
    /// When it left, if it did not ask again.
    #[serde(serialize_with = "maybe_seconds")]
    pub left: Option<Duration>,
    /// Whether the interface itself sent its Reports, if the capture tells.
    pub outgoing: Option<bool>,
}

/// What a link asked and heard about a group.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    report: Option<Duration>,
    leave: Option<Duration>,
    members: u32,
    /// Until when an answer may come.
    due: Option<Duration>,
    unanswered: u32,
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
    pub(super) fn hear(&mut self, packet: &Packet, at: Duration, outgoing: Option<bool>) {
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
    pub(super) fn mark(&mut self, what: &str, at: Duration) {
        // What differs with each message must not fill the memory.
        if self.odd.contains_key(what) || self.odd.len() < 100 {
            self.odd.entry(what.to_owned()).or_insert((0, at.as_secs_f64())).0 += 1;
        } else {
            self.beyond += 1;
        }
    }

    fn look_at(&mut self, packet: &Packet, message: &DecodedMessage, at: Duration) {
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

    fn query(&mut self, from: IpAddr, query: &Query, at: Duration) {
        if query.group.is_none() {
            *self.general.of_mut(Family::of(from)) = Some(at);
            self.queriers
                .entry(from)
                .and_modify(|querier| querier.ask(query, at))
                .or_insert_with(|| Querier::new(query, at));
        }
        let family = Family::of(from);
        for (group, asked) in &mut self.groups {
            if group.family() == family && query.asks_about(*group) && asked.members > 0 {
                asked.settle(at);
                asked.due.get_or_insert(at + query.granted());
            }
        }
    }

    fn report(&mut self, from: IpAddr, report: &Report, at: Duration, outgoing: Option<bool>) {
        for (group, record) in &report.records {
            let key = (*group, from);
            let known = self.members.contains_key(&key);
            match wish(record) {
                Wish::Member if !known && self.members.len() >= MOST => self.beyond += 1,
                Wish::Member => {
                    let member = self.members.entry(key).or_insert_with(|| Member {
                        version: report.version,
                        reports: 0,
                        first: at,
                        last: at,
                        left: None,
                        outgoing,
                    });
                    let asked = self.groups.entry(*group).or_default();
                    if !known || member.left.take().is_some() {
                        asked.members += 1;
                    }
                    (member.last, member.version) = (at, report.version);
                    member.reports += 1;
                    (asked.report, asked.leave) = (Some(at), None);
                    (asked.due, asked.unanswered) = (None, 0);
                }
                Wish::Leave => {
                    let Some(member) = self.members.get_mut(&key) else { continue };
                    let asked = self.groups.entry(*group).or_default();
                    if member.left.replace(at).is_none() {
                        asked.members = asked.members.saturating_sub(1);
                    }
                    (asked.leave, asked.due) = (Some(at), None);
                }
                Wish::FewerSources | Wish::Nothing => {}
            }
        }
    }

    fn datagram(&mut self, group: Group, packet: &Packet, at: Duration, outgoing: Option<bool>) {
        let key = (group, packet.source);
        let then = self.then(group, at);
        let is_full = self.streams.len() >= MOST;
        match self.streams.entry(key) {
            Entry::Occupied(stream) => stream.into_mut().add(packet, at, then),
            Entry::Vacant(_) if is_full => self.beyond += 1,
            Entry::Vacant(free) => {
                free.insert(Stream::new(packet, at, outgoing, then));
            }
        }
    }

    /// What the link knows of the group at this time.
    pub(super) fn then(&self, group: Group, at: Duration) -> Then {
        let mut asked = self.groups.get(&group).copied().unwrap_or_default();
        asked.settle(at);
        let general = *self.general.of(group.family());
        let Asked { report, leave, unanswered, .. } = asked;
        Then { general, report, leave, unanswered }
    }

    /// The groups that somebody wants at the end of the capture, as far as Reports and Leaves say.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Group> {
        self.groups.iter().filter(|(_, asked)| asked.members > 0).map(|(group, _)| *group)
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

    /// Whether a stream of the family was seen.
    pub(super) fn has_streams(&self, family: Family) -> bool {
        self.streams.keys().any(|(group, _)| group.family() == family)
    }
}

impl Asked {
    /// Counts a Query whose time to answer is over.
    fn settle(&mut self, at: Duration) {
        if self.due.is_some_and(|due| due < at) {
            self.due = None;
            self.unanswered += 1;
        }
    }
}

const fn name(message: &Message) -> &'static str {
    match message {
        Message::Query(_) => "a Query",
        _ => "a Report or Leave",
    }
}
