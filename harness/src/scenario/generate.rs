//! Generates topologies that are tedious to write by hand: a source, routers in some shape, and
//! hosts behind them.
//!
//! The routers are `r1`, `r2` and so on; the source `s1` is on `up` with the first of them. `c7`
//! leads from `r7` up to its parent, and on `lan7` are the hosts of `r7`, `h7`. Every router has a
//! route to the source, and with a `group` forwards it down to all others. Generated links and
//! nodes count as written, and the rest of the file may refer to them.

use std::collections::BTreeSet;

use castnet::addr::Group;

use super::diagnostic::Diagnostics;
use super::node::{KEEPALIVE, listeners};
use super::reader::Reader;
use super::span::{Span, Spanned};
use super::values::{group, verb};
use super::{Link, Node, Pace, Role, Route, Router, StaticJoin, membership};
use crate::knobs::Knobs;
use crate::vocabulary::node::{MOST_HOSTS, MOST_ROUTERS};

/// The generated links and nodes.
#[derive(Debug, Default)]
pub(super) struct Generated {
    pub(super) links: Vec<Link>,
    pub(super) nodes: Vec<Node>,
}

/// Routers in a shape.
#[derive(Debug, Default)]
struct Shape {
    /// The parent of each router, which comes before it; the first one has none.
    parents: Vec<Option<usize>>,
    /// Whether a router has hosts.
    leaves: Vec<bool>,
    /// Links besides those to parents.
    more: Vec<(usize, usize)>,
}

/// The keys that hold for the whole topology.
struct Kind {
    span: Span,
    hosts: u32,
    group: Option<Group>,
    knobs: Knobs,
    igmp_version: Option<u8>,
}

/// The table `[generate]`, if the file has one.
pub(super) fn generated(file: &Reader<'_, '_>) -> Option<Generated> {
    let form = "a table such as { chain = { routers = 10, hosts = 2 } }";
    let table = file.table("generate", "[generate]", form)?;
    let shapes = ["chain", "tree", "grid", "lan"];
    let word = verb(&table, &shapes, "tree = { fan-out = 3, depth = 4 }");
    let knobs = membership::params(&table);
    let igmp_version = super::node::igmp_version(&table);
    let made = word.and_then(|word| {
        let form = "a table such as { routers = 10, hosts = 2, group = \"239.1.1.1\" }";
        let own = table.table(word, "a shape", form)?;
        let span = own.span().clone();
        let shape = match word {
            "chain" => chain(&own),
            "tree" => tree(&own),
            "grid" => grid(&own),
            _ => Some(Shape { parents: vec![None], leaves: vec![true], more: Vec::new() }),
        };
        let hosts = own.integer::<u32>("hosts");
        let group = own.value("group").and_then(|_| group(&own, "group"));
        own.finish();
        let hosts = hosts.map_or(0, |hosts| hosts.value);
        let group = group.map(|group| group.value);
        let kind = Kind { span, hosts, group, knobs: knobs?, igmp_version: igmp_version? };
        kind.check(&shape?, &table)
    });
    table.finish();
    made
}

fn size(table: &Reader<'_, '_>, key: &'static str) -> Option<usize> {
    table.require(key, table.whole(key)).map(|size| size.value)
}

fn chain(table: &Reader<'_, '_>) -> Option<Shape> {
    let routers = size(table, "routers")?;
    let parents = (0..routers).map(|n: usize| n.checked_sub(1)).collect();
    Some(Shape { parents, leaves: vec![true; routers], more: Vec::new() })
}

/// `depth` levels of routers below the first one; only the last level has hosts.
fn tree(table: &Reader<'_, '_>) -> Option<Shape> {
    let (fan_out, depth) = (size(table, "fan-out"), size(table, "depth"));
    let (fan_out, depth) = (fan_out?, depth?);
    let (mut parents, mut level) = (vec![None], 0..1);
    for _ in 1..depth {
        if parents.len() + level.len() * fan_out > MOST_ROUTERS {
            // Enough routers for the error that there are too many.
            parents.resize(MOST_ROUTERS + 1, None);
            break;
        }
        let next = parents.len()..parents.len() + level.len() * fan_out;
        parents.extend(level.flat_map(|parent| vec![Some(parent); fan_out]));
        level = next;
    }
    let leaves = (0..parents.len()).map(|n| level.contains(&n)).collect();
    Some(Shape { parents, leaves, more: Vec::new() })
}

/// Each router's parent is to its left, or above it in the first column; further links join the
/// rows.
fn grid(table: &Reader<'_, '_>) -> Option<Shape> {
    let (rows, columns) = (size(table, "rows"), size(table, "columns"));
    let (rows, columns) = (rows?, columns?);
    let routers = rows.saturating_mul(columns).min(MOST_ROUTERS + 1);
    let parents = (0..routers).map(|n| match n % columns {
        0 => n.checked_sub(columns),
        _ => Some(n - 1),
    });
    let more = (columns..routers).filter(|n| n % columns > 0).map(|n| (n - columns, n));
    let more = more.collect();
    Some(Shape { parents: parents.collect(), leaves: vec![true; routers], more })
}

