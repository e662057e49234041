//! The lens of IGMPv1: RFC 1112 appendix I, and RFC 2236 sections 4 and 5 for living with it.

use std::net::IpAddr;

use crate::addr::Group;
use crate::gmp::Cx;
use crate::gmp::change::{Record, Sources};
use crate::gmp::interface::Interface;
use crate::gmp::message::{Query, Version};

/// A version 1 Query was heard. It is always general: its group field has no meaning (RFC 1112
/// appendix I).
pub fn query(interface: &mut Interface, cx: &mut Cx<'_>, from: IpAddr, query: Query) {
    if interface.params().version != Version::V1 {
        interface.warn_of_version(cx, from); // RFC2236-4-11
    }
    interface.heard_query(cx, from, &Query { group: None, ..query });
}

/// A version 1 Report was heard.
pub fn report(interface: &mut Interface, cx: &mut Cx<'_>, group: Group) {
    // RFC2236-7-05, RFC2236-7-07
    interface.heard_record(cx, group, &Record::IsEx(Sources::new()));
    interface.stop_asking(group);
    interface.heard_v1_host(cx, group); // RFC2236-5-02
}
