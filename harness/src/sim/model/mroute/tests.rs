//! What the kernel's multicast forwarding does with datagrams, and its upcalls and reports.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use castnet::addr::Source;
use castnet::wire::ipv4;
use castnet::wire::ipv4::Ipv4Header;

use super::*;

mod register;
mod v6;

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

fn flow(group: Ipv4Addr) -> Flow {
    Flow { source: Source::new(SOURCE.into()).unwrap(), group: Group::new(group.into()).unwrap() }
}

fn entry(iif: usize, oifs: &[(usize, u8)]) -> MfcEntry {
    let oifs: BTreeMap<_, _> = oifs.iter().map(|&(oif, least)| (vif(oif), least)).collect();
    MfcEntry { flow: flow(GROUP), iif: vif(iif), oifs }
}

/// A UDP packet of 28 octets with one octet of its own, `mark`.
fn datagram(group: Ipv4Addr, ttl: u8, mark: u8) -> Rc<[u8]> {
    let header =
        Ipv4Header { protocol: 17, ttl, router_alert: false, ..Ipv4Header::igmp(SOURCE, group) };
    header.encode(&[0, 0, 0, 0, 0, 8, 0, mark]).unwrap().into()
}

/// A namespace with three interfaces, and its output.
struct World {
    mroute: Mroute,
    now: Instant,
    done: Vec<String>,
}

impl World {
    fn new() -> Self {
        let mut mroute = Mroute::new();
        mroute.open();
        (0..3).for_each(|n| mroute.add_vif(vif(n), VifKind::Device).unwrap());
        Self { mroute, now: Instant::ZERO, done: Vec::new() }
    }

    fn with(&mut self, act: impl FnOnce(&mut Mroute, Instant, &mut Vec<MrouteOut>)) -> &mut Self {
        let mut out = Vec::new();
        act(&mut self.mroute, self.now, &mut out);
        for one in out {
            self.done.push(match one {
                MrouteOut::Forward { vif, packet, .. } => {
                    let ip = ipv4::decode(&packet).unwrap();
                    format!("{vif} ttl {} mark {}", ip.ttl, ip.payload[7])
                }
                MrouteOut::Upcall(Upcall { kind, vif, flow }) => format!("{kind} {vif} {flow}"),
                MrouteOut::WholePacket { upcall: Upcall { kind, vif, flow }, packet } => {
                    format!("{kind} {vif} {flow} ttl {}", ipv4::decode(&packet).unwrap().ttl)
                }
                MrouteOut::Mfc { flow, entry: None } => format!("{flow} unresolved"),
                MrouteOut::Mfc { entry: Some(MfcEntry { flow, iif, oifs }), .. } => {
                    let oifs: Vec<String> = oifs.keys().map(ToString::to_string).collect();
                    format!("{flow} in {iif} out {}", oifs.join(" "))
                }
            });
        }
        self
    }

    fn set(&mut self, entry: MfcEntry) -> &mut Self {
        self.with(|mroute, now, out| mroute.set_mfc(now, &entry, out).unwrap())
    }

    fn input(&mut self, number: usize, packet: Rc<[u8]>) -> &mut Self {
        self.with(|mroute, now, out| {
            mroute.forward(now, vif(number), &packet, &mut Reader::default(), out);
        })
    }

    fn at(&mut self, ms: u64) -> &mut Self {
        self.now = Instant::ZERO + Duration::from_millis(ms);
        self.with(Mroute::expire)
    }

    fn done(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done)
    }

    fn counters(&self) -> (u64, u64, u64) {
        let counters = self.mroute.flow_counters(flow(GROUP)).unwrap();
        (counters.packets, counters.bytes, counters.wrong_if)
    }
}

#[test]
fn a_datagram_leaves_where_its_ttl_is_above_the_threshold_the_last_interface_first() {
    let mut world = World::new();
    world.set(entry(0, &[(1, 1), (2, 8)])).done();
    world.input(0, datagram(GROUP, 9, 7));
    assert_eq!(world.done(), ["vif2 ttl 8 mark 7", "vif1 ttl 8 mark 7"]);
    world.input(0, datagram(GROUP, 8, 7)).input(0, datagram(GROUP, 2, 7));
    assert_eq!(world.done(), ["vif1 ttl 7 mark 7", "vif1 ttl 1 mark 7"]);
    world.input(0, datagram(GROUP, 1, 7));
    assert_eq!(world.done(), Vec::<String>::new());
    assert_eq!(world.counters(), (4, 4 * 28, 0));
    let counted = |n| {
        let counters = world.mroute.vif_counters(vif(n)).unwrap();
        (counters.packets_in, counters.bytes_in, counters.packets_out, counters.bytes_out)
    };
    assert_eq!([0, 1, 2].map(counted), [(4, 112, 0, 0), (0, 0, 3, 84), (0, 0, 1, 28)]);
}

