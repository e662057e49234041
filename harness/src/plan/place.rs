//! Where a moment lies among the acts, by plan.
//!
//! A moment that is the planned time of an act means that act: what the act does comes after the
//! moment, on every backend, however late the act is done. So the tolerance has no place there.

use castnet::time::Instant;

use super::arithmetic::Moment;
use super::{Act, ActId, Plan};

/// Where a moment lies among the acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the start of the run, before which there is nothing.
    Start,
    /// At the time of this act, the first one that is planned for it.
    At(ActId),
    /// At no act's time.
    Between,
}

impl Place {
    /// The place of a moment among these acts, which are in the order of time.
    #[must_use]
    pub fn of(moment: &Moment, acts: &[Act]) -> Self {
        let planned = |act: ActId| acts.get(act).map(|act| Instant::ZERO + act.at);
        let Some(at) = moment.instant(planned).map(Instant::since_start) else {
            return Self::Between;
        };
        if at.is_zero() {
            return Self::Start;
        }
        acts.iter().position(|act| act.at == at).map_or(Self::Between, Self::At)
    }

    /// Whether the moment lies between acts, so that what is due there may be late.
    #[must_use]
    pub fn is_between(self) -> bool {
        self == Self::Between
    }
}

impl Plan {
    /// The place of a moment among the acts.
    #[must_use]
    pub fn place(&self, moment: &Moment) -> Place {
        Place::of(moment, &self.acts)
    }
}
