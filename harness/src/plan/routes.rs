//! Derives unicast routes over the fewest routers, where a scenario does not give them.
//!
//! Among equally short paths the one that the file has first wins: the node's links in the order of
//! the file, and the routers on a link in the order of its list. A route is as wide as its networks
//! allow, so that a long chain has few routes; together they cover these networks exactly.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

use ipnet::IpNet;

use super::topology::Topology;
use super::{Link, LinkId, NodeId, Port, PortId, Route, SourceRoute};
use crate::knobs::RouteCost;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{self, Role, Scenario};

/// The next step towards a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hop {
    port: PortId,
    /// The router there; `None` if a scenario's route leads to a link without one.
    via: Option<IpAddr>,
    cost: RouteCost,
}

/// The next steps of a node, by the first link of each segment that it is not on itself.
type Table = BTreeMap<LinkId, Hop>;

/// How far routers are from one network, in routers between.
struct Distances(BTreeMap<NodeId, u32>);

/// The routes of all nodes to networks that they are not on.
pub(super) struct Routes(Vec<Table>);

impl Routes {
    /// Derives all routes, and replaces them by the scenario's own where it has some.
    pub(super) fn new(scenario: &Scenario, topology: &Topology, faults: &mut Diagnostics) -> Self {
        let mut tables = vec![Table::new(); topology.nodes.len()];
        let map = Map::new(scenario, topology);
        let segments = (0..topology.links.len()).filter(|&id| topology.links[id].segment == id);
        let given = given(scenario, topology, faults);
        let derived = map.derives.contains(&true);
        for to in segments.filter(|to| derived || given.contains_key(to)) {
            let distances = map.distances(to);
            let nearest = map.nearest(&distances);
            for (node, table) in tables.iter_mut().enumerate() {
                if map.derives[node] && !map.segments_of(node).any(|(segment, _)| segment == to) {
                    let hops = map.segments_of(node).filter_map(|(segment, port)| {
                        let (distance, router) = *nearest.get(&segment)?;
                        let via = map.ports[router].address;
                        Some((distance, Hop { port, via, cost: RouteCost::default() }))
                    });
                    let hop = hops.min_by_key(|(distance, _)| *distance);
                    table.extend(hop.map(|(_, hop)| (to, hop)));
                }
            }
            for (&node, &(port, cost)) in given.get(&to).into_iter().flatten() {
                tables[node].insert(to, Hop { port, via: map.gateway(port, &distances), cost });
            }
        }
        Self(tables)
    }

    /// The unicast routes of a node.
    pub(super) fn unicast(&self, node: NodeId, links: &[Link]) -> Vec<Route> {
        let hop = |hop: &Hop| hop.via.map(|via| (hop.port, via));
        let routes = merged(&self.0[node], links, hop).into_iter();
        routes.map(|(to, (port, via))| Route { to, via, port }).collect()
    }

    /// The interface of a router towards the sources of a network.
    pub(super) fn towards_sources(&self, node: NodeId, links: &[Link]) -> Vec<SourceRoute> {
        let routes = merged(&self.0[node], links, |hop| Some(*hop)).into_iter();
        let route = |(prefix, Hop { port, via, cost })| SourceRoute { prefix, port, via, cost };
        routes.map(route).collect()
    }
}

/// The networks by their next step, adjacent ones merged.
fn merged<K: Ord + Copy>(
    table: &Table,
    links: &[Link],
    key: impl Fn(&Hop) -> Option<K>,
) -> Vec<(IpNet, K)> {
    let mut by_key = BTreeMap::<K, Vec<IpNet>>::new();
    for (to, hop) in table {
        if let Some(key) = key(hop) {
            by_key.entry(key).or_default().push(links[*to].subnet);
        }
    }
    let merged = by_key.iter().flat_map(|(&key, networks)| {
        IpNet::aggregate(networks).into_iter().map(move |network| (network, key))
    });
    merged.collect()
}

