//! Reads the backends that a scenario is limited to, and which frames of a run are kept.

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use crate::vocabulary::file::{BACKENDS, RECORDS};

/// A backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Backend {
    /// The real Linux kernel, in network namespaces.
    Netns,
    /// The simulator, in virtual time.
    Sim,
}

impl Backend {
    /// Every backend, with the word that a user writes.
    pub const WORDS: [(&'static str, Self); 2] =
        [(BACKENDS[0], Self::Netns), (BACKENDS[1], Self::Sim)];

    /// The word that a user writes.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Netns => BACKENDS[0],
            Self::Sim => BACKENDS[1],
        }
    }
}

/// The limit of a scenario to some backends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backends {
    /// The backends on which it runs.
    pub only: Vec<Backend>,
    /// Whether it runs on another kernel in virtual time, too.
    pub virtual_time: bool,
    /// Why it runs on no other.
    pub because: String,
}

/// Which frames of a run are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// Every frame at every port.
    #[default]
    Everything,
    /// The frames of links that an expectation is about; other frames are counted.
    Claimed,
}

/// `record = "claimed"`.
pub(super) fn record(file: &Reader<'_, '_>) -> Record {
    let known = [(RECORDS[0], Record::Everything), (RECORDS[1], Record::Claimed)];
    file.word("record", "recording", &known).map_or_else(Record::default, |word| word.value)
}

/// `backends = { only = ["netns"], because = "..." }`, or `{ virtual-time = true, because = "..." }`.
pub(super) fn backends(file: &Reader<'_, '_>) -> Option<Backends> {
    let form = "a table such as { only = [\"netns\"], because = \"...\" }";
    let table = file.table("backends", "[backends]", form)?;
    let virtual_time = table.boolean("virtual-time");
    let only = match virtual_time.as_ref().filter(|virtual_time| virtual_time.value) {
        Some(virtual_time) => {
            if table.value("only").is_some() {
                let message = "`virtual-time` says already where the scenario runs";
                let why = "`only` is not for such a scenario";
                table.faults().borrow_mut().error(&virtual_time.span, message, why);
            }
            None
        }
        None => {
            if table.value("only").is_none() {
                let message = "`only`, or `virtual-time = true`, says where the scenario runs";
                table.faults().borrow_mut().error(table.span(), message, "neither is here");
            }
            table.strings("only")
        }
    };
    let is_virtual = virtual_time.is_some_and(|virtual_time| virtual_time.value);
    let because = table.require("because", table.string("because"));
    for reason in because.iter().filter(|reason| reason.value.trim().is_empty()) {
        let message = "`because` says why the scenario runs on no other backend";
        table.faults().borrow_mut().error(&reason.span, message, "it is empty");
    }
    let mut known = Vec::new();
    for name in only.iter().flat_map(|only| &only.value) {
        let mut faults = table.faults().borrow_mut();
        match Backend::WORDS.iter().find(|(word, _)| *word == name.value) {
            None => {
                let words = Backend::WORDS.iter().map(|(word, _)| *word);
                faults.unknown_word("", "backend", name, words);
            }
            Some((_, backend)) if known.contains(backend) => {
                let message = format!("`{}` stands twice", name.value);
                faults.error(&name.span, message, "the second time");
            }
            Some((_, backend)) => known.push(*backend),
        }
    }
    for only in only.iter().filter(|only| only.value.is_empty()) {
        let message = "a scenario runs on one backend at least";
        table.faults().borrow_mut().error(&only.span, message, "it is empty");
    }
    table.finish();
    if is_virtual {
        known = vec![Backend::Sim];
    }
    let because = because?.value.trim().to_owned();
    Some(Backends { only: known, virtual_time: is_virtual, because })
}
