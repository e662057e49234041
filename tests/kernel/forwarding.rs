//! What the kernel forwards and counts, and its upcalls.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use crate::lab::{GROUP, Lab, entry, flow, vif};
use castnet::mfc::entry::{FlowCounters, VifCounters};
use castnet::mfc::upcall::{Upcall, UpcallKind};

/// Octets of an IPv4 and of a UDP header.
const HEADERS: u64 = 20 + 8;

pub(crate) async fn a_new_flow_is_asked_about_and_forwarded_once_there_is_an_entry() {
    let lab = Lab::new().await;
    lab.send(8, "first");
    let asked = Upcall { kind: UpcallKind::NoCache, vif: vif(0), flow: flow(GROUP) };
    assert_eq!(lab.upcall().await, asked);
    assert_eq!(lab.received_until_now().await, [""; 0]);

    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    assert_eq!(lab.received().await, ("first".to_owned(), 7));
    lab.send(8, "second");
    assert_eq!(lab.received().await, ("second".to_owned(), 7));
}

pub(crate) async fn a_datagram_leaves_only_with_a_ttl_above_the_threshold() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(0, &[(1, 5)])).unwrap();
    lab.send(5, "at the threshold");
    lab.send(6, "above it");
    assert_eq!(lab.received().await, ("above it".to_owned(), 5));
    assert_eq!(lab.received_until_now().await, [""; 0]);
}

pub(crate) async fn threshold_0_lets_out_every_datagram_that_may_be_forwarded() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(0, &[(1, 0)])).unwrap();
    lab.send(1, "for its link only");
    lab.send(2, "for the next");
    assert_eq!(lab.received().await, ("for the next".to_owned(), 1));
    assert_eq!(lab.received_until_now().await, [""; 0]);
}

pub(crate) async fn the_threshold_of_a_vif_holds_nothing_back() {
    let mut lab = Lab::new().await;
    assert!(lab.mroute.delete_vif(vif(1)).unwrap());
    lab.mroute.add_vif(vif(1), lab.b, 100).unwrap();
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    lab.send(8, "below it");
    assert_eq!(lab.received().await, ("below it".to_owned(), 7));
}

pub(crate) async fn an_entry_takes_the_place_of_the_earlier_one() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    lab.mroute.add_mfc(&entry(0, &[])).unwrap();
    lab.send(8, "for nobody");
    assert_eq!(lab.received_until_now().await, [""; 0]);
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    lab.send(8, "for the host");
    assert_eq!(lab.received().await.0, "for the host");
}

pub(crate) async fn an_interface_added_later_is_not_part_of_earlier_entries() {
    let mut lab = Lab::new().await;
    assert!(lab.mroute.delete_vif(vif(1)).unwrap());
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    lab.mroute.add_vif(vif(1), lab.b, 1).unwrap();
    lab.send(8, "too early");
    assert_eq!(lab.received_until_now().await, [""; 0]);
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    lab.send(8, "in time");
    assert_eq!(lab.received().await.0, "in time");
}

pub(crate) async fn flows_and_interfaces_are_counted() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(0, &[(1, 5)])).unwrap();
    for (ttl, text) in [(5, "a"), (6, "bc"), (7, "def")] {
        lab.send(ttl, text);
    }
    assert_eq!(lab.received_until_now().await, ["bc", "def"]);
    let counted = lab.mroute.flow_counters(flow(GROUP)).unwrap();
    let bytes_in = 3 * HEADERS + 6;
    assert_eq!(counted, Some(FlowCounters { packets: 3, bytes: bytes_in, wrong_if: 0 }));
    let received = VifCounters { packets_in: 3, bytes_in, ..VifCounters::default() };
    assert_eq!(lab.mroute.vif_counters(vif(0)).unwrap(), Some(received));
    let (packets_out, bytes_out) = (2, 2 * HEADERS + 5);
    let sent = VifCounters { packets_out, bytes_out, ..VifCounters::default() };
    assert_eq!(lab.mroute.vif_counters(vif(1)).unwrap(), Some(sent));
}

pub(crate) async fn a_deleted_entry_forwards_nothing_and_is_asked_about_again() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    lab.send(8, "before");
    assert_eq!(lab.received().await.0, "before");
    assert!(lab.mroute.delete_mfc(flow(GROUP)).unwrap());
    lab.send(8, "after");
    assert_eq!(lab.upcall().await.kind, UpcallKind::NoCache);
    assert_eq!(lab.received_until_now().await, [""; 0]);
    assert_eq!(lab.mroute.flow_counters(flow(GROUP)).unwrap(), None);
}

pub(crate) async fn a_datagram_on_a_wrong_interface_is_told_and_counted() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(1, &[(0, 1)])).unwrap();
    lab.send(8, "wrong way");
    let told = Upcall { kind: UpcallKind::WrongVif, vif: vif(0), flow: flow(GROUP) };
    assert_eq!(lab.upcall().await, told);
    let counted = lab.mroute.flow_counters(flow(GROUP)).unwrap().unwrap();
    assert_eq!((counted.packets, counted.wrong_if), (1, 1));
    assert_eq!(lab.received_until_now().await, [""; 0]);
}

pub(crate) async fn a_wrong_interface_that_is_no_outgoing_one_is_only_counted() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(1, &[])).unwrap();
    lab.send(8, "wrong way");
    // A new flow comes after it on the same wire, and its upcall would come after the other one.
    lab.send_to(Ipv4Addr::new(239, 1, 2, 4), 8, "new flow");
    assert_eq!(lab.upcall().await.kind, UpcallKind::NoCache);
    let counted = lab.mroute.flow_counters(flow(GROUP)).unwrap().unwrap();
    assert_eq!((counted.packets, counted.wrong_if), (1, 1));
}

pub(crate) async fn a_burst_of_new_flows_waits_for_the_reader() {
    let lab = Lab::new().await;
    // More than the 256 upcalls that the default buffer holds, fewer than net.core.rmem_max allows
    // where it is at its lowest.
    let groups: Vec<_> =
        (0..400u16).map(|n| [239, 7, n.to_be_bytes()[0], n.to_be_bytes()[1]]).collect();
    for &group in &groups {
        lab.send_to(Ipv4Addr::from(group), 8, "new");
    }
    let mut asked = BTreeSet::new();
    for _ in &groups {
        let upcall = lab.upcall().await;
        assert_eq!((upcall.kind, upcall.flow.source), (UpcallKind::NoCache, flow(GROUP).source));
        asked.insert(upcall.flow.group.addr());
    }
    assert_eq!(asked, groups.iter().map(|&group| IpAddr::from(group)).collect());
}
