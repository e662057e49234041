//! Acts, in the order of time.

use std::collections::{BTreeMap, BTreeSet};

use castnet::addr::{Family, Group};

use super::setting::Settings;
use super::topology::Topology;
use super::{Act, Action, Churn, NodeId, PortId, Role, SourceFilter, Stream, fits, refusal};
use crate::knobs::{INTERVALS, interval};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{self, Gap, LONGEST, Listener, Scenario, Verb};

/// The acts in the order of time, each with its position in the file; an act that cannot be
/// resolved leaves a gap.
pub(super) fn acts(
    scenario: &Scenario,
    topology: &Topology,
    gap: &mut Gap,
    faults: &mut Diagnostics,
) -> Vec<(usize, Act)> {
    check_names(&scenario.acts, gap, faults);
    let mut written: Vec<(usize, &scenario::Act)> = scenario.acts.iter().enumerate().collect();
    // A stable sort: of acts at one time the first in the file is done first.
    written.sort_by_key(|(_, act)| act.at.value);
    let mut members = Members { joined: BTreeMap::new(), is_known: !gap.is_open() };
    let mut settings = Settings::new(scenario, topology);
    let mut streams = 0;
    let mut acts = Vec::new();
    for (position, act) in written {
        let resolved = match &act.verb {
            Verb::Join(join) => member(join, topology, faults).and_then(|(node, port)| {
                let filter = topology.filter(join.sources.as_ref(), faults)?;
                refusal::of_join(join, node, topology, &filter, faults);
                if join.refused.is_some() {
                    return Some((node, Action::RefusedJoin(port, join.group.value, filter)));
                }
                members.join(join, port, &filter, faults);
                Some((node, joined(join, port, filter)))
            }),
            Verb::Leave(leave) => member(leave, topology, faults).map(|(node, port)| {
                members.leave(leave, port, faults);
                (node, left(leave, port))
            }),
            Verb::Churn(churn) => churned(churn, topology, faults),
            Verb::Send(send) => {
                check_length(act, send, faults);
                stream(send, streams, topology, faults).map(|(node, stream)| {
                    streams += 1;
                    match &send.refused {
                        None => (node, Action::Send(stream)),
                        Some(_) => (node, Action::RefusedSend(stream)),
                    }
                })
            }
            Verb::Inject(inject) => injection(inject, topology, faults),
            Verb::Stop(who) => {
                let is_host = refusal::is_host(who, topology);
                let sends = |role: &Role| {
                    matches!(role, Role::Source | Role::Injector(_))
                        || is_host && matches!(role, Role::Listener(_))
                };
                able(who, topology, "source", sends, faults).map(|node| (node, Action::Stop))
            }
            Verb::Interface { who, link, up } => topology.node(who, faults).and_then(|node| {
                let port = topology.port(node, link, faults)?;
                Some((node, Action::Interface { port, up: *up }))
            }),
            Verb::Kill(who) => router(who, topology, faults).map(|node| (node, Action::Kill)),
            Verb::Restart(who) => router(who, topology, faults).map(|node| (node, Action::Restart)),
            Verb::Set(set) => settings.set(set, faults),
            Verb::Exec { who, command } => {
                topology.node(who, faults).map(|node| (node, Action::Exec(command.clone())))
            }
        };
        let Some((node, action)) = resolved else {
            match &act.name {
                Some(name) => gap.add(name.value.clone()),
                None => gap.add_unnamed(),
            }
            members.is_known = false;
            continue;
        };
        let words = describe(topology, node, &action);
        let label = act.name.as_ref().map_or_else(|| words.clone(), |name| name.value.clone());
        acts.push((position, Act { at: act.at.value, label, words, node, action }));
    }
    acts
}

/// What a join has the node do.
fn joined(join: &scenario::Membership, port: PortId, filter: SourceFilter) -> Action {
    let group = join.group.value;
    match &join.socket {
        None => Action::Join(port, group, filter),
        Some(socket) => Action::OtherSocket(port, group, socket.value, filter),
    }
}

/// What a leave has the node do.
fn left(leave: &scenario::Membership, port: PortId) -> Action {
    let group = leave.group.value;
    match &leave.socket {
        None => Action::Leave(port, group),
        Some(socket) => Action::OtherSocket(port, group, socket.value, SourceFilter::nothing()),
    }
}

/// The memberships at the time of an act, by socket.
struct Members {
    joined: BTreeMap<(PortId, Group, Option<u32>), SourceFilter>,
    /// False once an act could not be read: it may have been the missing join or leave.
    is_known: bool,
}

