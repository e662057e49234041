//! MLD: what Linux does as it does in IGMP, and what it does differently. Version 3 is MLDv2 here.

use std::net::Ipv6Addr;

use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv6::{self, Ipv6Header};
use castnet::wire::mld::{self, Message, V2Query};

use super::*;

const OWN: &str = "fe80::ca:ff:fe00:2";
const QUERIER: &str = "fe80::1";
const G: &str = "ff05::101";
const ALL_NODES: &str = "ff02::1";
/// The solicited-node group of the address.
const SOLICITED: &str = "ff02::1:ff00:2";

fn ip(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

struct World {
    host: Host<Ipv6Addr>,
    rng: Rng,
    now: Instant,
    said: Vec<(u64, String)>,
}

impl World {
    fn new(forced: Option<u8>) -> Self {
        let host = Host::new(ip(OWN), forced);
        Self { host, rng: Rng::for_node(3, "h1"), now: Instant::ZERO, said: Vec::new() }
    }

    fn act(
        &mut self,
        act: impl FnOnce(&mut Host<Ipv6Addr>, Instant, &mut Rng, &mut Vec<HostOut<Ipv6Addr>>),
    ) -> &mut Self {
        let mut out = Vec::new();
        act(&mut self.host, self.now, &mut self.rng, &mut out);
        let ms = self.now.since_start().as_millis() as u64;
        for HostOut { to, packet } in out {
            let read = ipv6::decode(&packet).unwrap();
            assert_eq!((read.source, read.destination, read.hop_limit), (ip(OWN), to, 1));
            assert_eq!(read.router_alert, Some(0));
            let ends = Ends { source: read.source, destination: to };
            let message = mld::decode(read.payload, ends, Version::V3).unwrap().message;
            self.said.push((ms, format!("{to} {message}")));
        }
        self
    }

    fn until(&mut self, ms: u64) -> &mut Self {
        let end = Instant::ZERO + Duration::from_millis(ms);
        while let Some(at) = self.host.deadline().filter(|&at| at <= end) {
            self.now = at;
            self.act(Host::expire);
        }
        self.now = end;
        self
    }

    fn join(&mut self, group: &str) -> &mut Self {
        self.act(|host, now, rng, out| host.join(now, ip(group), rng, out))
    }

    fn leave(&mut self, group: &str) -> &mut Self {
        self.act(|host, now, _, out| host.leave(now, ip(group), out))
    }

    fn hear(&mut self, header: Ipv6Header, message: &Message) -> &mut Self {
        let ends = Ends { source: header.source, destination: header.destination };
        let packet = header.encode(&message.encode(ends).unwrap()).unwrap();
        if let Some(heard) = HostInput::<Ipv6Addr>::read(&packet) {
            self.act(|host, now, rng, _| _ = host.receive(now, &heard, rng));
        }
        self
    }

    fn query(&mut self, group: &str, millis: u16, v2: Option<V2Query>) -> &mut Self {
        let to = if group == "::" { ALL_NODES } else { group };
        let query = mld::Query { max_resp_code: millis, group: ip(group), v2 };
        self.hear(Ipv6Header::mld(ip(QUERIER), ip(to)), &Message::Query(query))
    }

    fn said(&mut self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.said)
    }

    fn words(&mut self) -> Vec<String> {
        self.said().into_iter().map(|(_, words)| words).collect()
    }
}

fn v2(robustness: u8, interval_code: u8) -> Option<V2Query> {
    Some(V2Query { flags: 0, suppress: false, robustness, interval_code, sources: vec![] })
}

#[test]
fn in_version_2_a_change_is_told_twice_and_answers_name_the_solicited_node_group() {
    let mut world = World::new(None);
    world.join(G).until(20_000);
    let said = world.said();
    let told = "ff02::16 MLDv2 Report, TO_EX(ff05::101, {})".to_owned();
    assert_eq!((said.len(), &said[0]), (2, &(12, told.clone())));
    assert_eq!(said[1].1, told);
    world.query("::", 1000, v2(2, 125)).until(30_000);
    let answer = format!("ff02::16 MLDv2 Report, IS_EX({G}, {{}}), IS_EX({SOLICITED}, {{}})");
    assert_eq!(world.words(), [answer]);
    world.leave(G).until(40_000);
    let told = "ff02::16 MLDv2 Report, TO_IN(ff05::101, {})";
    assert_eq!(world.words(), [told, told]);
}

