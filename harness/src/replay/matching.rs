//! Finds the port of the scenario that sent a captured frame.
//!
//! An interface is matched to a port or link by its name, by the user's word, or by the network
//! that its IGMP comes from. A sender is known by its Ethernet address, or by its IP address on the
//! link; datagrams with another source come from the link's only router. Of several interfaces on
//! one link only one counts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::str::FromStr;

use castnet::addr::Family;

use crate::capture::decode::Packet;
use crate::capture::ethernet;
use crate::capture::file::CapturedFrame;
use crate::capture::inspected::InspectedFrame;
use crate::capture::link;
use crate::plan::{LinkId, Plan, PortId, Role};

/// What stands for a port of the scenario in the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mean {
    /// The interface of this name.
    Interface(String),
    /// The sender with this Ethernet address.
    Ethernet([u8; 6]),
    /// The sender with this IP address.
    Address(IpAddr),
}

impl FromStr for Mean {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let octets: Vec<Option<u8>> = text
            .split([':', '-'])
            .map(|octet| u8::from_str_radix(octet, 16).ok().filter(|_| octet.len() == 2))
            .collect();
        if let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] = octets[..] {
            return Ok(Self::Ethernet([a, b, c, d, e, f]));
        }
        let address = text.parse().map(Self::Address);
        Ok(address.unwrap_or_else(|_| Self::Interface(text.to_owned())))
    }
}

/// The user's word on what stands for which port.
pub type Means = Vec<(PortId, Mean)>;

