//! How a bridge snoops, as the attributes of its device.

use std::time::Duration;

use rtnetlink::{LinkBridge, LinkMessageBuilder};

/// How a bridge snoops. Linux keeps the times in hundredths of a second.
#[derive(Clone, Debug)]
pub struct Snooping {
    /// Whether the bridge snoops at all.
    pub snooping: bool,
    /// Whether the bridge sends Queries.
    pub querier: bool,
    /// The IGMP version of the bridge's Queries.
    pub igmp_version: u8,
    /// Time from one General Query to the next.
    pub query_interval: Duration,
    /// Max Response Time of General Queries.
    pub query_response_interval: Duration,
    /// Time between the General Queries sent at the start.
    pub startup_query_interval: Duration,
    /// Number of General Queries sent at the start.
    pub startup_query_count: u8,
    /// Max Response Time of a Group-Specific Query, and the time to the next.
    pub last_member_interval: Duration,
    /// Number of Group-Specific Queries sent for a Leave.
    pub last_member_count: u8,
    /// Time for which a membership lives without a Report.
    pub membership_interval: Duration,
    /// Time for which another querier lives without a Query.
    pub querier_interval: Duration,
}

impl Snooping {
    /// Sets every attribute of a bridge's snooping, except whether it queries.
    pub(super) fn apply(
        &self,
        bridge: LinkMessageBuilder<LinkBridge>,
    ) -> LinkMessageBuilder<LinkBridge> {
        bridge
            .mcast_snooping(self.snooping)
            .mcast_igmp_version(self.igmp_version)
            .mcast_query_interval(hundredths(self.query_interval))
            .mcast_query_response_interval(hundredths(self.query_response_interval))
            .mcast_startup_query_interval(hundredths(self.startup_query_interval))
            .mcast_startup_query_count(self.startup_query_count.into())
            .mcast_last_member_interval(hundredths(self.last_member_interval))
            .mcast_last_member_count(self.last_member_count.into())
            .mcast_membership_interval(hundredths(self.membership_interval))
            .mcast_querier_interval(hundredths(self.querier_interval))
    }
}

/// The unit of a bridge's times.
fn hundredths(time: Duration) -> u64 {
    u64::try_from(time.as_millis() / 10).unwrap_or(u64::MAX)
}
