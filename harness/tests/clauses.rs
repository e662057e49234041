//! How much of the RFCs the shipped scenarios prove: less than was proved once is a loss.

use std::path::{Path, PathBuf};

use castnet_lab::backend::Cancel;
use castnet_lab::plan::Wishes;
use castnet_lab::runner::clauses::{Row, State, counts, rows};
use castnet_lab::runner::files::{find, load_all};
use castnet_lab::scenario::clauses::{all, not_observed, within};

/// How many clauses of each RFC were proved; whoever proves more of them raises the figure.
const PROVED: [(u32, usize); 12] = [
    (1112, 9),
    (2236, 95),
    (2710, 50),
    (3376, 115),
    (3590, 1),
    (3810, 63),
    (4604, 10),
    (4605, 9),
    (5790, 8),
    (7761, 51),
    (9776, 12),
    (9777, 7),
];

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn shipped() -> Vec<Row> {
    let found = find(&[Path::new(ROOT).join("scenarios")]).unwrap();
    let plans = load_all(&found, &[], &Wishes::default()).whole().unwrap();
    let code: Vec<PathBuf> = ["src", "harness/src"].map(|code| Path::new(ROOT).join(code)).into();
    rows(&plans, &code, &Cancel::new()).unwrap()
}

#[test]
fn the_scenarios_prove_no_less_than_they_did() {
    let rows = shipped();
    let failing = rows.iter().filter(|row| row.state() == State::Failing);
    let failing: Vec<&str> = failing.map(|row| row.clause.id.as_str()).collect();
    assert!(failing.is_empty(), "scenarios that claim these did not pass: {failing:?}");
    let counts = counts(&rows);
    for (rfc, kept) in PROVED {
        let proved = counts[&rfc][State::Proved as usize];
        assert!(proved >= kept, "of RFC {rfc} {kept} clauses were proved once, and now {proved}");
    }
    for row in rows.iter().filter(|row| not_observed(&row.clause.id).is_some()) {
        assert!(row.by.is_empty(), "{} is shown after all: {:?}", row.clause.id, row.by);
    }
    // The code cites most of what it does.
    assert!(rows.iter().filter(|row| !row.cited.is_empty()).count() > 100);
}

#[test]
fn every_reason_not_to_observe_a_clause_is_about_one() {
    let text =
        std::fs::read_to_string(format!("{ROOT}/harness/clauses-not-observed.toml")).unwrap();
    let ids = text.split('"').filter(|word| word.starts_with("RFC"));
    let mut known = 0;
    for id in ids {
        assert!(all().any(|clause| within(&clause.id, id)), "{id} is in no catalogue");
        known += 1;
    }
    assert!(known > 5);
}
