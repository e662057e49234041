//! The parameters of PIM of a router, and the RFC's formulas over them: the laboratory's own.
//!
//! Owns the defaults of RFC 7761 section 4.11, apart from those of the core, so that a wrong one there
//! moves the router and not the claim. Refuses values that no message has room for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocabulary::node::PIM;

/// The parameters of PIM of a router, except for those that differ between its links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PimKnobs {
    /// From one Hello to the next.
    pub hello_period: Duration,
    /// The longest delay of the first Hello.
    pub triggered_hello_delay: Duration,
    /// How long a message may be on its way over a link.
    pub propagation_delay: Duration,
    /// How long a Join that overrides a Prune may wait.
    pub override_interval: Duration,
    /// From one Join to the next.
    pub join_prune_period: Duration,
    /// How long a flow is not registered that the RP has stopped, on the average.
    pub register_suppression_time: Duration,
    /// How long the RP may take to stop it again.
    pub register_probe_time: Duration,
    /// Whether the sources of flows that come over the RP are joined, with the first datagram.
    pub switches_to_spt: bool,
}

/// The parameters of PIM that a recipe may take, by their keys in a scenario: all but its RPs, which every
/// recipe takes that speaks PIM.
pub fn pim_keys() -> impl Iterator<Item = &'static str> {
    let keys = PIM.iter().copied().flatten().map(|key| key.name);
    keys.filter(|key| *key != "rp")
}

/// What a route costs, as the Asserts of PIM compare it (RFC7761-4.6.3-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RouteCost {
    /// The metric preference; lower is better.
    pub preference: u32,
    /// The metric; lower is better.
    pub metric: u32,
}

impl Default for RouteCost {
    fn default() -> Self {
        Self { preference: 1, metric: 0 }
    }
}

impl Default for PimKnobs {
    /// RFC7761-4.11-01
    fn default() -> Self {
        Self {
            hello_period: Duration::from_secs(30),
            triggered_hello_delay: Duration::from_secs(5),
            propagation_delay: Duration::from_millis(500),
            override_interval: Duration::from_millis(2500),
            join_prune_period: Duration::from_secs(60),
            register_suppression_time: Duration::from_secs(60),
            register_probe_time: Duration::from_secs(5),
            switches_to_spt: true,
        }
    }
}

impl PimKnobs {
    /// Gives every interval the RFC's default. When a router leaves the tree of the RP is no interval.
    pub(crate) fn take_default_timers(&mut self) {
        *self = Self { switches_to_spt: self.switches_to_spt, ..Self::default() };
    }

    /// The holdtime that belongs to a period: 3.5 times as long, in whole seconds.
    fn held(period: Duration) -> Duration {
        let held = period * 7 / 2;
        Duration::from_secs(held.as_secs() + u64::from(held.subsec_nanos() > 0))
    }

    /// How long a neighbour lives without a Hello.
    #[must_use]
    pub fn hello_holdtime(&self) -> Duration {
        Self::held(self.hello_period)
    }

    /// How long a Join counts.
    #[must_use]
    pub fn join_prune_holdtime(&self) -> Duration {
        Self::held(self.join_prune_period)
    }

    /// How long a Prune waits for the Join of another router.
    #[must_use]
    pub fn join_prune_override_interval(&self) -> Duration {
        self.propagation_delay + self.override_interval
    }

    /// Checks the parameters as a whole.
    ///
    /// # Errors
    /// The key at fault, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let most = Duration::from_secs(0xfffe);
        for (key, period, held) in [
            ("hello-period", self.hello_period, self.hello_holdtime()),
            ("join-prune-period", self.join_prune_period, self.join_prune_holdtime()),
        ] {
            if period.is_zero() {
                return Err((key, "messages would be sent without end"));
            }
            if held > most {
                return Err((key, "its holdtime has no room in a message: at most 65534 s"));
            }
        }
        for (key, delay, most) in [
            ("propagation-delay", self.propagation_delay, 0x7fff),
            ("override-interval", self.override_interval, 0xffff),
        ] {
            if delay > Duration::from_millis(most) {
                return Err((key, "more milliseconds than a Hello has room for"));
            }
        }
        // RFC7761-4.11-02
        if self.register_probe_time * 2 >= self.register_suppression_time {
            return Err((
                "register-probe-time",
                "not less than half of `register-suppression-time`",
            ));
        }
        // RFC7761-4.9.5-01
        if self.join_prune_holdtime() <= self.join_prune_override_interval() {
            return Err(("join-prune-period", "a Join would end before it can be overridden"));
        }
        Ok(())
    }
}
