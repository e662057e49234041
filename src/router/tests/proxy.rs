//! A proxy (RFC 4605): `up` is its upstream interface, and `lan` and `wlan` are downstream.

use super::*;
use crate::gmp::message::Record;
use crate::gmp::reception::filter::SourceFilter;
use crate::wire::igmp::V3Query;

/// The querier upstream.
const QUERIER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(239, 2, 2, 2);

fn proxy_of(version: Version) -> Config {
    let mut config = config();
    config.interfaces[0].upstream = true;
    for interface in &mut config.interfaces {
        interface.igmp = Some(Params { version, ..Params::default() });
    }
    config
}

fn proxy() -> Lab {
    Lab::with(proxy_of(Version::V3))
}

fn group_of(address: Ipv4Addr) -> Group {
    Group::new(address.into()).unwrap()
}

fn sources(texts: &[&str]) -> BTreeSet<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

impl Lab {
    /// A host's record on a link.
    fn record(&mut self, on: Vif, group: Ipv4Addr, record: Record) {
        let said = crate::gmp::message::Report {
            version: Version::V3,
            records: vec![(group_of(group), record)],
        };
        let message = igmp::message(&crate::gmp::message::Message::Report(said)).unwrap();
        self.packet(on, Ipv4Addr::new(224, 0, 0, 22), &message);
    }

    /// A General Query comes in on a link from `from`.
    fn query_from(&mut self, on: Vif, from: Ipv4Addr, v3: bool) {
        let v3 = v3.then(|| V3Query {
            flags: 0,
            suppress: false,
            robustness: 2,
            interval_code: 125,
            sources: vec![],
        });
        let message =
            Message::Query(wire::Query { max_resp_code: 10, group: Ipv4Addr::UNSPECIFIED, v3 });
        let bytes = ipv4::encode_igmp(from, igmp::ALL_HOSTS, &message).unwrap();
        self.input(Input::octets(on, &bytes));
    }

    /// What was said upstream since the last call, in order.
    fn said_upstream(&mut self) -> Vec<Message> {
        let sent = std::mem::take(&mut self.plane.sent).into_iter();
        let of_up = sent.filter(|(_, vif, _)| *vif == up());
        let read = |(_, _, bytes): (_, _, Vec<u8>)| {
            let packet = Packet::decode(&bytes).unwrap();
            wire::decode(packet.payload, Version::V3).unwrap().message
        };
        of_up.map(read).collect()
    }

    /// What is wanted of a group upstream.
    fn wanted_upstream(&self, group: Ipv4Addr) -> SourceFilter {
        self.router.upstream(up()).unwrap().reception().filter(group_of(group))
    }
}

// RFC4605-3-01, RFC4605-3-03
#[test]
fn members_of_two_links_are_one_host_upstream_in_version_2() {
    let mut lab = Lab::with(proxy_of(Version::V2));
    lab.run_to(secs(300.0));
    assert_eq!(lab.said_upstream(), [], "no Query, and nothing is wanted");
    lab.report(lan());
    assert_eq!(lab.said_upstream(), [Message::V2Report { group: G }]);
    lab.run_to(secs(320.0));
    assert_eq!(lab.said_upstream(), [Message::V2Report { group: G }], "the repeat");
    lab.report(wlan());
    lab.leave(lan());
    lab.run_to(secs(330.0));
    assert_eq!(lab.said_upstream(), [], "wlan still wants it");
    lab.leave(wlan());
    lab.run_to(secs(340.0));
    assert_eq!(lab.said_upstream(), [Message::Leave { group: G }]);
}

// RFC4605-4.1-02: the merge of RFC 3376 section 3.2 over the links.
#[test]
fn source_lists_are_merged_as_those_of_sockets_are() {
    let mut lab = proxy();
    let (one, both) = (sources(&["192.0.2.1"]), sources(&["192.0.2.1", "192.0.2.2"]));
    lab.record(lan(), G, Record::IsIn(both.clone()));
    assert_eq!(lab.wanted_upstream(G), SourceFilter::Include(both.clone()));
    lab.record(wlan(), G, Record::ToEx(both));
    // In EXCLUDE mode both sources may still be wanted on wlan, until they were asked for.
    assert_eq!(lab.wanted_upstream(G), SourceFilter::all());
    lab.run_to(secs(3.0));
    // Nobody on wlan wants the two, and lan does.
    assert_eq!(lab.wanted_upstream(G), SourceFilter::all());
    lab.record(lan(), G, Record::Block(one.clone()));
    lab.run_to(secs(6.0));
    assert_eq!(lab.wanted_upstream(G), SourceFilter::Exclude(one));
    // Members of an older version want all sources.
    lab.report(lan());
    assert_eq!(lab.wanted_upstream(G), SourceFilter::all());
}

