//! The parts of a scenario that could not be read, so that the rest can still be checked.
//!
//! One check reports all faults of a file, but no fault that follows from another: a lookup that
//! fails asks here first whether the name's fault has been reported.

use std::collections::BTreeSet;

/// The kinds of things of a scenario with missing, faulty parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps {
    pub(crate) links: Gap,
    pub(crate) nodes: Gap,
    pub(crate) acts: Gap,
}

/// The missing things of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gap {
    names: BTreeSet<String>,
    /// A thing is missing, named or not.
    open: bool,
    /// A thing is missing whose name could not be read.
    unread: bool,
}

impl Gap {
    /// The thing of this name has faults.
    pub(crate) fn add(&mut self, name: String) {
        self.open = true;
        self.names.insert(name);
    }

    /// A thing without a name has faults.
    pub(crate) fn add_unnamed(&mut self) {
        self.open = true;
    }

    /// Notes that a thing whose name could not be read has faults.
    pub(crate) fn add_unread(&mut self) {
        self.open = true;
        self.unread = true;
    }

    /// Whether a reported fault explains why this name does not exist.
    pub(crate) fn excuses(&self, name: &str) -> bool {
        self.unread || self.names.contains(name)
    }

    /// Whether anything is missing.
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }
}
