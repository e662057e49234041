//! The catalogue of RFC clauses that scenarios, tests and code cite by id.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// One testable clause, in the catalogue's own words.
#[derive(Clone, Debug, Deserialize)]
pub struct Clause {
    /// `RFC<number>-<section>-<nn>`
    pub id: String,
    /// MUST, SHOULD or MAY.
    pub level: String,
    /// The demand.
    pub text: String,
}

static CLAUSES: LazyLock<BTreeMap<String, Clause>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        clause: Vec<Clause>,
    }
    // The file is part of the program, and a test reads it.
    let file: File = toml::from_str(include_str!("../../rfc-clauses.toml"))
        .unwrap_or_else(|error| panic!("rfc-clauses.toml: {error}"));
    file.clause.into_iter().map(|clause| (clause.id.clone(), clause)).collect()
});

/// The clause with this id.
#[must_use]
pub fn clause(id: &str) -> Option<&'static Clause> {
    CLAUSES.get(id)
}

/// Every clause, by id.
pub fn all() -> impl Iterator<Item = &'static Clause> {
    CLAUSES.values()
}
