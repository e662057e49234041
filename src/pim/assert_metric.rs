//! How well a router reaches a source or an RP: what Asserts compare.
//!
//! Owns RFC 7761 section 4.6.3, and the infinite metric of an AssertCancel (section 4.6.4).

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr};

use crate::rib::NextHop;
use crate::wire::pim::{Assert, EncodedGroup, INFINITE_METRIC, INFINITE_PREFERENCE};

/// `assert_metric`: the way of a router to the source, or to the RP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    /// `rpt_bit_flag`: it is the way to the RP.
    pub(super) is_rpt: bool,
    preference: u32,
    metric: u32,
    /// The primary address of the router on the link.
    address: IpAddr,
}

impl Metric {
    /// `spt_assert_metric(S,I)` and `rpt_assert_metric(G,I)`: the metric of this route, for the router of
    /// this address.
    pub(super) fn of(hop: NextHop, is_rpt: bool, address: IpAddr) -> Self {
        let NextHop { preference, metric, .. } = hop;
        Self { is_rpt, preference: preference.min(INFINITE_PREFERENCE), metric, address }
    }

    /// `infinite_assert_metric()`: worse than every other one.
    pub(super) const fn infinite() -> Self {
        let address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let (preference, metric) = (INFINITE_PREFERENCE, INFINITE_METRIC);
        Self { is_rpt: true, preference, metric, address }
    }

    /// The metric in an Assert from this address.
    pub(super) const fn heard(message: &Assert, from: IpAddr) -> Self {
        let Assert { is_rpt, preference, metric, .. } = *message;
        Self { is_rpt, preference, metric, address: from }
    }

    /// Whether it is that of an AssertCancel.
    pub(super) const fn is_infinite(&self) -> bool {
        self.is_rpt && self.preference == INFINITE_PREFERENCE && self.metric == INFINITE_METRIC
    }

    /// Whether it wins over the other one (RFC7761-4.6.3-01).
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        // In a tie the highest address wins.
        let rank = |of: &Self| (of.is_rpt, of.preference, of.metric, Reverse(of.address));
        rank(self) < rank(other)
    }

    /// The Assert that says it of a group, and of this source or zeros (RFC7761-4.9.6-01).
    pub(super) fn message(&self, group: IpAddr, source: IpAddr) -> Assert {
        let Self { is_rpt, preference, metric, .. } = *self;
        Assert { group: EncodedGroup::one(group), source, is_rpt, preference, metric }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mfc::vif::Vif;

    fn metric(is_rpt: bool, preference: u32, metric: u32, address: &str) -> Metric {
        let hop = NextHop { preference, metric, ..NextHop::connected(Vif::FIRST) };
        Metric::of(hop, is_rpt, address.parse().unwrap())
    }

    // RFC7761-4.6.3-01
    #[test]
    fn the_rpt_bit_counts_first_then_preference_metric_and_the_highest_address() {
        let order = [
            metric(false, 0, u32::MAX, "10.0.1.1"),
            metric(false, 1, 10, "10.0.1.9"),
            metric(false, 1, 10, "10.0.1.5"),
            metric(false, 1, 11, "10.0.1.9"),
            metric(false, 2, 0, "10.0.1.9"),
            metric(true, 0, 0, "10.0.1.9"),
            metric(true, 0, 0, "10.0.1.8"),
            metric(true, 110, 0, "10.0.1.9"),
            Metric::infinite(),
        ];
        for (at, one) in order.iter().enumerate() {
            for (other_at, other) in order.iter().enumerate() {
                assert_eq!(one.is_better_than(other), at < other_at, "{one:?} {other:?}");
            }
        }
        let six = |address| metric(false, 1, 10, address);
        assert!(six("fe80::2").is_better_than(&six("fe80::1")));
    }

    #[test]
    fn only_the_metric_of_an_assert_cancel_is_infinite() {
        assert!(Metric::infinite().is_infinite());
        assert!(!metric(false, u32::MAX, u32::MAX, "10.0.1.1").is_infinite());
        assert!(!metric(true, u32::MAX, 0, "10.0.1.1").is_infinite());
        // What no field of a message could hold is sent as the largest one.
        let far = metric(false, u32::MAX, 7, "10.0.1.1");
        let said = far.message("239.1.1.1".parse().unwrap(), "10.0.0.9".parse().unwrap());
        assert_eq!((said.preference, said.metric, said.is_rpt), (0x7fff_ffff, 7, false));
        assert_eq!(Metric::heard(&said, "10.0.1.1".parse().unwrap()), far);
    }
}
