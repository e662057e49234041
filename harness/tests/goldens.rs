//! Every golden under `fixtures/` belongs to a scenario that wants it, and every scenario has the
//! goldens that it wants. The kernel's golden and the simulator's agree.

use std::path::Path;

use castnet_lab::backend::{Cancel, sim};
use castnet_lab::judge::judge;
use castnet_lab::plan::load;
use castnet_lab::snapshot::golden::{Shelf, Snap};
use castnet_lab::snapshot::review::{State, items};
use castnet_lab::snapshot::{Detail, trace};

#[test]
fn nothing_is_missing_and_nothing_is_orphaned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let items = items(&root).unwrap_or_else(|error| panic!("{error}"));
    // The runs themselves report changes that wait to be accepted.
    let wrong = |state: &State| matches!(state, State::Missing | State::Orphaned(_));
    let wrong: Vec<String> = items
        .iter()
        .filter(|item| wrong(&item.state))
        .map(|item| format!("{}: {:?}", item.name, item.state))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_simulator_does_what_is_kept_of_the_kernel() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kept = root.join("fixtures/traces/**/*.netns.snap");
    let mut compared = 0;
    for file in glob::glob(&kept.display().to_string()).unwrap() {
        let file = file.unwrap();
        let snap = Snap::read(&file).unwrap();
        let plans = load(&root.join(&snap.source)).unwrap_or_else(|error| panic!("{error}"));
        let shelf = |path: &str, name: &str| Shelf::of(path, name, "netns").snap;
        let plan = plans.iter().find(|plan| shelf(&plan.path, &plan.name) == file);
        let plan = plan.unwrap_or_else(|| panic!("{} is of no scenario", file.display()));
        let recording = sim::run(plan, &Cancel::new()).unwrap_or_else(|error| panic!("{error}"));
        let made = trace(plan, &recording, &judge(plan, &recording), Detail::Normal);
        assert_eq!(made, snap.text, "{}", file.display());
        compared += 1;
    }
    assert!(compared > 0, "nothing is kept of the kernel");
}
