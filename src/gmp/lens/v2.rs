//! The lens of IGMPv2 (RFC 2236) and MLDv1 (RFC 2710): a Report is IS_EX({}), a Leave or Done is TO_IN({})
//! (RFC3376-7.3.2-02).

use std::net::IpAddr;

use crate::addr::Group;
use crate::gmp::Cx;
use crate::gmp::change::{Record, Sources};
use crate::gmp::interface::Interface;
use crate::gmp::message::{Query, Version};
use crate::gmp::querier::Role;
use crate::ignored::Ignored;

/// A version 2 Query was heard.
pub(super) fn query(interface: &mut Interface, cx: &mut Cx<'_>, from: IpAddr, query: &Query) {
    if interface.params().version != Version::V2 {
        interface.warn_of_version(cx, from); // RFC2236-4-10, RFC3376-7.3.1-03
    }
    interface.heard_query(cx, from, query);
}

/// A version 2 Report was heard: the group has members.
///
/// # Errors
/// The limits of the link allow no further group.
pub(super) fn report(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    group: Group,
) -> Result<(), Ignored> {
    // RFC2236-3-14, RFC2236-3-15, RFC2236-7-04, RFC2236-7-06, RFC2236-7-08, RFC3376-7.3.2-02
    interface.heard_record(cx, group, &Record::IsEx(Sources::new()))?;
    if interface.params().version == Version::V3 {
        interface.heard_older_host(cx, group, Version::V2); // RFC3376-7.3.2-01
    } else {
        interface.stop_asking(group); // RFC2236-3-25: the check of a Leave is answered.
    }
    Ok(())
}

/// A Leave was heard: the querier sends Last Member Query Count Group-Specific Queries, and forgets
/// the group if no Report comes within Last Member Query Time (RFC2236-3-23, RFC2236-3-24).
///
/// # Errors
/// Why the Leave was ignored.
pub(super) fn leave(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    group: Group,
) -> Result<(), Ignored> {
    if interface.params().version == Version::V1 {
        return Err(Ignored::LeaveInVersion1Mode); // RFC2236-4-09
    }
    // RFC 9776 has one table for querier and Non-Querier, which hears the querier's Queries.
    if interface.params().version == Version::V2 && interface.role() != Role::Querier {
        return Err(Ignored::LeaveAsNonQuerier); // RFC2236-3-27
    }
    if !interface.groups().contains_key(&group) {
        return Err(Ignored::LeaveWithoutMembers); // RFC2236-3-28
    }
    if interface.compatibility(group) == Version::V1 {
        return Err(Ignored::LeaveWithVersion1Hosts); // RFC2236-5-03, RFC3376-7.3.2-03
    }
    if interface.is_checking(group) {
        return Err(Ignored::LeaveWhileChecking); // RFC2236-7-10: only in Members Present.
    }
    interface.heard_record(cx, group, &Record::ToIn(Sources::new()))
}
