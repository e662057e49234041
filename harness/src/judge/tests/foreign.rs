//! A router with software of others: judged by the wire and the kernel's cache, and where these say
//! nothing, not judged.

use std::net::Ipv4Addr;

use castnet::time::Instant;

use super::super::Outcome::{Fail, Pass, Unsupported};
use super::{ALL_HOSTS, H1, NS, R1_LAN, Run, ms, query};
use crate::plan::{Device, Role, Software};
use crate::recipe::shipped;
use crate::recording::StateChange;

impl Run {
    /// r1 runs this software.
    fn on(mut self, name: &str) -> Self {
        let recipe = shipped(name).unwrap().unwrap_or_else(|wrong| panic!("{wrong}"));
        let r1 = self.node("r1");
        let Role::Router(router) = &mut self.plan.nodes[r1].role else { panic!("r1 is a router") };
        let (name, folder) = (name.to_owned(), "".into());
        router.who = Device::Foreign(Box::new(Software { name, folder, recipe }));
        self
    }

    fn generally_asked(self, at: Instant, port: &str) -> Self {
        self.igmp(at, port, ALL_HOSTS, &query(10, Ipv4Addr::UNSPECIFIED))
    }
}

fn members(groups: &str) -> Run {
    let claim = "members = { of = 'r1', on = 'lan', groups";
    Run::new(&format!("{claim} = {groups} }}\nat = 'leave'")).on("smcroute")
}

#[test]
fn who_asked_last_is_the_querier_whatever_the_router_says() {
    let claimed = || Run::new("querier = { on = 'lan', is = 'r1' }\nat = 'leave'").on("pimd");
    claimed().comes_out(Fail);
    claimed().generally_asked(ms(1000), "r1:lan").comes_out(Pass);
    claimed().generally_asked(ms(5001), "r1:lan").comes_out(Fail);
    let both = |at| claimed().generally_asked(ms(1000), "r1:lan").generally_asked(at, "h1:lan");
    both(ms(5001) - NS).comes_out(Fail);
    both(ms(5001)).comes_out(Pass);
    let port = claimed().port("r1:lan");
    let told = |querier: Ipv4Addr| StateChange::Querier { port, querier: querier.into() };
    claimed().tells(ms(0), told(R1_LAN)).comes_out(Fail);
    claimed().generally_asked(ms(1000), "r1:lan").tells(ms(2000), told(H1)).comes_out(Pass);
}

#[test]
fn a_group_has_members_where_the_kernel_forwards_it() {
    let to_lan = |run: Run| run.entry(ms(1000), Some(("r1:up", &["r1:lan"])));
    let nowhere = |run: Run| run.entry(ms(1000), Some(("r1:up", &[])));
    to_lan(members("['239.1.1.1']")).comes_out(Pass);
    nowhere(members("['239.1.1.1']")).comes_out(Fail);
    nowhere(members("[]")).comes_out(Pass);
    to_lan(members("[]")).comes_out(Fail);
    let ended = |at| to_lan(members("[]")).entry(at, Some(("r1:up", &[])));
    ended(ms(5001) - NS).comes_out(Pass);
    ended(ms(5001)).comes_out(Fail);
}

#[test]
fn members_without_a_flow_and_lists_of_sources_are_not_judged() {
    members("['239.1.1.1']").comes_out(Unsupported);
    members("[]").comes_out(Unsupported);
    let other = members("['239.1.1.1', '239.1.1.2']");
    other.entry(ms(1000), Some(("r1:up", &["r1:lan"]))).comes_out(Unsupported);
    let listed = members("{ '239.1.1.1' = { exclude = [] } }");
    listed.entry(ms(1000), Some(("r1:up", &["r1:lan"]))).comes_out(Unsupported);
}

/// Its start was before time zero, so that nobody knows what was due then.
#[test]
fn a_slow_starter_is_accused_of_nothing_that_counts_from_its_start() {
    let asks = |when: &str| {
        let claim = "packet = { on = 'lan', kind = 'general-query', from = 'r1' }\ncount = 1";
        Run::new(&format!("{claim}\n{when}"))
    };
    for (when, outcome) in [
        ("within = '2s'", Unsupported),
        ("after = '2*LMQI'\nwithin = '2s'", Unsupported),
        ("after = '4s'\nwithin = '2s'", Fail),
        ("after = 'leave'\nwithin = '2s'", Fail),
    ] {
        asks(when).on("pimd").comes_out(outcome);
        asks(when).on("castnetd").comes_out(Fail);
        asks(when).comes_out(Fail);
    }
    // What it did is no accusation.
    asks("within = '2s'").on("pimd").generally_asked(ms(0), "r1:lan").comes_out(Pass);
}

/// castnet answers for castnet's own messages only.
#[test]
fn the_form_of_its_messages_is_judged_by_claims_alone() {
    let odd = |run: Run| {
        let header = castnet::wire::ipv4::Ipv4Header {
            ttl: 7,
            ..castnet::wire::ipv4::Ipv4Header::igmp(R1_LAN, ALL_HOSTS)
        };
        let frame = super::igmp_frame(&header, &query(10, Ipv4Addr::UNSPECIFIED));
        run.frame(ms(1000), "r1:lan", &frame).verdict()
    };
    let claim = "packet = { on = 'lan', kind = 'general-query', from = 'r1' }\ncount = '>= 1'";
    assert_eq!(odd(Run::new(claim)).outcome, Fail);
    assert_eq!(odd(Run::new(claim).on("pimd")).outcome, Pass);
}
