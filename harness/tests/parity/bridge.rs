//! A switch that snoops, on the kernel and on `sim::model::bridge`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use castnet::addr::Family;
use castnet::time::Instant;
use castnet::wire::igmp::Version;
use castnet_lab::knobs::BridgeKnobs;
use castnet_lab::lab::{MdbEntry, MdbMessage, MdbMode, MdbMonitor, Netlink, SwitchSpec, switch};
use castnet_lab::recording::Holds;
use castnet_lab::sim::model::bridge::{Bridge, BridgeInet, BridgeOut, Settings};

use crate::ground::Ground;
use crate::script::{Model, Reaction, Steps, compare, describe};

/// The bridge's ports; the last one has fast leave.
pub(crate) const PORTS: usize = 3;

/// The source of the bridge's Queries, which is neither the lowest nor the highest address.
pub(crate) const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 50);

#[derive(Clone, Debug)]
pub(crate) enum Stimulus {
    /// A packet comes in on a port.
    Packet(usize, Vec<u8>),
    /// The bridge becomes a querier, or stops being one.
    Querier(bool),
    Down(usize),
    Up(usize),
}

/// Short times, all different: LMQT is 600 ms.
pub(crate) fn settings(igmp_version: u8) -> Settings {
    settings_from(OWN, igmp_version)
}

/// The settings of a bridge with this address, which is of the family that it snoops.
pub(crate) fn settings_from<A>(address: A, igmp_version: u8) -> Settings<A> {
    let ms = Duration::from_millis;
    Settings {
        knobs: BridgeKnobs {
            snooping: true,
            querier: false,
            version: if igmp_version == 3 { Version::V3 } else { Version::V2 },
            query_interval: ms(3_000),
            query_response_interval: ms(300),
            startup_query_interval: ms(1_000),
            startup_query_count: 2,
            last_member_interval: ms(300),
            last_member_count: 2,
            membership_interval: ms(2_600),
            querier_interval: ms(2_000),
            hash_max: 4096,
            port_max_groups: 0,
        },
        address,
        fast_leave: (0..PORTS).map(|port| port == PORTS - 1).collect(),
    }
}

/// Plays the script on the kernel, and compares.
pub(crate) async fn check<A: BridgeInet>(settings: Settings<A>, steps: Steps<Stimulus>, end: u64) {
    let ground = Ground::of_family(A::FAMILY, PORTS, async |netns, built| {
        let ports: Vec<u32> = built.ifindex.iter().map(|link| link[1]).collect();
        switch::build(&netns[PORTS], &spec(&settings, ports)).await.unwrap();
        built.segments = vec![(0..PORTS).map(|link| (link, 0)).collect()];
    })
    .await;
    let netlink = Netlink::open(&ground.netns[PORTS]).unwrap();
    let monitor = MdbMonitor::open(&ground.netns[PORTS]).unwrap();
    let (mut stimuli, mut known) = (Vec::new(), Known::default());
    for (ms, stimulus) in steps {
        known.listen_until(ms, &ground, &monitor).await;
        let begun = ground.now();
        let ifindex = |port: usize| ground.built.ifindex[port][1];
        match &stimulus {
            Stimulus::Packet(port, packet) => ground.send(*port, packet),
            Stimulus::Querier(on) => {
                switch::set_querier(&ground.netns[PORTS], *on).await.unwrap();
            }
            Stimulus::Down(port) => netlink.down(ifindex(*port)).await.unwrap(),
            Stimulus::Up(port) => netlink.up(ifindex(*port)).await.unwrap(),
        }
        stimuli.push((begun, ground.now(), stimulus));
    }
    known.listen_until(end, &ground, &monitor).await;
    let played = ground.finish(stimuli, known.reactions).await;
    compare(&played, |_| Subject(Bridge::new(settings.clone(), PORTS)));
}

/// The settings for the kernel.
pub(crate) fn spec<A: BridgeInet>(settings: &Settings<A>, ports: Vec<u32>) -> SwitchSpec {
    let settings = settings.clone();
    let length = if A::FAMILY == Family::V4 { 24 } else { 64 };
    SwitchSpec {
        knobs: settings.knobs,
        mac: [2, 0, 0, 0, 9, 9],
        address: Some(format!("{}/{length}", settings.address).parse().unwrap()),
        fast_leave: ports.last().copied().into_iter().collect(),
        ports,
    }
}

