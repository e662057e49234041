//! Turns claims about what reaches a receiver into checks.

use std::net::IpAddr;

use super::claim::{Claims, in_words};
use super::refusal::is_host;
use super::{ActId, Action, Claim, Latency, NodeId, PortId, Receiver, Role, Window};
use crate::scenario::diagnostic::Spanned;
use crate::scenario::{self, Delivered};

impl Claims<'_> {
    pub(super) fn delivery(
        &mut self,
        delivery: &scenario::DeliveryClaim,
    ) -> Option<(String, Claim)> {
        let node = self.topology.node(&delivery.to, self.faults);
        let sources = self.sources(delivery);
        let node = node?;
        if !matches!(self.topology.nodes[node].role, Role::Listener(_)) {
            let message = format!("{} is not a listener", delivery.to.value);
            let help = "watch its link with `packet = { on = ..., kind = \"data\" }`";
            self.faults.error_with_help(&delivery.to.span, message, "receives nothing", help);
            return None;
        }
        let sources = sources?;
        let group = delivery.group.value;
        let receiver = Receiver { node, group, sources };
        let ports = self.topology.nodes[node].ports.iter();
        let routers = self.routers_on(ports.map(|&port| self.topology.ports[port].link));
        let who = &delivery.to.value;
        Some(match &delivery.what {
            Delivered::Received(count, window) => {
                self.look_ahead(window, &routers);
                let (count, window) = (self.count(count, &routers), self.window(window, &routers));
                let (count, window) = (count?, window?);
                let words = in_words(&window);
                (
                    format!("{who} receives {} of {group}{words}", count.text),
                    Claim::Received(receiver, count, window),
                )
            }
            Delivered::ExactlyOnce(window) => {
                let window = self.window(window, &routers)?;
                let words = in_words(&window);
                (
                    format!("{who} receives {group} exactly once{words}"),
                    Claim::ExactlyOnce(receiver, window),
                )
            }
            Delivered::NoneAfter { from, during } => {
                let from = self.moment(from, &routers);
                let length = self.optional_length(during.as_ref(), &routers);
                let window = Window { from: from?, length: length? };
                let words = in_words(&window);
                (
                    format!("no datagram of {group} reaches {who}{words}"),
                    Claim::NoneAfter(receiver, window),
                )
            }
            Delivered::Ttl(ttl, window) => {
                let (found, window) = (self.count(ttl, &[]), self.window(window, &routers));
                let (found, window) = (found?, window?);
                if found.max.unwrap_or(found.min) > u8::MAX.into() {
                    let message = "a TTL is 0 to 255";
                    self.faults.error(&ttl.span, message, "no datagram has that");
                }
                let words = in_words(&window);
                (
                    format!("{group} reaches {who} with TTL {}{words}", found.text),
                    Claim::Ttl(receiver, found, window),
                )
            }
            Delivered::Quality(limit, window) => {
                self.quality((who, limit, window), receiver, &routers)?
            }
            Delivered::Latency(latency) => self.latency(delivery, latency, receiver, &routers)?,
        })
    }

    /// `Some(None)` if no source is named.
    fn sources(&mut self, delivery: &scenario::DeliveryClaim) -> Option<Option<Vec<IpAddr>>> {
        let Some(name) = &delivery.from else { return Some(None) };
        if name.value.parse::<IpAddr>().is_ok() {
            return Some(Some(vec![self.topology.only_address(name, self.faults)?]));
        }
        Some(Some(self.topology.addresses_of(self.sending(name)?)))
    }

    /// The node of this name, which has to be a source.
    pub(super) fn sending(&mut self, name: &Spanned<String>) -> Option<NodeId> {
        let node = self.topology.node(name, self.faults)?;
        let is_source = matches!(self.topology.nodes[node].role, Role::Source);
        if !is_source && !is_host(name, self.topology) {
            let message = format!("{} is not a source", name.value);
            self.faults.error(&name.span, message, "no datagram begins there");
            return None;
        }
        Some(node)
    }

    fn latency(
        &mut self,
        delivery: &scenario::DeliveryClaim,
        latency: &scenario::LatencyClaim,
        receiver: Receiver,
        routers: &[NodeId],
    ) -> Option<(String, Claim)> {
        let found = self.begins(delivery, latency, receiver.node, receiver.sources.as_deref());
        if let Some((act, _)) = found {
            self.in_force = self.timeline[act].1.at;
        }
        let limit = self.limit(&latency.limit, routers);
        let (act, port) = found?;
        let (min, max, limit) = limit?;
        let (who, group) = (&delivery.to.value, receiver.group);
        let act_label = &self.timeline[act].1.label;
        let begin = match (latency.from_wire, latency.is_join) {
            (false, _) => act_label.clone(),
            (true, true) => format!("its Report ({act_label})"),
            (true, false) => format!("its Leave ({act_label})"),
        };
        let text = match latency.is_join {
            true => format!("{who} receives the first of {group} {limit} after {begin}"),
            false => format!("the last of {group} reaches {who} {limit} after {begin}"),
        };
        let (is_join, from_wire) = (latency.is_join, latency.from_wire);
        Some((text, Claim::Latency(Latency { receiver, port, is_join, act, from_wire, min, max })))
    }

    /// The act from which a latency counts, and the receiver's interface.
    fn begins(
        &mut self,
        delivery: &scenario::DeliveryClaim,
        latency: &scenario::LatencyClaim,
        node: NodeId,
        sources: Option<&[IpAddr]>,
    ) -> Option<(ActId, PortId)> {
        let (who, group) = (&delivery.to, delivery.group.value);
        let verb = if latency.is_join { "join" } else { "leave" };
        let of_node = self.timeline.iter().enumerate().filter(|(_, (_, act))| act.node == node);
        let acts = of_node.filter_map(|(id, (_, act))| {
            let (&Action::Join(port, ..) | &Action::Leave(port, _)) = &act.action else {
                return None;
            };
            let wants = act.action.wants(port, group, sources);
            (wants == Some(latency.is_join)).then_some((id, port))
        });
        let acts: Vec<(ActId, PortId)> = acts.collect();
        let Some(name) = &latency.after else {
            if let [only] = acts.as_slice() {
                return Some(*only);
            }
            let (message, label) = match acts.len() {
                0 => (
                    format!("{} never {verb}s {group}", who.value),
                    "nothing to measure".to_owned(),
                ),
                times => (
                    format!("which {verb} of {} is meant?", who.value),
                    format!("it {verb}s {group} {times} times"),
                ),
            };
            let help = format!("give the {verb} a `name`, and name it with `after`");
            let span = &delivery.group.span;
            match acts.len() {
                // The act may be one that could not be read.
                0 if self.gaps.acts.is_open() => {}
                0 => self.faults.error(span, message, label),
                _ => self.faults.error_with_help(span, message, label, help),
            }
            return None;
        };
        let Some(&named) = self.acts.get(name.value.as_str()) else {
            if !self.gaps.acts.excuses(&name.value) {
                let known = self.acts.keys().copied();
                self.faults.unknown("act", &name.value, &name.span, known);
            }
            return None;
        };
        let found = acts.into_iter().find(|(id, _)| *id == named);
        if found.is_none() {
            let message = format!("`{}` is no {verb} of {group} by {}", name.value, who.value);
            self.faults.error(&name.span, message, format!("a latency counts from a {verb}"));
        }
        found
    }
}
