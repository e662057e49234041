//! What is kept of runs under `fixtures/` belongs to scenarios that want it, and all that they want is
//! kept.

use std::path::Path;

use castnet_lab::snapshot::review::{State, items};

#[test]
fn nothing_is_missing_and_nothing_is_orphaned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let items = items(&root).unwrap_or_else(|error| panic!("{error}"));
    // What waits to be accepted is told by the runs themselves.
    let wrong = |state: &State| matches!(state, State::Missing | State::Orphaned(_));
    let wrong: Vec<String> = items
        .iter()
        .filter(|item| wrong(&item.state))
        .map(|item| format!("{}: {:?}", item.name, item.state))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
