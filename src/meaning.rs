//! What messages of IGMP and MLD mean, as far as both protocols write it alike.
//!
//! Owns the way between the structures of [`crate::wire::v3`] and those of [`crate::gmp::message`];
//! `igmp` and `mld` add what only one of them has: type octets, and the units of times. Refuses an
//! address of the other family, and what an older version has no message for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::addr::Group;
use crate::gmp::message::{
    Form, Message, NotOfGroup, Query, Record, RecordType, Report, Sources, Version,
};
use crate::wire::float::encode_float;
use crate::wire::v3::{self, Address, GroupRecord, QueryPart, RecordKind};
use crate::wire::{Unencodable, Unfit};

/// An address of the family that the protocol carries.
pub(crate) trait OfFamily: Address + Into<IpAddr> {
    /// The name of a message in errors.
    const MESSAGE: &'static str;

    /// The address, if it is of this family.
    fn of(address: IpAddr) -> Option<Self>;
}

impl OfFamily for Ipv4Addr {
    const MESSAGE: &'static str = "IGMP message";

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }
}

impl OfFamily for Ipv6Addr {
    const MESSAGE: &'static str = "MLD message";

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address),
        }
    }
}

/// The meaning of a Query.
#[must_use]
pub(crate) fn of_query<A: OfFamily>(
    version: Version,
    address: A,
    max_resp: Duration,
    part: Option<&QueryPart<A>>,
) -> Message {
    let address = address.into();
    // RFC2236-6-01, RFC2710-5-01: zero, or a group.
    let group = match Group::new(address) {
        None if !address.is_unspecified() => {
            return Message::NotOfGroup(NotOfGroup { form: Form::Query, version, address });
        }
        group => group,
    };
    let older = Query::older(version, group, max_resp);
    Message::Query(match part {
        None => older,
        Some(part) => Query {
            sources: of_sources(&part.sources),
            suppress: part.suppress,
            qrv: Some(part.robustness),
            qqi: Some(part.interval()),
            ..older
        },
    })
}

/// The meaning of a message of this form and version about one address: a Report, a Leave or a Done
/// (RFC3376-7.3.2-02, RFC3810-8.3.2-01).
#[must_use]
pub(crate) fn of_group(version: Version, form: Form, address: impl OfFamily) -> Message {
    let address = address.into();
    let Some(group) = Group::new(address) else {
        return Message::NotOfGroup(NotOfGroup { form, version, address });
    };
    Message::Report(match form {
        Form::Leave => Report::leave(group),
        Form::Query | Form::Report => Report::of_group(version, group),
    })
}

/// The meaning of a Report of IGMPv3 or MLDv2.
#[must_use]
pub(crate) fn of_report<A: OfFamily>(report: &v3::Report<A>) -> Message {
    let records = report.records.iter().filter_map(of_record).collect();
    Message::Report(Report { version: Version::V3, records })
}

/// `None` for an unknown type, and for an address that is no group (RFC3376-4.2.12-02,
/// RFC3810-5.2.12-02).
fn of_record<A: OfFamily>(record: &GroupRecord<A>) -> Option<(Group, Record)> {
    let sources = of_sources(&record.sources);
    let told = match record.kind {
        RecordKind::IsIn => Record::IsIn(sources),
        RecordKind::IsEx => Record::IsEx(sources),
        RecordKind::ToIn => Record::ToIn(sources),
        RecordKind::ToEx => Record::ToEx(sources),
        RecordKind::Allow => Record::Allow(sources),
        RecordKind::Block => Record::Block(sources),
        RecordKind::Unknown(_) => return None,
    };
    Some((Group::new(record.group.into())?, told))
}

fn of_sources<A: OfFamily>(list: &[A]) -> Sources {
    list.iter().map(|&source| source.into()).collect()
}

/// The address of the family, or the error that names it.
///
/// # Errors
/// An address of the other family.
pub(crate) fn narrowed<A: OfFamily>(
    field: &'static str,
    address: IpAddr,
) -> Result<A, Unencodable> {
    A::of(address).ok_or(Unencodable {
        message: A::MESSAGE,
        field,
        why: Unfit::OtherFamily { address },
    })
}

/// The error of a message that the version does not have.
#[must_use]
pub(crate) const fn no_such<A: OfFamily>(field: &'static str) -> Unencodable {
    Unencodable { message: A::MESSAGE, field, why: Unfit::NoSuchForm }
}

/// The group field of a Query with this meaning: `zero` if it is general.
///
/// # Errors
/// A group of the other family.
pub(crate) fn group_field<A: OfFamily>(query: &Query, zero: A) -> Result<A, Unencodable> {
    // RFC2236-2.4-01, RFC3376-4.1.3-01, RFC2710-3.6-01
    query.group.map_or(Ok(zero), |group| narrowed("group address", group.addr()))
}

/// The part of a Query that only the newest version has; `None` in an older one. A QRV that does not
/// fit becomes 0 (RFC3376-4.1.6-02, RFC3810-5.1.8-01).
///
/// # Errors
/// A source of the other family, or a source in an older version.
pub(crate) fn query_part<A: OfFamily>(query: &Query) -> Result<Option<QueryPart<A>>, Unencodable> {
    if query.version != Version::V3 {
        let older = query.sources.is_empty().then_some(None);
        return older.ok_or(no_such::<A>("sources"));
    }
    let seconds = query.qqi.map_or(0, |qqi| qqi.as_secs());
    Ok(Some(QueryPart {
        flags: 0,
        suppress: query.suppress,
        robustness: query.qrv.filter(|qrv| *qrv <= 7).unwrap_or(0),
        interval_code: encode_float(u32::try_from(seconds).unwrap_or(u32::MAX)),
        sources: sources(&query.sources)?,
    }))
}

/// The Report of IGMPv3 or MLDv2 with these records.
///
/// # Errors
/// An address of the other family.
pub(crate) fn report<A: OfFamily>(report: &Report) -> Result<v3::Report<A>, Unencodable> {
    report.records.iter().map(record).collect::<Result<_, _>>().map(v3::Report::new)
}

/// The form and the group of the only record of a Report of an older version.
///
/// # Errors
/// A group of the other family, or records that no older version has a message for.
pub(crate) fn older_report<A: OfFamily>(report: &Report) -> Result<(Form, A), Unencodable> {
    let [(group, record)] = &report.records[..] else { return Err(no_such::<A>("records")) };
    let form = match record {
        Record::IsEx(sources) if sources.is_empty() => Form::Report,
        Record::ToIn(sources) if sources.is_empty() => Form::Leave,
        _ => return Err(no_such::<A>("records")),
    };
    Ok((form, narrowed("group address", group.addr())?))
}

fn record<A: OfFamily>((group, record): &(Group, Record)) -> Result<GroupRecord<A>, Unencodable> {
    let kind = match record.kind() {
        RecordType::IsIn => RecordKind::IsIn,
        RecordType::IsEx => RecordKind::IsEx,
        RecordType::ToIn => RecordKind::ToIn,
        RecordType::ToEx => RecordKind::ToEx,
        RecordType::Allow => RecordKind::Allow,
        RecordType::Block => RecordKind::Block,
    };
    let group = narrowed("multicast address", group.addr())?;
    Ok(GroupRecord::new(kind, group, sources(record.sources())?))
}

fn sources<A: OfFamily>(sources: &Sources) -> Result<Vec<A>, Unencodable> {
    sources.iter().map(|&source| narrowed("source address", source)).collect()
}
