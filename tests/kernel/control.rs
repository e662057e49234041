//! Who owns multicast routing, who may, and what the owner may request.

use crate::lab::{GROUP, Lab, Namespace, entry, flow, vif};
use caps::{CapSet, Capability, CapsHashSet};
use castnet::addr::{Family, Group, Source};
use castnet::kernel::{DEFAULT_TABLE, Mroute, MrouteError};
use castnet::mfc::entry::Flow;

/// The lines of /proc/net/ip_mr_vif after its header: the virtual interfaces that the kernel has.
fn vifs_in(namespace: &Namespace) -> Vec<String> {
    let text = namespace.read("/proc/thread-self/net/ip_mr_vif");
    text.lines().skip(1).map(str::to_owned).collect()
}

fn open_with_capabilities(
    namespace: &Namespace,
    kept: &CapsHashSet,
    table: Option<u32>,
) -> Result<Mroute, MrouteError> {
    namespace.inside(|| {
        // The capabilities of this thread alone.
        caps::set(None, CapSet::Effective, kept).unwrap();
        Mroute::open(table)
    })
}

pub(crate) async fn a_table_has_one_owner() {
    let namespace = Namespace::new();
    let open = |table| namespace.inside(|| Mroute::open(table));
    let _first = open(None).unwrap();
    let refused = open(None).unwrap_err();
    assert!(matches!(refused, MrouteError::AlreadyOwned { table: DEFAULT_TABLE, .. }), "{refused}");
    let _other_table = open(Some(100)).unwrap();
    let refused = open(Some(100)).unwrap_err();
    assert!(matches!(refused, MrouteError::AlreadyOwned { table: 100, .. }), "{refused}");
    assert_eq!(
        refused.to_string(),
        "another process owns multicast routing in table 100 of this network namespace \
         (MRT_INIT: EADDRINUSE)",
    );
}

pub(crate) async fn a_namespace_of_ones_own_is_free() {
    let (one, other) = (Namespace::new(), Namespace::new());
    let _first = one.inside(|| Mroute::open(None)).unwrap();
    let _second = other.inside(|| Mroute::open(None)).unwrap();
}

pub(crate) async fn without_capabilities_there_is_no_permission() {
    let namespace = Namespace::new();
    let refused = open_with_capabilities(&namespace, &CapsHashSet::new(), None).unwrap_err();
    assert!(matches!(refused, MrouteError::NoPermission { call: "socket" }), "{refused}");
    assert!(refused.to_string().contains("CAP_NET_ADMIN and CAP_NET_RAW"), "{refused}");
    let refused = open_with_capabilities(&namespace, &[Capability::CAP_NET_RAW].into(), Some(100))
        .unwrap_err();
    assert!(matches!(refused, MrouteError::NoPermission { call: "MRT_TABLE" }), "{refused}");
}

pub(crate) async fn no_permission_and_already_owned_are_told_apart() {
    let namespace = Namespace::new();
    let _owner = namespace.inside(|| Mroute::open(None)).unwrap();
    let refused = open_with_capabilities(&namespace, &CapsHashSet::new(), None).unwrap_err();
    assert!(matches!(refused, MrouteError::NoPermission { .. }), "{refused}");
}

pub(crate) async fn closing_returns_everything() {
    let lab = Lab::new().await;
    lab.mroute.add_mfc(&entry(0, &[(1, 1)])).unwrap();
    assert_eq!(vifs_in(&lab.router).len(), 2);
    let Lab { router, mroute, .. } = lab;
    drop(mroute);
    assert_eq!(vifs_in(&router), [""; 0]);
    let reopened = router.inside(|| Mroute::open(None)).unwrap();
    assert_eq!(vifs_in(&router), [""; 0]);
    assert_eq!(reopened.flow_counters(flow(GROUP)).unwrap(), None);
}

pub(crate) async fn a_device_carries_one_vif_and_a_vif_one_device() {
    let mut lab = Lab::new().await;
    let refused = lab.mroute.add_vif(vif(2), lab.a, 1).unwrap_err();
    let expected = MrouteError::DeviceInUse { ifindex: lab.a, vif: vif(0) };
    assert_eq!(refused.to_string(), expected.to_string());
    let loopback = lab.router.ifindex("lo");
    let refused = lab.mroute.add_vif(vif(1), loopback, 1).unwrap_err();
    assert!(matches!(refused, MrouteError::VifInUse { .. }), "{refused}");
    assert_eq!(vifs_in(&lab.router).len(), 2);

    assert!(lab.mroute.delete_vif(vif(0)).unwrap());
    assert!(!lab.mroute.delete_vif(vif(0)).unwrap());
    lab.mroute.add_vif(vif(2), lab.a, 1).unwrap();
    let lines = vifs_in(&lab.router);
    let numbers: Vec<_> = lines.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(numbers, ["1", "2"]);
}

