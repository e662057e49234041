//! The lens of IGMPv1: RFC 1112 appendix I, and RFC 2236 sections 4 and 5 for living with it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::addr::Group;
use crate::gmp::change::{Record, Sources};
use crate::gmp::interface::Interface;
use crate::gmp::params::Version;
use crate::gmp::{Cx, Query};

/// RFC2236-4-01: the Max Response Time of a version 1 Query, which does not carry one.
pub const MAX_RESPONSE_TIME: Duration = Duration::from_secs(10);

/// A version 1 Query was heard. It asks for everything: its group field has no meaning (RFC 1112
/// appendix I).
pub fn query(interface: &mut Interface, cx: &mut Cx<'_>, from: IpAddr) {
    if interface.params().version != Version::V1 {
        interface.warn_of_version(cx, from); // RFC2236-4-11
    }
    let (sources, max_resp) = (Sources::new(), MAX_RESPONSE_TIME);
    let query = Query { group: None, sources, max_resp, suppress: false };
    interface.heard_query(cx, from, &query);
}

/// A version 1 Report was heard.
pub fn report(interface: &mut Interface, cx: &mut Cx<'_>, group: Group) {
    // RFC2236-7-05, RFC2236-7-07
    interface.heard_record(cx, group, &Record::IsEx(BTreeSet::new()));
    interface.stop_asking(group);
    interface.heard_v1_host(cx, group); // RFC2236-5-02
}
