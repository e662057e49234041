//! How a bridge snoops, as the attributes of its device.

use std::time::Duration;

use rtnetlink::{LinkBridge, LinkMessageBuilder};

/// How a bridge is to snoop; times are kept in hundredths of a second.
#[derive(Clone, Debug)]
pub struct Snooping {
    /// Whether it snoops at all.
    pub snooping: bool,
    /// Whether it asks.
    pub querier: bool,
    /// The version of its Queries.
    pub igmp_version: u8,
    /// Time from one General Query to the next.
    pub query_interval: Duration,
    /// Their Max Response Time.
    pub query_response_interval: Duration,
    /// Time between the first ones.
    pub startup_query_interval: Duration,
    /// How many of those.
    pub startup_query_count: u8,
    /// Max Response Time of a Group-Specific Query, and the time to the next.
    pub last_member_interval: Duration,
    /// How many of those.
    pub last_member_count: u8,
    /// How long a member lives without a Report.
    pub membership_interval: Duration,
    /// How long another querier lives without a Query.
    pub querier_interval: Duration,
}

impl Snooping {
    /// Sets every attribute that says how a bridge snoops, except whether it queries.
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
