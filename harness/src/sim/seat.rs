//! The state of a port that the engine needs for each frame, stored densely: the plan of a large
//! network fits no cache.

use super::forwarders::{Forwarder, small};
use crate::plan::{LinkId, NodeId, Plan, PortId, Role};

/// A port at work.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct Seat {
    node: u32,
    link: u32,
    /// The other end, if the link is a cable; else [`NONE`].
    peer: u32,
    /// The index of its router's forwarding among all; else [`NONE`].
    forwarder: u32,
    /// Its Ethernet address.
    pub(super) mac: [u8; 6],
    /// Where the last frame went to that it was found to listen to, or [`NOWHERE`]: what follows in a
    /// stream need not be looked up at its link.
    heard: [u8; 6],
    /// Its index among the ports of its node; a virtual interface has one below 32.
    position: u8,
    pub(super) up: bool,
    /// Whether it receives every frame.
    hears_all: bool,
    /// Whether the frames of its link are recorded.
    pub(super) is_kept: bool,
}

/// Two seats share a cache line: both ends of a cable, if they were planned together.
const _: () = assert!(size_of::<Seat>() == 32);

/// The destination of no frame that a port listens to.
const NOWHERE: [u8; 6] = [0; 6];

/// No index.
const NONE: u32 = u32::MAX;

impl Seat {
    /// All ports of a plan, up. A link is a cable if it has two ports and no wire of the fabric's.
    pub(super) fn all(plan: &Plan, forwarders: &[Forwarder]) -> Vec<Self> {
        let kept = plan.kept_links();
        let seat = |(id, port): (PortId, &crate::plan::Port)| {
            let peer = match *plan.links[port.link].ports {
                [one, other] if !plan.is_wire(port.link) => {
                    small(if one == id { other } else { one })
                }
                _ => NONE,
            };
            let node = &plan.nodes[port.node];
            let position = node.ports.iter().position(|&own| own == id);
            let is_router = matches!(node.role, Role::Router(_));
            Self {
                node: small(port.node),
                link: small(port.link),
                peer,
                forwarder: match is_router {
                    true => small(Forwarder::place(forwarders, port.node)),
                    false => NONE,
                },
                mac: port.mac,
                heard: NOWHERE,
                position: position.map_or(0, |at| u8::try_from(at).unwrap_or(u8::MAX)),
                up: true,
                hears_all: false,
                is_kept: kept[port.link],
            }
        };
        plan.ports.iter().enumerate().map(seat).collect()
    }

    /// Whether it is known to listen to frames to this address.
    pub(super) fn is_heard(&self, destination: [u8; 6]) -> bool {
        self.hears_all || destination != NOWHERE && self.heard == destination
    }

    /// It listens to frames to this address.
    pub(super) const fn note(&mut self, destination: [u8; 6]) {
        self.heard = destination;
    }

    /// What it listens to has changed.
    pub(super) const fn listen_anew(&mut self, hears_all: bool) {
        self.hears_all = hears_all;
        self.heard = NOWHERE;
    }

    pub(super) const fn node(&self) -> NodeId {
        self.node as NodeId
    }

    pub(super) const fn link(&self) -> LinkId {
        self.link as LinkId
    }

    pub(super) const fn position(&self) -> usize {
        self.position as usize
    }

    pub(super) const fn peer(&self) -> Option<PortId> {
        place(self.peer)
    }

    pub(super) const fn forwarder(&self) -> Option<usize> {
        place(self.forwarder)
    }
}

const fn place(place: u32) -> Option<usize> {
    if place == NONE { None } else { Some(place as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::compile;

    const LINKS: &str = r#"
title = "links of every kind"
[links]
up = ["s1", "r1"]
slow = { nodes = ["r1", "r2"], delay = "1ms" }
lan = ["r1", "h1", "r2"]
[nodes]
s1 = { role = "source" }
r1 = { role = "router" }
r2 = { role = "router" }
h1 = { role = "listener" }
[[expect]]
querier = { on = "lan", is = "r1" }
at = "start + 1s"
"#;

    #[test]
    fn two_ports_with_nobody_between_are_a_cable() {
        let plan = compile("links.toml", LINKS).unwrap_or_else(|e| panic!("{}", e.render(false)));
        let seats = Seat::all(&plan, &Forwarder::all(&plan));
        let peer = |name: &str| {
            let port = (0..seats.len()).find(|&port| plan.port_name(port) == name).unwrap();
            seats[port].peer().map(|peer| plan.port_name(peer))
        };
        assert_eq!(peer("s1:up").as_deref(), Some("r1:up"));
        assert_eq!(peer("r1:up").as_deref(), Some("s1:up"));
        assert_eq!([peer("r1:slow"), peer("r2:slow"), peer("r1:lan")], [None, None, None]);
    }

    #[test]
    fn a_seat_knows_its_place_at_its_node() {
        let plan = compile("links.toml", LINKS).unwrap_or_else(|e| panic!("{}", e.render(false)));
        for (port, seat) in Seat::all(&plan, &Forwarder::all(&plan)).iter().enumerate() {
            assert_eq!(plan.nodes[seat.node()].ports[seat.position()], port);
            assert!(plan.links[seat.link()].ports.contains(&port));
        }
    }

    #[test]
    fn what_was_heard_is_known_until_something_else_is_listened_to() {
        let plan = compile("links.toml", LINKS).unwrap_or_else(|e| panic!("{}", e.render(false)));
        let mut seat = Seat::all(&plan, &Forwarder::all(&plan))[0];
        let (group, other) = ([1, 0, 0x5e, 1, 1, 1], [1, 0, 0x5e, 1, 1, 2]);
        assert!(!seat.is_heard(group) && !seat.is_heard([0; 6]));
        seat.note(group);
        assert!(seat.is_heard(group) && !seat.is_heard(other));
        seat.listen_anew(false);
        assert!(!seat.is_heard(group));
        seat.listen_anew(true);
        assert!(seat.is_heard(group) && seat.is_heard(other));
    }
}
