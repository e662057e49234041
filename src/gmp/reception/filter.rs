//! What sockets want of a group, and the state of the interface that follows from it.
//!
//! Owns RFC 9776 section 3.2 and RFC 9777 section 4.2. A plain join is EXCLUDE({}), and INCLUDE({}) is no
//! membership at all (RFC3376-2-02).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::gmp::change::Sources;

/// A socket of the host, as its caller numbers them.
pub type Socket = u32;

/// A filter mode and a source list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceFilter {
    /// INCLUDE: only these sources.
    Include(Sources),
    /// EXCLUDE: all sources except these.
    Exclude(Sources),
}

impl SourceFilter {
    /// INCLUDE({}), which is no membership (RFC3376-5.1-04).
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Include(Sources::new())
    }

    /// EXCLUDE({}), a plain join.
    #[must_use]
    pub const fn all() -> Self {
        Self::Exclude(Sources::new())
    }

    /// Whether this is INCLUDE({}).
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Include(sources) if sources.is_empty())
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

/// What the sockets of a host want of one group; only those are kept that want something.
#[derive(Clone, Debug, Default)]
pub(super) enum Wishes {
    /// No socket wants anything.
    #[default]
    Nothing,
    /// Socket 0 has joined the group, and it is the only one: by far the most frequent case, which
    /// costs no memory of its own.
    Plain,
    /// Any other sockets and filters.
    Sockets(Box<[(Socket, SourceFilter)]>),
}

impl Wishes {
    /// The socket wants this, instead of what it wanted before (RFC3376-3.1-01).
    pub(super) fn set(&mut self, socket: Socket, wish: SourceFilter) {
        let mut sockets = match std::mem::take(self) {
            Self::Nothing => BTreeMap::new(),
            Self::Plain => BTreeMap::from([(0, SourceFilter::all())]),
            Self::Sockets(sockets) => sockets.into_iter().collect(),
        };
        sockets.remove(&socket);
        if !wish.is_nothing() {
            sockets.insert(socket, wish);
        }
        let is_plain = sockets.len() == 1 && sockets.get(&0) == Some(&SourceFilter::all());
        *self = match sockets.is_empty() {
            true => Self::Nothing,
            false if is_plain => Self::Plain,
            false => Self::Sockets(sockets.into_iter().collect()),
        };
    }

    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Whether any socket wants datagrams of the source.
    pub(super) fn any_wants(&self, source: IpAddr) -> bool {
        match self {
            Self::Nothing => false,
            Self::Plain => true,
            Self::Sockets(sockets) => sockets.iter().any(|(_, wish)| wish.wants(source)),
        }
    }

    /// The state of the interface.
    pub(super) fn merged(&self) -> SourceFilter {
        match self {
            Self::Nothing => SourceFilter::nothing(),
            Self::Plain => SourceFilter::all(),
            Self::Sockets(sockets) => merged(sockets.iter().map(|(_, wish)| wish.clone())),
        }
    }
}

/// Several wishes in one.
#[must_use]
pub fn merged(wishes: impl IntoIterator<Item = SourceFilter>) -> SourceFilter {
    let (mut included, mut excluded) = (Sources::new(), None::<Sources>);
    for wish in wishes {
        match wish {
            SourceFilter::Include(sources) => included.extend(sources),
            SourceFilter::Exclude(sources) => {
                excluded = Some(match excluded {
                    Some(all) => &all & &sources,
                    None => sources,
                });
            }
        }
    }
    match excluded {
        Some(excluded) => SourceFilter::Exclude(&excluded - &included), // RFC3376-3.2-01
        None => SourceFilter::Include(included), // RFC3376-3.2-02, RFC3376-3.2-03
    }
}
