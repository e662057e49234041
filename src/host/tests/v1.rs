//! A host of RFC 2710.

use super::*;

fn v1() -> Link {
    Link::new(Version::V2)
}

// RFC2710-4-15, RFC2710-4-12, RFC2710-4-16
#[test]
fn joining_is_reported_to_the_address_at_once_and_again_and_leaving_to_the_routers() {
    let mut link = v1();
    link.join(G).until(20.0);
    assert_eq!(link.said[0].0, 0.0);
    assert!(link.said[1].0 > 0.0 && link.said[1].0 <= 10.0, "{:?}", link.said);
    let report = "ff05::1:3 MLDv1 Report ff05::1:3";
    assert_eq!(link.words(), [report, report]);
    link.leave(G).until(40.0);
    assert_eq!(link.words(), ["ff02::2 MLDv1 Done ff05::1:3"]);
}

// RFC2710-5-03, RFC2710-5-04, RFC2710-4-08
#[test]
fn all_nodes_and_scopes_narrower_than_the_link_are_never_spoken_of() {
    let mut link = v1();
    for name in ["ff02::1", "ff01::9", "ff00::9"] {
        link.join(name);
    }
    link.query("::", 1000, None).until(30.0);
    for name in ["ff02::1", "ff01::9", "ff00::9"] {
        link.leave(name);
    }
    assert_eq!(link.until(60.0).words(), <[&str; 0]>::default());
    // A group of the link is.
    link.join("ff02::1:3");
    assert_eq!(link.words(), ["ff02::1:3 MLDv1 Report ff02::1:3"]);
}

// RFC2710-4-08, RFC2710-4-11
#[test]
fn a_query_is_answered_for_each_group_that_it_asks_for_within_its_delay() {
    let mut link = Link::member(Version::V2);
    link.join("ff05::5").until(120.0).said.clear();
    link.query("::", 2000, None).until(122.0);
    let mut answered = link.words();
    answered.sort_unstable();
    assert_eq!(answered, ["ff05::1:3 MLDv1 Report ff05::1:3", "ff05::5 MLDv1 Report ff05::5"]);
    link.query("ff05::5", 2000, None).until(130.0);
    assert_eq!(link.words(), ["ff05::5 MLDv1 Report ff05::5"]);
    link.query("ff05::7", 2000, None).until(140.0);
    assert_eq!(link.words(), <[&str; 0]>::default());
}

// RFC2710-4-10
#[test]
fn a_delay_of_zero_asks_for_an_answer_at_once() {
    let mut link = Link::member(Version::V2);
    link.query("::", 0, None).until(60.0);
    assert_eq!(link.times(), [60.0]);
}

// RFC2710-4-09
#[test]
fn only_a_shorter_bound_than_what_remains_draws_the_delay_anew() {
    let mut link = Link::member(Version::V2);
    link.query("::", 60_000, None);
    let drawn = link.host.deadline();
    link.query("::", 65_000, None);
    assert_eq!(link.host.deadline(), drawn);
    link.query("::", 10, None);
    assert!(link.host.deadline().unwrap() <= at(60.01));
    assert_eq!(link.until(200.0).words().len(), 1);
}

// RFC2710-4-13, RFC2710-4-17, RFC2710-5-02
#[test]
fn the_report_of_another_host_spares_ours_and_our_done() {
    let report = Mld::V1Report { group: ip(G) };
    let mut link = Link::member(Version::V2);
    link.query("::", 10_000, None);
    let global = link.hear("2001:db8::8", G, &report);
    assert_eq!(global, Err(Ignored::NotLinkLocal("2001:db8::8".parse().unwrap())));
    assert_eq!(link.hear(OWN, G, &report), Err(Ignored::Own));
    assert!(link.host.deadline().is_some());
    link.hear(OTHER, G, &report).unwrap();
    link.until(80.0).leave(G);
    assert_eq!(link.words(), <[&str; 0]>::default());
}

// RFC2710-4-18: with the control that the Report was spared.
#[test]
fn the_done_that_may_be_spared_can_be_asked_for() {
    let outspoken = HostParams { silent_leaves: false, ..HostParams::of(Version::V2) };
    let mut link = Link::with(outspoken);
    link.join(G).until(60.0).said.clear();
    link.query("::", 10_000, None);
    link.hear(OTHER, G, &Mld::V1Report { group: ip(G) }).unwrap();
    link.until(80.0).leave(G);
    assert_eq!(link.words(), ["ff02::2 MLDv1 Done ff05::1:3"]);
}

// RFC2710-5-01, RFC2710-3-01
#[test]
fn only_what_a_querier_of_the_link_has_sent_is_answered() {
    let general = query("::", 1000, None);
    let mut link = Link::member(Version::V2);
    for from in ["2001:db8::1", "::"] {
        let why = Ignored::NotLinkLocal(from.parse().unwrap());
        assert_eq!(link.hear(from, ALL_NODES, &general), Err(why));
    }
    let far = Header { hop_limit: 2, ..header(QUERIER, ALL_NODES) };
    assert_eq!(link.hear_in(far, &general), Err(Ignored::NotOneHop(2)));
    let quiet = Header { router_alert: false, ..header(QUERIER, ALL_NODES) };
    assert_eq!(link.hear_in(quiet, &general), Err(Ignored::NoRouterAlert));
    let no_group = query("2001:db8::5", 1000, None);
    assert!(matches!(link.hear(QUERIER, ALL_NODES, &no_group), Err(Ignored::NotMulticast(_))));
    assert_eq!(link.host.deadline(), None);
    link.hear(QUERIER, ALL_NODES, &general).unwrap();
    assert!(link.host.deadline().is_some());
}

// RFC3810-8.1-01: to a host of version 1 the longer Query is one of version 1.
#[test]
fn a_query_of_version_2_is_answered_in_version_1() {
    let mut link = Link::member(Version::V2);
    link.query("::", 1000, v2_part(&[])).until(70.0);
    assert_eq!(link.words(), ["ff05::1:3 MLDv1 Report ff05::1:3"]);
}