// RFC4605-4.1-03
#[test]
fn to_an_older_querier_only_groups_are_reported() {
    let mut lab = proxy();
    lab.query_from(up(), QUERIER, false);
    lab.record(lan(), G, Record::IsIn(sources(&["192.0.2.1"])));
    assert_eq!(lab.said_upstream(), [Message::V2Report { group: G }]);
    lab.run_to(secs(20.0));
    lab.said_upstream();
    lab.record(lan(), G, Record::Allow(sources(&["192.0.2.2"])));
    lab.run_to(secs(30.0));
    assert_eq!(lab.said_upstream(), [], "version 2 has no word for sources");
    lab.record(lan(), G, Record::ToIn(sources(&[])));
    lab.run_to(secs(40.0));
    assert_eq!(lab.said_upstream(), [Message::Leave { group: G }]);
}

#[test]
fn a_query_upstream_is_answered_and_a_routed_one_is_not() {
    let mut lab = proxy();
    lab.record(lan(), G, Record::IsEx(sources(&[])));
    lab.run_to(secs(10.0));
    lab.said_upstream();
    lab.query_from(up(), QUERIER, true);
    lab.run_to(secs(12.0));
    assert_eq!(lab.said_upstream().len(), 1);
    let query =
        Message::Query(wire::Query { max_resp_code: 10, group: Ipv4Addr::UNSPECIFIED, v3: None });
    let bytes = ipv4::encode_igmp(QUERIER, igmp::ALL_HOSTS, &query).unwrap();
    let packet = Packet::decode(&bytes).map(|mut packet| {
        packet.header.hop_limit = 63;
        packet
    });
    lab.input(Input::Packet { vif: up(), packet: packet.unwrap() });
    assert_eq!(lab.ignored(), [Ignored::NotOneHop(63)]);
    lab.run_to(secs(30.0));
    assert_eq!(lab.said_upstream(), [], "it would have been of version 2");
}

// RFC4605-3-04
#[test]
fn streams_go_upstream_and_to_members() {
    let mut lab = proxy();
    lab.record(lan(), G, Record::IsEx(sources(&[])));
    assert_eq!(lab.datagram(up(), "198.51.100.7"), [1], "from anywhere upstream");
    assert_eq!(lab.datagram(lan(), "10.0.1.9"), [0], "never back");
    assert_eq!(lab.datagram(wlan(), "10.0.2.9"), [0, 1]);
    // Without a member anywhere a stream from downstream goes upstream alone (RFC4605-4.2-01).
    lab.record(lan(), G, Record::ToIn(sources(&[])));
    lab.run_to(secs(5.0));
    assert_eq!(lab.datagram(up(), "198.51.100.7"), Vec::<usize>::new());
    assert_eq!(lab.datagram(wlan(), "10.0.2.9"), [0]);
    // A source that is not downstream is forged there, or went astray.
    assert_eq!(lab.datagram(lan(), "198.51.100.8"), Vec::<usize>::new());
}

// RFC4605-3-05, RFC4605-4.2-01
#[test]
fn only_the_querier_forwards_to_members_unless_it_is_the_only_forwarder() {
    let mut lab = proxy();
    lab.record(lan(), G, Record::IsEx(sources(&[])));
    assert_eq!(lab.datagram(up(), S), [1]);
    lab.query_from(lan(), Ipv4Addr::new(10, 0, 1, 1), true);
    assert_eq!(lab.datagram(up(), S), Vec::<usize>::new(), "10.0.1.1 is the querier");
    assert_eq!(lab.wanted_upstream(G), SourceFilter::all());
    let mut config = proxy_of(Version::V3);
    config.interfaces[1].only_forwarder = true;
    lab.input(Input::Configure(config));
    assert_eq!(lab.datagram(up(), S), [1]);
    lab.input(Input::Configure(proxy_of(Version::V3)));
    assert_eq!(lab.datagram(up(), S), Vec::<usize>::new());
    // Members go on reporting; the other querier falls silent.
    lab.run_to(secs(200.0));
    lab.record(lan(), G, Record::IsEx(sources(&[])));
    lab.run_to(secs(256.0));
    assert_eq!(lab.datagram(up(), S), [1]);
}

// RFC4605-4.3-01
#[test]
fn members_that_can_name_no_sources_get_no_channels() {
    let channel = Ipv4Addr::new(232, 1, 1, 1);
    let mut config = proxy_of(Version::V3);
    config.interfaces[1].igmp = Some(Params::v2());
    let mut lab = Lab::with(config);
    lab.packet(lan(), channel, &Message::V2Report { group: channel });
    assert!(lab.wanted_upstream(channel).is_nothing());
    assert_eq!(lab.datagram_to(up(), S, channel), Vec::<usize>::new());
    lab.record(wlan(), channel, Record::Allow(sources(&[S])));
    assert_eq!(lab.datagram_to(up(), S, channel), [2]);
}

