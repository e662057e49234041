//! What holds for every table of a file while it is read: the family of its addresses, the groups that
//! it names, and the faults that were found so far.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use castnet::addr::{Family, Group};
use toml::de::DeTable;

use super::diagnostic::{Diagnostics, Span};
use crate::vocabulary::file::FAMILIES as WORDS;

/// The words of the families.
pub(super) const FAMILIES: [(&str, Family); 2] = [(WORDS[0], Family::V4), (WORDS[1], Family::V6)];

/// The groups of a file by their names; `None` for one that could not be read.
pub(super) type Named = BTreeMap<String, Option<Group>>;

/// One reading of a file.
#[derive(Default)]
pub(super) struct Scope {
    /// The family of all addresses; `None` if it is unknown, and then addresses of both are read.
    family: Option<Family>,
    /// The groups that the file names.
    groups: OnceCell<Named>,
    faults: RefCell<Diagnostics>,
    /// Where clauses stand that are for runs of the other family.
    for_others: RefCell<Vec<(Family, Span)>>,
}

impl Scope {
    /// For a document that is read as a scenario.
    pub(super) fn of(document: &DeTable<'_>) -> Self {
        let family = match document.get("family") {
            None => Some(Family::V4),
            Some(written) => {
                let word = written.get_ref().as_str();
                let known = FAMILIES.iter().find(|(known, _)| Some(*known) == word);
                known.map(|(_, family)| *family)
            }
        };
        Self { family, ..Self::default() }
    }

    /// For a document of which only keys are read, beside faults that are known already.
    pub(super) fn beside(faults: Diagnostics) -> Self {
        Self { faults: RefCell::new(faults), ..Self::default() }
    }

    /// The family of all addresses, if it is known.
    pub(super) const fn family(&self) -> Option<Family> {
        self.family
    }

    /// Notes the groups that the file names, before anything refers to them.
    pub(super) fn name(&self, groups: Named) {
        // Only the first table of a file is read.
        self.groups.get_or_init(|| groups);
    }

    /// The group with this name: `None` if there is none, `Some(None)` if it could not be read.
    pub(super) fn group(&self, name: &str) -> Option<Option<Group>> {
        self.groups.get()?.get(name).copied()
    }

    /// The names of groups.
    pub(super) fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.get().into_iter().flat_map(|groups| groups.keys().map(String::as_str))
    }

    /// Notes that clauses stand here for runs of the other family.
    pub(super) fn leave_to(&self, family: Family, span: Span) {
        self.for_others.borrow_mut().push((family, span));
    }

    /// The clauses that are for runs of the other family.
    pub(super) fn for_others(&self) -> Vec<(Family, Span)> {
        self.for_others.borrow().clone()
    }

    pub(super) const fn faults(&self) -> &RefCell<Diagnostics> {
        &self.faults
    }

    /// All faults that were found.
    pub(super) fn into_faults(self) -> Diagnostics {
        self.faults.into_inner()
    }
}
