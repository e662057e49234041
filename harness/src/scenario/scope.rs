//! What holds for every table of a file while it is read: the family of its addresses, and the faults
//! that were found so far.

use std::cell::RefCell;

use castnet::addr::Family;
use toml::de::DeTable;

use super::diagnostic::Diagnostics;
use crate::vocabulary::file::FAMILIES as WORDS;

/// The words of the families.
pub(super) const FAMILIES: [(&str, Family); 2] = [(WORDS[0], Family::V4), (WORDS[1], Family::V6)];

/// One reading of a file.
#[derive(Default)]
pub(super) struct Scope {
    /// The family of all addresses; `None` if it is unknown, and then addresses of both are read.
    family: Option<Family>,
    faults: RefCell<Diagnostics>,
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
        Self { family, faults: RefCell::default() }
    }

    /// For a document of which only keys are read, beside faults that are known already.
    pub(super) fn beside(faults: Diagnostics) -> Self {
        Self { family: None, faults: RefCell::new(faults) }
    }

    /// The family of all addresses, if it is known.
    pub(super) const fn family(&self) -> Option<Family> {
        self.family
    }

    pub(super) const fn faults(&self) -> &RefCell<Diagnostics> {
        &self.faults
    }

    /// All faults that were found.
    pub(super) fn into_faults(self) -> Diagnostics {
        self.faults.into_inner()
    }
}
