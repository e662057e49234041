//! What Linux does differently as a host in IPv4 (net/ipv4/igmp.c) and in IPv6 (net/ipv6/mcast.c).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use castnet::wire::igmp::Version;

use super::heard::HostInput;
use crate::sim::model::inet::Inet;

/// An address of a family whose group management is a host's.
pub trait HostInet: Inet {
    /// The differences.
    const RULES: Rules;

    /// Reads a whole packet; `None` if no host would act on it.
    fn read(packet: &[u8]) -> Option<HostInput<Self>>;

    /// Whether the laboratory's kernels report the group.
    fn is_reported(self) -> bool;

    /// The group of all nodes whose addresses end like this one (RFC 4291 section 2.7.1).
    fn solicited_node(self) -> Option<Self>;

    /// Whether a packet to this address, which is no group, may be for the host with the address.
    fn is_for(self, own: Self) -> bool;
}

impl<A: HostInet> HostInput<A> {
    /// Reads a whole packet; `None` if no host would act on it.
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Self> {
        A::read(packet)
    }
}

/// The differences of the families.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether the first Report of version 2 is sent within the call that joins. Its one repeat then
    /// comes whatever the robustness, and answers do not replace it.
    pub joins_at_once: bool,
    /// Ticks that are added to the delay of a group's Report.
    pub at_least: u64,
    /// Whether a General Query of version 3 moves the answer to an earlier one, later if need be.
    pub draws_anew: bool,
    /// Whether a group's answer that the wheel serves late is drawn anew by a Query that comes meanwhile: the
    /// ticks that are left are below zero, and count as many (`igmp6_group_queried` in net/ipv6/mcast.c).
    pub draws_late_anew: bool,
    /// The least robustness that a querier may ask for.
    pub least_robustness: u8,
    /// Whether a zero in a Query means the host's own value of robustness and Query Interval. A
    /// robustness of zero otherwise changes nothing.
    pub zero_means_own: bool,
    /// Whether the Query Response Interval is the Max Response Time of the last Query of version 3,
    /// and not a constant.
    pub learns_response: bool,
    /// The version that ignores older Queries if the kernel is fixed to it.
    pub deaf_to_older: Option<Version>,
    /// Whether an interface that comes up has forgotten the older querier.
    pub forgets_older: bool,
}

impl HostInet for Ipv4Addr {
    const RULES: Rules = Rules {
        joins_at_once: false,
        at_least: super::AT_LEAST,
        draws_anew: false,
        draws_late_anew: false,
        least_robustness: 1,
        zero_means_own: true,
        learns_response: false,
        deaf_to_older: None,
        forgets_older: false,
    };

    fn read(packet: &[u8]) -> Option<HostInput<Self>> {
        super::heard::igmp(packet)
    }

    /// 224.0.0.x is never reported: `igmp_link_local_mcast_reports` is 0 in the laboratory.
    fn is_reported(self) -> bool {
        !self.is_link_local()
    }

    fn solicited_node(self) -> Option<Self> {
        None
    }

    fn is_for(self, own: Self) -> bool {
        self == own || self.is_broadcast()
    }
}

impl HostInet for Ipv6Addr {
    const RULES: Rules = Rules {
        joins_at_once: true,
        at_least: 0,
        draws_anew: true,
        draws_late_anew: true,
        least_robustness: 2,
        zero_means_own: false,
        learns_response: true,
        deaf_to_older: Some(Version::V3),
        forgets_older: true,
    };

    fn read(packet: &[u8]) -> Option<HostInput<Self>> {
        super::heard::mld(packet)
    }

    /// ff02::1, and groups whose scope is narrower than the link.
    fn is_reported(self) -> bool {
        self != Self::ALL_HOSTS && self.octets()[1] & 0x0f > 1
    }

    fn solicited_node(self) -> Option<Self> {
        let [.., a, b, c] = self.octets();
        let (high, low) = (0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
        Some(Self::new(0xff02, 0, 0, 0, 0, 1, high, low))
    }

    fn is_for(self, own: Self) -> bool {
        self == own
    }
}

/// `net.ipv4.igmp_qrv` and `net.ipv6.mld_qrv`.
pub(super) const ROBUSTNESS: u8 = 2;

/// The Query Interval in seconds, until a version 3 Query carries another one.
pub(super) const QUERY_INTERVAL: u32 = 125;

/// The Query Response Interval until one is learned; also the Max Response Time of a version 1
/// Query.
pub(super) const QUERY_RESPONSE_INTERVAL: Duration = Duration::from_secs(10);

/// `igmpv3_unsolicited_report_interval` and `mldv2_unsolicited_report_interval`.
pub(super) const V3_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// `igmpv2_unsolicited_report_interval` and `mldv1_unsolicited_report_interval`.
pub(super) const V2_REPORT_INTERVAL: Duration = Duration::from_secs(10);
