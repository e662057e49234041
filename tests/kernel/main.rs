//! The kernel layer on the running kernel, in network namespaces of its own.

use std::process::ExitCode;

use libtest_mimic::Arguments;

mod control;
mod forwarding;
mod igmp;
mod ip6;
mod lab;
mod lab6;
#[path = "../../harness/tests/privileged/mod.rs"]
mod privileged;

macro_rules! trials {
    ($($module:ident: $($body:ident),+;)+) => {
        vec![$($(privileged::trial(
            concat!(stringify!($module), "::", stringify!($body)),
            $module::$body,
        )),+),+]
    };
}

fn main() -> ExitCode {
    let trials = trials! {
        control:
            a_table_has_one_owner,
            a_namespace_of_ones_own_is_free,
            without_capabilities_there_is_no_permission,
            no_permission_and_already_owned_are_told_apart,
            closing_returns_everything,
            a_device_carries_one_vif_and_a_vif_one_device,
            a_device_that_vanishes_takes_its_vif_along,
            a_device_that_does_not_exist_is_refused,
            a_membership_is_never_left_to_the_routing_table,
            what_does_not_exist_counts_nothing_and_is_not_deleted,
            an_ipv6_flow_is_refused,
            memberships_are_held_by_as_many_sockets_as_it_takes;
        forwarding:
            a_new_flow_is_asked_about_and_forwarded_once_there_is_an_entry,
            a_datagram_leaves_only_with_a_ttl_above_the_threshold,
            threshold_0_lets_out_every_datagram_that_may_be_forwarded,
            the_threshold_of_a_vif_holds_nothing_back,
            an_entry_takes_the_place_of_the_earlier_one,
            an_interface_added_later_is_not_part_of_earlier_entries,
            flows_and_interfaces_are_counted,
            a_deleted_entry_forwards_nothing_and_is_asked_about_again,
            a_datagram_on_a_wrong_interface_is_told_and_counted,
            a_wrong_interface_that_is_no_outgoing_one_is_only_counted,
            a_burst_of_new_flows_waits_for_the_reader;
        igmp:
            a_report_is_heard_with_the_interface_that_it_came_in_on,
            a_report_with_router_alert_is_heard_once_and_whole,
            all_routers_is_heard_only_where_it_is_joined,
            a_device_without_a_vif_is_named_all_the_same,
            a_packet_leaves_on_the_chosen_device_only,
            what_the_router_transmits_does_not_come_back,
            the_reports_of_the_routers_own_kernel_do_come_back,
            a_packet_longer_than_the_buffer_is_reported_and_not_cut,
            an_idle_socket_has_nothing,
            a_packet_that_cannot_be_sent_is_refused;
        ip6:
            a_table_of_ipv6_has_one_owner_and_is_not_that_of_ipv4,
            closing_the_socket_of_ipv6_returns_everything,
            what_the_kernel_would_take_for_something_else_is_refused,
            a_new_flow_of_ipv6_is_asked_about_and_forwarded_once_there_is_an_entry,
            a_datagram_of_ipv6_on_a_wrong_interface_is_told,
            a_listener_report_is_heard_with_its_header_and_interface,
            the_groups_of_routers_are_heard_only_where_they_are_joined,
            a_listener_report_without_router_alert_is_a_datagram_to_the_kernel,
            a_listener_query_leaves_on_the_chosen_device_and_does_not_come_back,
            the_listener_reports_of_the_routers_own_kernel_do_come_back,
            other_messages_of_icmpv6_are_not_heard,
            a_packet_of_ipv6_longer_than_the_buffer_is_reported_and_not_cut,
            what_the_socket_of_mld_cannot_send_is_refused,
            a_router_of_ipv6_forwards_to_the_members_that_answer_its_query;
    };
    privileged::run(&Arguments::from_args(), trials)
}
