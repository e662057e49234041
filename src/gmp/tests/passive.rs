//! A passive router: it hears hosts and other queriers, and sends no Query whatever happens.

use super::querier::Role;
use super::*;

fn passive(version: Version) -> Params {
    Params { version, passive: true, query_interval: secs(20.0), ..Params::v2() }
}

impl Link {
    fn queries(&self) -> usize {
        self.said.iter().filter(|(_, say)| matches!(say, Say::Query(_))).count()
    }
}

#[test]
fn nothing_has_it_send_a_query() {
    for version in [Version::V2, Version::V3] {
        let mut link = Link::with(passive(version));
        link.older_report(Version::V2);
        link.run_to(secs(15.0));
        _ = link.leave();
        // The other querier comes, asks for the group, goes, and this router gets another address.
        let general = Query::older(version, None, secs(1.0));
        link.query(router(1), &general);
        link.query(router(1), &Query::older(version, Some(g()), secs(1.0)));
        link.run_to(secs(500.0));
        link.input(|interface, cx| interface.readdress(cx, router(2)));
        link.input(|interface, cx| interface.resume(cx, router(3)));
        link.input(|interface, _| interface.general_query_failed(Instant::ZERO));
        link.run_to(secs(900.0));
        assert_eq!((link.queries(), link.interface.role()), (0, Role::Passive), "{version:?}");
    }
}

#[test]
fn members_are_known_as_to_a_non_querier() {
    let mut link = Link::with(passive(Version::V3));
    link.report(Record::IsEx(set(""))).unwrap();
    assert_eq!(link.filter(), exclude("", ""));
    link.run_to(secs(10.0));
    // The querier of the link, though its address is the higher one, asks after a Leave.
    link.query(router(9), &Query::older(Version::V3, None, secs(1.0)));
    assert_eq!(link.interface.role(), Role::NonQuerier(router(9)));
    link.report(Record::ToIn(set(""))).unwrap();
    assert_eq!(link.filter(), exclude("", ""), "it has no Query of its own to wait for");
    link.query(router(9), &Query::older(Version::V3, Some(g()), secs(1.0)));
    link.run_to(secs(12.0));
    assert_eq!(link.filter(), include(""));
}

#[test]
fn it_begins_and_ends_while_the_router_serves() {
    let mut link = Link::with(Params { passive: false, ..passive(Version::V2) });
    link.older_report(Version::V2);
    link.run_to(secs(1.0));
    link.leave().unwrap();
    link.said.clear();
    link.configure(passive(Version::V2));
    link.run_to(secs(100.0));
    assert_eq!(link.queries(), 0, "also none that was due");
    // A querier with a higher address does not keep an active router silent.
    link.query(router(9), &Query::older(Version::V2, None, secs(1.0)));
    link.configure(Params { passive: false, ..passive(Version::V2) });
    assert_eq!((link.queries(), link.interface.role()), (1, Role::Querier));
    link.run_to(secs(106.0));
    assert_eq!(link.queries(), 2, "the second startup Query");
}
