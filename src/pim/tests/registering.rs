//! The first hop of a source: Registers, and how the RP stops them (RFC 7761 section 4.4.1).

use super::super::params::StaticRp;
use super::*;
use crate::wire::ip::Datagram;
use crate::wire::pim::RegisterStop;

const RP: &str = "10.9.0.1";
const NOWHERE: [usize; 0] = [];

/// A source on `LAN`.
fn from_lan(group: &str) -> Flow {
    Flow { source: Source::new(ip("10.0.1.9")).unwrap(), group: super::group(group) }
}

fn of_lan() -> Flow {
    from_lan("239.1.1.1")
}

/// A router whose RP is behind 10.0.0.1 on `UP`, with a source on `LAN`.
fn rig() -> Rig {
    let mut rig = Rig::new();
    let groups = "224.0.0.0/4".parse().unwrap();
    rig.pim.params.rps = vec![StaticRp { address: ip(RP), groups }];
    let options = vec![HelloOption::Holdtime(0xffff), HelloOption::DrPriority(0)];
    rig.hears_hello(UP, "10.0.0.1", options);
    rig.until(6);
    rig.said.clear();
    rig
}

fn stop(group: &str, source: &str) -> Message {
    let group = EncodedGroup::one(ip(group));
    Message::RegisterStop(RegisterStop { group, source: ip(source) })
}

/// A datagram of the flow with this Time to Live and Type of Service.
fn datagram(hop_limit: u8, class: u8) -> Vec<u8> {
    let (source, destination) = (of_lan().source.addr(), of_lan().group.addr());
    let header =
        Header { source, destination, protocol: 17, hop_limit, class, router_alert: false };
    Datagram { header, payload: vec![7; 30] }.encode().unwrap()
}

/// What goes out of the register interface.
fn sent(rig: &mut Rig, datagram: &[u8]) -> Vec<Say> {
    rig.call(|pim, cx, facts| pim.encapsulate(cx, facts, of_lan(), datagram));
    let said = std::mem::take(&mut rig.said).into_iter().map(|(_, say)| say);
    said.filter(|say| matches!(say, Say::Route { .. })).collect()
}

// RFC7761-4.2-01, RFC7761-4.4.1-01, RFC7761-6.2-02
#[test]
fn a_source_on_the_link_goes_out_of_the_register_interface() {
    let mut rig = rig();
    rig.data(LAN, of_lan());
    assert_eq!(rig.entry(of_lan()), (LAN, vec![REGISTER]));
    // One behind another router, and a group of source-specific multicast, do not (RFC7761-4.8.1-01).
    let far = Flow { source: Source::new(ip("10.9.0.9")).unwrap(), ..of_lan() };
    for link in [UP, LAN] {
        rig.data(link, far);
        assert_eq!(rig.entry(far), (UP, vec![]));
    }
    rig.data(LAN, from_lan("232.1.1.1"));
    assert_eq!(rig.entry(from_lan("232.1.1.1")), (LAN, vec![]));
}

// RFC7761-4.4.1-05, RFC7761-4.4.1-06
#[test]
fn a_datagram_is_lowered_and_lends_its_class() {
    let mut rig = rig();
    assert_eq!(sent(&mut rig, &datagram(10, 0)), [], "before any data");
    rig.data(LAN, of_lan());
    rig.said.clear();
    let said = sent(&mut rig, &datagram(10, 0xb9));
    let [Say::Route { from, to, class: 0xb9, message: Message::Register(register) }] = &said[..]
    else {
        panic!("{said:?}")
    };
    assert_eq!((*from, *to), (ip("10.0.1.5"), ip(RP)));
    assert_eq!((register.is_null, &register.datagram), (false, &datagram(9, 0xb9)));
    assert_eq!(sent(&mut rig, &datagram(1, 0)), []);
}

