//! How a bridge snoops, as the attributes of its device.

use std::time::Duration;

use castnet::gmp::message::Version;
use rtnetlink::packet_route::link::{InfoBridgePort, LinkMessage};
use rtnetlink::{LinkBridge, LinkBridgePort, LinkMessageBuilder};

use crate::knobs::BridgeKnobs;

/// Sets every attribute of a bridge's snooping, except whether it queries.
pub(super) fn snoop(
    bridge: LinkMessageBuilder<LinkBridge>,
    knobs: &BridgeKnobs,
) -> LinkMessageBuilder<LinkBridge> {
    let speaks_sources = knobs.version == Version::V3;
    bridge
        .mcast_snooping(knobs.snooping)
        .mcast_igmp_version(if speaks_sources { 3 } else { 2 })
        .mcast_mld_version(if speaks_sources { 2 } else { 1 })
        .mcast_query_interval(hundredths(knobs.query_interval))
        .mcast_query_response_interval(hundredths(knobs.query_response_interval))
        .mcast_startup_query_interval(hundredths(knobs.startup_query_interval))
        .mcast_startup_query_count(knobs.startup_query_count.into())
        .mcast_last_member_interval(hundredths(knobs.last_member_interval))
        .mcast_last_member_count(knobs.last_member_count.into())
        .mcast_membership_interval(hundredths(knobs.membership_interval))
        .mcast_querier_interval(hundredths(knobs.querier_interval))
        .mcast_hash_max(knobs.hash_max)
}

/// Sets what of a bridge's snooping belongs to each port.
pub(super) fn snoop_at(port: u32, fast_leave: bool, knobs: &BridgeKnobs) -> LinkMessage {
    let most = InfoBridgePort::MulticastMaxGroups(knobs.port_max_groups);
    LinkBridgePort::new(port).mcast_fast_leave(fast_leave).append_info_data(most).build()
}

/// The unit of a bridge's times.
fn hundredths(time: Duration) -> u64 {
    u64::try_from(time.as_millis() / 10).unwrap_or(u64::MAX)
}
