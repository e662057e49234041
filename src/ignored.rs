//! Why a router or a host ignored what came in.
//!
//! Every machine that reads messages uses these reasons, each with the clause that asks for it; the
//! driver logs them, and a laboratory shows them. Deciding is the machines' work.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::addr::{Group, Source};
use crate::wire::Malformed;

/// Why an input changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// The bytes are no valid packet or message. Fields as in [`Malformed`].
    #[error("{message}: {field} at octet {at}: {why}")]
    Malformed {
        /// The message that was being read.
        message: String,
        /// The field at fault.
        field: String,
        /// Its offset in octets.
        at: usize,
        /// What is wrong with it, in words.
        why: String,
    },
    /// No machine of the router speaks this IP protocol.
    #[error("IP protocol {0} is not spoken here")]
    UnknownProtocol(u8),
    /// Our own message came back.
    #[error("our own message")]
    Own,
    /// RFC2236-2.1-02, RFC3810-5-03
    #[error("unknown type {0:#04x} of a message")]
    UnknownType(u8),
    /// RFC3376-7.1-02
    #[error("a Query of {0} octets, which no version has")]
    QueryOfNoVersion(usize),
    /// RFC2236-6-01, RFC2236-2.4-02
    #[error("{0} is not a multicast group")]
    NotMulticast(IpAddr),
    /// A parameter of the link refuses the message, for this reason (RFC2236-10-02).
    #[error("{0}")]
    Unwanted(String),
    /// RFC2236-6-08
    #[error("the group of all hosts is neither reported nor left")]
    AllHosts,
    /// RFC2236-4-09
    #[error("a Leave means nothing in version 1 mode")]
    LeaveInVersion1Mode,
    /// RFC2236-3-27
    #[error("a Non-Querier leaves a Leave to the querier")]
    LeaveAsNonQuerier,
    /// RFC2236-3-28
    #[error("a Leave of a group without members")]
    LeaveWithoutMembers,
    /// RFC2236-5-03, RFC3376-7.3.2-03
    #[error("a Leave while the group has IGMPv1 hosts, which could not answer")]
    LeaveWithVersion1Hosts,
    /// RFC4604-3.1-01, RFC4604-3.5-01, RFC4604-3.7-01
    #[error("{0} is for source-specific multicast, and the message names no sources")]
    WithoutSources(Group),
    /// RFC3376-7.3.2-02
    #[error("a BLOCK record while the group has hosts of an older version")]
    BlockWithOlderHosts,
    /// RFC2236-7-10
    #[error("a Leave while an earlier one is being checked")]
    LeaveWhileChecking,
    /// RFC1112-I-03
    #[error("a Leave is not for hosts")]
    LeaveAtHost,
    /// A message to an address to which no such message goes (RFC2236-3-07, RFC2236-3-12,
    /// RFC2236-9-01, RFC3376-4.2.14-01).
    #[error("{0} is not where such a message goes")]
    Misaddressed(IpAddr),
    /// A source that is on no network of the link (RFC2236-10-01).
    #[error("the source {0} is on no network of this link")]
    OffLink(IpAddr),
    /// The message may have come through another router (RFC2236-2-02, RFC3810-7.4-01).
    #[error("TTL {0}, where such a message has 1")]
    NotOneHop(u8),
    /// RFC3810-5.1.14-02, RFC3810-5.2.13-02, RFC3590-4-02
    #[error("the source {0} is not link-local")]
    NotLinkLocal(IpAddr),
    /// RFC3810-7.4-01, RFC3810-7.6-01
    #[error("no Router Alert option, without which there is no MLD")]
    NoRouterAlert,
    /// A message of PIM from a router that has said no Hello on the link (RFC7761-4.5-01).
    #[error("{0} is no PIM neighbour")]
    NoNeighbour(IpAddr),
    /// A Register-Stop from a router that is not the RP of its group (RFC7761-6.2-03).
    #[error("{0} is not the RP of the group")]
    NoRp(IpAddr),
    /// A message of PIM of a type that the router does not speak.
    #[error("PIM messages of type {0} are not spoken here")]
    NotSpokenHere(u8),
    /// A message of Multicast Router Discovery, where the router says nothing of itself.
    #[error("Multicast Router Discovery is off on this interface")]
    NoDiscovery,
    /// What routers say to switches that snoop (RFC 4286).
    #[error("an Advertisement or a Termination is not for routers")]
    NotForRouters,
    /// The link has as many groups as its parameters allow.
    #[error("{group} would be more than the {most} groups that are allowed here")]
    TooManyGroups {
        /// The group without state.
        group: Group,
        /// The limit.
        most: u32,
    },
    /// The group or the link has as many sources as its parameters allow.
    #[error("{group} would have more sources than the {most} that are allowed here")]
    TooManySources {
        /// The group, whose state stays as it was.
        group: Group,
        /// The limit that would be exceeded.
        most: u32,
    },
    /// As many flows came in on the interface as the configuration allows.
    #[error("({from}, {group}) would be more than the {most} flows that are allowed here")]
    TooManyFlows {
        /// The source of the flow that gets no entry.
        from: Source,
        /// Its group.
        group: Group,
        /// The limit.
        most: u32,
    },
    /// The router is of the other address family.
    #[error("{0} is of the other address family")]
    OtherFamily(IpAddr),
    /// The router has no such interface.
    #[error("no such interface")]
    NoSuchInterface,
    /// The interface does not speak this IP protocol, by configuration.
    #[error("IP protocol {0} is off on this interface")]
    ProtocolOff(u8),
    /// RFC1112-7.2-05
    #[error("the group never leaves its link")]
    LinkLocalGroup,
    /// RFC1112-7.2-02
    #[error("the source {0} is no unicast address")]
    SourceNotUnicast(IpAddr),
}

impl Ignored {
    /// Whether a router refused what it would otherwise have acted on, because of who sent it, how it
    /// came, or how much there is already: an operator may have to act.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            // A host of IPv6 reports from there until its address is its own (RFC3590-4-02).
            Self::NotLinkLocal(source) => !source.is_unspecified(),
            Self::Malformed { .. }
            | Self::Unwanted(_)
            | Self::Misaddressed(_)
            | Self::OffLink(_)
            | Self::NotOneHop(_)
            | Self::NoRouterAlert
            | Self::SourceNotUnicast(_)
            | Self::NoNeighbour(_)
            | Self::NoRp(_)
            | Self::TooManyGroups { .. }
            | Self::TooManySources { .. }
            | Self::TooManyFlows { .. } => true,
            _ => false,
        }
    }
}

impl From<Malformed> for Ignored {
    fn from(Malformed { message, field, at, why }: Malformed) -> Self {
        let (message, field) = (message.to_owned(), field.to_owned());
        Self::Malformed { message, field, at, why: why.to_string() }
    }
}
