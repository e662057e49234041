//! Which sources of a group a host wants: a filter mode and a source list (RFC 3376 sections 2 and 3).

use std::fmt;
use std::net::IpAddr;

use castnet::gmp::message::Sources;
use serde::{Deserialize, Serialize};

/// A filter mode and a source list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceFilter {
    /// INCLUDE: only these sources.
    Include(Sources),
    /// EXCLUDE: all sources except these.
    Exclude(Sources),
}

impl SourceFilter {
    /// EXCLUDE({}), a plain join (RFC3376-2-02).
    #[must_use]
    pub const fn all() -> Self {
        Self::Exclude(Sources::new())
    }

    /// INCLUDE({}), which is no membership (RFC3376-2-02).
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Include(Sources::new())
    }

    /// Whether every source is wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::Exclude(sources) if sources.is_empty())
    }

    /// The source list.
    #[must_use]
    pub const fn sources(&self) -> &Sources {
        match self {
            Self::Include(sources) | Self::Exclude(sources) => sources,
        }
    }

    /// Whether datagrams of the source are wanted.
    #[must_use]
    pub fn wants(&self, source: IpAddr) -> bool {
        match self {
            Self::Include(sources) => sources.contains(&source),
            Self::Exclude(sources) => !sources.contains(&source),
        }
    }
}

impl fmt::Display for SourceFilter {
    /// `INCLUDE {10.0.1.11}`, as RFC 3376 writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if matches!(self, Self::Include(_)) { "INCLUDE" } else { "EXCLUDE" };
        write!(f, "{mode} {{{}}}", Listed(self.sources()))
    }
}

/// Sources with commas between them; the beginning of a long list.
pub struct Listed<'a>(pub &'a Sources);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        for (position, source) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{source}", if position == 0 { "" } else { ", " })?;
        }
        match self.0.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}
