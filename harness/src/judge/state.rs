//! Judges the state of routers: the querier of a link, and the groups with members.
//!
//! The state is known from the routers' own reports. A killed router has no state, and one that was
//! started again has forgotten its earlier state. A claim is about one instant: of two that contradict
//! each other one is false. For a scripted querier the routers' view is not
//! enough: it must also have sent a Query.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::message::Sources;
use castnet::time::{Instant, Seconds};

use super::window::{Purpose, StateAt, not_done};
use super::{Evidence, Judged, PASS, Seen};
use crate::plan::arithmetic::Moment;
use crate::plan::{Action, MembersOf, NodeId, PortId, Role, SourceFilter, When, Window};
use crate::protocol::filter::Listed;
use crate::recording::{NodeEvent, StateChange};
use crate::scenario::PacketKind;

impl Evidence<'_> {
    pub(super) fn querier(&self, querier: PortId, when: &When) -> Judged {
        let holds = |at| self.is_querier(querier, at);
        match when {
            When::At(moment) => {
                self.is_true(moment, &self.changes(querier), holds, |at| self.views(querier, at))
            }
            When::Throughout(window) => self.stays_true(querier, window),
        }
    }

    pub(super) fn members(
        &self,
        port: PortId,
        groups: &BTreeMap<Group, Option<MembersOf>>,
        moment: &Moment,
    ) -> Judged {
        let read = self.state_at(moment);
        let unreadable = read.and_then(|read| self.members_unreadable(port, groups, read.last));
        if let Some(unreadable) = unreadable {
            return unreadable;
        }
        let told = self.told_of_members(port);
        let dead = self.state_at(moment).and_then(|moment| {
            self.dead_since(self.plan.ports[port].node, moment.last).filter(|_| groups.is_empty())
        });
        if let Some(since) = dead {
            let why = format!("the router was killed at {since}: whatever it did, it has no state");
            return Judged::vacuous(vec![why]);
        }
        if groups.is_empty() && told.is_empty() && self.software(port).is_none() {
            let why = "there never were any, so that there are none here proves nothing";
            return Judged::vacuous(vec![why.to_owned()]);
        }
        self.is_true(
            moment,
            &self.changes(port),
            |at| are_as_claimed(groups, &self.members_at(port, at)),
            |at| {
                let claims_sources = groups.values().any(Option::is_some);
                let known = self.members_at(port, at);
                let found = known.iter().map(|(group, of)| match claims_sources {
                    true => in_words(*group, Some(of)),
                    false => group.to_string(),
                });
                let expected = groups.iter().map(|(group, of)| in_words(*group, of.as_ref()));
                let mut why = vec![
                    format!("expected {}", list(expected)),
                    format!("found    {}", list(found)),
                ];
                let told = told.iter().filter(|(.., of)| of.is_none() || claims_sources);
                why.extend(told.map(|(at, what, _)| format!("{:>10}  {what}", at.to_string())));
                why
            },
        )
    }

    /// Judges a state that must be true at a moment.
    fn is_true(
        &self,
        moment: &Moment,
        changes: &[Instant],
        holds: impl Fn(Instant) -> bool,
        tell: impl Fn(Instant) -> Vec<String>,
    ) -> Judged {
        let Some(StateAt { at, last, text }) = self.state_at(moment) else {
            return Judged::vacuous(vec![format!("{} did not come", moment.text)]);
        };
        if holds(last) {
            return PASS;
        }
        let mut why = vec![format!("at {text}")];
        why.extend(tell(last));
        let soon = changes.iter().find(|&&change| change > last && holds(change));
        why.extend(
            soon.map(|soon| {
                format!("it was so at {soon:.6}, {} later", Seconds(soon.since(at), 6))
            }),
        );
        Judged { missed_by: soon.map(|soon| soon.since(at)), ..Judged::fail(why).at(at) }
    }

    /// Judges that a port is the querier's from the beginning of the window, or from within the
    /// tolerance after it, to its end.
    fn stays_true(&self, querier: PortId, window: &Window) -> Judged {
        let Some(span) = self.span(window, Purpose::Selection) else { return not_done(window) };
        let late = span.from + self.tolerance;
        if late >= span.to {
            return span.too_short();
        }
        let changes = self.changes(querier);
        let within: Vec<Instant> = std::iter::once(span.from)
            .chain(changes.into_iter().filter(|&at| span.from < at && span.contains(at)))
            .collect();
        let began = within.iter().position(|&at| at <= late && self.is_querier(querier, at));
        let wrong = match began {
            None => Some(span.from),
            Some(began) => {
                within[began..].iter().copied().find(|&at| !self.is_querier(querier, at))
            }
        };
        let Some(wrong) = wrong else { return PASS };
        let mut why = span.describe();
        if !self.tolerance.is_zero() {
            why.push(format!("it may begin a tolerance of {} later", Seconds(self.tolerance, 3)));
        }
        why.push(format!("at {wrong} it was not so:"));
        why.extend(self.views(querier, wrong));
        Judged::fail(why).at(wrong)
    }

    /// Every living router on the segment has this port as the querier's; a querier that is no
    /// router has also sent a Query.
    fn is_querier(&self, querier: PortId, at: Instant) -> bool {
        let Some(address) = self.plan.ports[querier].speaks_from() else { return false };
        let mut routers = self.living_routers(querier, at).peekable();
        let is_router = self.is_router(querier);
        let lives = !is_router || self.dead_since(self.plan.ports[querier].node, at).is_none();
        let asked = is_router || self.queries(querier).any(|asked| asked <= at);
        lives
            && asked
            && routers.peek().is_some()
            && routers.all(|port| self.view(port, at) == Some(address))
    }

    /// The view of each router on the segment.
    fn views(&self, querier: PortId, at: Instant) -> Vec<String> {
        let name = self.plan.port_name(querier);
        let address =
            self.plan.ports[querier].speaks_from().into_iter().map(|address| format!(" {address}"));
        let mut why = vec![format!("expected {name}{}", address.collect::<String>())];
        for port in self.segment(querier).filter(|&port| self.is_router(port)) {
            let node = self.plan.ports[port].node;
            let router = &self.plan.nodes[node].name;
            let held = match (self.dead_since(node, at), self.view(port, at)) {
                (Some(since), _) => format!("nothing: it was killed at {since}"),
                (None, None) => "nothing yet".to_owned(),
                (None, Some(address)) => address.to_string(),
            };
            why.push(format!("{router} holds {held}"));
        }
        why
    }

    /// The ports of the living routers on the segment.
    fn living_routers(&self, port: PortId, at: Instant) -> impl Iterator<Item = PortId> {
        let alive = move |port: &PortId| {
            self.is_router(*port) && self.dead_since(self.plan.ports[*port].node, at).is_none()
        };
        self.segment(port).filter(alive)
    }

    /// The ports on the link of this one, and beyond the switches on it.
    pub(super) fn segment(&self, port: PortId) -> impl Iterator<Item = PortId> {
        self.on_segment(self.plan.ports[port].link)
    }

    /// When General Queries from the address of this port were on its segment.
    fn queries(&self, port: PortId) -> impl Iterator<Item = Instant> {
        let address = self.plan.ports[port].speaks_from();
        let own = move |seen: &&Seen| address == Some(seen.packet.source);
        self.general_queries(port).filter(own).map(|seen| seen.at)
    }

    /// All General Queries that were sent on the port's segment.
    pub(super) fn general_queries(&self, port: PortId) -> impl DoubleEndedIterator<Item = &Seen> {
        let ports: BTreeSet<PortId> = self.segment(port).collect();
        let asks = move |seen: &&Seen| {
            seen.outgoing && seen.packet.is(PacketKind::GeneralQuery) && ports.contains(&seen.port)
        };
        self.seen.iter().filter(asks)
    }

    /// The querier at its port, as the router sees it.
    fn view(&self, port: PortId, at: Instant) -> Option<IpAddr> {
        if self.software(port).is_some() {
            return self.last_to_query(port, at);
        }
        let told = self.told(port, at);
        let queriers = told.filter_map(|(_, what)| match what {
            StateChange::Querier { querier, .. } => Some(*querier),
            _ => None,
        });
        queriers.last()
    }

    /// The groups with members at the port, as the router told until then, with their sources.
    pub(super) fn members_at(&self, port: PortId, at: Instant) -> BTreeMap<Group, MembersOf> {
        if self.software(port).is_some() {
            return self.forwarded_to(port, at).0;
        }
        let mut groups = BTreeMap::new();
        for (_, what) in self.told(port, at) {
            match what {
                StateChange::Members { group, present: true, .. } if !group.is_link_local() => {
                    let requested = Some(Sources::new());
                    groups.insert(*group, MembersOf { filter: SourceFilter::all(), requested });
                }
                StateChange::Members { group, .. } => _ = groups.remove(group),
                StateChange::Sources { group, filter, requested, .. } => {
                    if let Some(known) = groups.get_mut(group) {
                        let (filter, requested) = (filter.clone(), Some(requested.clone()));
                        *known = MembersOf { filter, requested };
                    }
                }
                _ => {}
            }
        }
        groups
    }

    /// What the router told of members at the port, in words, with their sources where it told those.
    fn told_of_members(&self, port: PortId) -> Vec<(Instant, String, Option<&SourceFilter>)> {
        let told = self.recording.events.iter();
        let told = told.filter_map(|event| match event.change.as_ref()? {
            StateChange::Members { port: of, group, present }
                if *of == port && !group.is_link_local() =>
            {
                let what = if *present { "members" } else { "no members" };
                Some((event.at, format!("{what} of {group}"), None))
            }
            StateChange::Sources { port: of, group, filter, requested }
                if *of == port && !group.is_link_local() =>
            {
                let of = MembersOf { filter: filter.clone(), requested: Some(requested.clone()) };
                Some((event.at, in_words(*group, Some(&of)), Some(filter)))
            }
            _ => None,
        });
        told.collect()
    }

    /// The router's reports about its port until then, since it was last killed.
    fn told(&self, port: PortId, at: Instant) -> impl Iterator<Item = (Instant, &StateChange)> {
        let deaths = self.deeds(self.plan.ports[port].node).filter(|(_, killed)| *killed);
        let died = deaths.map(|(death, _)| death).filter(|&death| death <= at).max();
        let told = self.recording.events.iter();
        let told = told.filter_map(|event| Some((event.at, event.change.as_ref()?)));
        told.filter(move |(when, what)| {
            let of = match what {
                StateChange::Members { port, .. }
                | StateChange::Sources { port, .. }
                | StateChange::Querier { port, .. }
                | StateChange::Upcall { port, .. } => Some(*port),
                StateChange::NoRoute { .. } | StateChange::Refused { .. } => None,
            };
            of == Some(port) && *when <= at && died.is_none_or(|died| *when > died)
        })
    }

    /// When anything may have changed on the port's segment.
    fn changes(&self, port: PortId) -> Vec<Instant> {
        let nodes = self.segment(port).map(|port| self.plan.ports[port].node);
        let deeds = nodes.flat_map(|node| self.deeds(node)).map(|(at, _)| at);
        let told = self.recording.events.iter().filter(|event| changes_state(event)).map(|e| e.at);
        let mut changes: Vec<Instant> = told.chain(self.queries(port)).chain(deeds).collect();
        if self.segment(port).any(|port| self.software(port).is_some()) {
            changes.extend(self.general_queries(port).map(|seen| seen.at));
            changes.extend(self.recording.mfc.iter().map(|change| change.at));
        }
        changes.sort_unstable();
        changes
    }

    /// When the router was killed, and when it was started again, in the order of time.
    pub(super) fn deeds(&self, node: NodeId) -> impl DoubleEndedIterator<Item = (Instant, bool)> {
        let acts = self.plan.acts.iter().enumerate().filter(move |(_, act)| act.node == node);
        acts.filter_map(|(id, act)| match act.action {
            Action::Kill => Some((self.done(id)?, true)),
            Action::Restart => Some((self.done(id)?, false)),
            _ => None,
        })
    }

    /// Since when the router was dead at that time; `None` if it was alive.
    pub(super) fn dead_since(&self, node: NodeId, then: Instant) -> Option<Instant> {
        let (at, killed) = self.deeds(node).rfind(|(at, _)| *at <= then)?;
        killed.then_some(at)
    }

    /// Whether the port is a router's.
    pub(super) fn is_router(&self, port: PortId) -> bool {
        matches!(self.plan.nodes[self.plan.ports[port].node].role, Role::Router(_))
    }
}

