//! Where a Linux bridge forwards frames, what it believes, and which Queries it sends.

use std::fmt;

use castnet::gmp::message::Version;
use castnet::wire::igmp::{GroupRecord, Message, Query, RecordKind, V3Query, V3Report};
use castnet::wire::ipv4::{self, Ipv4Header};

use super::*;

mod carrying;
mod members;
mod mld;
mod odd;
mod querier;
mod sources;

const G1: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 50);
const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// Short times, all different: LMQT is 600 ms.
fn settings(version: Version) -> Settings {
    let ms = Duration::from_millis;
    Settings {
        knobs: BridgeKnobs {
            snooping: true,
            querier: false,
            version,
            query_interval: ms(4_000),
            query_response_interval: ms(200),
            startup_query_interval: ms(1_000),
            startup_query_count: 2,
            last_member_interval: ms(300),
            last_member_count: 2,
            membership_interval: ms(3_000),
            querier_interval: ms(2_000),
            hash_max: 4096,
            port_max_groups: 0,
        },
        address: OWN,
        fast_leave: vec![false, false, true],
    }
}

/// An entry in words: `239.1.1.1 true`, `239.1.1.1 EXCLUDE {10.0.0.9}`, `(10.0.0.9, 239.1.1.1)
/// blocked`, `239.1.1.1 false`.
fn entry<A: BridgeInet + fmt::Display>(
    group: A,
    source: Option<A>,
    holds: Option<Holds<A>>,
) -> String {
    let name = source.map_or_else(|| group.to_string(), |source| format!("({source}, {group})"));
    match holds {
        None => format!("{name} false"),
        Some(Holds::All) => format!("{name} true"),
        Some(Holds::Source { is_blocked }) => {
            format!("{name} {}", if is_blocked { "blocked" } else { "open" })
        }
        Some(Holds::Filter { excludes, sources }) => {
            let sources: Vec<String> = sources.iter().map(A::to_string).collect();
            let mode = if excludes { "EXCLUDE" } else { "INCLUDE" };
            format!("{name} {mode} {{{}}}", sources.join(", "))
        }
    }
}

/// A bridge with four ports, fast leave on the third one, and its output.
struct World {
    bridge: Bridge,
    now: Instant,
    done: Vec<String>,
}

impl World {
    fn new(version: Version) -> Self {
        Self::with(settings(version))
    }

    fn with(settings: Settings) -> Self {
        Self { bridge: Bridge::new(settings, 4), now: Instant::ZERO, done: Vec::new() }
    }

    /// A bridge that heard a querier on port 3 long enough ago to snoop.
    fn snooping(version: Version) -> Self {
        let mut settings = settings(version);
        settings.knobs.querier_interval = Duration::from_secs(100);
        let mut world = Self::with(settings);
        world.query_from(3, Ipv4Addr::new(10, 0, 0, 1)).until(300).done();
        world
    }

    fn until(&mut self, ms: u64) -> &mut Self {
        let end = Instant::ZERO + Duration::from_millis(ms);
        while let Some(at) = self.bridge.deadline().filter(|&at| at <= end) {
            self.now = at;
            self.act(Bridge::expire);
        }
        self.now = end;
        self
    }

    fn act(&mut self, act: impl FnOnce(&mut Bridge, Instant, &mut Vec<BridgeOut>)) -> &mut Self {
        let mut out = Vec::new();
        act(&mut self.bridge, self.now, &mut out);
        let mut to = Vec::new();
        let ms = self.now.since_start().as_millis();
        for one in out {
            self.done.push(match one {
                BridgeOut::Forward { port, .. } => {
                    to.push(port);
                    continue;
                }
                BridgeOut::Send { port, to, packet } => {
                    let ip = ipv4::decode(&packet).unwrap();
                    assert_eq!((ip.source, ip.destination, ip.ttl), (OWN, to, 1));
                    let message = castnet::wire::igmp::decode(ip.payload, Version::V3).unwrap();
                    format!("{ms} port {port} to {to} {}", message.message)
                }
                BridgeOut::Mdb { group, source, port, holds } => {
                    format!("{ms} port {port} {}", entry(group, source, holds))
                }
                BridgeOut::Router { port, on } => format!("{ms} port {port} router {on}"),
            });
        }
        if !to.is_empty() {
            self.done.push(format!("carried to {to:?}"));
        }
        self
    }

    /// Records of version 3, each with its sources.
    fn records(
        &mut self,
        port: usize,
        from: Ipv4Addr,
        records: &[(RecordKind, &[Ipv4Addr])],
    ) -> &mut Self {
        let records = records
            .iter()
            .map(|(kind, sources)| GroupRecord::new(*kind, G1, sources.to_vec()))
            .collect();
        let report = Message::V3Report(V3Report::new(records));
        self.message(port, from, Ipv4Addr::new(224, 0, 0, 22), &report)
    }

    /// The ports to which a datagram of the source goes.
    fn carried(&mut self, port: usize, source: Ipv4Addr) -> Vec<usize> {
        let header = Ipv4Header { protocol: 17, ..Ipv4Header::igmp(source, G1) };
        let packet: Rc<[u8]> = header.encode(&[0; 8]).unwrap().into();
        let mut out = Vec::new();
        let (from, to) = ([2, 0, 0, 0, 0, port as u8], [1, 0, 0x5e, 1, 1, 1]);
        self.bridge.receive(self.now, port, from, to, &packet, &mut out);
        let ports = out.into_iter().map(|one| match one {
            BridgeOut::Forward { port, .. } => port,
            other => panic!("{other:?}"),
        });
        ports.collect()
    }

    /// A packet in a frame to its group.
    fn packet(&mut self, port: usize, packet: Vec<u8>) -> &mut Self {
        let (from, to) = ([2, 0, 0, 0, 0, port as u8], [1, 0, 0x5e, 1, 1, 1]);
        self.act(|bridge, now, out| bridge.receive(now, port, from, to, &packet.into(), out))
    }

    fn message(&mut self, port: usize, from: Ipv4Addr, to: Ipv4Addr, m: &Message) -> &mut Self {
        self.packet(port, ipv4::encode_igmp(from, to, m).unwrap())
    }

    fn data(&mut self, port: usize, group: Ipv4Addr) -> &mut Self {
        let header = Ipv4Header { protocol: 17, ..Ipv4Header::igmp(HOST, group) };
        self.packet(port, header.encode(&[0; 8]).unwrap())
    }

    fn report(&mut self, port: usize) -> &mut Self {
        self.message(port, HOST, G1, &Message::V2Report { group: G1 })
    }

    fn leave(&mut self, port: usize) -> &mut Self {
        let all_routers = Ipv4Addr::new(224, 0, 0, 2);
        self.message(port, HOST, all_routers, &Message::Leave { group: G1 })
    }

    fn v3_report(&mut self, port: usize, from: Ipv4Addr, kind: RecordKind) -> &mut Self {
        self.records(port, from, &[(kind, &[])])
    }

    /// A General Query of version 2 that grants 0.2 s.
    fn query_from(&mut self, port: usize, from: Ipv4Addr) -> &mut Self {
        let query = Message::Query(Query { max_resp_code: 2, group: NOBODY, v3: None });
        self.message(port, from, ALL_HOSTS, &query)
    }

    fn group_query(&mut self, port: usize, v3: Option<V3Query>) -> &mut Self {
        let query = Message::Query(Query { max_resp_code: 2, group: G1, v3 });
        self.message(port, HOST, G1, &query)
    }

    fn done(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done)
    }
}