impl Members {
    fn join(
        &mut self,
        join: &scenario::Membership,
        port: PortId,
        filter: &SourceFilter,
        faults: &mut Diagnostics,
    ) {
        let before = self.joined.insert(of_socket(join, port), filter.clone());
        if before.as_ref() == Some(filter) && self.is_known {
            let message = format!("{} has joined {} already", join.who.value, join.group.value);
            let help = "it has to leave before it can join again, or to join with other sources";
            faults.error_with_help(&join.group.span, message, "joined twice", help);
        }
    }

    fn leave(&mut self, leave: &scenario::Membership, port: PortId, faults: &mut Diagnostics) {
        let of_hosts = leave.group.value.is_all_hosts();
        let is_joined = self.joined.remove(&of_socket(leave, port)).is_some();
        if !is_joined && self.is_known && !of_hosts {
            let message =
                format!("{} has not joined {} by then", leave.who.value, leave.group.value);
            let help = "an earlier act has to join the same group on the same link";
            faults.error_with_help(&leave.group.span, message, "nothing to leave", help);
        }
    }
}

/// The membership of a socket.
fn of_socket(membership: &scenario::Membership, port: PortId) -> (PortId, Group, Option<u32>) {
    let socket = membership.socket.as_ref().map(|socket| socket.value);
    (port, membership.group.value, socket)
}

fn check_length(act: &scenario::Act, send: &scenario::Send, faults: &mut Diagnostics) {
    if let Some(during) = &send.during
        && act.at.value + during.value > LONGEST
    {
        faults.error(&during.span, "a scenario lasts at most a day", "ends later than that");
    }
}

fn describe(topology: &Topology, node: NodeId, action: &Action) -> String {
    let who = &topology.nodes[node].name;
    match action {
        Action::Join(_, group, filter) if filter.is_all() => format!("{who} joins {group}"),
        Action::Join(_, group, filter) => format!("{who} joins {group} {filter}"),
        Action::RefusedJoin(_, group, _) => format!("{who} is refused {group}"),
        Action::OtherSocket(_, group, socket, filter) => {
            format!("socket {socket} of {who} wants {group} {filter}")
        }
        Action::Leave(_, group) => format!("{who} leaves {group}"),
        Action::Churn(Churn { group, filter, .. }) if filter.is_all() => {
            format!("{who} come and go in {group}")
        }
        Action::Churn(churn) => format!("{who} come and go in {} {}", churn.group, churn.filter),
        Action::Send(stream) => format!("{who} sends to {}", stream.group),
        Action::RefusedSend(stream) => format!("{who} is refused to send to {}", stream.group),
        Action::Inject(injection) => format!("{who} injects a packet to {}", injection.to),
        Action::Stop => format!("{who} stops"),
        Action::Interface { port, up } => {
            let link = &topology.links[topology.ports[*port].link].name;
            format!("{who}:{link} goes {}", if *up { "up" } else { "down" })
        }
        Action::Kill => format!("{who} is killed"),
        Action::Restart => format!("{who} is started again"),
        Action::Set(_) => format!("{who} is set"),
        Action::Exec(command) => format!("{who} runs {}", command.join(" ")),
    }
}

fn check_names(acts: &[scenario::Act], gap: &mut Gap, faults: &mut Diagnostics) {
    let mut names = BTreeSet::new();
    for name in acts.iter().filter_map(|act| act.name.as_ref()) {
        if interval(&name.value).is_some() || name.value == "start" {
            let message = format!("`{}` already means something in expressions", name.value);
            let words = INTERVALS.map(|row| row.word).join(", ");
            let help = format!("taken are start, {words}");
            faults.error_with_help(&name.span, message, "choose another name", help);
            gap.add_unread();
        } else if !names.insert(&name.value) {
            let message = format!("two acts are named `{}`", name.value);
            faults.error(&name.span, message, "the second one");
        }
    }
}

fn member(
    membership: &scenario::Membership,
    topology: &Topology,
    faults: &mut Diagnostics,
) -> Option<(NodeId, PortId)> {
    if membership.group.value.is_all_hosts() {
        // RFC2236-6-08, RFC2710-5-03
        let group = membership.group.value;
        let message = format!("every host is a member of {group} from the start, and for ever");
        let help = match topology.family {
            Family::V4 => "take another group, such as 239.1.1.1",
            Family::V6 => "take another group, such as ff1e::1",
        };
        let label = "neither joined nor left";
        faults.error_with_help(&membership.group.span, message, label, help);
    }
    let is_listener = |role: &Role| matches!(role, Role::Listener(_));
    let (who, link) = (&membership.who, membership.link.as_ref());
    let (node, port) = actor(who, link, topology, "listener", is_listener, faults)?;
    let is_castnet = matches!(topology.nodes[node].role, Role::Listener(Listener::Castnet(_)));
    if let Some(socket) = membership.socket.as_ref().filter(|_| !is_castnet) {
        let message = format!("{} has one socket for each group", who.value);
        let label = "only castnet's stack has others";
        faults.error_with_help(&socket.span, message, label, "add `stack = \"castnet\"`");
    }
    Some((node, port))
}