pub(crate) async fn a_device_that_vanishes_takes_its_vif_along() {
    let mut lab = Lab::new().await;
    lab.delete_device(lab.b).await;
    assert_eq!(vifs_in(&lab.router).len(), 1);
    assert_eq!(lab.mroute.vif_counters(vif(1)).unwrap(), None);
    assert!(!lab.mroute.delete_vif(vif(1)).unwrap());

    lab.delete_device(lab.a).await;
    let loopback = lab.router.ifindex("lo");
    lab.mroute.add_vif(vif(0), loopback, 1).unwrap();
    assert_eq!(vifs_in(&lab.router).len(), 1);
}

pub(crate) async fn a_device_that_does_not_exist_is_refused() {
    let namespace = Namespace::new();
    let mut mroute = namespace.inside(|| Mroute::open(None)).unwrap();
    for ifindex in [0, 9999, u32::MAX] {
        let refused = mroute.add_vif(vif(0), ifindex, 1);
        for refused in [refused, mroute.join(ifindex, GROUP)] {
            let refused = refused.unwrap_err().to_string();
            assert_eq!(
                refused,
                MrouteError::NoSuchInterface { ifindex, family: Family::V4 }.to_string()
            );
        }
    }
    assert_eq!(vifs_in(&namespace), [""; 0]);
}

pub(crate) async fn a_membership_is_never_left_to_the_routing_table() {
    let mut lab = Lab::new().await;
    lab.route_multicast_to(lab.b).await;
    let refused = lab.mroute.join(0, GROUP).unwrap_err();
    assert!(matches!(refused, MrouteError::NoSuchInterface { ifindex: 0, .. }), "{refused}");
    lab.mroute.join(lab.a, GROUP).unwrap();
    assert!(!lab.mroute.leave(lab.b, GROUP).unwrap());
    assert!(lab.mroute.leave(lab.a, GROUP).unwrap());
}

pub(crate) async fn what_does_not_exist_counts_nothing_and_is_not_deleted() {
    let namespace = Namespace::new();
    let mut mroute = namespace.inside(|| Mroute::open(None)).unwrap();
    assert_eq!(mroute.flow_counters(flow(GROUP)).unwrap(), None);
    assert_eq!(mroute.vif_counters(vif(0)).unwrap(), None);
    assert_eq!(mroute.vif_counters(vif(31)).unwrap(), None);
    assert!(!mroute.delete_mfc(flow(GROUP)).unwrap());
    let loopback = namespace.ifindex("lo");
    assert!(!mroute.leave(loopback, GROUP).unwrap());
}

pub(crate) async fn an_ipv6_flow_is_refused() {
    let namespace = Namespace::new();
    let mroute = namespace.inside(|| Mroute::open(None)).unwrap();
    let group = Group::new("ff05::1".parse().unwrap()).unwrap();
    let refused = mroute.delete_mfc(Flow { group, ..flow(GROUP) }).unwrap_err();
    assert_eq!(refused.to_string(), "ff05::1 is not an IPv4 address");
    let refused = mroute.flow_counters(Flow {
        source: Source::new("::1".parse().unwrap()).unwrap(),
        ..flow(GROUP)
    });
    assert!(matches!(refused, Err(MrouteError::OtherFamily { .. })));
}

pub(crate) async fn memberships_are_held_by_as_many_sockets_as_it_takes() {
    let mut lab = Lab::new().await;
    let limit = "/proc/sys/net/ipv4/igmp_max_memberships";
    lab.router.inside(|| std::fs::write(limit, "2").unwrap());
    let group = |n: u8| [239, 9, 9, n].into();
    let (router, a) = (&lab.router, lab.a);
    for n in 0..7 {
        router.inside(|| lab.mroute.join(a, group(n)).unwrap());
    }
    let twice = router.inside(|| lab.mroute.join(a, group(5)).unwrap_err());
    assert!(matches!(twice, MrouteError::Io { .. }), "{twice}");
    // Each one ends where it is held, and leaves room for another one.
    for n in [0, 6, 3] {
        assert!(lab.mroute.leave(a, group(n)).unwrap());
        assert!(!lab.mroute.leave(a, group(n)).unwrap());
    }
    router.inside(|| std::fs::write(limit, "0").unwrap());
    let refused = router.inside(|| lab.mroute.join(a, group(9)).unwrap_err());
    assert!(matches!(refused, MrouteError::TooManyMemberships { .. }), "{refused}");
    router.inside(|| std::fs::write(limit, "2").unwrap());
    router.inside(|| lab.mroute.join(a, group(0)).unwrap());
}
