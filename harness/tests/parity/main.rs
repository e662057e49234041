//! The models of the simulator against the running kernel: each script is played on both, and their
//! reactions are compared.
//!
//! Scripts mostly wait, so they are played side by side.

mod bridge;
mod bridge_scripts;
mod bridge_sources;
mod ground;
mod host;
mod host_scripts;
mod lan;
mod mld;
mod mld_mroute;
mod mroute;
mod mroute_scripts;
mod odd;
mod packets;
#[path = "../privileged/mod.rs"]
mod privileged;
mod script;
mod source_scripts;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    let trials = vec![
        trial("host::v3_changes", host_scripts::v3_changes),
        trial("host::v3_answers", host_scripts::v3_answers),
        trial("host::v3_suppression", host_scripts::v3_suppression),
        trial("host::v3_many_groups", host_scripts::v3_many_groups),
        trial("host::v3_robustness", host_scripts::v3_robustness),
        trial("host::v3_down_and_up", host_scripts::v3_down_and_up),
        trial("host::sources_come_and_go", source_scripts::come_and_go),
        trial("host::sources_and_modes", source_scripts::modes),
        trial("host::sources_of_two_sockets", source_scripts::two_sockets),
        trial("host::a_mode_that_is_never_told", source_scripts::a_mode_that_is_never_told),
        trial("host::answers_about_included_sources", source_scripts::included_answers),
        trial("host::answers_about_excluded_sources", source_scripts::excluded_answers),
        trial("host::more_sources_than_fit", source_scripts::more_than_fit),
        trial("host::sources_in_version_2", source_scripts::in_version_2),
        trial("host::sources_down_and_up", source_scripts::down_and_up),
        trial("host::v2_unsolicited", host_scripts::v2_unsolicited),
        trial("host::v1_unsolicited", host_scripts::v1_unsolicited),
        trial("host::v2_sockets", host_scripts::v2_sockets),
        trial("host::v2_queries", host_scripts::v2_queries),
        trial("host::v2_suppression", host_scripts::v2_suppression),
        trial("host::v2_down_and_up", host_scripts::v2_down_and_up),
        trial("host::falling_back", host_scripts::falling_back),
        trial("host::forced_3_and_older_queries", host_scripts::forced_3_and_older_queries),
        trial("host::forced_2_and_version_1_queries", host_scripts::forced_2_and_version_1_queries),
        trial("host::what_is_heard", host_scripts::what_is_heard),
        trial("host::link_local_groups", host_scripts::link_local_groups),
        trial("mld::v2_changes", mld::v2_changes),
        trial("mld::v2_answers", mld::v2_answers),
        trial("mld::v2_robustness", mld::v2_robustness),
        trial("mld::v2_many_groups", mld::v2_many_groups),
        trial("mld::v1_unsolicited", mld::v1_unsolicited),
        trial("mld::v1_queries", mld::v1_queries),
        trial("mld::v1_suppression", mld::v1_suppression),
        trial("mld::falling_back", mld::falling_back),
        trial("mld::fixed_to_version_2", mld::fixed_to_version_2),
        trial("mld::what_is_heard", mld::what_is_heard),
        trial("mld::bridge_with_a_querier", mld::bridge_with_a_querier),
        trial("mld::bridge_reports_of_version_2", mld::bridge_reports_of_version_2),
        trial("mld::bridge_own_querier", mld::bridge_own_querier),
        trial("mld::bridge_odd_packets", mld::bridge_odd_packets),
        trial("mld_mroute::hops_and_counters", mld_mroute::hops_and_counters),
        trial("mld_mroute::waiting_and_wrong_interfaces", mld_mroute::waiting_and_wrong_interfaces),
        trial("mld_mroute::scopes", mld_mroute::scopes),
        trial("mld_mroute::devices_down", mld_mroute::devices_down),
        trial("mld_mroute::mld_for_the_owner", mld_mroute::mld_for_the_owner),
        trial("lan::joining_together", lan::joining_together),
        trial("lan::joining_shortly_after", lan::joining_shortly_after),
        trial("lan::answering", lan::answering),
        trial("mroute::thresholds_and_counters", mroute_scripts::thresholds_and_counters),
        trial("mroute::waiting", mroute_scripts::waiting),
        trial("mroute::giving_up", mroute_scripts::giving_up),
        trial("mroute::wrong_interfaces", mroute_scripts::wrong_interfaces),
        trial("mroute::odd_entries", mroute_scripts::odd_entries),
        trial("mroute::devices_down", mroute_scripts::devices_down),
        trial("mroute::closing", mroute_scripts::closing),
        trial("mroute::igmp_for_the_owner", mroute_scripts::igmp_for_the_owner),
        trial("mroute::what_is_not_routed", mroute_scripts::what_is_not_routed),
        trial("bridge::without_a_querier", bridge_scripts::without_a_querier),
        trial("bridge::with_a_querier", bridge_scripts::with_a_querier),
        trial("bridge::v3_reports_in_version_2", bridge_scripts::v3_reports_in_version_2),
        trial("bridge::v3_reports_in_version_3", bridge_scripts::v3_reports_in_version_3),
        trial("bridge::own_querier_of_version_2", bridge_scripts::own_querier_of_version_2),
        trial("bridge::own_querier_of_version_3", bridge_scripts::own_querier_of_version_3),
        trial("bridge::elections", bridge_scripts::elections),
        trial("bridge::asked_before", bridge_scripts::asked_before),
        trial("bridge::group_queries", bridge_scripts::group_queries),
        trial("bridge::ports_down_and_up", bridge_scripts::ports_down_and_up),
        trial("bridge::what_is_carried", bridge_scripts::what_is_carried),
        trial("bridge::without_snooping", bridge_scripts::without_snooping),
        trial("bridge::odd_packets_in_version_2", odd::version_2),
        trial("bridge::odd_packets_at_a_querier", odd::version_2_as_querier),
        trial("bridge::odd_packets_in_version_3", odd::version_3),
        trial("bridge::sources_come_and_go", bridge_sources::come_and_go::<Ipv4Addr>),
        trial("bridge::sources_at_a_querier", bridge_sources::at_a_querier::<Ipv4Addr>),
        trial("bridge::sources_and_fast_leave", bridge_sources::fast_leave::<Ipv4Addr>),
        trial("bridge::sources_and_older_hosts", bridge_sources::older_hosts::<Ipv4Addr>),
        trial("bridge::sources_of_any_kind", bridge_sources::of_any_kind::<Ipv4Addr>),
        trial("bridge::more_sources_than_fit", bridge_sources::more_than_fit::<Ipv4Addr>),
        trial("bridge::a_full_database", bridge_sources::full),
        trial("mld::bridge_sources_come_and_go", bridge_sources::come_and_go::<Ipv6Addr>),
        trial("mld::bridge_sources_at_a_querier", bridge_sources::at_a_querier::<Ipv6Addr>),
        trial("mld::bridge_sources_and_fast_leave", bridge_sources::fast_leave::<Ipv6Addr>),
        trial("mld::bridge_sources_and_older_hosts", bridge_sources::older_hosts::<Ipv6Addr>),
        trial("mld::bridge_sources_of_any_kind", bridge_sources::of_any_kind::<Ipv6Addr>),
        trial("mld::bridge_more_sources_than_fit", bridge_sources::more_than_fit::<Ipv6Addr>),
    ];
    args.test_threads.get_or_insert(trials.len());
    privileged::run(&args, trials)
}

fn trial<F: Future<Output = ()>>(name: &str, body: impl Fn() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Failed::from)?.block_on(body());
        Ok(())
    })
}
