use super::*;

fn hop(ifindex: u32) -> Hop {
    Hop { ifindex, via: None }
}

fn route(prefix: &str, metric: u32, ifindexes: &[u32]) -> Route {
    let hops = ifindexes.iter().copied().map(hop).collect();
    Route { prefix: prefix.parse().unwrap(), metric, hops }
}

/// The devices 10 and 11 are the router's interfaces 0 and 1; 12 is none.
fn used() -> BTreeMap<u32, Vif> {
    [(10, 0), (11, 1)].map(|(ifindex, n)| (ifindex, Vif::new(n).unwrap())).into()
}

/// The changes in words, `+` or `-`, the prefix and the interface.
fn words(changes: Vec<RouteChange>) -> Vec<String> {
    let word = |change| match change {
        RouteChange::Add(prefix, hop) => format!("+{prefix} {}", hop.vif),
        RouteChange::Remove(prefix, hop) => format!("-{prefix} {}", hop.vif),
    };
    changes.into_iter().map(word).collect()
}

#[test]
fn a_router_learns_what_has_changed() {
    let (mut routes, mut learned) = (Routes::default(), Learned::default());
    let mut after = |report| {
        assert!(routes.apply(report));
        words(learned.follow(Family::V4, &routes, &used()))
    };
    let first = route("192.0.2.0/24", 100, &[10]);
    assert_eq!(after(Report::Route(first.clone())), ["+192.0.2.0/24 vif0"]);
    assert_eq!(after(Report::Route(first)), [""; 0], "known");
    let second = route("192.0.2.0/24", 100, &[11]);
    let changes = after(Report::RouteReplaced(second.clone()));
    assert_eq!(changes, ["-192.0.2.0/24 vif0", "+192.0.2.0/24 vif1"]);
    assert_eq!(after(Report::Route(route("2001:db8::/32", 0, &[10]))), [""; 0], "other family");
    assert_eq!(after(Report::Route(route("0.0.0.0/0", 0, &[12]))), [""; 0], "not used");
    assert_eq!(after(Report::Route(route("0.0.0.0/0", 5, &[12, 10]))), ["+0.0.0.0/0 vif0"]);
    assert_eq!(after(Report::RouteGone(second)), ["-192.0.2.0/24 vif1"]);
}

// A number that another device has now must not be reached by the routes of the one before.
#[test]
fn routes_follow_the_devices_behind_the_interfaces() {
    let (mut routes, mut learned) = (Routes::default(), Learned::default());
    routes.replace(vec![Report::Route(route("192.0.2.0/24", 0, &[10]))]);
    learned.follow(Family::V4, &routes, &used());
    let swapped = [(20, Vif::new(0).unwrap()), (10, Vif::new(1).unwrap())].into();
    let changes = words(learned.follow(Family::V4, &routes, &swapped));
    assert_eq!(changes, ["-192.0.2.0/24 vif0", "+192.0.2.0/24 vif1"]);
    routes.replace(vec![]);
    assert_eq!(words(learned.follow(Family::V4, &routes, &swapped)), ["-192.0.2.0/24 vif1"]);
}

#[test]
fn reports_that_do_not_fit_ask_for_the_whole() {
    let mut routes = Routes::default();
    assert!(!routes.apply(Report::RouteGone(route("192.0.2.0/24", 0, &[10]))), "unknown");
    assert!(routes.apply(Report::Route(route("2001:db8::/32", 0, &[10]))));
    assert!(!routes.apply(Report::Route(route("2001:db8::/32", 0, &[10, 11]))), "one more hop");
    assert!(routes.apply(Report::Route(route("192.0.2.0/24", 0, &[10]))));
    assert!(routes.apply(Report::Route(route("192.0.2.0/24", 0, &[11]))), "appended");
    assert!(!routes.apply(Report::RouteReplaced(route("192.0.2.0/24", 0, &[12]))), "which one?");
}

// RFC 3704 section 2: strict and loose reverse path filters ask the longest route.
#[test]
fn the_longest_route_leads_to_an_address() {
    let mut routes = Routes::default();
    routes.replace(vec![
        Report::Route(route("0.0.0.0/0", 0, &[12])),
        Report::Route(route("203.0.113.0/24", 0, &[10])),
    ]);
    let by = |ifindex, address: &str| routes.lead_to(address.parse().unwrap(), |i| i == ifindex);
    assert!(by(10, "203.0.113.5") && !by(12, "203.0.113.5"));
    assert!(by(12, "198.51.100.1") && !by(12, "2001:db8::1"));
}
