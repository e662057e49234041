//! PIM on one router among others, driven by messages and time.

mod asserting;
mod hello;
mod joining;
mod registering;
mod rendezvous;
mod shared;
mod switching;

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::params::{LinkParams, Params};
use super::{Branch, Cx, Facts, News, Pim, Say, encode, encode_to};
use crate::addr::{Family, Group, Source};
use crate::ignored::Ignored;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::rib::{NextHop, Rib};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::ip::{Header, Packet};
use crate::wire::pim::{
    EncodedGroup, EncodedSource, GroupEntries, Hello, HelloOption, JoinPrune, Message,
};

const UP: usize = 0;
const LAN: usize = 1;
const REGISTER: usize = Vif::REGISTER.index();

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn group(text: &str) -> Group {
    Group::new(ip(text)).unwrap()
}

fn flow() -> Flow {
    Flow { source: Source::new(ip("10.9.0.9")).unwrap(), group: group("232.1.1.1") }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO + secs(seconds)
}

/// What the rest of the router knows.
#[derive(Default)]
struct World {
    rib: Rib,
    own: BTreeSet<IpAddr>,
    members: BTreeSet<(Vif, Branch)>,
}

impl Facts for World {
    fn is_boundary(&self, _: Vif, _: Group) -> bool {
        false
    }

    fn towards(&self, address: IpAddr) -> Option<NextHop> {
        self.rib.towards(address)
    }

    fn is_own(&self, address: IpAddr) -> bool {
        self.own.contains(&address)
    }

    fn reached_by(&self, vif: Vif, _: Family) -> Option<IpAddr> {
        let net = if vif.index() == UP { "10.0.0.5" } else { "10.0.1.5" };
        Some(ip(net))
    }

    fn includes(&self, vif: Vif, branch: Branch) -> bool {
        self.members.contains(&(vif, branch))
    }

    fn excludes(&self, _: Vif, _: Flow) -> bool {
        false
    }

    fn sources(&self, group: Group) -> BTreeSet<Source> {
        let of = self.members.iter().filter(|(_, branch)| branch.group == group);
        of.filter_map(|(_, branch)| branch.source).collect()
    }

    fn groups(&self) -> BTreeSet<Group> {
        self.members.iter().map(|(_, branch)| branch.group).collect()
    }
}

/// The router 10.0.N.5 on the links N = 0 (`UP`) and 1 (`LAN`); 10.9.0.0/24 is behind 10.0.0.1.
struct Rig {
    pim: Pim,
    world: World,
    rng: Rng,
    now: Instant,
    said: Vec<(Instant, Say)>,
}

impl Rig {
    fn new() -> Self {
        Self::with(|_| LinkParams::default())
    }

    fn with(params: impl Fn(usize) -> LinkParams) -> Self {
        let mut world = World::default();
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        world.rib.replace_own([
            (net("10.0.0.0/24"), NextHop::connected(vif(UP))),
            (net("10.0.1.0/24"), NextHop::connected(vif(LAN))),
            (net("10.9.0.0/24"), NextHop::configured(vif(UP), Some(ip("10.0.0.1")))),
        ]);
        world.own = [ip("10.0.0.5"), ip("10.0.1.5")].into();
        let pim = Pim::new(Family::V4, Params::default(), secs(210));
        let (rng, now) = (Rng::for_node(7, "r1"), Instant::ZERO);
        let mut rig = Self { pim, world, rng, now, said: Vec::new() };
        for (number, own) in [(UP, "10.0.0.5"), (LAN, "10.0.1.5")] {
            let params = params(number);
            rig.call(|pim, cx, _| pim.start_link(cx, vif(number), params, ip(own), Vec::new()));
        }
        rig
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut Pim, &mut Cx<'_>, &World) -> T) -> T {
        let mut out = VecDeque::new();
        let mut cx = Cx { now: self.now, rng: &mut self.rng, out: &mut out };
        let result = call(&mut self.pim, &mut cx, &self.world);
        let now = self.now;
        self.said.extend(out.into_iter().map(|say| (now, say)));
        result
    }

    /// Lets the time pass, and serves every timer at its time.
    fn until(&mut self, seconds: u64) {
        while let Some(due) = self.pim.deadline().filter(|&due| due <= at(seconds)) {
            self.now = due;
            self.call(|pim, cx, facts| pim.expire(cx, facts));
        }
        self.now = at(seconds);
    }

    fn receive(&mut self, link: usize, from: &str, message: &Message) -> Result<(), Ignored> {
        let packet = encode(ip(from), message).unwrap();
        self.take(link, packet.header, &packet.payload)
    }

