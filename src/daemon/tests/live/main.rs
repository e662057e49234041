//! castnetd on interfaces that come, go and change while it serves.
//!
//! The network: source - (e0) r1 (e1) - host, as an operator has it, with the limits and habits of an
//! ordinary Linux.

mod appearing;
mod changing;
mod checking;
mod confined;
#[path = "../../../../harness/tests/privileged/mod.rs"]
mod privileged;
mod rig;
mod ruled;
#[path = "../serving.rs"]
mod serving;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed};
use privileged::fallible as trial;
use rig::{Node, TWO};

fn main() -> ExitCode {
    let trials = vec![
        trial("it_starts_without_its_interfaces_and_serves_each_once_it_can", appearing::late),
        trial("an_interface_that_vanishes_comes_back", appearing::vanish),
        trial("interfaces_of_a_pattern_are_served_as_they_come", appearing::pattern),
        trial("thirty_two_interfaces_are_served_with_the_kernels_limits", appearing::many),
        trial("what_is_not_configured_is_not_looked_at", appearing::strangers),
        trial("another_address_is_followed_and_costs_no_datagram", changing::address),
        trial("a_router_that_gets_the_old_address_is_the_querier", changing::two_routers),
        trial("a_port_that_flaps_is_asked_after_each_return", changing::flap),
        trial("an_interface_is_known_by_its_name", changing::rename),
        trial("a_point_to_point_link_is_asked_from_its_own_address", changing::point_to_point),
        trial("the_kernels_routes_lead_to_sources", changing::routes),
        trial("a_reload_with_other_interfaces_costs_no_datagram", changing::reload),
        trial("it_serves_as_another_user_and_reloads_what_that_one_may_read", confined::user),
        trial("check_needs_no_interfaces_and_names_culprits_here", checking::check),
        trial("a_static_rule_forwards_before_traffic_and_follows_its_interfaces", ruled::forwards),
        trial("what_would_drop_datagrams_silently_is_named", checking::culprits),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

/// source, r1 and host, connected.
pub(crate) fn connected() -> Result<[Node; 3], Failed> {
    let nodes = Node::all(["source", "r1", "host"])?;
    up(&nodes)?;
    lan(&nodes)?;
    Ok(nodes)
}

pub(crate) fn up([source, r1, _]: &[Node; 3]) -> Result<(), Failed> {
    r1.wire(("e0", "10.0.1.1/24"), source, ("eth0", "10.0.1.10/24"))
}

pub(crate) fn lan([_, r1, host]: &[Node; 3]) -> Result<(), Failed> {
    r1.wire(("e1", "10.0.2.1/24"), host, ("eth0", "10.0.2.10/24"))
}
