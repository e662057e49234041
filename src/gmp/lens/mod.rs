//! What a message of each version means to the router side of a link.
//!
//! Owns the dispatch by version, for IGMP and MLD alike; [`v1`], [`v2`] and [`v3`] hold the rules of one
//! version. A message was checked by its protocol before; only what depends on the state is refused
//! here.

mod v1;
mod v2;
mod v3;

use std::net::IpAddr;

use super::Cx;
use super::interface::Interface;
use super::message::{Form, Message, NotOfGroup, Record, Report, Version};
use super::params::Params;
use crate::addr::Group;
use crate::ignored::Ignored;

/// Hands a valid message to the router's machine.
///
/// # Errors
/// Why the message, or a record of it, was ignored. The other records count (RFC3376-4.2.12-02).
pub fn hear(
    interface: &mut Interface,
    cx: &mut Cx<'_>,
    from: IpAddr,
    message: Message,
) -> Result<(), Ignored> {
    match message {
        // The driver may return our own packets. Our own Reports and Leaves count: if this router is a
        // member itself, they may be the ones that silence the other members.
        _ if from == interface.own() && message.form() == Some(Form::Query) => Err(Ignored::Own),
        Message::Query(query) => {
            match query.version {
                Version::V1 => v1::query(interface, cx, from, query),
                Version::V2 => v2::query(interface, cx, from, &query),
                Version::V3 => v3::query(interface, cx, from, &query),
            }
            Ok(())
        }
        Message::Report(report) => heard_report(interface, cx, report),
        Message::NotOfGroup(NotOfGroup { address, .. }) => Err(Ignored::NotMulticast(address)),
        Message::Unknown(kind) => Err(Ignored::UnknownType(kind)), // RFC2236-2.1-02
    }
}

fn heard_report(interface: &mut Interface, cx: &mut Cx<'_>, report: Report) -> Result<(), Ignored> {
    let is_leave = report.is_leave();
    let mut result = Ok(());
    for (group, record) in report.records {
        let wants_any = wants_any(report.version, &record);
        let heard = reported(interface, group, wants_any).and_then(|group| match report.version {
            Version::V1 => v1::report(interface, cx, group),
            Version::V2 if is_leave => v2::leave(interface, cx, group),
            Version::V2 => v2::report(interface, cx, group),
            Version::V3 => v3::record(interface, cx, group, record),
        });
        result = result.and(heard);
    }
    result
}

/// A group about which the router hears such messages.
fn reported(interface: &Interface, group: Group, wants_any: bool) -> Result<Group, Ignored> {
    let Params { version, source_specific, source_specific_range: range, .. } = *interface.params();
    // RFC2236-6-08, RFC2710-5-03: every host is a member of the all-hosts group.
    if group.is_all_hosts() {
        return Err(Ignored::AllHosts);
    }
    // RFC4604-3.1-01, RFC4604-3.5-01, RFC4604-3.7-01, RFC9776-6.4-01
    let is_aware = version == Version::V3 && source_specific;
    if wants_any && is_aware && group.is_source_specific(range) {
        return Err(Ignored::WithoutSources(group));
    }
    Ok(group)
}

/// Whether a record knows only all sources of a group: EXCLUDE, and everything of older versions.
const fn wants_any(version: Version, record: &Record) -> bool {
    !matches!(version, Version::V3) || matches!(record, Record::IsEx(_) | Record::ToEx(_))
}