/// The scenario's own routes: to each segment the routers that have one, with their ports.
fn given(
    scenario: &Scenario,
    topology: &Topology,
    faults: &mut Diagnostics,
) -> BTreeMap<LinkId, BTreeMap<NodeId, (PortId, RouteCost)>> {
    let mut all = BTreeMap::<LinkId, BTreeMap<NodeId, (PortId, RouteCost)>>::new();
    for (node, written) in scenario.nodes.iter().enumerate() {
        let Role::Router(router) = &written.role else { continue };
        for scenario::Route { to, link, cost } in &router.routes {
            let found = (topology.link(to, faults), topology.port(node, link, faults));
            let (Some(network), Some(port)) = found else { continue };
            let segment = topology.links[network].segment;
            let name = &written.name.value;
            let to_segment = all.entry(segment).or_default();
            let is_on = |&own: &PortId| topology.links[topology.ports[own].link].segment == segment;
            if topology.nodes[node].ports.iter().any(is_on) {
                let message = format!("{name} is on {} itself", to.value);
                faults.error(&to.span, message, "needs no route, and would not use it");
            } else if let Some(cost) = cost.as_ref().filter(|_| router.pim.is_none()) {
                let message = format!("{name} speaks no PIM, and compares no routes");
                faults.error(&cost.span, message, "only Asserts of PIM have this");
            } else if let Entry::Vacant(free) = to_segment.entry(node) {
                free.insert((
                    port,
                    cost.as_ref().map_or_else(RouteCost::default, |cost| cost.value),
                ));
            } else {
                let message = format!("{name} has another route to {}", to.value);
                faults.error(&to.span, message, "the second one");
            }
        }
    }
    all
}

/// The topology for the search of paths.
struct Map<'a> {
    nodes: &'a [super::Node],
    links: &'a [Link],
    ports: &'a [Port],
    /// Whether a node has routes to all networks.
    derives: Vec<bool>,
    /// The ports of the routers on each segment, in the order of the file.
    routers: BTreeMap<LinkId, Vec<PortId>>,
}

impl<'a> Map<'a> {
    fn new(scenario: &Scenario, topology: &'a Topology) -> Self {
        let Topology { nodes, links, ports, .. } = topology;
        let roles = scenario.nodes.iter().map(|node| &node.role);
        let is_router: Vec<bool> =
            roles.clone().map(|role| matches!(role, Role::Router(_))).collect();
        let derives = roles.map(|role| match role {
            Role::Router(router) => router.derive_routes,
            Role::Switch(_) => false,
            Role::Listener(_) | Role::Source | Role::Injector | Role::Querier(_) => {
                !scenario.is_generated
            }
        });
        let mut routers = BTreeMap::<LinkId, Vec<PortId>>::new();
        for link in links {
            let here = link.ports.iter().filter(|&&port| is_router[ports[port].node]);
            routers.entry(link.segment).or_default().extend(here);
        }
        Self { nodes, links, ports, derives: derives.collect(), routers }
    }

    /// The segments that a node is on, each with its port there.
    fn segments_of(&self, node: NodeId) -> impl Iterator<Item = (LinkId, PortId)> {
        let ports = self.nodes[node].ports.iter();
        ports.map(|&port| (self.links[self.ports[port].link].segment, port))
    }

    fn routers_on(&self, segment: LinkId) -> &[PortId] {
        self.routers.get(&segment).map_or(&[], Vec::as_slice)
    }

    /// How far each router is from a segment: breadth first.
    fn distances(&self, to: LinkId) -> Distances {
        let mut distances = BTreeMap::new();
        let mut edge = vec![to];
        for distance in 0.. {
            let mut found = Vec::new();
            for port in edge.iter().flat_map(|&segment| self.routers_on(segment)) {
                let node = self.ports[*port].node;
                if let Entry::Vacant(unknown) = distances.entry(node) {
                    unknown.insert(distance);
                    found.extend(self.segments_of(node).map(|(segment, _)| segment));
                }
            }
            if found.is_empty() {
                break;
            }
            edge = found;
        }
        Distances(distances)
    }

    /// The nearest router on each segment, with its distance.
    fn nearest(&self, distances: &Distances) -> BTreeMap<LinkId, (u32, PortId)> {
        let nearest = self.routers.iter().filter_map(|(&segment, ports)| {
            let ports = ports.iter().copied();
            Some((segment, ports.filter_map(|port| self.at(port, distances)).min_by_key(|n| n.0)?))
        });
        nearest.collect()
    }

    /// The nearest other router on the link of a port.
    fn gateway(&self, port: PortId, distances: &Distances) -> Option<IpAddr> {
        let segment = self.links[self.ports[port].link].segment;
        let others = self.routers_on(segment).iter().filter(|&&other| other != port);
        let nearest = others.filter_map(|&other| self.at(other, distances)).min_by_key(|n| n.0);
        nearest.and_then(|(_, other)| self.ports[other].address)
    }

    fn at(&self, port: PortId, distances: &Distances) -> Option<(u32, PortId)> {
        distances.0.get(&self.ports[port].node).map(|&distance| (distance, port))
    }
}
