//! The topology that all tools build: a chain of routers with a host on each.
//!
//! Nodes are numbered along the chain, router before host, so that N nodes have N - 1 links.
//! castnet gets the chain as specifications, `ip` as commands, and a script as plain lines.

use std::fmt::Write;

use castnet_lab::lab::{Built, Carrier, LinkSpec, PortSpec, Stack, UnicastRoute, Way};
use castnet_lab::plan::{Plan, Route, compile};

/// A chain of nodes with one veth for each link, one address for each port.
#[derive(Debug)]
pub(crate) struct Chain {
    /// `n0`, `n1` and so on.
    pub(crate) nodes: Vec<String>,
    /// The links, each with two ports.
    pub(crate) links: Vec<LinkSpec>,
}

impl Chain {
    /// Even nodes are routers, odd ones the hosts of the router before.
    pub(crate) fn new(nodes: usize) -> Self {
        let before = |node: usize| if node % 2 == 1 { node - 1 } else { node - 2 };
        Self {
            nodes: (0..nodes).map(|node| format!("n{node}")).collect(),
            links: (1..nodes).map(|node| link(node, before(node), node)).collect(),
        }
    }

    /// The nodes as namespaces of IPv4; if `routed`, routers forward.
    pub(crate) fn nodes(&self, routed: bool) -> Vec<(String, Stack)> {
        let stack =
            |node: usize| Stack { forwards: routed && node.is_multiple_of(2), ..Stack::default() };
        (0..).zip(&self.nodes).map(|(node, name)| (name.clone(), stack(node))).collect()
    }

    /// The unicast routes of every node, as in a plan of the same chain.
    pub(crate) fn unicast(&self, built: &Built) -> anyhow::Result<Vec<Vec<UnicastRoute>>> {
        let mut text = String::from("title = \"chain\"\nend = \"1s\"\n[links]\n");
        for LinkSpec { name, ports, .. } in &self.links {
            let (one, other) = (&self.nodes[ports[0].netns], &self.nodes[ports[1].netns]);
            let subnet = ports[0].addresses[0].trunc();
            writeln!(
                text,
                "{name} = {{ nodes = [\"{one}\", \"{other}\"], subnet = \"{subnet}\" }}"
            )?;
        }
        text.push_str("[nodes]\n");
        for (number, node) in self.nodes.iter().enumerate() {
            let role = if number % 2 == 0 { "router" } else { "listener" };
            writeln!(text, "{node} = {{ role = \"{role}\" }}")?;
        }
        text.push_str("[[expect]]\npacket = { on = \"l1\", kind = \"data\" }\ncount = 0\n");
        let plan = compile("chain.toml", &text)?;
        let route = |route: &Route| UnicastRoute {
            to: route.to,
            way: Way::Via(route.via, ifindex(&plan, built, route.port)),
        };
        Ok(plan.nodes.iter().map(|node| node.routes.iter().map(route).collect()).collect())
    }

    /// The commands that make namespaces and links, and for each node those that configure it.
    pub(crate) fn commands(&self) -> (String, Vec<String>) {
        let mut make = String::new();
        let mut configure = vec![String::from("link set lo up\n"); self.nodes.len()];
        for node in &self.nodes {
            let _infallible = writeln!(make, "netns add {node}");
        }
        for link in &self.links {
            let [one, other] = [&link.ports[0], &link.ports[1]];
            let _infallible = writeln!(
                make,
                "link add {} netns n{} numtxqueues 1 numrxqueues 1 \
                 type veth peer name {} netns n{} numtxqueues 1 numrxqueues 1",
                one.ifname, one.netns, other.ifname, other.netns,
            );
            for PortSpec { netns, ifname, addresses, .. } in [one, other] {
                let _infallible = write!(
                    configure[*netns],
                    "addr add {} dev {ifname}\nlink set {ifname} up\n",
                    addresses[0]
                );
            }
        }
        (make, configure)
    }

    /// The commands that remove everything.
    pub(crate) fn removal(&self) -> String {
        self.nodes.iter().map(|node| format!("netns del {node}\n")).collect()
    }

    /// `node NAME`, then `link NODE IFNAME ADDRESS NODE IFNAME ADDRESS`, a line each.
    pub(crate) fn lines(&self) -> String {
        let mut lines: String = self.nodes.iter().map(|node| format!("node {node}\n")).collect();
        for link in &self.links {
            let port = |port: &PortSpec| {
                format!(" {} {} {}", self.nodes[port.netns], port.ifname, port.addresses[0])
            };
            let _infallible =
                writeln!(lines, "link{}{}", port(&link.ports[0]), port(&link.ports[1]));
        }
        lines
    }
}

fn ifindex(plan: &Plan, built: &Built, port: usize) -> u32 {
    let link = plan.ports[port].link;
    let position = plan.links[link].ports.iter().position(|&other| other == port);
    built.ifindex[link][position.unwrap_or_default()]
}

fn link(number: usize, one: usize, other: usize) -> LinkSpec {
    let port = |netns: usize, end: u8| {
        let [.., high, low] = number.to_be_bytes();
        PortSpec {
            netns,
            ifname: format!("l{number}"),
            mac: [2, 0, 0, high, low, end],
            addresses: [format!("10.{high}.{low}.{end}/24").parse().ok()]
                .into_iter()
                .flatten()
                .collect(),
        }
    };
    let ports = vec![port(one, 1), port(other, 2)];
    LinkSpec { name: format!("l{number}"), ports, carrier: Carrier::Kernel }
}
