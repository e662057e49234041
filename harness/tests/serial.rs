//! Plans and recordings of all shipped scenarios, written as JSON and read again, are what they were, and
//! are judged alike.

use std::path::PathBuf;

use castnet_lab::backend::{Cancel, sim};
use castnet_lab::judge::judge;
use castnet_lab::plan::{Plan, Wishes};
use castnet_lab::recording::Recording;
use castnet_lab::runner::files;
use castnet_lab::scenario::Backend;
use serde::Serialize;
use serde::de::DeserializeOwned;

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

fn again<T: Serialize + DeserializeOwned + std::fmt::Debug>(name: &str, value: &T) -> T {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
    // Of values without `Eq`, what they show is all that they hold.
    assert!(format!("{read:?}") == format!("{value:?}"), "{name}: it is not what it was\n{text}");
    read
}

#[test]
fn plans_and_recordings_are_what_they_were() {
    let plans = files::load_all(
        &files::find(&[PathBuf::from(SCENARIOS)]).unwrap(),
        &[],
        &Wishes::default(),
    )
    .whole()
    .unwrap();
    assert!(plans.len() > 80, "only {} plans", plans.len());
    let mut recorded = 0;
    for plan in &plans {
        let plan_again: Plan = again(&plan.name, plan);
        if !plan.runs_on(Backend::Sim) {
            continue;
        }
        let recording = sim::run(plan, &Cancel::new()).unwrap();
        let recording_again: Recording = again(&plan.name, &recording);
        assert_eq!(judge(&plan_again, &recording_again), judge(plan, &recording), "{}", plan.name);
        recorded += usize::from(!recording.frames.is_empty());
    }
    assert!(recorded > 70, "only {recorded} recordings");
}