#[test]
fn in_version_1_reports_and_dones_are_sent_within_the_call() {
    let mut world = World::new(Some(2));
    world.join(G).until(20_000);
    let said = world.said();
    assert_eq!(said[0], (0, "ff05::101 MLDv1 Report ff05::101".to_owned()));
    assert!(said[1].0 <= 11_300, "{said:?}");
    assert_eq!(said.len(), 2);
    world.leave(G);
    assert_eq!(world.said(), [(20_000, "ff02::2 MLDv1 Done ff05::101".to_owned())]);
}

/// The wheel serves a time near the half second some ticks later, and a Query that comes in between has
/// it drawn anew.
#[test]
fn an_answer_that_is_late_when_the_next_query_comes_is_drawn_anew() {
    let answers = (0..300).map(|seed| {
        let mut world = World::new(Some(2));
        world.rng = Rng::for_node(seed, "h1");
        world.join(G).until(20_000).said();
        world.query(G, 500, None).until(20_500).query(G, 500, None).until(22_000);
        world.said().first().map(|(at, _)| at - 20_000).unwrap()
    });
    let (late, early): (Vec<u64>, Vec<u64>) = answers.partition(|&at| at > 500 + 64);
    assert!(late.len() >= 3 && early.len() >= 250, "{} of 300", late.len());
    assert!(late.iter().all(|&at| at <= 1000 + 64), "{late:?}");
}

#[test]
fn a_query_without_link_local_source_one_hop_or_router_alert_is_ignored() {
    let query = Message::Query(mld::Query { max_resp_code: 1000, group: ip("::"), v2: None });
    let right = Ipv6Header::mld(ip(QUERIER), ip(ALL_NODES));
    for header in [
        Ipv6Header { source: ip("2001:db8::1"), ..right },
        Ipv6Header { source: ip("::"), ..right },
        Ipv6Header { hop_limit: 2, ..right },
        Ipv6Header { router_alert: false, ..right },
    ] {
        let mut world = World::new(None);
        assert_eq!(world.hear(header, &query).host.deadline(), None, "{header:?}");
    }
    // To a joined group it counts.
    let mut world = World::new(None);
    world.join(G).until(20_000);
    let odd = Ipv6Header { destination: ip(G), ..right };
    assert!(world.hear(odd, &query).host.deadline().is_some());
}

#[test]
fn an_older_querier_counts_for_what_the_last_newer_one_said() {
    // QRV 2 x QQI 5 s + 4 s.
    let mut world = World::new(None);
    world.query("::", 4_000, v2(2, 5)).until(10_000);
    world.query("::", 1_000, None).until(23_900).said();
    world.join(G);
    assert_eq!(world.words(), ["ff05::101 MLDv1 Report ff05::101"]);
    world.until(24_100).join("ff05::102").until(25_100);
    assert!(world.words().iter().any(|said| said.contains("TO_EX(ff05::102, {})")));
}

#[test]
fn a_kernel_fixed_to_version_2_ignores_older_queries() {
    let mut world = World::new(Some(3));
    world.query("::", 1_000, None).join(G).until(20);
    assert_eq!(world.words(), ["ff02::16 MLDv2 Report, TO_EX(ff05::101, {})"]);
}

#[test]
fn a_querier_cannot_ask_for_a_robustness_below_two() {
    for (robustness, reports) in [(1, 2), (2, 2), (5, 5), (7, 7)] {
        let mut world = World::new(None);
        world.query("::", 100, v2(robustness, 125)).until(10_000).said();
        world.join(G).until(60_000);
        assert_eq!(world.said().len(), reports, "QRV {robustness}");
    }
}

#[test]
fn what_is_narrower_than_the_link_and_all_nodes_are_never_reported() {
    let mut world = World::new(None);
    world.join("ff01::5").join(ALL_NODES).until(20_000);
    assert_eq!(world.words(), <[&str; 0]>::default());
    world.join("ff02::fb").until(20_020);
    assert_eq!(world.words(), ["ff02::16 MLDv2 Report, TO_EX(ff02::fb, {})"]);
}

#[test]
fn another_hosts_report_spares_the_own_one_and_the_done() {
    let report = Message::V1Report { group: ip(G) };
    let mut world = World::new(Some(2));
    world.join(G).until(20_000).said();
    world.query(G, 1_000, None);
    world.hear(Ipv6Header::mld(ip("fe80::8"), ip(G)), &report).until(30_000).leave(G);
    assert_eq!(world.words(), <[&str; 0]>::default());
}

#[test]
fn a_membership_of_ipv6_has_room_for_its_address() {
    assert!(size_of::<Member<Ipv6Addr>>() <= 48, "{}", size_of::<Member<Ipv6Addr>>());
}