impl Kind {
    fn check(&self, shape: &Shape, table: &Reader<'_, '_>) -> Option<Generated> {
        let routers = shape.parents.len();
        let hosts =
            shape.leaves.iter().filter(|leaf| **leaf).count() as u64 * u64::from(self.hosts);
        let mut faults = table.faults().borrow_mut();
        if routers > MOST_ROUTERS {
            let message = format!("at most {MOST_ROUTERS} routers are generated");
            faults.error(&self.span, message, "these are more");
        } else if hosts > u64::from(MOST_HOSTS) {
            let message = format!("at most {MOST_HOSTS} hosts are generated");
            faults.error(&self.span, message, format!("these are {hosts}"));
        } else {
            return Some(self.build(shape));
        }
        None
    }

    fn build(&self, shape: &Shape) -> Generated {
        let mut made = Generated::default();
        made.links.push(self.link("up".to_owned(), ["s1".to_owned(), "r1".to_owned()]));
        made.nodes.push(Node {
            name: self.named("s1".to_owned()),
            role: Role::Source,
            as_distributed: false,
        });
        let mut children = vec![Vec::new(); shape.parents.len()];
        for (n, parent) in shape.parents.iter().enumerate() {
            if let Some(parent) = *parent {
                children[parent].push(n);
                made.links.push(self.link(uplink(n), [router(parent), router(n)]));
            }
            if shape.leaves[n] && self.hosts > 0 {
                let hosts = format!("h{}", n + 1);
                made.links.push(self.link(format!("lan{}", n + 1), [router(n), hosts.clone()]));
                let role = Role::Listener(listeners(self.igmp_version, self.hosts));
                made.nodes.push(Node { name: self.named(hosts), role, as_distributed: false });
            }
        }
        for (count, &(one, other)) in shape.more.iter().enumerate() {
            let name = format!("x{}", count + 1);
            made.links.push(self.link(name, [router(one), router(other)]));
        }
        for (n, children) in children.iter().enumerate() {
            let role = Role::Router(self.router(n, shape.parents[n].is_some(), children));
            made.nodes.push(Node { name: self.named(router(n)), role, as_distributed: false });
        }
        made
    }

    fn router(&self, n: usize, has_parent: bool, children: &[usize]) -> Router {
        let joins = children.iter().zip(self.group.into_iter().cycle()).map(|(&child, group)| {
            let group = Spanned { value: group, span: self.span.clone() };
            StaticJoin { link: self.named(uplink(child)), group, source: None }
        });
        let route =
            Route { to: self.named("up".to_owned()), link: self.named(uplink(n)), cost: None };
        Router {
            knobs: self.knobs.clone(),
            pim: None,
            upstream: None,
            only_forwarder: Vec::new(),
            fixed: Box::default(),
            static_joins: joins.collect(),
            routes: has_parent.then_some(route).into_iter().collect(),
            derive_routes: false,
            ttl_threshold: 1,
            ttl_thresholds: Vec::new(),
            keepalive: KEEPALIVE,
            is_process: false,
            device: None,
            own: None,
        }
    }

    fn link<const N: usize>(&self, name: String, nodes: [String; N]) -> Link {
        let nodes = nodes.into_iter().map(|node| self.named(node)).collect();
        Link {
            name: self.named(name),
            nodes,
            subnet: None,
            addresses: Vec::new(),
            pace: Pace::default(),
        }
    }

    /// A name with the place of the generator.
    fn named(&self, value: String) -> Spanned<String> {
        Spanned { value, span: self.span.clone() }
    }
}

fn router(n: usize) -> String {
    format!("r{}", n + 1)
}

fn uplink(n: usize) -> String {
    format!("c{}", n + 1)
}

/// Adds the generated parts to the written ones; a name that both have is reported, and the written
/// part counts.
pub(super) fn add(
    mut made: Generated,
    links: &mut Vec<Link>,
    nodes: &mut Vec<Node>,
    faults: &mut Diagnostics,
) {
    let mut twice = |what: &str, name: &Spanned<String>| {
        let message = format!("the {what} {} is generated already", name.value);
        faults.error(&name.span, message, "choose another name");
    };
    let generated: BTreeSet<String> =
        made.links.iter().map(|link| link.name.value.clone()).collect();
    for link in links.iter().filter(|link| generated.contains(&link.name.value)) {
        twice("link", &link.name);
        made.links.retain(|made| made.name.value != link.name.value);
    }
    let generated: BTreeSet<String> =
        made.nodes.iter().map(|node| node.name.value.clone()).collect();
    for node in nodes.iter().filter(|node| generated.contains(&node.name.value)) {
        twice("node", &node.name);
        made.nodes.retain(|made| made.name.value != node.name.value);
    }
    links.extend(made.links);
    nodes.extend(made.nodes);
}
