//! Where a plan may run, and what it is where time is virtual; and which filters mean it.

use std::borrow::Cow;

use super::Plan;
use crate::scenario::Backend;

impl Plan {
    /// The plan for a place where time is virtual.
    #[must_use]
    pub fn in_virtual_time(&self) -> Cow<'_, Self> {
        let is_limited = self.backends.as_ref().is_some_and(|backends| backends.virtual_time);
        if self.by_default.is_none() && !is_limited {
            return Cow::Borrowed(self);
        }
        let (name, swaps) = (self.name.clone(), self.swaps.clone());
        let plan = self.by_default.as_deref().unwrap_or(self).clone();
        let backends = plan.backends.clone().filter(|backends| !backends.virtual_time);
        Cow::Owned(Self { name, swaps, seed: self.seed, backends, ..plan })
    }

    /// Whether the scenario allows the backend.
    #[must_use]
    pub fn runs_on(&self, backend: Backend) -> bool {
        self.backends.as_ref().is_none_or(|backends| backends.only.contains(&backend))
    }

    /// Whether the scenario allows another kernel, in virtual time.
    #[must_use]
    pub fn runs_on_guest(&self) -> bool {
        let is_virtual = self.backends.as_ref().is_some_and(|backends| backends.virtual_time);
        is_virtual || self.runs_on(Backend::Netns)
    }

    /// Whether a filter with this text means the plan: it is in its name, or in its combination in brackets,
    /// which a name leaves out where it is the first one of both families.
    #[must_use]
    pub fn is_named(&self, text: &str) -> bool {
        self.name.contains(text) || format!("[{}]", self.combination).contains(text)
    }
}
