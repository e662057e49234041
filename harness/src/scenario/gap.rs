//! What could not be read of a scenario, so that the rest can still be looked at.
//!
//! All faults of a file are told in one go, and none of them as the consequence of another: whoever
//! looks up a name that leads to nothing asks here first whether its fault has been told already.

use std::collections::BTreeSet;

/// Where parts of a scenario are missing because they have faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps {
    pub(crate) links: Gap,
    pub(crate) nodes: Gap,
    pub(crate) acts: Gap,
}

/// What is missing among things of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gap {
    names: BTreeSet<String>,
    /// Something is missing, named or not.
    open: bool,
    /// Something is missing, and nobody can tell its name.
    unread: bool,
}

impl Gap {
    /// The thing of this name has faults.
    pub(crate) fn add(&mut self, name: String) {
        self.open = true;
        self.names.insert(name);
    }

    /// Something has faults that has no name.
    pub(crate) fn add_unnamed(&mut self) {
        self.open = true;
    }

    /// Something has faults that may have had any name.
    pub(crate) fn add_unread(&mut self) {
        self.open = true;
        self.unread = true;
    }

    /// Whether it was told already why nothing has this name.
    pub(crate) fn excuses(&self, name: &str) -> bool {
        self.unread || self.names.contains(name)
    }

    /// Whether anything is missing.
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }
}
