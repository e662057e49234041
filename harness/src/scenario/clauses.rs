//! The catalogue of RFC clauses, and the clauses that a scenario or an expectation says it proves.
//!
//! Scenarios, tests and code cite clauses by id. An id that is not in the catalogue is refused, and so
//! is one that stands twice in a list. Which expectation can show a clause is decided by the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use castnet::addr::Family;
use serde::Deserialize;

use super::reader::Reader;
use super::span::Spanned;
use crate::vocabulary::file::FAMILIES;
use crate::vocabulary::key::CLAUSES_OF_FAMILIES;

/// One testable clause, in the catalogue's own words.
#[derive(Clone, Debug, Deserialize)]
pub struct Clause {
    /// `RFC<number>-<section>-<nn>`
    pub id: String,
    /// The number of its RFC.
    pub rfc: u32,
    /// MUST, SHOULD or MAY.
    pub level: String,
    /// Whose duty it is.
    pub actor: Actor,
    /// The demand.
    pub text: String,
}

/// Whose duty a clause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// A host's.
    Host,
    /// A router's.
    Router,
    /// Everybody's.
    Both,
}

/// A protocol of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Group management of IPv4.
    Igmp,
    /// Group management of IPv6.
    Mld,
    /// Group management of either family.
    Both,
    /// Multicast routing, which castnet does not speak yet.
    Pim,
}

impl Clause {
    /// The protocol that it is about.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        match self.rfc {
            2710 | 3590 | 3810 | 9777 => Protocol::Mld,
            4604 | 4605 | 5790 => Protocol::Both,
            7761 => Protocol::Pim,
            _ => Protocol::Igmp,
        }
    }
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

/// Why some clauses are shown by no scenario.
#[derive(Debug, Deserialize)]
struct Reason {
    /// Clauses, sections or RFCs.
    of: Vec<String>,
    because: String,
}

static NOT_OBSERVED: LazyLock<Vec<Reason>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        reason: Vec<Reason>,
    }
    // The file is part of the program, and a test reads it.
    let file: File = toml::from_str(include_str!("../../clauses-not-observed.toml"))
        .unwrap_or_else(|error| panic!("clauses-not-observed.toml: {error}"));
    file.reason
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

/// Why no scenario can show this clause, if that is known.
#[must_use]
pub fn not_observed(id: &str) -> Option<&'static str> {
    let reason = NOT_OBSERVED.iter().find(|reason| reason.of.iter().any(|of| within(id, of)));
    reason.map(|reason| reason.because.as_str())
}

/// Whether a clause is the one with this id, or of the section or RFC that it names: RFC2236-3 has
/// RFC2236-3-14 in it, but nothing of a section 31.
#[must_use]
pub fn within(clause: &str, id: &str) -> bool {
    let Some((head, tail)) = clause.split_at_checked(id.len()) else { return false };
    head.eq_ignore_ascii_case(id) && (tail.is_empty() || tail.starts_with(['-', '.']))
}

/// The key `proves` of a file or of an expectation.
pub(super) fn proves(table: &Reader<'_, '_>) -> Vec<Spanned<String>> {
    let ids = of_run(table).map_or_else(Vec::new, |ids| ids.value);
    let mut known = BTreeSet::new();
    let mut faults = table.faults().borrow_mut();
    for id in &ids {
        if !known.insert(&id.value) {
            let message = format!("`{}` stands twice", id.value);
            faults.error(&id.span, message, "the second time");
        } else if clause(&id.value).is_none() {
            let message = format!("unknown RFC clause `{}`", id.value);
            faults.error_with_help(&id.span, message, "not in the catalogue", like(&id.value));
        }
    }
    ids
}

/// The ids of a list, or of the list for the family of the run.
fn of_run(table: &Reader<'_, '_>) -> Option<Spanned<Vec<Spanned<String>>>> {
    if table.value("proves")?.get_ref().as_table().is_none() {
        return table.strings("proves");
    }
    let form = "a list of ids, or a table such as { ipv4 = [\"RFC2236-3-23\"], ipv6 = [] }";
    let each = table.table("proves", "`proves`", form)?.with(CLAUSES_OF_FAMILIES);
    let [v4, v6] = FAMILIES.map(|family| each.strings(family));
    each.finish();
    let (own, other, others) = match table.scope().family()? {
        Family::V4 => (v4, Family::V6, v6),
        Family::V6 => (v6, Family::V4, v4),
    };
    if let Some(others) = others.filter(|others| !others.value.is_empty()) {
        table.scope().leave_to(other, others.span);
    }
    own
}

/// Help for an id that is unknown. Among several hundred ids, only those of one section are worth
/// suggesting.
fn like(id: &str) -> String {
    let stem = |id: &str| id.rsplit_once('-').map(|(stem, _)| stem.to_owned());
    let near = all().map(|clause| clause.id.as_str()).filter(|known| stem(known) == stem(id));
    match near.collect::<Vec<_>>().as_slice() {
        [] => "an id is RFC<number>-<section>-<nn>, as in RFC2236-3-23".to_owned(),
        [only] => format!("of this section there is {only}"),
        [first, .., last] => format!("of this section there are {first} to {last}"),
    }
}
