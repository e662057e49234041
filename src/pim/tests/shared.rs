//! Trees of all sources, (*,G), towards a static RP (RFC 7761 sections 4.5.1 and 4.5.4).

use super::super::params::StaticRp;
use super::*;

const GROUP: &str = "239.1.1.1";
/// The RP, which is behind 10.0.0.1 on `UP`.
const RP: &str = "10.9.0.1";

fn any() -> EncodedSource {
    EncodedSource::any(ip(RP))
}

fn of_group() -> Branch {
    Branch::any(group(GROUP))
}

/// The flow of a source to the group.
fn from(source: &str) -> Flow {
    Flow { source: Source::new(ip(source)).unwrap(), group: group(GROUP) }
}

/// A router between the RP and a neighbour on its LAN, with this RP.
fn rig(rp: &str) -> Rig {
    let mut rig = Rig::new();
    let groups = "224.0.0.0/4".parse().unwrap();
    rig.pim.params.rps = vec![StaticRp { address: ip(rp), groups }];
    for (link, from) in [(UP, "10.0.0.1"), (LAN, "10.0.1.1")] {
        let options = vec![HelloOption::Holdtime(0xffff), HelloOption::DrPriority(0)];
        rig.hears_hello(link, from, options);
    }
    rig.until(6);
    rig.said.clear();
    rig
}

// RFC7761-4.5.1-02, RFC7761-4.5.4-01, RFC7761-4.9.5.1-01
#[test]
fn a_join_of_all_sources_goes_on_towards_the_rp() {
    let mut rig = rig(RP);
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any()], &[], 210)).unwrap();
    let join = "PIM Join/Prune to 10.0.0.1: 239.1.1.1 join *(10.9.0.1), holdtime 210 s";
    assert_eq!(rig.joins(UP), [(6, join.to_owned())]);
    assert_eq!(rig.entry(from("10.9.0.9")), (UP, vec![LAN]));
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[], &[any()], 210)).unwrap();
    let prune = "PIM Join/Prune to 10.0.0.1: 239.1.1.1 prune *(10.9.0.1), holdtime 210 s";
    assert_eq!(rig.joins(UP), [(6, prune.to_owned())]);
    assert_eq!(rig.entry(from("10.9.0.9")), (UP, vec![]));
}

// RFC7761-4.5.1-01
#[test]
fn a_join_that_names_another_rp_is_dropped_and_a_prune_is_not() {
    let mut rig = rig(RP);
    let other = EncodedSource::any(ip("10.9.0.2"));
    let source = EncodedSource::source(ip("10.9.0.9"));
    let message = join_prune("10.0.1.5", GROUP, &[other, source], &[], 210);
    rig.receive(LAN, "10.0.1.1", &message).unwrap();
    let join = "PIM Join/Prune to 10.0.0.1: 239.1.1.1 join 10.9.0.9, holdtime 210 s";
    assert_eq!(rig.joins(UP), [(6, join.to_owned())], "what stands beside it counts");
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any()], &[], 210)).unwrap();
    rig.joins(UP);
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[], &[other], 210)).unwrap();
    let prune = "PIM Join/Prune to 10.0.0.1: 239.1.1.1 prune *(10.9.0.1), holdtime 210 s";
    assert_eq!(rig.joins(UP), [(6, prune.to_owned())]);
}

/// The RP is the root of its tree, and joins nobody there.
#[test]
fn the_rp_itself_joins_nobody() {
    let mut rig = rig("10.0.1.5");
    rig.member(LAN, of_group(), true);
    rig.until(100);
    assert_eq!(rig.joins(UP), []);
    // RFC7761-4.2.2-01: of a source on its own link it takes the datagrams themselves.
    rig.data(UP, from("10.0.0.9"));
    assert_eq!(rig.entry(from("10.0.0.9")), (UP, vec![LAN]));
}

// RFC7761-4.7-01
#[test]
fn a_group_without_rp_is_joined_by_nobody() {
    let mut rig = rig(RP);
    rig.pim.params.rps.clear();
    rig.member(LAN, of_group(), true);
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any()], &[], 210)).unwrap();
    assert_eq!((rig.joins(UP), rig.entry(from("10.9.0.9"))), (vec![], (UP, vec![])));
}
