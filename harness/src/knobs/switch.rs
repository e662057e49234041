//! How a switch snoops IGMP and queries, as an author configures it and as a Linux bridge takes it.
//!
//! A bridge knows no Robustness Variable: what the RFCs compute from it, such as the Group Membership
//! Interval, is an attribute of its own. Refuses nothing; the scenario's reader does.

use std::time::Duration;

use castnet::gmp::message::Version;
use serde::{Deserialize, Serialize};

use super::Knobs;

/// How a switch snoops and queries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SwitchKnobs {
    /// Whether it sends a group only where its members are.
    pub snooping: bool,
    /// Whether it is a querier.
    pub querier: bool,
    /// The version of its Queries: 2 or 3.
    pub version: Version,
    /// Its intervals; its memberships live for the Group Membership Interval.
    pub igmp: Knobs,
    /// The most entries that it holds.
    pub max_entries: u32,
    /// The most entries that each of its ports has; no limit unless given.
    pub port_max_entries: Option<u32>,
}

/// The attributes of a Linux bridge (net/bridge/br_multicast.c), which keeps times in hundredths of a
/// second.
#[derive(Clone, Debug)]
pub struct BridgeKnobs {
    /// Whether the bridge snoops at all.
    pub snooping: bool,
    /// Whether the bridge sends Queries.
    pub querier: bool,
    /// The version of its Queries, 2 or 3. With 3 it tracks version 3 Reports as such.
    pub version: Version,
    /// Time from one General Query to the next.
    pub query_interval: Duration,
    /// Max Response Time of General Queries.
    pub query_response_interval: Duration,
    /// Time between the General Queries at the start.
    pub startup_query_interval: Duration,
    /// Number of General Queries at the start.
    pub startup_query_count: u8,
    /// Max Response Time of a Group-Specific Query, and the time to the next.
    pub last_member_interval: Duration,
    /// Number of Group-Specific Queries after a Leave.
    pub last_member_count: u8,
    /// How long a membership lives without a Report.
    pub membership_interval: Duration,
    /// How long another querier lives without a Query.
    pub querier_interval: Duration,
    /// The most entries of its database of members. One more ends all snooping.
    pub hash_max: u32,
    /// The most entries of each port; 0 if there is no limit.
    pub port_max_groups: u32,
}

/// The most entries of a bridge's database unless it is configured (`BR_MULTICAST_DEFAULT_HASH_MAX`).
pub const DEFAULT_HASH_MAX: u32 = 4096;

/// The version of a switch's Queries, 2 or 3.
#[must_use]
pub const fn switch_version(number: u8) -> Version {
    if number == 3 { Version::V3 } else { Version::V2 }
}

impl SwitchKnobs {
    /// The attributes of a bridge that does this.
    #[must_use]
    pub fn bridge(&self) -> BridgeKnobs {
        let igmp = &self.igmp;
        BridgeKnobs {
            snooping: self.snooping,
            querier: self.querier,
            version: self.version,
            query_interval: igmp.query_interval,
            query_response_interval: igmp.query_response_interval,
            startup_query_interval: igmp.startup_query_interval(),
            startup_query_count: igmp.startup_query_count(),
            last_member_interval: igmp.last_member_query_interval,
            last_member_count: igmp.last_member_query_count(),
            membership_interval: igmp.group_membership_interval(),
            querier_interval: igmp.other_querier_present_interval(),
            hash_max: self.max_entries,
            port_max_groups: self.port_max_entries.unwrap_or(0),
        }
    }
}
