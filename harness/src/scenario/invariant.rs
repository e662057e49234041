//! The rules of every run, and how an author excuses a run from one.
//!
//! A rule is switched off by its name and with a reason, which the report repeats, so that a reader
//! knows why this scenario may break it.

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use crate::vocabulary::file::RULES;

/// A rule that holds in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Invariant {
    /// A router sends a datagram only where it is wanted.
    NoUnwanted,
    /// No port sends or receives a datagram twice.
    NoDuplicate,
    /// A router lowers the TTL by exactly one.
    TtlByOne,
    /// No datagram goes out of the interface that it came in on.
    NoReturn,
    /// IGMP messages of castnet's own nodes are well-formed.
    WellFormedIgmp,
}

impl Invariant {
    /// Every rule, with the word that an author writes.
    pub const WORDS: [(&'static str, Self); 5] = [
        (RULES[0], Self::NoUnwanted),
        (RULES[1], Self::NoDuplicate),
        (RULES[2], Self::TtlByOne),
        (RULES[3], Self::NoReturn),
        (RULES[4], Self::WellFormedIgmp),
    ];

    /// The word that an author writes.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, rule)| *rule == self).map_or("invariant", |(word, _)| word)
    }

    /// The rule in one line.
    #[must_use]
    pub const fn statement(self) -> &'static str {
        match self {
            Self::NoUnwanted => {
                "a router sends only datagrams that came in, onto links with members or a static join"
            }
            Self::NoDuplicate => "no port sends or receives the same datagram twice",
            Self::TtlByOne => "a router lowers the TTL of a datagram by exactly one",
            Self::NoReturn => "no datagram goes out of the interface that it came in on",
            Self::WellFormedIgmp => {
                "castnet's nodes send IGMP and MLD with TTL 1, Router Alert, right checksum, length and destination"
            }
        }
    }
}

/// A rule that a scenario is excused from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The rule.
    pub invariant: Invariant,
    /// Why.
    pub because: String,
}

/// `off = [{ name = "no-duplicate", because = "..." }]` of the table `[invariants]`.
pub(super) fn waivers(file: &Reader<'_, '_>) -> Vec<Waiver> {
    let form = "a table with `off`, a list of what does not hold in this run";
    let Some(table) = file.table("invariants", "[invariants]", form) else { return Vec::new() };
    let form = "[{ name = \"no-duplicate\", because = \"...\" }]";
    let mut waivers = Vec::<Waiver>::new();
    for entry in table.tables("off", "an invariant that is off", form).into_iter().flatten() {
        let name = entry.require("name", entry.string("name"));
        let because = entry.require("because", entry.string("because"));
        let invariant = entry.word("name", "invariant", &Invariant::WORDS).map(|rule| rule.value);
        for reason in because.iter().filter(|reason| reason.value.trim().is_empty()) {
            let message = "`because` says why the rule does not hold in this run";
            entry.faults().borrow_mut().error(&reason.span, message, "it is empty");
        }
        if let (Some(name), Some(invariant)) = (&name, invariant)
            && waivers.iter().any(|waiver| waiver.invariant == invariant)
        {
            let message = format!("`{}` stands twice", name.value);
            entry.faults().borrow_mut().error(&name.span, message, "the second time");
        }
        entry.finish();
        waivers.extend(invariant.zip(because).map(|(invariant, because)| Waiver {
            invariant,
            because: because.value.trim().to_owned(),
        }));
    }
    table.finish();
    waivers
}
