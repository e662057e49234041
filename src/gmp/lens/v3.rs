//! The lens of IGMPv3 (RFC 9776) and MLDv2 (RFC 9777): the records are those of the tables, as far as
//! the group's compatibility mode admits them.

use std::net::IpAddr;

use crate::addr::Group;
use crate::gmp::Cx;
use crate::gmp::change::Record;
use crate::gmp::compat::admit;
use crate::gmp::interface::Interface;
use crate::gmp::message::{Query, Version};
use crate::ignored::Ignored;

/// A version 3 Query was heard.
pub(super) fn query(interface: &mut Interface, cx: &mut Cx<'_>, from: IpAddr, query: &Query) {
    if interface.params().version != Version::V3 {
        interface.warn_of_version(cx, from); // RFC2236-4-10
    }
    interface.heard_query(cx, from, query);
}

/// A record of a version 3 Report was heard.
///
/// # Errors
/// Why the record was ignored.
pub(super) fn record(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    group: Group,
    record: Record,
) -> Result<(), Ignored> {
    let record = admit(interface.compatibility(group), record)?; // RFC3376-7.3.2-01
    interface.heard_record(cx, group, &record)
}
