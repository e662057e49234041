//! A listener that speaks IGMP or MLD by castnet's own host machine, one machine for each of its links.
//!
//! The caller hands in packets with their time, and sends what the machine wants sent. A datagram
//! is delivered if its group is joined on the link that it came by.

use std::collections::BTreeMap;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::reception::filter::Socket;
use castnet::host::Host;
use castnet::ignored::Ignored;
use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::ip::Packet;

use crate::capture::decode::{Content, decode_ip};
use crate::device;
use crate::knobs::HostKnobs;
use crate::plan::{NodeId, Plan, PortId, SourceFilter};
use crate::recording::{Delivery, NodeEvent};

/// The socket of a listener that reads datagrams.
const SOCKET: Socket = 0;

/// The listener.
#[derive(Debug)]
pub struct Member {
    node: NodeId,
    links: BTreeMap<PortId, MemberLink>,
}

#[derive(Debug)]
struct MemberLink {
    /// The port's name.
    name: String,
    host: Host,
    joined: BTreeMap<Group, SourceFilter>,
}

/// The result of a packet that a listener heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message of group management that it ignored.
    Ignored(NodeEvent),
    /// A datagram of a group that it has joined, from a source that it wants.
    Delivered(Delivery),
}

/// A packet that a listener sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The port that it leaves by.
    pub port: PortId,
    /// Its destination.
    pub to: IpAddr,
    /// The whole IP packet.
    pub packet: Vec<u8>,
}

impl Member {
    /// A listener on the node's links, without memberships.
    ///
    /// # Errors
    /// An interface has no address.
    pub fn new(plan: &Plan, node: NodeId, knobs: &HostKnobs) -> Result<Self, String> {
        let links = plan.nodes[node].ports.iter().map(|&port| {
            let name = plan.port_name(port);
            let rng = Rng::for_node(plan.seed, &name);
            let address = plan.ports[port].speaks_from().ok_or("an interface has no address")?;
            let host = Host::new(device::castnet::host(knobs), address, rng);
            Ok((port, MemberLink { name, host, joined: BTreeMap::new() }))
        });
        Ok(Self { node, links: links.collect::<Result<_, String>>()? })
    }

    /// Wants these sources of the group on a link from now on.
    ///
    /// # Errors
    /// The host refuses the join; the text says why.
    pub fn join(
        &mut self,
        now: Instant,
        port: PortId,
        group: Group,
        filter: &SourceFilter,
    ) -> Result<(), String> {
        let Some(link) = self.links.get_mut(&port) else { return Ok(()) };
        let listened = link.host.listen(now, SOCKET, group, device::castnet::wish(filter));
        listened.map_err(|refused| refused.to_string())?;
        link.joined.insert(group, filter.clone());
        Ok(())
    }

    /// Tries a join that the host has to refuse.
    ///
    /// # Errors
    /// The host has not refused it.
    pub fn join_refused(
        &mut self,
        now: Instant,
        port: PortId,
        group: Group,
        filter: &SourceFilter,
    ) -> Result<(), String> {
        match self.join(now, port, group, filter) {
            Err(_) => Ok(()),
            Ok(()) => Err(format!("the host has not refused to join {group}")),
        }
    }

    /// Wants these sources of the group by another socket, 2 or above, which reads nothing.
    ///
    /// # Errors
    /// The host refuses the join; the text says why.
    pub fn join_by(
        &mut self,
        now: Instant,
        port: PortId,
        group: Group,
        (socket, filter): (Socket, &SourceFilter),
    ) -> Result<(), String> {
        let Some(link) = self.links.get_mut(&port) else { return Ok(()) };
        let listened = link.host.listen(now, socket, group, device::castnet::wish(filter));
        listened.map_err(|refused| refused.to_string())
    }

    /// Leaves the group on a link.
    pub fn leave(&mut self, now: Instant, port: PortId, group: Group) {
        if let Some(link) = self.links.get_mut(&port) {
            link.joined.remove(&group);
            link.host.leave(now, group);
        }
    }

    /// The interface was down and is up again.
    pub fn link_returned(&mut self, now: Instant, port: PortId) {
        if let Some(link) = self.links.get_mut(&port) {
            link.host.link_returned(now);
        }
    }

    /// Hands in an IP packet that came by the port.
    pub fn hear(&mut self, now: Instant, port: PortId, bytes: &[u8]) -> Option<Heard> {
        let content = decode_ip(bytes).ok()?.content;
        if !matches!(content, Content::Gmp(_) | Content::BadGmp(_)) {
            return self.deliver(now, port, bytes).map(Heard::Delivered);
        }
        let MemberLink { name, host, .. } = self.links.get_mut(&port)?;
        let heard = Packet::decode(bytes).map_err(Ignored::from);
        let why = heard.and_then(|packet| host.receive(now, &packet)).err()?;
        let (node, text) = (self.node, format!("{name}: ignored: {why}"));
        Some(Heard::Ignored(NodeEvent { at: now, node, group: None, text, change: None }))
    }

    /// The delivery of a packet that came by the port at this time; `None` unless it is a datagram
    /// of a group that is joined there, from a source that is wanted.
    #[must_use]
    pub fn deliver(&self, at: Instant, port: PortId, bytes: &[u8]) -> Option<Delivery> {
        let packet = decode_ip(bytes).ok()?;
        let Content::Data(number) = packet.content else { return None };
        let group = Group::new(packet.destination)?;
        let (node, source) = (self.node, packet.source);
        let filter = self.links.get(&port)?.joined.get(&group)?;
        filter.wants(source).then_some(Delivery { at, node, source, group, number })
    }

    /// When [`Member::expire`] must be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.links.values().filter_map(|link| link.host.deadline()).min()
    }

    /// Serves every timer that has expired; harmless at any time.
    pub fn expire(&mut self, now: Instant) {
        self.links.values_mut().for_each(|link| link.host.expire(now));
    }

    /// The next packet to be sent; `None` when there are no more.
    ///
    /// # Errors
    /// The message could not be encoded and is not sent; the text says why.
    pub fn poll(&mut self) -> Option<Result<Said, String>> {
        self.links.iter_mut().find_map(|(&port, link)| {
            let said = link.host.poll()?.and_then(|said| {
                let packet = said.encode()?;
                Ok(Said { port, to: said.header.destination, packet })
            });
            Some(said.map_err(|unfit| unfit.to_string()))
        })
    }
}
