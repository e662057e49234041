//! Compares Reports of listeners: their times and senders are random, but every Query or join that
//! needs a Report must get one in both runs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::message::{Message, RecordType, Version};
use castnet::time::Instant;

use super::bounds::distance;
use super::{Pair, Place, SentPacket, Side};
use crate::capture::decode::Packet;
use crate::capture::noise::Noise;
use crate::plan::{Action, LinkId, Plan};

/// The cause of Reports: an act of the plan, or a Query by its number on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Act(usize),
    Query(usize),
}

/// Causes that come at one time, within the tolerance: any of them may have come first.
#[derive(Clone, Debug)]
struct Moment {
    /// The least of the causes, which names the moment in both recordings.
    cause: Cause,
    from: Instant,
    /// The end of the window for the first Report.
    until: Instant,
    /// The hosts that report because of it; `None` after a Query, when any host may.
    who: Option<Vec<IpAddr>>,
}

/// The key of a Report: the link, the group, the form, the sender if only that one counts, and the
/// cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct AnswerKey {
    link: LinkId,
    group: Group,
    form: ReportForm,
    who: Option<IpAddr>,
    cause: Cause,
}

/// The form of a Report: before version 3 its version tells all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ReportForm {
    version: Version,
    record: RecordType,
}

impl ReportForm {
    /// Whether such a Report may be due to acts alone, or to a Query. A change is reported, and
    /// reported again at random times, by whoever changed; only current states answer Queries.
    fn is_due_to(self, acts: bool) -> bool {
        self.version != Version::V3 || self.record.is_change() == acts
    }
}

/// The first and the last time that it was reported.
type AnswerTimes = BTreeMap<AnswerKey, (Instant, Instant)>;

/// The moments of each group on each link, in the order of time.
type Moments = BTreeMap<(LinkId, Group), Vec<Moment>>;

impl Side<'_> {
    fn moments(&self, plan: &Plan, groups: &BTreeSet<(LinkId, Group)>) -> Moments {
        groups.iter().map(|&place| (place, self.moments_of(plan, place))).collect()
    }

    fn moments_of(&self, plan: &Plan, (link, group): (LinkId, Group)) -> Vec<Moment> {
        let segment = plan.links[link].segment;
        let queries = self.sent.iter().filter(|sent| sent.link == link);
        let queries = queries.filter_map(|sent| match sent.packet.meaning()? {
            Message::Query(query) => Some((sent.at, query)),
            _ => None,
        });
        let asked = queries.enumerate().filter_map(|(number, (at, query))| {
            let asked = query.asks_about(group);
            asked.then(|| (at, Cause::Query(number), query.granted(), None))
        });
        let acts = plan.acts.iter().enumerate().filter_map(|(id, act)| {
            let (Action::Join(port, of, _) | Action::Leave(port, of)) = act.action else {
                return None;
            };
            let here = of == group && plan.links[plan.ports[port].link].segment == segment;
            let at = here.then(|| self.done(id))??;
            // A join is reported at once; its repetitions may be cut short.
            Some((at, Cause::Act(id), plan.tolerance, plan.ports[port].speaks_from()))
        });
        let mut causes: Vec<_> = asked.chain(acts).collect();
        causes.sort_unstable();
        let mut moments: Vec<Moment> = Vec::new();
        let mut last = Instant::ZERO;
        for (at, cause, window, who) in causes {
            match moments.last_mut() {
                Some(moment) if at.since(last) <= plan.tolerance => {
                    moment.cause = moment.cause.min(cause);
                    moment.until = moment.until.max(at + window);
                    moment.who = who.and_then(|who| Some([moment.who.take()?, vec![who]].concat()));
                }
                _ => moments.push(Moment {
                    cause,
                    from: at,
                    until: at + window,
                    who: who.map(|who| vec![who]),
                }),
            }
            last = at;
        }
        moments
    }

    /// Each answer with its causes' keys.
    fn reported(&self) -> impl Iterator<Item = (&SentPacket, Group, ReportForm, Option<IpAddr>)> {
        self.sent.iter().filter(|sent| sent.is_answer).flat_map(|sent| {
            let about = about(&sent.packet).into_iter();
            about.map(move |(group, form, who)| (sent, group, form, who))
        })
    }

    fn times(&self, moments: &Moments) -> AnswerTimes {
        let mut times = AnswerTimes::new();
        for (sent, group, form, who) in self.reported() {
            let &SentPacket { at, link, .. } = sent;
            let of_place = moments.get(&(link, group)).into_iter().flatten();
            let causes = |moment: &&Moment| {
                let may = |who: &Vec<_>| who.contains(&sent.packet.source);
                moment.from <= at
                    && moment.who.as_ref().is_none_or(may)
                    && form.is_due_to(moment.who.is_some())
            };
            let Some(moment) = of_place.rev().find(causes) else { continue };
            let key = AnswerKey { link, group, form, who, cause: moment.cause };
            times.entry(key).or_insert((at, at)).1 = at;
        }
        times
    }
}

/// The groups of a Report, each with its form, and with the sender if only that one counts.
fn about(packet: &Packet) -> Vec<(Group, ReportForm, Option<IpAddr>)> {
    let Some(Message::Report(report)) = packet.meaning() else { return Vec::new() };
    let answers = report.records.iter().map(|(group, record)| {
        let who = (report.version == Version::V3).then_some(packet.source);
        (*group, ReportForm { version: report.version, record: record.kind() }, who)
    });
    answers.collect()
}

