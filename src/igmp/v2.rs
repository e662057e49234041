//! The lens of IGMPv2 (RFC 2236): a Report is IS_EX({}), a Leave is TO_IN({}) (RFC3376-7.3.2-02).

use std::net::IpAddr;

use crate::addr::Group;
use crate::event::Ignored;
use crate::gmp::Cx;
use crate::gmp::change::{Record, Sources};
use crate::gmp::interface::Interface;
use crate::gmp::message::{Query, Version};
use crate::gmp::querier::Role;

/// A version 2 Query was heard.
pub fn query(interface: &mut Interface, cx: &mut Cx<'_>, from: IpAddr, query: &Query) {
    if interface.params().version == Version::V1 {
        interface.warn_of_version(cx, from); // RFC2236-4-10
    }
    interface.heard_query(cx, from, query);
}

/// A version 2 Report was heard: the group has members, and any check of a Leave is answered.
pub fn report(interface: &mut Interface, cx: &mut Cx<'_>, group: Group) {
    // RFC2236-3-14, RFC2236-3-15, RFC2236-7-04, RFC2236-7-06, RFC2236-7-08
    interface.heard_record(cx, group, &Record::IsEx(Sources::new()));
    interface.stop_asking(group); // RFC2236-3-25
}

/// A Leave was heard: the querier sends Last Member Query Count Group-Specific Queries, and forgets
/// the group if no Report comes within Last Member Query Time (RFC2236-3-23, RFC2236-3-24).
///
/// # Errors
/// Why the Leave was ignored.
pub fn leave(interface: &mut Interface, cx: &mut Cx<'_>, group: Group) -> Result<(), Ignored> {
    if interface.params().version == Version::V1 {
        return Err(Ignored::LeaveInVersion1Mode); // RFC2236-4-09
    }
    if interface.role() != Role::Querier {
        return Err(Ignored::LeaveAsNonQuerier); // RFC2236-3-27
    }
    if !interface.groups().contains_key(&group) {
        return Err(Ignored::LeaveWithoutMembers); // RFC2236-3-28
    }
    if interface.has_v1_hosts(group) {
        return Err(Ignored::LeaveWithVersion1Hosts); // RFC2236-5-03
    }
    if interface.is_checking(group) {
        return Err(Ignored::LeaveWhileChecking); // RFC2236-7-10: only in Members Present.
    }
    interface.heard_record(cx, group, &Record::ToIn(Sources::new()));
    Ok(())
}