    fn take(&mut self, link: usize, header: Header, payload: &[u8]) -> Result<(), Ignored> {
        let packet = Packet { header, payload };
        self.call(|pim, cx, facts| pim.receive(cx, facts, vif(link), &packet))
    }

    fn hears_hello(&mut self, link: usize, from: &str, options: Vec<HelloOption>) {
        self.receive(link, from, &hello(options)).unwrap();
    }

    /// Members on a link want this from now on, or do not.
    fn member(&mut self, link: usize, branch: Branch, is_member: bool) {
        match is_member {
            true => self.world.members.insert((vif(link), branch)),
            false => self.world.members.remove(&(vif(link), branch)),
        };
        self.call(|pim, cx, facts| pim.refresh(cx, facts, branch.group));
    }

    /// The messages on a link since the last call, with their times.
    fn messages(&mut self, link: usize) -> Vec<(Instant, Message)> {
        let mine = |say: &Say| matches!(say, Say::Link(on, _) if *on == vif(link));
        let (taken, left) = std::mem::take(&mut self.said).into_iter().partition(|(_, s)| mine(s));
        self.said = left;
        let taken: Vec<(Instant, Say)> = taken;
        let message = |(at, say)| match say {
            Say::Link(_, message) => (at, message),
            other => panic!("{other:?}"),
        };
        taken.into_iter().map(message).collect()
    }

    /// The Join/Prunes on a link since the last call: when, and the entries in words.
    fn joins(&mut self, link: usize) -> Vec<(u64, String)> {
        let messages = self.messages(link).into_iter();
        let joins = messages.filter_map(|(at, message)| match message {
            Message::JoinPrune(_) => Some((at.since_start().as_secs(), message.to_string())),
            _ => None,
        });
        joins.collect()
    }

    /// The messages to single routers since the last call: when, from where, to where, and in words.
    fn unicast(&mut self) -> Vec<(u64, String, String)> {
        let mine = |say: &Say| matches!(say, Say::Route { .. });
        let (taken, left) = std::mem::take(&mut self.said).into_iter().partition(|(_, s)| mine(s));
        self.said = left;
        let taken: Vec<(Instant, Say)> = taken;
        let words = |(at, say): (Instant, Say)| match say {
            Say::Route { from, to, message, .. } => {
                (at.since_start().as_secs(), format!("{from} > {to}"), message.to_string())
            }
            other => panic!("{other:?}"),
        };
        taken.into_iter().map(words).collect()
    }

    /// The data plane shows a datagram of the flow that came in there.
    fn data(&mut self, link: usize, flow: Flow) {
        let now = self.now;
        self.call(|pim, cx, facts| pim.data(cx, facts, flow, vif(link), now));
    }

    /// Where the flow comes in and goes out.
    fn entry(&self, flow: Flow) -> (usize, Vec<usize>) {
        let (iif, oifs) = self.pim.entry(&self.world, flow, None).unwrap();
        (iif.index(), oifs.into_iter().map(Vif::index).collect())
    }

    /// A message to one of the router's own addresses.
    fn receive_from(&mut self, from: &str, to: &str, message: &Message) -> Result<(), Ignored> {
        let packet = encode_to(ip(from), ip(to), 0, message).unwrap();
        self.take(UP, packet.header, &packet.payload)
    }

    fn news(&mut self) -> Vec<(Vif, News)> {
        let news = std::mem::take(&mut self.said).into_iter();
        let news = news.filter_map(|(_, say)| match say {
            Say::News(vif, news) => Some((vif, news)),
            _ => None,
        });
        news.collect()
    }

    fn oifs(&self, flow: Flow) -> Vec<usize> {
        let (_, oifs) = self.pim.entry(&self.world, flow, None).unwrap();
        oifs.into_iter().map(Vif::index).collect()
    }
}

fn hello(options: Vec<HelloOption>) -> Message {
    Message::Hello(Hello { options })
}

/// The options of an ordinary router.
fn ordinary(generation: u32) -> Vec<HelloOption> {
    vec![
        HelloOption::Holdtime(105),
        HelloOption::LanPruneDelay {
            can_track: false,
            propagation_delay: 500,
            override_interval: 2500,
        },
        HelloOption::DrPriority(1),
        HelloOption::GenerationId(generation),
    ]
}

/// A Join/Prune of one group, and its holdtime.
fn join_prune(
    upstream: &str,
    of: &str,
    joins: &[EncodedSource],
    prunes: &[EncodedSource],
    holdtime: u16,
) -> Message {
    let (joins, prunes) = (joins.to_vec(), prunes.to_vec());
    let groups = vec![GroupEntries { group: EncodedGroup::one(ip(of)), joins, prunes }];
    Message::JoinPrune(JoinPrune { upstream: ip(upstream), holdtime, groups })
}