/// An upcall changes no state; the change that follows is reported by itself.
const fn changes_state(event: &NodeEvent) -> bool {
    matches!(
        event.change,
        Some(
            StateChange::Members { .. } | StateChange::Sources { .. } | StateChange::Querier { .. }
        )
    )
}

/// Whether the groups are the claimed ones, and their sources where those are claimed.
fn are_as_claimed(
    claimed: &BTreeMap<Group, Option<MembersOf>>,
    known: &BTreeMap<Group, MembersOf>,
) -> bool {
    claimed.keys().eq(known.keys())
        && claimed.values().zip(known.values()).all(|(claimed, known)| match claimed {
            None => true,
            Some(MembersOf { filter, requested }) => {
                *filter == known.filter && (requested.is_none() || *requested == known.requested)
            }
        })
}

/// `239.1.1.1 EXCLUDE {10.0.1.12} requested {10.0.1.11}`
pub(super) fn in_words(name: impl Display, of: Option<&MembersOf>) -> String {
    let Some(MembersOf { filter, requested }) = of else { return name.to_string() };
    match requested.as_ref().filter(|requested| !requested.is_empty()) {
        None => format!("{name} {filter}"),
        Some(requested) => format!("{name} {filter} requested {{{}}}", Listed(requested)),
    }
}

fn list(groups: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = groups.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