// RFC7761-4.4.1-02, RFC7761-4.4.1-03
#[test]
fn a_stop_ends_the_registers_until_an_answer_to_a_probe_is_missing() {
    let mut rig = rig();
    rig.data(LAN, of_lan());
    rig.receive_from(RP, "10.0.1.5", &stop("239.1.1.1", "10.0.1.9")).unwrap();
    assert_eq!(rig.entry(of_lan()).1, NOWHERE);
    assert_eq!(sent(&mut rig, &datagram(10, 0)), []);
    rig.until(6 + 24);
    assert_eq!(rig.unicast(), []);
    rig.until(6 + 86);
    let [(at, way, what)] = &rig.unicast()[..] else { panic!("one probe") };
    assert_eq!((&way[..], &what[..]), ("10.0.1.5 > 10.9.0.1", "PIM Null-Register of 20 octets"));
    assert!((31..=91).contains(at), "{at}");
    assert_eq!(rig.entry(of_lan()).1, [REGISTER], "no answer came within 5 s");
    // With an answer it goes on like that.
    rig.receive_from(RP, "10.0.1.5", &stop("239.1.1.1", "10.0.1.9")).unwrap();
    rig.until(6 + 24 + 86);
    for _ in 0..2 {
        rig.data(LAN, of_lan());
        let before = rig.now;
        while rig.unicast().is_empty() {
            rig.until(rig.now.since_start().as_secs() + 1);
            assert!(rig.now.since(before) < secs(90));
        }
        rig.receive_from(RP, "10.0.1.5", &stop("239.1.1.1", "10.0.1.9")).unwrap();
        rig.until(rig.now.since_start().as_secs() + 6);
        assert_eq!(rig.entry(of_lan()).1, NOWHERE);
    }
}

// RFC7761-4.4.1-07, RFC7761-6.2-03
#[test]
fn a_stop_counts_for_what_it_names_and_from_the_rp_alone() {
    let mut rig = rig();
    let other = Flow { source: Source::new(ip("10.0.1.8")).unwrap(), ..of_lan() };
    let both = |rig: &Rig| [rig.entry(of_lan()).1, rig.entry(other).1];
    rig.data(LAN, of_lan());
    rig.data(LAN, other);
    let stranger = rig.receive_from("10.9.0.2", "10.0.1.5", &stop("239.1.1.1", "0.0.0.0"));
    assert_eq!(stranger, Err(Ignored::NoRp(ip("10.9.0.2"))));
    rig.receive_from(RP, "10.0.1.5", &stop("239.2.2.2", "0.0.0.0")).unwrap();
    assert_eq!(both(&rig), [[REGISTER], [REGISTER]]);
    rig.receive_from(RP, "10.0.1.5", &stop("239.1.1.1", "10.0.1.8")).unwrap();
    assert_eq!(both(&rig), [vec![REGISTER], NOWHERE.to_vec()]);
    rig.receive_from(RP, "10.0.1.5", &stop("239.1.1.1", "0.0.0.0")).unwrap();
    assert_eq!(both(&rig), [NOWHERE, NOWHERE]);
}

// RFC7761-4.4.1-04
#[test]
fn another_designated_router_or_silence_ends_the_registers() {
    let mut rig = rig();
    rig.data(LAN, of_lan());
    rig.hears_hello(LAN, "10.0.1.9", vec![HelloOption::Holdtime(0xffff)]);
    assert_eq!(rig.entry(of_lan()).1, NOWHERE);
    rig.hears_hello(LAN, "10.0.1.9", vec![HelloOption::Holdtime(0)]);
    assert_eq!(rig.entry(of_lan()).1, [REGISTER]);
    rig.until(6 + 209);
    assert_eq!(rig.entry(of_lan()).1, [REGISTER]);
    rig.until(6 + 210);
    assert_eq!(rig.entry(of_lan()).1, NOWHERE);
}

/// Another RP has not stopped anything.
#[test]
fn another_rp_gets_registers_at_once() {
    let mut rig = rig();
    rig.data(LAN, of_lan());
    rig.receive_from(RP, "10.0.1.5", &stop("239.1.1.1", "10.0.1.9")).unwrap();
    rig.pim.params.rps[0].address = ip("10.9.0.2");
    rig.call(|pim, cx, facts| pim.refresh_all(cx, facts));
    assert_eq!(rig.entry(of_lan()).1, [REGISTER]);
    rig.said.clear();
    let said = sent(&mut rig, &datagram(10, 0));
    let [Say::Route { to, .. }] = said[..] else { panic!("{said:?}") };
    assert_eq!(to, ip("10.9.0.2"));
}