fn churned(
    churn: &scenario::Churn,
    topology: &Topology,
    faults: &mut Diagnostics,
) -> Option<(NodeId, Action)> {
    let is_listener = |role: &Role| matches!(role, Role::Listener(_));
    let (node, port) = actor(&churn.who, None, topology, "listener", is_listener, faults)?;
    if !matches!(topology.nodes[node].role, Role::Listener(Listener::Population { .. })) {
        let message = format!("{} is one host", churn.who.value);
        let label = "only hosts of a population come and go";
        faults.error_with_help(&churn.who.span, message, label, "give it a `count`");
        return None;
    }
    let (group, interval, stay) = (churn.group.value, churn.interval, churn.stay.value);
    let filter = topology.filter(churn.sources.as_ref(), faults)?;
    let during = churn.during.as_ref().map(|during| during.value);
    Some((node, Action::Churn(Churn { port, group, filter, interval, stay, during })))
}

fn stream(
    send: &scenario::Send,
    id: u32,
    topology: &Topology,
    faults: &mut Diagnostics,
) -> Option<(NodeId, Stream)> {
    let group: Group = send.group.value;
    let is_host = refusal::is_host(&send.who, topology);
    let can =
        |role: &Role| matches!(role, Role::Source) || is_host && matches!(role, Role::Listener(_));
    let (node, port) = actor(&send.who, send.link.as_ref(), topology, "source", can, faults)?;
    refusal::of_send(send, node, topology, faults);
    let own = &topology.ports[port];
    // A source has an address on each of its links.
    let source = send.from_address.as_ref().map(|from| from.value).or(own.address)?;
    if let Some(from) = &send.from_address
        && !own.addresses().any(|address| address == source)
    {
        let message = format!("{source} is no address of {} there", send.who.value);
        let help = "a link gives addresses with its key `addresses`";
        faults.error_with_help(&from.span, message, "not its own", help);
    }
    let during = send.during.as_ref().map(|during| during.value);
    let (interval, ttl, size) = (send.interval.value, send.ttl, send.size);
    let stream = Stream { id, port, source, group, interval, during, ttl, size };
    fits::check(&stream, &send.interval.span, topology, faults);
    Some((node, stream))
}

fn injection(
    inject: &scenario::Inject,
    topology: &Topology,
    faults: &mut Diagnostics,
) -> Option<(NodeId, Action)> {
    let can = |role: &Role| matches!(role, Role::Injector(_));
    let (node, port) = actor(&inject.who, inject.link.as_ref(), topology, "injector", can, faults)?;
    let payload = super::injection::payload(&inject.message, topology, faults)?;
    match super::injection::injection(inject, payload, port, &topology.ports[port]) {
        Ok(injection) => Some((node, Action::Inject(injection))),
        Err(why) => {
            faults.error(&inject.who.span, why, "this message");
            None
        }
    }
}

fn router(who: &Spanned<String>, topology: &Topology, faults: &mut Diagnostics) -> Option<NodeId> {
    able(who, topology, "router", |role| matches!(role, Role::Router(_)), faults)
}

/// The node and the interface that an act is done on, if its role can do it.
fn actor(
    who: &Spanned<String>,
    link: Option<&Spanned<String>>,
    topology: &Topology,
    wanted: &str,
    can: impl Fn(&Role) -> bool,
    faults: &mut Diagnostics,
) -> Option<(NodeId, PortId)> {
    let node = able(who, topology, wanted, can, faults)?;
    Some((node, topology.only_port(node, link, who, faults)?))
}

/// The node, if its role can do it.
fn able(
    who: &Spanned<String>,
    topology: &Topology,
    wanted: &str,
    can: impl Fn(&Role) -> bool,
    faults: &mut Diagnostics,
) -> Option<NodeId> {
    let node = topology.node(who, faults)?;
    if can(&topology.nodes[node].role) {
        return Some(node);
    }
    let article = if wanted.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let message = format!("{} is not {article} {wanted}", who.value);
    let able = topology.nodes.iter().filter(|node| can(&node.role));
    let able: Vec<&str> = able.map(|node| node.name.as_str()).collect();
    let label = format!("only {article} {wanted} can do this");
    let help = if able.is_empty() {
        format!("add a node with `role = \"{wanted}\"`")
    } else {
        format!("{wanted}s here: {}", able.join(", "))
    };
    faults.error_with_help(&who.span, message, label, help);
    None
}