#[test]
fn the_lowered_packet_has_the_right_checksum_whatever_it_was() {
    let mut world = World::new();
    world.set(entry(0, &[(1, 1)]));
    for ttl in 2..=255 {
        // `done` decodes it, which checks it.
        world.done();
        world.input(0, datagram(GROUP, ttl, 0));
        assert_eq!(world.done(), [format!("vif1 ttl {} mark 0", ttl - 1)]);
    }
}

#[test]
fn padding_of_the_link_is_neither_counted_nor_forwarded() {
    let mut world = World::new();
    world.set(entry(0, &[(1, 1)])).done();
    let padded: Rc<[u8]> = [&*datagram(GROUP, 9, 7), &[0; 18]].concat().into();
    let mut out = Vec::new();
    world.mroute.forward(world.now, vif(0), &padded, &mut Reader::default(), &mut out);
    assert!(matches!(&out[..], [MrouteOut::Forward { packet, .. }] if packet.len() == 28));
    assert_eq!(world.counters(), (1, 28, 0));
}

#[test]
fn the_first_datagram_asks_and_four_wait() {
    let mut world = World::new();
    (1..=6).for_each(|mark| _ = world.input(0, datagram(GROUP, 9, mark)));
    assert_eq!(
        world.done(),
        ["NOCACHE vif0 (10.0.0.9, 239.1.1.1)", "(10.0.0.9, 239.1.1.1) unresolved"]
    );
    world.set(entry(0, &[(1, 1)]));
    assert_eq!(
        world.done(),
        [
            "vif1 ttl 8 mark 1",
            "vif1 ttl 8 mark 2",
            "vif1 ttl 8 mark 3",
            "vif1 ttl 8 mark 4",
            "(10.0.0.9, 239.1.1.1) in vif0 out vif1"
        ]
    );
    assert_eq!(world.counters().0, 4);
    assert_eq!(world.mroute.deadline(), None);
}

#[test]
fn what_nobody_answers_for_is_given_up_after_ten_seconds_and_asked_again() {
    let other = Ipv4Addr::new(239, 1, 1, 2);
    let mut world = World::new();
    world.input(0, datagram(GROUP, 9, 1)).at(4_000).input(0, datagram(other, 9, 1)).done();
    assert_eq!(world.at(10_000).input(0, datagram(GROUP, 9, 2)).done(), Vec::<String>::new());
    // The wheel is late by an eighth at most, and once more for the second flow.
    assert_eq!(world.at(10_260).done(), ["(10.0.0.9, 239.1.1.1) unresolved"]);
    world.input(0, datagram(GROUP, 9, 3));
    assert_eq!(world.done()[0], "NOCACHE vif0 (10.0.0.9, 239.1.1.1)");
    assert_eq!(world.at(14_300).done(), ["(10.0.0.9, 239.1.1.2) unresolved"]);
    // Deleting an entry does not end the wait of datagrams.
    world.with(|mroute, _, out| mroute.delete_mfc(flow(GROUP), out));
    assert_eq!(world.at(20_000).set(entry(0, &[(1, 1)])).done()[0], "vif1 ttl 8 mark 3");
}

#[test]
fn a_wrong_interface_is_counted_and_asks_only_where_the_flow_leaves_and_every_three_seconds() {
    let mut world = World::new();
    world.set(entry(0, &[(1, 1)])).done();
    world.input(2, datagram(GROUP, 9, 1));
    assert_eq!(world.done(), Vec::<String>::new());
    let asked = ["WRONGVIF vif1 (10.0.0.9, 239.1.1.1)"];
    assert_eq!(world.input(1, datagram(GROUP, 9, 1)).done(), asked);
    world.at(3_000).input(1, datagram(GROUP, 9, 1));
    assert_eq!(world.done(), Vec::<String>::new());
    assert_eq!(world.at(3_004).input(1, datagram(GROUP, 9, 1)).done(), asked);
    assert_eq!(world.counters(), (4, 112, 4));
    assert_eq!(world.mroute.vif_counters(vif(1)), Some(VifCounters::default()));
}

#[test]
fn an_entry_set_anew_keeps_its_counters_and_its_rate_limit() {
    let mut world = World::new();
    world.set(entry(0, &[(1, 1)])).input(1, datagram(GROUP, 9, 1)).done();
    world.set(entry(0, &[(1, 1), (2, 1)])).input(1, datagram(GROUP, 9, 1));
    assert_eq!(world.done(), ["(10.0.0.9, 239.1.1.1) in vif0 out vif1 vif2"]);
    assert_eq!(world.counters(), (2, 56, 2));
    world.with(|mroute, _, out| mroute.delete_mfc(flow(GROUP), out));
    world.set(entry(0, &[(1, 1)]));
    assert_eq!(world.counters(), (0, 0, 0));
}