impl Pair<'_> {
    pub(super) fn answers(&mut self) {
        let places = self.sides.iter().flat_map(Side::reported);
        let places: BTreeSet<_> = places.map(|(sent, group, ..)| (sent.link, group)).collect();
        let moments = [0, 1].map(|n: usize| self.sides[n].moments(self.plan, &places));
        let times = [0, 1].map(|n: usize| self.sides[n].times(&moments[n]));
        // Noise alone is recorded nowhere, and beside another group only if that is reported at the time.
        let noise = Noise::of(self.plan);
        let is_noise =
            |key: &AnswerKey| noise.as_ref().is_some_and(|noise| noise.is_about(key.group));
        let keys = times.iter().flat_map(AnswerTimes::keys).filter(|key| !is_noise(key));
        let keys: BTreeSet<&AnswerKey> = keys.collect();
        for key in keys {
            match [times[0].get(key), times[1].get(key)] {
                [Some(&one), Some(&other)] => self.answered(key, one, other),
                [Some(&(at, _)), None] => self.unanswered(key, at, 0, &moments),
                [None, Some(&(at, _))] => self.unanswered(key, at, 1, &moments),
                [None, None] => {}
            }
        }
    }

    fn answered(&mut self, key: &AnswerKey, one: (Instant, Instant), other: (Instant, Instant)) {
        self.found.shared.answers += 1;
        let place = self.place(key.link, key.group);
        for (one, other) in [(one.0, other.0), (one.1, other.1)] {
            self.note_distance(place, distance(one, other));
        }
    }

    /// Notes by how much Reports of the group differ, in nanoseconds.
    fn note_distance(&mut self, place: Place, by: i64) {
        let (least, most) = self.report_distances.entry(place).or_default();
        (*least, *most) = ((*least).min(by), (*most).max(by));
    }

    /// Only one recording has a Report for this cause.
    fn unanswered(&mut self, key: &AnswerKey, at: Instant, has: usize, moments: &[Moments; 2]) {
        let place = self.place(key.link, key.group);
        let of =
            |side: usize| moments[side].get(&(key.link, key.group)).map_or(&[][..], Vec::as_slice);
        let own = of(has).iter().find(|moment| moment.cause == key.cause);
        let is_late = own.is_none_or(|own| at > own.until + self.plan.tolerance);
        if is_late || self.is_repetition(key) {
            // An earlier cause may have led to it.
            return;
        }
        let of_place = of(1 - has);
        let found = of_place.iter().position(|moment| moment.cause == key.cause);
        // A missing message has been reported, and its consequences are not.
        let Some(found) = found else { return };
        let moment = &of_place[found];
        // A Report in between may answer this cause.
        let cut_short = of_place.get(found + 1).is_some_and(|next| next.from <= moment.until);
        let early = self.is_early(moment.until) && self.is_comparable(place, moment.until);
        if cut_short || self.is_ended(place, moment, 1 - has) {
            return self.is_later(place, at, has);
        }
        if !early {
            return;
        }
        let names = [self.sides[has].name, self.sides[1 - has].name];
        let why = match key.cause {
            Cause::Act(id) => format!("`{}`", self.plan.acts[id].label),
            Cause::Query(_) => "a Query".to_owned(),
        };
        let who = key.who.map_or_else(String::new, |who| format!("{who}: "));
        let (group, link) = (key.group, &self.plan.links[key.link].name);
        let text = format!(
            "{who}after {why} at {}, {group} is reported on {link} at {at} in {}, and not in {}",
            moment.from, names[0], names[1]
        );
        self.disagree(at, text);
    }

    /// Whether the cause is a join of a host that is a member already. Before version 3 such a join is not
    /// reported, and the Report repeats that of the first join, at a random time (RFC2236-6-07).
    fn is_repetition(&self, key: &AnswerKey) -> bool {
        let Cause::Act(id) = key.cause else { return false };
        let Action::Join(port, group, _) = self.plan.acts[id].action else { return false };
        let before = self.plan.acts[..id].iter().rev().find_map(|act| match act.action {
            Action::Join(from, of, _) if (from, of) == (port, group) => Some(true),
            Action::Leave(from, of) if (from, of) == (port, group) => Some(false),
            _ => None,
        });
        key.form.version != Version::V3 && before == Some(true)
    }

    /// One recording has a Report of the group then, and the other one has its last Report earlier.
    fn is_later(&mut self, place: Place, at: Instant, has: usize) {
        let Some(last) = self.sides[1 - has].last_report(self.plan, place, at) else { return };
        let by = if has == 0 { distance(at, last.at) } else { distance(last.at, at) };
        self.note_distance(place, by);
    }

    /// Whether a host leaves the group, or changes its version, before the moment's Reports are
    /// sent: at its end at the latest, or as much later as a kernel's timer may be.
    fn is_ended(&self, (segment, group): Place, moment: &Moment, side: usize) -> bool {
        let until = moment.until + self.plan.tolerance;
        let here = |port: usize| self.plan.links[self.plan.ports[port].link].segment == segment;
        self.plan.acts.iter().enumerate().any(|(id, act)| {
            let ends = match act.action {
                Action::Leave(port, of) => of == group && here(port),
                Action::Set(_) => self.plan.nodes[act.node].ports.iter().any(|&port| here(port)),
                _ => false,
            };
            let at = self.sides[side].done(id);
            ends && at.is_some_and(|at| (moment.from..=until).contains(&at))
        })
    }
}
