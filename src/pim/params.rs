//! The parameters of PIM: timers and counters of RFC 7761 section 4.11, and static RPs.
//!
//! What a router has once is in [`Params`], what it has on each interface in [`LinkParams`]. Refuses
//! values that cannot be sent, and holdtimes that would end before the next message.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::addr::{Family, Group};

/// The parameters of a router (RFC7761-4.11-01).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Params {
    /// `t_periodic`: from one Join to the next.
    pub join_prune_period: Duration,
    /// `Register_Suppression_Time`: how long an RP that does not want Registers gets none, on the average.
    pub register_suppression_time: Duration,
    /// `Register_Probe_Time`: how long the RP may take to stop them again.
    pub register_probe_time: Duration,
    /// When a flow of the RP's tree is joined towards its source.
    pub spt_switchover: SptSwitchover,
    /// The RPs that are configured (RFC7761-4.7-01).
    pub rps: Vec<StaticRp>,
}

/// `SwitchToSptDesired(S,G)`: the policy by which a router with members, and an RP, join the source of a
/// flow that comes over the RP (RFC 7761 section 4.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SptSwitchover {
    /// With the first datagram.
    #[default]
    Immediate,
    /// Never.
    Never,
}

/// A configured RP, and its groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticRp {
    /// Its address.
    pub address: IpAddr,
    /// Its groups.
    pub groups: IpNet,
}

/// The parameters of one interface (RFC7761-4.11-01).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LinkParams {
    /// `Hello_Period`: from one Hello to the next.
    pub hello_period: Duration,
    /// `Triggered_Hello_Delay`: the longest delay of the first Hello, and of an answer to one.
    pub triggered_hello_delay: Duration,
    /// The DR Priority; the largest wins.
    pub dr_priority: u32,
    /// `Propagation_Delay` of the LAN, at most 32767 ms.
    pub propagation_delay: Duration,
    /// `Override_Interval` of the LAN, at most 65535 ms.
    pub override_interval: Duration,
}

/// A holdtime is so many halves of the period that it belongs to (RFC7761-4.11-01).
const HOLD_HALVES: u32 = 7;

/// The longest holdtime that ends, in seconds; 0xffff is for ever (RFC7761-4.9.2-02).
const MOST_SECONDS: u64 = 0xfffe;

/// Why parameters cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Without a period messages would be sent without end.
    #[error("`{0}` must not be 0")]
    Zero(&'static str),
    /// More than the field of a message has room for.
    #[error("`{0}` is too long for its field in a message")]
    TooLong(&'static str),
    /// The state of a Join would end while it may still be overridden (RFC7761-4.9.5-01).
    #[error("`join-prune-period` is so short that a Join ends before it can be overridden")]
    BeforeOverride,
    /// The RP could not stop Registers again in time (RFC7761-4.11-02).
    #[error("`register-probe-time` must be less than half of `register-suppression-time`")]
    ProbeTooLong,
    /// An RP that no unicast message can reach.
    #[error("{0} cannot be the address of an RP")]
    NoRp(IpAddr),
    /// A range that is not of groups, or of the other family.
    #[error("{0} is no range of groups of {1}")]
    NoGroups(IpNet, Family),
}

impl Default for Params {
    fn default() -> Self {
        Self {
            join_prune_period: Duration::from_secs(60),
            register_suppression_time: Duration::from_secs(60),
            register_probe_time: Duration::from_secs(5),
            spt_switchover: SptSwitchover::default(),
            rps: Vec::new(),
        }
    }
}

impl Default for LinkParams {
    fn default() -> Self {
        Self {
            hello_period: Duration::from_secs(30),
            triggered_hello_delay: Duration::from_secs(5),
            dr_priority: 1, // RFC7761-4.3.1-05
            propagation_delay: Duration::from_millis(500),
            override_interval: Duration::from_millis(2500),
        }
    }
}

/// 3.5 times the period, in whole seconds, rounded up so that it is never shorter.
fn holdtime(period: Duration) -> u64 {
    let hold = period * HOLD_HALVES / 2;
    hold.as_secs() + u64::from(hold.subsec_nanos() > 0)
}

fn seconds(name: &'static str, seconds: u64) -> Result<u16, Invalid> {
    let fits = u16::try_from(seconds).ok().filter(|_| seconds <= MOST_SECONDS);
    fits.ok_or(Invalid::TooLong(name))
}

impl Params {
    /// `J/P_HoldTime`: 3.5 times the period, in seconds (RFC7761-4.9.5-01).
    #[must_use]
    pub fn join_prune_holdtime(&self) -> u16 {
        holdtime(self.join_prune_period).try_into().unwrap_or(u16::MAX - 1)
    }

    /// `RP_Keepalive_Period`: how long an RP that has stopped a flow remembers it, so that the next
    /// Null-Register comes before that (RFC7761-4.4.2-04).
    #[must_use]
    pub fn rp_keepalive_period(&self) -> Duration {
        self.register_suppression_time * 3 + self.register_probe_time
    }

    /// RP(G): the RP whose range is the longest of those that hold the group, and of equal ones the
    /// first (RFC7761-4.7.1-01). `None` for a group without RP.
    #[must_use]
    pub fn rp(&self, group: Group) -> Option<IpAddr> {
        let holding = self.rps.iter().filter(|rp| rp.groups.contains(&group.addr()));
        // Of equal ranges `max_by_key` would take the last one.
        holding.rev().max_by_key(|rp| rp.groups.prefix_len()).map(|rp| rp.address)
    }

    /// Checks the parameters of a router of the family.
    ///
    /// # Errors
    /// The first error.
    pub fn check(&self, family: Family) -> Result<(), Invalid> {
        if self.join_prune_period.is_zero() {
            return Err(Invalid::Zero("join-prune-period"));
        }
        seconds("join-prune-period", holdtime(self.join_prune_period))?;
        if self.register_probe_time * 2 >= self.register_suppression_time {
            return Err(Invalid::ProbeTooLong); // RFC7761-4.11-02
        }
        for StaticRp { address, groups } in &self.rps {
            let is_rp = !address.is_multicast() && !address.is_unspecified();
            if !is_rp || Family::of(*address) != family {
                return Err(Invalid::NoRp(*address));
            }
            let ends = [groups.network(), groups.broadcast()];
            if !ends.iter().all(|end| end.is_multicast() && Family::of(*end) == family) {
                return Err(Invalid::NoGroups(*groups, family));
            }
        }
        Ok(())
    }
}

impl LinkParams {
    /// The Holdtime of a Hello: 3.5 times the period, in seconds (RFC7761-4.11-01).
    #[must_use]
    pub fn hello_holdtime(&self) -> u16 {
        holdtime(self.hello_period).try_into().unwrap_or(u16::MAX - 1)
    }

    /// Checks the parameters of an interface of a router with these others.
    ///
    /// # Errors
    /// The first error.
    pub fn check(&self, router: &Params) -> Result<(), Invalid> {
        if self.hello_period.is_zero() {
            return Err(Invalid::Zero("hello-period"));
        }
        seconds("hello-period", holdtime(self.hello_period))?;
        let fields = [
            ("propagation-delay", self.propagation_delay, 0x7fff),
            ("override-interval", self.override_interval, 0xffff),
        ];
        for (name, delay, most) in fields {
            if delay > Duration::from_millis(most) {
                return Err(Invalid::TooLong(name));
            }
        }
        let overridden = self.propagation_delay + self.override_interval;
        if Duration::from_secs(router.join_prune_holdtime().into()) <= overridden {
            return Err(Invalid::BeforeOverride); // RFC7761-4.9.5-01
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
