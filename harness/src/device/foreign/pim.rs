//! PIM of a router, in the words of a recipe's templates, and what of it a recipe cannot say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Written, number};
use crate::knobs::{PimKnobs, RouteCost, Setting};
use crate::plan::Router;
use crate::recipe::Recipe;

/// What templates can say of PIM.
#[derive(Debug, Serialize)]
pub(super) struct Pim {
    /// The parameters, `_` for `-` in their keys; times are seconds.
    #[serde(flatten)]
    parameters: BTreeMap<String, Written>,
    rps: Vec<Rp>,
}

#[derive(Debug, Serialize)]
struct Rp {
    address: String,
    groups: String,
}

/// PIM of the router; `None` if it speaks none.
pub(super) fn pim(router: &Router) -> Option<Pim> {
    let knobs = router.pim.as_ref()?;
    let times = times(knobs).into_iter();
    let times = times.map(|(key, time)| (key.replace('-', "_"), number(time)));
    let switchover = if knobs.switches_to_spt { "immediate" } else { "never" };
    let switchover = ("spt_switchover".to_owned(), Written::Text(switchover.to_owned()));
    let rps = router.rps.iter();
    let rps = rps
        .map(|(groups, rp)| Rp { address: rp.to_string(), groups: groups.to_string() })
        .collect();
    Some(Pim { parameters: times.chain([switchover]).collect(), rps })
}

/// The intervals of PIM by their keys in a scenario.
fn times(knobs: &PimKnobs) -> [(&'static str, Setting); 7] {
    [
        ("hello-period", Setting::Time(knobs.hello_period)),
        ("triggered-hello-delay", Setting::Time(knobs.triggered_hello_delay)),
        ("propagation-delay", Setting::Time(knobs.propagation_delay)),
        ("override-interval", Setting::Time(knobs.override_interval)),
        ("join-prune-period", Setting::Time(knobs.join_prune_period)),
        ("register-suppression-time", Setting::Time(knobs.register_suppression_time)),
        ("register-probe-time", Setting::Time(knobs.register_probe_time)),
    ]
}

/// What the plan wants of PIM that the recipe's configuration does not have, in words.
pub(super) fn refusal(router: &Router, recipe: &Recipe) -> Option<String> {
    let knobs = router.pim.as_ref()?;
    let Some(takes) = &recipe.takes_pim else {
        return Some(format!("its recipe does not say how {} speaks PIM", recipe.software));
    };
    let usual = PimKnobs::default();
    let differs = times(knobs).into_iter().zip(times(&usual)).filter(|(own, usual)| own != usual);
    let mut differs: Vec<&str> = differs.map(|((key, _), _)| key).collect();
    differs.extend((knobs.switches_to_spt != usual.switches_to_spt).then_some("spt-switchover"));
    let has_priority = router.interfaces.iter().any(|interface| interface.dr_priority != 1);
    differs.extend(has_priority.then_some("dr-priority"));
    if let Some(key) = differs.into_iter().find(|key| !takes.contains(*key)) {
        let software = &recipe.software;
        return Some(format!("`{key}` of `pim` is not the RFC's here, and {software} has that"));
    }
    let is_priced = router.routes.iter().any(|route| route.cost != RouteCost::default());
    is_priced.then(|| format!("the routes of {} have no metric of their own", recipe.software))
}
