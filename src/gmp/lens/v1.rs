//! The lens of IGMPv1: RFC 1112 appendix I, and RFC 2236 sections 4 and 5 for living with it.

use std::net::IpAddr;

use crate::addr::Group;
use crate::gmp::Cx;
use crate::gmp::change::{Record, Sources};
use crate::gmp::interface::Interface;
use crate::gmp::message::{Query, Version};
use crate::ignored::Ignored;

/// A version 1 Query was heard. It is always general: its group field has no meaning (RFC 1112
/// appendix I).
pub(super) fn query(interface: &mut Interface, cx: &mut Cx<'_>, from: IpAddr, query: Query) {
    if interface.params().version != Version::V1 {
        interface.warn_of_version(cx, from); // RFC2236-4-11, RFC3376-7.3.1-03
    }
    interface.heard_query(cx, from, &Query { group: None, ..query });
}

/// A version 1 Report was heard.
///
/// # Errors
/// The limits of the link allow no further group.
pub(super) fn report(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    group: Group,
) -> Result<(), Ignored> {
    // RFC2236-7-05, RFC2236-7-07, RFC3376-7.3.2-02
    interface.heard_record(cx, group, &Record::IsEx(Sources::new()))?;
    if interface.params().version != Version::V3 {
        interface.stop_asking(group);
    }
    interface.heard_older_host(cx, group, Version::V1); // RFC2236-5-02, RFC3376-7.3.2-01
    Ok(())
}
