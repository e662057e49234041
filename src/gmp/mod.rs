//! What IGMP and MLD share: group management in meanings, not bytes.
//!
//! Owns sections 6 and 7 of RFC 9776 and the parts of RFC 2236 that they generalise. The state of a
//! group is a filter mode and sources; the versions are lenses on it (see [`lens`]): a Report of
//! IGMPv2 is IS_EX({}), a Leave is TO_IN({}). Nothing here knows a message format, a socket or a
//! clock.

pub mod address;
pub mod change;
mod compat;
pub mod interface;
pub mod lens;
mod lightweight;
pub mod listener;
pub mod membership;
pub mod message;
mod packing;
pub mod params;
pub mod querier;
pub mod reception;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::addr::Group;
use crate::machine;
use crate::time::Instant;
use change::Filter;
use message::Query;
use querier::Role;

/// The context of one call of the router side of a link.
pub type Cx<'a> = machine::Cx<'a, Say>;

/// An output of the router side of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// Transmit this Query on the link.
    Query(Query),
    /// A change on which other machines act, or that belongs in the log.
    News(News),
}

impl From<Query> for Say {
    fn from(query: Query) -> Self {
        Self::Query(query)
    }
}

impl From<News> for Say {
    fn from(news: News) -> Self {
        Self::News(news)
    }
}

/// A change on a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum News {
    /// The link has members of the group now ("notify routing +"). They want all sources, unless
    /// [`News::SourcesChanged`] follows at once.
    MembersPresent(Group),
    /// The members of the group want other sources: its state from now on.
    SourcesChanged(Group, Filter),
    /// The link has no members of the group any more ("notify routing -").
    NoMembers(Group),
    /// A Leave is being checked: the group is forgotten at this instant unless a Report comes.
    CheckingMembership(Group, Instant),
    /// The outcome of the querier election changed.
    Querier(Role),
    /// A Query of another version than the configured one was heard (RFC2236-4-10, RFC2236-4-11).
    OtherVersion(IpAddr),
    /// A host reports in a newer version than the configured one, and is not heard.
    NewerHost(IpAddr),
}

impl News {
    /// The group of the news, if it has one.
    #[must_use]
    pub const fn group(&self) -> Option<Group> {
        match *self {
            Self::MembersPresent(group)
            | Self::SourcesChanged(group, _)
            | Self::NoMembers(group)
            | Self::CheckingMembership(group, _) => Some(group),
            Self::Querier(_) | Self::OtherVersion(_) | Self::NewerHost(_) => None,
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MembersPresent(group) => write!(f, "members present of {group}"),
            Self::SourcesChanged(group, filter) => write!(f, "{group} is {filter}"),
            Self::NoMembers(group) => write!(f, "no members of {group}"),
            Self::CheckingMembership(group, until) => {
                write!(f, "checking membership of {group} until {until}")
            }
            Self::Querier(Role::Querier) => write!(f, "querier"),
            Self::Querier(Role::NonQuerier(other)) => write!(f, "non-querier, {other} queries"),
            Self::Querier(Role::Passive) => write!(f, "passive, and nobody queries"),
            Self::OtherVersion(from) => {
                write!(f, "{from} queries in another version than the one configured here")
            }
            Self::NewerHost(from) => write!(
                f,
                "{from} reports in a newer version than the one configured here, and is not heard: configure \
                 that version, or see why it does not follow the Queries of the link"
            ),
        }
    }
}