#[test]
fn everything_is_reported_again_when_the_link_or_its_address_returns() {
    let mut lab = proxy();
    lab.record(lan(), G, Record::IsEx(sources(&[])));
    lab.run_to(secs(5.0));
    let addresses = |text: &str| vec![text.parse().unwrap()];
    for (up_again, address) in
        [(false, "10.0.0.5/24"), (true, "10.0.0.5/24"), (true, "10.0.0.6/24")]
    {
        lab.said_upstream();
        let now = lab.now;
        lab.input(Input::Link { vif: up(), up: up_again, addresses: addresses(address) });
        lab.run_to(now.since_start() + secs(3.0));
        assert_eq!(lab.said_upstream().len(), if up_again { 2 } else { 0 }, "{address}");
    }
    // Members that go meanwhile are not wanted afterwards.
    lab.input(Input::Link { vif: up(), up: false, addresses: addresses("10.0.0.6/24") });
    lab.record(lan(), G, Record::ToIn(sources(&[])));
    lab.run_to(secs(30.0));
    lab.said_upstream();
    lab.input(Input::Link { vif: up(), up: true, addresses: addresses("10.0.0.6/24") });
    lab.run_to(secs(40.0));
    assert_eq!(lab.said_upstream(), []);
}

#[test]
fn reports_that_cannot_be_sent_are_sent_again() {
    let mut lab = proxy();
    lab.plane.refuse_sends = true;
    lab.record(lan(), G, Record::IsEx(sources(&[])));
    lab.run_to(secs(10.0));
    lab.plane.refuse_sends = false;
    lab.run_to(secs(13.0));
    assert!(!lab.said_upstream().is_empty());
}

#[test]
fn static_joins_and_links_that_go_count_upstream() {
    let mut config = proxy_of(Version::V3);
    let join = |source: Option<&str>, group| Channel {
        source: source.map(source_at),
        group: group_of(group),
    };
    config.interfaces[1].static_joins.insert(join(None, G));
    config.interfaces[2].static_joins.insert(join(Some(S), OTHER));
    let mut lab = Lab::with(config.clone());
    assert_eq!(lab.wanted_upstream(G), SourceFilter::all());
    assert_eq!(lab.wanted_upstream(OTHER), SourceFilter::Include(sources(&[S])));
    lab.record(lan(), OTHER, Record::IsIn(sources(&["192.0.2.1"])));
    assert_eq!(lab.wanted_upstream(OTHER), SourceFilter::Include(sources(&[S, "192.0.2.1"])));
    lab.input(Input::Link { vif: wlan(), up: false, addresses: vec![] });
    assert_eq!(lab.wanted_upstream(OTHER), SourceFilter::Include(sources(&["192.0.2.1"])));
    config.interfaces.remove(1);
    lab.input(Input::Configure(config));
    assert!(lab.wanted_upstream(OTHER).is_nothing() && lab.wanted_upstream(G).is_nothing());
}

#[test]
fn a_group_that_does_not_pass_a_boundary_is_not_joined_upstream() {
    let mut config = proxy_of(Version::V3);
    config.interfaces[1].boundaries = vec!["239.1.0.0/16".parse().unwrap()];
    let mut lab = Lab::with(config.clone());
    let all = || Record::IsEx(sources(&[]));
    lab.record(lan(), G, all());
    lab.record(lan(), OTHER, all());
    assert!(lab.wanted_upstream(G).is_nothing());
    assert_eq!(lab.wanted_upstream(OTHER), SourceFilter::all());
    lab.record(wlan(), G, all());
    assert_eq!(lab.wanted_upstream(G), SourceFilter::all());
    config.interfaces[0].boundaries = vec!["239.0.0.0/8".parse().unwrap()];
    lab.input(Input::Configure(config));
    assert!(lab.wanted_upstream(G).is_nothing() && lab.wanted_upstream(OTHER).is_nothing());
}

// RFC4605-3-01
#[test]
fn another_interface_can_become_upstream() {
    let mut lab = proxy();
    lab.record(lan(), G, Record::IsEx(sources(&[])));
    lab.run_to(secs(5.0));
    lab.said_upstream();
    let mut config = proxy_of(Version::V3);
    config.interfaces[0].upstream = false;
    config.interfaces[2].upstream = true;
    lab.input(Input::Configure(config));
    let said = lab.said_upstream();
    let queries = said.iter().filter(|said| matches!(said, Message::Query(_))).count();
    let leaves = said.iter().filter(|said| matches!(said, Message::V3Report(_))).count();
    assert_eq!((leaves, queries), (1, 1), "{said:?}");
    let host = lab.router.upstream(wlan()).unwrap();
    assert_eq!(host.reception().filter(group()), SourceFilter::all());
    assert!(lab.router.upstream(up()).is_none() && lab.router.igmp(wlan()).is_none());
}

// RFC4605-3-02
#[test]
fn a_proxy_has_one_upstream_interface_that_can_leave_groups() {
    let refused = |change: &dyn Fn(&mut Config)| {
        let mut config = proxy_of(Version::V3);
        change(&mut config);
        config.check().unwrap_err()
    };
    let two = ConfigError::TwoUpstreams("up".into(), "lan".into());
    assert_eq!(refused(&|config| config.interfaces[1].upstream = true), two);
    let deaf = Some(Params { version: Version::V1, ..Params::default() });
    let v1 = ConfigError::UpstreamVersion1("up".into());
    assert_eq!(refused(&|config| config.interfaces[0].igmp.clone_from(&deaf)), v1);
}
