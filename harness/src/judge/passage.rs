//! What happened to a datagram in each node that it entered, and why it did not go on.
//!
//! The reasons follow from the router's own reports and from its forwarding cache at that time.
//! They explain, and judge nothing.

use super::{Evidence, Seen};
use crate::plan::{NodeId, PortId, Role};
use crate::recording::{MfcEntry, Number, StateChange};

impl Evidence<'_> {
    /// A line for each router and switch that the datagram entered, and for each listener that it reached in vain.
    pub(super) fn passages(&self, number: Number, sightings: &[&Seen]) -> Vec<String> {
        let mut ports = Vec::new();
        let mut lines = Vec::new();
        for arrived in sightings.iter().filter(|seen| !seen.outgoing) {
            let node = self.plan.ports[arrived.port].node;
            if ports.contains(&arrived.port) {
                continue;
            }
            ports.push(arrived.port);
            match self.plan.nodes[node].role {
                Role::Router(_) => lines.push(self.through_router(arrived, sightings)),
                Role::Switch(_) => lines.push(self.through_switch(arrived, sightings)),
                Role::Listener(_) => lines.extend(self.in_vain(number, node, arrived)),
                Role::Source | Role::Injector(_) => {}
            }
        }
        lines
    }

    /// `entered r1:up at 1.204 s, upcall NOCACHE, no members on lan, never left`
    fn through_router(&self, arrived: &Seen, sightings: &[&Seen]) -> String {
        let node = self.plan.ports[arrived.port].node;
        if let Some(at) = self.dead_since(node, arrived.at) {
            let why = format!("{} was killed at {at}", self.plan.nodes[node].name);
            return self.passed(arrived, vec![why], &self.left(arrived, sightings));
        }
        match self.entry_for(node, arrived) {
            // The kernel drops a datagram on a wrong interface, even if there are members. A
            // datagram that left is another copy.
            Some(entry) if entry.iif != arrived.port => {
                let iif = self.plan.port_name(entry.iif);
                let mut why: Vec<String> = self.upcall(node, arrived).into_iter().collect();
                why.push(format!("its entry takes it in on {iif}"));
                self.passed(arrived, why, &[])
            }
            entry => {
                let left = self.left(arrived, sightings);
                self.passed(arrived, self.why_not_everywhere(arrived, &left, entry), &left)
            }
        }
    }

    /// `entered sw:lan at 1.204 s, no members seen on c1, left sw:c2 at 1.204 s`
    fn through_switch(&self, arrived: &Seen, sightings: &[&Seen]) -> String {
        let left = self.left(arrived, sightings);
        let node = self.plan.ports[arrived.port].node;
        let mut changes = self.recording.mdb.iter().filter(|change| {
            change.node == node && Some(change.group) == arrived.group() && change.at <= arrived.at
        });
        let members = changes.next_back().map(|change| &change.ports);
        let why_not = |port: PortId| {
            let link = &self.plan.links[self.plan.ports[port].link].name;
            match self.down_since(port, arrived.at) {
                Some(since) => format!("{link} was down since {since}"),
                None if members.is_some_and(|members| members.contains_key(&port)) => {
                    format!("though {link} has members")
                }
                None => format!("no members seen on {link}"),
            }
        };
        let why = self.not_taken(arrived, &left).into_iter().map(why_not).collect();
        self.passed(arrived, why, &left)
    }

    /// The sightings at which the node sent it on.
    fn left<'e>(&self, arrived: &Seen, sightings: &[&'e Seen]) -> Vec<&'e Seen> {
        let ports = &self.plan.nodes[self.plan.ports[arrived.port].node].ports;
        let left = sightings.iter().copied();
        left.filter(|seen| seen.outgoing && ports.contains(&seen.port)).collect()
    }

    /// The other ports of the node, by which it was not sent on.
    fn not_taken(&self, arrived: &Seen, left: &[&Seen]) -> Vec<PortId> {
        let ports = self.plan.nodes[self.plan.ports[arrived.port].node].ports.iter().copied();
        let ports = ports.filter(|port| *port != arrived.port);
        ports.filter(|port| left.iter().all(|seen| seen.port != *port)).collect()
    }

    fn passed(&self, arrived: &Seen, why_not: Vec<String>, left: &[&Seen]) -> String {
        let mut said = vec![self.entered(arrived)];
        said.extend(why_not);
        said.extend(
            left.iter()
                .map(|seen| format!("left {} at {}", self.plan.port_name(seen.port), seen.at)),
        );
        if left.is_empty() {
            said.push("never left".to_owned());
        }
        said.join(", ")
    }

    /// `None` if it was received, or if the listener did not have to receive it.
    fn in_vain(&self, number: Number, node: NodeId, arrived: &Seen) -> Option<String> {
        let mut deliveries = self.recording.deliveries.iter();
        let received = deliveries.any(|d| d.node == node && d.number == number);
        let (entered, name) = (self.entered(arrived), &self.plan.nodes[node].name);
        (!received && self.is_member(arrived))
            .then(|| format!("{entered}, no socket of {name} received it though it was a member"))
    }

    /// Whether the listener had joined the packet's group when it came in.
    fn is_member(&self, arrived: &Seen) -> bool {
        let acts = self.plan.acts.iter().enumerate();
        let acts = acts.filter(|(id, _)| self.done(*id).is_some_and(|at| at <= arrived.at));
        let Some(group) = arrived.group() else { return false };
        let source = [arrived.packet.source];
        let mut latest_first = acts.rev();
        let wants =
            latest_first.find_map(|(_, act)| act.action.wants(arrived.port, group, Some(&source)));
        wants.unwrap_or(false)
    }

    fn entered(&self, arrived: &Seen) -> String {
        format!("entered {} at {}", self.plan.port_name(arrived.port), arrived.at)
    }

    /// Why the datagram did not leave on each of the router's other links.
    fn why_not_everywhere(
        &self,
        arrived: &Seen,
        left: &[&Seen],
        entry: Option<&MfcEntry>,
    ) -> Vec<String> {
        let others = self.not_taken(arrived, left);
        if others.is_empty() {
            return Vec::new();
        }
        let node = self.plan.ports[arrived.port].node;
        let mut why: Vec<String> = self.upcall(node, arrived).into_iter().collect();
        if entry.is_none() {
            why.push("no entry".to_owned());
        }
        if entry.is_some_and(|entry| entry.oifs.is_empty()) && self.has_no_route(node, arrived) {
            why.push("no route to its source".to_owned());
            return why;
        }
        why.extend(others.into_iter().map(|port| self.why_not(port, arrived, entry)));
        why
    }

    fn has_members(&self, port: PortId, arrived: &Seen) -> bool {
        let members = self.members_at(port, arrived.at);
        let source = arrived.packet.source;
        let of = arrived.group().and_then(|group| members.get(&group));
        of.is_some_and(|of| of.filter.wants(source))
    }

    fn why_not(&self, port: PortId, arrived: &Seen, entry: Option<&MfcEntry>) -> String {
        let link = &self.plan.links[self.plan.ports[port].link].name;
        let (threshold, is_static) =
            self.interface(port, arrived.at).map_or((0, false), |interface| {
                (interface.threshold, arrived.is_joined_statically(interface))
            });
        if let Some(since) = self.down_since(port, arrived.at) {
            return format!("{link} was down since {since}");
        }
        let ttl = arrived.packet.ttl;
        match entry.is_some_and(|entry| entry.oifs.contains(&port)) {
            true if ttl <= threshold.max(1) => {
                format!("TTL {ttl} not above the threshold {} of {link}", threshold.max(1))
            }
            true => format!("though its entry leads to {link}"),
            false if is_static => format!("though {link} has a static join"),
            false if self.has_members(port, arrived) => format!("though {link} has members"),
            false => format!("no members on {link}"),
        }
    }

    /// The upcall that the datagram caused.
    fn upcall(&self, node: NodeId, arrived: &Seen) -> Option<String> {
        let until = arrived.at + self.plan.tolerance;
        let mut told = self.recording.events.iter();
        let upcall = told.find_map(|event| match event.change {
            Some(StateChange::Upcall { port, kind, source, group })
                if (event.node, port, source) == (node, arrived.port, arrived.packet.source)
                    && Some(group) == arrived.group()
                    && (arrived.at..=until).contains(&event.at) =>
            {
                Some(kind)
            }
            _ => None,
        });
        upcall.map(|kind| format!("upcall {kind}"))
    }

    /// Whether the router had reported that it has no route to the datagram's source.
    fn has_no_route(&self, node: NodeId, arrived: &Seen) -> bool {
        let (source, until) = (arrived.packet.source, arrived.at + self.plan.tolerance);
        let mut told = self.recording.events.iter().filter(|event| event.at <= until);
        told.any(|event| match event.change {
            Some(StateChange::NoRoute { source: of, group }) => {
                event.node == node && of == source && Some(group) == arrived.group()
            }
            _ => false,
        })
    }

    /// The entry at that time, or the one for which the datagram waited.
    fn entry_for(&self, node: NodeId, arrived: &Seen) -> Option<&MfcEntry> {
        let of_flow = || {
            self.recording.mfc.iter().filter(|change| {
                change.node == node
                    && change.source == arrived.packet.source
                    && Some(change.group) == arrived.group()
            })
        };
        let then = of_flow().take_while(|change| change.at <= arrived.at).last();
        let until = arrived.at + self.plan.tolerance;
        then.and_then(|change| change.entry.as_ref()).or_else(|| {
            let soon = of_flow().filter(|c| c.at > arrived.at && c.at <= until);
            soon.filter_map(|change| change.entry.as_ref()).next()
        })
    }
}