/// The bridge's database as reported so far. The bridge reports some changes twice.
#[derive(Default)]
struct Known {
    /// What was reported last of each entry.
    entries: BTreeMap<(IpAddr, Option<IpAddr>, usize), String>,
    reactions: Vec<Reaction>,
}

impl Known {
    async fn listen_until(&mut self, ms: u64, ground: &Ground, monitor: &MdbMonitor) {
        while let Some(told) = ground.next(ms, async || monitor.next().await.unwrap()).await {
            let news = told.into_iter().filter_map(|told| self.news(ground, &told));
            let news: Vec<_> = news.map(|what| ground.seen(what)).collect();
            self.reactions.extend(news);
        }
    }

    /// Entries of the bridge itself, which is no port, are skipped.
    fn news(&mut self, ground: &Ground, told: &MdbMessage) -> Option<String> {
        let port = |of: u32| ground.built.ifindex.iter().position(|ports| ports[1] == of);
        match *told {
            MdbMessage::Entry { ref entry, on } => {
                let port = port(entry.port)?;
                let what = tell_entry(entry.group, entry.source, port, on.then(|| holds(entry)));
                let key = (entry.group, entry.source, port);
                let last = match on {
                    true => self.entries.insert(key, what.clone()),
                    false => self.entries.remove(&key),
                };
                (last.as_ref() != Some(&what)).then_some(what)
            }
            MdbMessage::Router { port: ifindex, on } => {
                port(ifindex).map(|port| tell_router(port, on))
            }
            MdbMessage::Overrun => panic!("changes were lost"),
        }
    }
}

struct Subject<A>(Bridge<A>);

impl<A: BridgeInet> Model<Stimulus> for Subject<A> {
    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut out = Vec::new();
        self.0.expire(now, &mut out);
        out.iter().map(tell).collect()
    }

    fn stimulate(&mut self, now: Instant, stimulus: &Stimulus) -> Vec<String> {
        let mut out = Vec::new();
        match stimulus {
            Stimulus::Packet(port, packet) => {
                let frame = Ground::frame(A::FAMILY, *port, packet);
                let (to, from) = (frame[..6].try_into().unwrap(), frame[6..12].try_into().unwrap());
                self.0.receive(now, *port, from, to, &Rc::from(&packet[..]), &mut out);
            }
            Stimulus::Querier(on) => self.0.set_querier(now, *on),
            Stimulus::Down(port) => self.0.port(now, *port, false, &mut out),
            Stimulus::Up(port) => self.0.port(now, *port, true, &mut out),
        }
        out.iter().map(tell).collect()
    }
}

fn tell<A: BridgeInet>(out: &BridgeOut<A>) -> String {
    match out {
        BridgeOut::Forward { port, packet } => format!("link {port}: {}", describe(packet)),
        BridgeOut::Send { port, packet, .. } => format!("link {port}: {}", describe(packet)),
        BridgeOut::Mdb { group, source, port, holds } => {
            let source = source.map(Into::into);
            tell_entry((*group).into(), source, *port, holds.clone().map(of_any_family))
        }
        BridgeOut::Router { port, on } => tell_router(*port, *on),
    }
}

fn of_any_family<A: BridgeInet>(holds: Holds<A>) -> Holds<IpAddr> {
    match holds {
        Holds::All => Holds::All,
        Holds::Source { is_blocked } => Holds::Source { is_blocked },
        Holds::Filter { excludes, sources } => {
            let sources = sources.into_iter().map(Into::into).collect();
            Holds::Filter { excludes, sources }
        }
    }
}

/// What an entry of the kernel holds.
fn holds(entry: &MdbEntry) -> Holds<IpAddr> {
    match (entry.source, entry.mode) {
        (Some(_), _) => Holds::Source { is_blocked: entry.is_blocked },
        (None, None) => Holds::All,
        (None, Some(mode)) => Holds::Filter {
            excludes: mode == MdbMode::Exclude,
            sources: entry.sources.iter().map(|(source, _)| *source).collect(),
        },
    }
}

fn tell_entry(
    group: IpAddr,
    source: Option<IpAddr>,
    port: usize,
    holds: Option<Holds<IpAddr>>,
) -> String {
    let source = source.map_or_else(String::new, |source| format!("{source} of "));
    let holds = holds.map_or_else(|| "gone".to_owned(), |holds| format!("{holds:?}"));
    format!("entry of {source}{group} on port {port}: {holds}")
}

fn tell_router(port: usize, on: bool) -> String {
    format!("router on port {port}: {on}")
}
