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

fn entry(rig: &Rig, source: &str) -> (usize, Vec<usize>) {
    let (iif, oifs) = rig.pim.entry(&rig.world, from(source)).unwrap();
    (iif.index(), oifs.into_iter().map(Vif::index).collect())
}

// RFC7761-4.5.1-02, RFC7761-4.5.4-01, RFC7761-4.9.5.1-01
#[test]
fn a_join_of_all_sources_goes_on_towards_the_rp() {
    let mut rig = rig(RP);
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any()], &[], 210)).unwrap();
    let join = "PIM Join/Prune to 10.0.0.1: 239.1.1.1 join *(10.9.0.1), holdtime 210 s";
    assert_eq!(rig.joins(UP), [(6, join.to_owned())]);
    assert_eq!(entry(&rig, "10.9.0.9"), (UP, vec![LAN]));
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[], &[any()], 210)).unwrap();
    let prune = "PIM Join/Prune to 10.0.0.1: 239.1.1.1 prune *(10.9.0.1), holdtime 210 s";
    assert_eq!(rig.joins(UP), [(6, prune.to_owned())]);
    assert_eq!(entry(&rig, "10.9.0.9"), (UP, vec![]));
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

/// The RP is the root: it joins nobody, and takes what comes in from a source on its own link.
#[test]
fn the_rp_itself_joins_nobody() {
    let mut rig = rig("10.0.1.5");
    rig.member(LAN, of_group(), true);
    rig.until(100);
    assert_eq!(rig.joins(UP), []);
    assert_eq!(entry(&rig, "10.0.0.9"), (UP, vec![LAN]));
}

/// What comes over the RP's tree comes in towards the RP, wherever its source is, and what a member asks
/// for by name comes in towards the source.
#[test]
fn a_flow_comes_in_towards_the_rp_unless_its_source_is_joined() {
    let mut rig = rig("10.0.0.1");
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    rig.world.rib.replace_own([
        (net("10.0.0.0/24"), NextHop::connected(vif(UP))),
        (net("10.0.1.0/24"), NextHop::connected(vif(LAN))),
        (net("10.8.0.0/24"), NextHop::configured(vif(LAN), Some(ip("10.0.1.1")))),
    ]);
    rig.member(UP, of_group(), true);
    rig.member(LAN, of_group(), true);
    assert_eq!(entry(&rig, "10.8.0.9"), (UP, vec![LAN]));
    rig.member(UP, Branch::of(from("10.8.0.9")), true);
    assert_eq!(entry(&rig, "10.8.0.9"), (LAN, vec![UP]));
    let [(_, join)] = &rig.joins(LAN)[..] else { panic!("one Join") };
    assert_eq!(join, "PIM Join/Prune to 10.0.1.1: 239.1.1.1 join 10.8.0.9, holdtime 210 s");
}

// RFC7761-4.7-01
#[test]
fn a_group_without_rp_is_joined_by_nobody() {
    let mut rig = rig(RP);
    rig.pim.params.rps.clear();
    rig.member(LAN, of_group(), true);
    rig.receive(LAN, "10.0.1.1", &join_prune("10.0.1.5", GROUP, &[any()], &[], 210)).unwrap();
    assert_eq!((rig.joins(UP), entry(&rig, "10.9.0.9")), (vec![], (UP, vec![])));
}