pub(super) struct Matching<'a> {
    plan: &'a Plan,
    means: &'a Means,
    /// The link of each interface.
    links: BTreeMap<String, LinkId>,
    /// The interface that counts for each link; in castnet's own captures every port counts.
    counts: BTreeMap<LinkId, BTreeSet<String>>,
    strangers: BTreeMap<String, usize>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(plan: &'a Plan, shots: &[CapturedFrame], means: &'a Means) -> Self {
        let (links, counts) = (BTreeMap::new(), BTreeMap::new());
        let mut matching = Self { plan, means, links, counts, strangers: BTreeMap::new() };
        let mut votes = BTreeMap::<String, BTreeMap<LinkId, usize>>::new();
        for shot in shots {
            let frame = InspectedFrame::of(shot);
            let votes = votes.entry(frame.interface.clone()).or_default();
            let local = frame.packet().filter(|packet| frame.is_gmp_of(Family::of(packet.source)));
            for link in local.into_iter().flat_map(|packet| matching.links_of(packet.source)) {
                *votes.entry(link).or_default() += 1;
            }
        }
        for (interface, votes) in votes {
            let most = votes.into_iter().max_by_key(|(_, count)| *count).map(|(link, _)| link);
            let only = (plan.links.len() == 1).then_some(0);
            let Some(link) = matching.named(&interface).or(most).or(only) else { continue };
            matching.links.insert(interface.clone(), link);
            let counts = matching.counts.entry(link).or_default();
            let is_port = |name: &String| plan_port(plan, name).is_some();
            if counts.is_empty() || (is_port(&interface) && counts.iter().all(is_port)) {
                counts.insert(interface);
            }
        }
        matching
    }

    /// The links whose network has this address, or with a port that the user gave this address.
    fn links_of(&self, source: IpAddr) -> Vec<LinkId> {
        let said = self.means.iter().filter(|(_, mean)| *mean == Mean::Address(source));
        let said = said.map(|(port, _)| self.plan.ports[*port].link);
        let links = self.plan.links.iter().enumerate();
        let within = links.filter(|(_, link)| link.subnet.contains(&source)).map(|(id, _)| id);
        said.chain(within).collect()
    }

    /// The link that an interface's name means.
    fn named(&self, interface: &str) -> Option<LinkId> {
        let said = self.means.iter().find(|(_, mean)| match mean {
            Mean::Interface(name) => name == interface,
            Mean::Ethernet(_) | Mean::Address(_) => false,
        });
        let port = said.map(|(port, _)| *port).or_else(|| plan_port(self.plan, interface));
        let links = || self.plan.links.iter().position(|link| link.name == interface);
        port.map(|port| self.plan.ports[port].link).or_else(links)
    }

    /// Whether the capture has an interface on the link.
    pub(super) fn has(&self, link: LinkId) -> bool {
        self.counts.contains_key(&link)
    }

    /// The link that the frame was captured on.
    pub(super) fn link_of(&self, shot: &CapturedFrame) -> Option<LinkId> {
        self.links.get(&InspectedFrame::of(shot).interface).copied()
    }

    /// The port that sent the frame, and the frame as castnet would have captured it there.
    pub(super) fn sender(&mut self, shot: &CapturedFrame) -> Option<(PortId, Vec<u8>)> {
        let frame = InspectedFrame::of(shot);
        let packet = frame.packet()?;
        let link = *self.links.get(&frame.interface)?;
        // What the other family says on the link is none of the scenario's.
        let family = Family::of(self.plan.links[link].subnet.addr());
        if family != Family::of(packet.source) {
            return None;
        }
        if !self.counts.get(&link)?.contains(&frame.interface) {
            return None;
        }
        let own = plan_port(self.plan, &frame.interface).or_else(|| self.said(&frame.interface));
        let own = own.filter(|_| frame.outgoing == Some(true));
        let Some(port) = own.or_else(|| self.known(link, frame.source, packet)) else {
            *self.strangers.entry(self.stranger(link, packet)).or_default() += 1;
            return None;
        };
        let carried = link::open(shot.link_type, &shot.bytes).ok()?;
        // A frame that a switch passed on is identified by its Ethernet source, if the plan has it.
        let origin = frame.source.and_then(|mac| self.by_mac(mac)).unwrap_or(port);
        let source = self.plan.ports[origin].mac;
        Some((port, ethernet::frame(source, packet.destination, carried.packet)))
    }

    fn said(&self, interface: &str) -> Option<PortId> {
        let of = |mean: &Mean| *mean == Mean::Interface(interface.to_owned());
        self.means.iter().find(|(_, mean)| of(mean)).map(|(port, _)| *port)
    }

    fn by_mac(&self, mac: [u8; 6]) -> Option<PortId> {
        let said = self.means.iter().find(|(_, mean)| *mean == Mean::Ethernet(mac));
        let ports = || self.plan.ports.iter().position(|port| port.mac == mac);
        said.map(|(port, _)| *port).or_else(ports)
    }

    fn known(&self, link: LinkId, mac: Option<[u8; 6]>, packet: &Packet) -> Option<PortId> {
        let ports = &self.plan.links[link].ports;
        let here = |port: &PortId| ports.contains(port);
        let source = packet.source;
        let said =
            self.means.iter().find(|(port, mean)| here(port) && *mean == Mean::Address(source));
        let by_address = || ports.iter().copied().find(|&port| self.plan.ports[port].has(source));
        let router = || {
            let is_router = |port: &&PortId| {
                let node = &self.plan.nodes[self.plan.ports[**port].node];
                matches!(node.role, Role::Router(_))
            };
            let mut routers = ports.iter().filter(is_router);
            let is_link_local =
                matches!(source, IpAddr::V6(source) if source.is_unicast_link_local());
            let is_local = is_link_local || self.plan.links[link].subnet.contains(&source);
            match (routers.next(), routers.next(), is_local) {
                (Some(&router), None, false) => Some(router),
                _ => None,
            }
        };
        let by_mac = mac.and_then(|mac| self.by_mac(mac)).filter(here);
        by_mac.or(said.map(|(port, _)| *port)).or_else(by_address).or_else(router)
    }

    fn stranger(&self, link: LinkId, packet: &Packet) -> String {
        format!("{} on {}", packet.source, self.plan.links[link].name)
    }

    /// The senders without a match, and the interfaces left out.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (interface, link) in &self.links {
            let (name, counts) = (&self.plan.links[*link].name, &self.counts[link]);
            if !counts.contains(interface) {
                let other: Vec<&str> = counts.iter().map(String::as_str).collect();
                let other = other.join(", ");
                remarks.push(format!("{interface} is on {name}, too, as is {other}: left out"));
            } else if interface != name && plan_port(self.plan, interface).is_none() {
                remarks.push(format!("interface {interface} is taken to be on {name}"));
            }
        }
        for (who, count) in &self.strangers {
            remarks
                .push(format!("{count} frames of {who}, who is nobody of the scenario: left out"));
        }
        remarks
    }
}

/// The port of this name: `r1:lan`.
#[must_use]
pub fn plan_port(plan: &Plan, name: &str) -> Option<PortId> {
    (0..plan.ports.len()).find(|&port| plan.port_name(port) == name)
}
