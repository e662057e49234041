//! The RP: what it makes of Registers, and what it answers (RFC 7761 section 4.4.2).

use super::super::params::{SptSwitchover, StaticRp};
use super::*;
use crate::wire::pim::Register;

const RP: &str = "10.0.1.5";
const FIRST_HOP: &str = "10.9.0.5";

/// A source behind 10.0.0.1 on `UP`.
fn far() -> Flow {
    Flow { source: Source::new(ip("10.9.0.9")).unwrap(), group: group("239.1.1.1") }
}

fn of_group() -> Branch {
    Branch::any(far().group)
}

/// The RP of all groups, with members on `LAN` if so.
fn rig(has_members: bool) -> Rig {
    let mut rig = Rig::new();
    let groups = "224.0.0.0/4".parse().unwrap();
    rig.pim.params.rps = vec![StaticRp { address: ip(RP), groups }];
    let options = vec![HelloOption::Holdtime(0xffff), HelloOption::DrPriority(0)];
    rig.hears_hello(UP, "10.0.0.1", options);
    rig.member(LAN, of_group(), has_members);
    rig.until(6);
    rig.said.clear();
    rig
}

/// A Null-Register, or a Register of a datagram with nothing but a header.
fn register(flow: Flow, is_null: bool) -> Message {
    let null = Register::null(flow.source.addr(), flow.group.addr()).unwrap();
    Message::Register(Register { is_null, ..null })
}

fn stopped(at: u64) -> (u64, String, String) {
    let words = "PIM Register-Stop (10.9.0.9, 239.1.1.1)";
    (at, format!("{RP} > {FIRST_HOP}"), words.to_owned())
}

fn joined(at: u64) -> (u64, String) {
    let entry = "PIM Join/Prune to 10.0.0.1: 239.1.1.1 join 10.9.0.9, holdtime 210 s";
    (at, entry.to_owned())
}

// RFC7761-4.4.2-02, RFC7761-4.4.2-03, RFC7761-4.2.2-01
#[test]
fn with_members_it_joins_the_source_and_stops_the_registers_once_that_has_come() {
    let mut rig = rig(true);
    rig.receive_from(FIRST_HOP, RP, &register(far(), false)).unwrap();
    assert_eq!(rig.entry(far()), (REGISTER, vec![LAN]));
    assert_eq!((rig.joins(UP), rig.unicast()), (vec![joined(6)], vec![]));
    rig.data(REGISTER, far());
    assert_eq!(rig.entry(far()), (REGISTER, vec![LAN]));
    rig.data(UP, far());
    assert_eq!(rig.entry(far()), (UP, vec![LAN]));
    rig.receive_from(FIRST_HOP, RP, &register(far(), false)).unwrap();
    assert_eq!(rig.unicast(), [stopped(6)]);
}

// RFC7761-4.4.2-02, RFC7761-4.4.2-04
#[test]
fn without_members_it_stops_at_once_and_remembers_the_source() {
    let mut rig = rig(false);
    rig.receive_from(FIRST_HOP, RP, &register(far(), true)).unwrap();
    assert_eq!((rig.joins(UP), rig.unicast()), (vec![], vec![stopped(6)]));
    rig.until(6 + 184);
    rig.member(LAN, of_group(), true);
    assert_eq!(rig.joins(UP), [joined(6 + 184)]);
    rig.member(LAN, of_group(), false);
    rig.joins(UP);
    rig.until(6 + 211);
    rig.member(LAN, of_group(), true);
    assert_eq!(rig.joins(UP), [], "it is forgotten");
}

// RFC7761-4.4.2-04: with a short Keepalive_Period, too.
#[test]
fn what_was_stopped_is_remembered_for_three_suppressions_and_a_probe() {
    for (after, is_known) in [(184, true), (186, false)] {
        let mut rig = rig(false);
        rig.pim.keepalive = secs(20);
        rig.receive_from(FIRST_HOP, RP, &register(far(), false)).unwrap();
        rig.until(6 + after);
        rig.member(LAN, of_group(), true);
        assert_eq!(!rig.joins(UP).is_empty(), is_known, "{after} s later");
    }
}

/// A policy that RFC 7761 section 4.2.1 allows.
#[test]
fn without_a_switch_it_forwards_what_comes_in_registers() {
    let mut rig = rig(true);
    rig.pim.params.spt_switchover = SptSwitchover::Never;
    for _ in 0..2 {
        rig.receive_from(FIRST_HOP, RP, &register(far(), false)).unwrap();
        rig.data(REGISTER, far());
    }
    assert_eq!((rig.joins(UP), rig.unicast()), (vec![], vec![]));
    assert_eq!(rig.entry(far()), (REGISTER, vec![LAN]));
}

// RFC7761-4.4.2-01, RFC7761-4.8.1-02
#[test]
fn who_is_not_the_rp_stops_the_registers_and_forwards_nothing() {
    let specific = Flow { group: group("232.1.1.1"), ..far() };
    for (rp, flow) in [("10.9.0.1", far()), (RP, specific)] {
        let mut rig = rig(true);
        rig.pim.params.rps[0].address = ip(rp);
        rig.receive_from(FIRST_HOP, RP, &register(flow, false)).unwrap();
        let [(_, way, _)] = &rig.unicast()[..] else { panic!("one Register-Stop") };
        assert_eq!(way, &format!("{RP} > {FIRST_HOP}"));
        assert_ne!(rig.entry(flow).0, REGISTER);
    }
    // Another address of the router is not the RP's, and one of another router is none of its business.
    let mut rig = rig(true);
    rig.receive_from(FIRST_HOP, "10.0.0.5", &register(far(), false)).unwrap();
    assert_eq!(rig.unicast().len(), 1);
    let other = rig.receive_from(FIRST_HOP, "10.0.0.6", &register(far(), false));
    assert_eq!((other, rig.unicast()), (Err(Ignored::Misaddressed(ip("10.0.0.6"))), vec![]));
}

// RFC7761-4.9.3-03
#[test]
fn a_header_that_is_wrong_counts_only_if_it_claims_to_be_right() {
    let mut rig = rig(true);
    let with_sum = |sum: [u8; 2]| {
        let Message::Register(mut register) = register(far(), true) else { panic!("a Register") };
        register.datagram[10..12].copy_from_slice(&sum);
        Message::Register(register)
    };
    let wrong = rig.receive_from(FIRST_HOP, RP, &with_sum([1, 2]));
    assert!(matches!(wrong, Err(Ignored::Malformed { .. })), "{wrong:?}");
    assert_eq!(rig.joins(UP), []);
    rig.receive_from(FIRST_HOP, RP, &with_sum([0, 0])).unwrap();
    assert_eq!(rig.joins(UP), [joined(6)]);
}