#[test]
fn an_interface_that_is_the_entrys_own_and_one_that_does_not_exist() {
    let mut world = World::new();
    // Linux sends a datagram back if the entry says so; an interface that does not exist stays out
    // even when it is added later.
    world.set(entry(0, &[(0, 1), (3, 1)]));
    assert_eq!(world.done(), ["(10.0.0.9, 239.1.1.1) in vif0 out vif0"]);
    world.mroute.add_vif(vif(3), VifKind::Device).unwrap();
    world.input(0, datagram(GROUP, 9, 1));
    assert_eq!(world.done(), ["vif0 ttl 8 mark 1"]);
    // An entry whose incoming interface does not exist is reported as no entry, and forwards
    // nothing.
    world.set(entry(9, &[(1, 1)])).input(0, datagram(GROUP, 9, 1));
    assert_eq!(world.done(), ["(10.0.0.9, 239.1.1.1) unresolved"]);
    assert_eq!(world.counters(), (2, 56, 1));
}

#[test]
fn nothing_leaves_or_counts_where_the_device_is_down() {
    let mut world = World::new();
    world.set(entry(0, &[(1, 1), (2, 1)])).done();
    world.mroute.interface(vif(2), false);
    world.input(0, datagram(GROUP, 9, 1));
    assert_eq!(world.done(), ["vif1 ttl 8 mark 1"]);
    assert_eq!(world.mroute.vif_counters(vif(2)), Some(VifCounters::default()));
    world.mroute.interface(vif(2), true);
    world.input(0, datagram(GROUP, 9, 1));
    assert_eq!(world.done(), ["vif2 ttl 8 mark 1", "vif1 ttl 8 mark 1"]);
}

#[test]
fn what_is_not_routed_is_left_alone() {
    let mut world = World::new();
    let local = Ipv4Addr::new(224, 0, 0, 251);
    let from = |source| {
        let header = Ipv4Header { protocol: 17, ttl: 9, ..Ipv4Header::igmp(source, GROUP) };
        Rc::from(header.encode(&[0; 8]).unwrap())
    };
    let igmp: Rc<[u8]> = Ipv4Header::igmp(SOURCE, GROUP).encode(&[0; 8]).unwrap().into();
    world.input(0, datagram(local, 9, 1)).input(0, igmp).input(3, datagram(GROUP, 9, 1));
    world.input(0, from(Ipv4Addr::UNSPECIFIED)).input(0, from(GROUP));
    world.input(0, Rc::from(&datagram(GROUP, 9, 1)[..27]));
    assert_eq!((world.done(), world.mroute.deadline()), (Vec::new(), None));
}

#[test]
fn the_owners_socket_hears_igmp_for_the_namespace_and_for_all_routed_groups() {
    let mut world = World::new();
    let message = |to| Ipv4Header::igmp(SOURCE, to).encode(&[0; 8]).unwrap();
    let hears = |mroute: &Mroute, number, to, is_local| {
        let taken = mroute.takes_in(vif(number), &Packet::decode(&message(to)).unwrap(), is_local);
        taken == Taken::ByTheOwner
    };
    let all_routers = Ipv4Addr::new(224, 0, 0, 2);
    assert!(hears(&world.mroute, 0, all_routers, true));
    assert!(!hears(&world.mroute, 0, all_routers, false));
    assert!(hears(&world.mroute, 0, GROUP, false));
    assert!(!hears(&world.mroute, 3, GROUP, false));
    let udp = datagram(GROUP, 9, 1);
    assert_eq!(world.mroute.takes_in(vif(0), &Packet::decode(&udp).unwrap(), true), Taken::Not);
    world.with(|mroute, _, out| mroute.close(out));
    assert!(!hears(&world.mroute, 0, all_routers, true));
}

#[test]
fn a_closed_socket_leaves_nothing_behind() {
    let other = Ipv4Addr::new(239, 1, 1, 2);
    let mut world = World::new();
    world.set(entry(0, &[(1, 1)])).input(0, datagram(other, 9, 1)).done();
    world.with(|mroute, _, out| mroute.close(out));
    assert_eq!(
        world.done(),
        ["(10.0.0.9, 239.1.1.1) unresolved", "(10.0.0.9, 239.1.1.2) unresolved"]
    );
    world.input(0, datagram(GROUP, 9, 1));
    assert_eq!((world.done(), world.mroute.deadline()), (Vec::new(), None));
    assert_eq!(world.mroute.vif_counters(vif(0)), None);
    assert_eq!(world.mroute.add_vif(vif(0), VifKind::Device), Err(Refused::NotOpen));
    world.mroute.open();
    world.mroute.add_vif(vif(0), VifKind::Device).unwrap();
    let twice = world.mroute.add_vif(vif(0), VifKind::Device).unwrap_err();
    assert_eq!(twice.to_string(), "vif0 is in use");
}
