//! Translates IGMP messages into their meaning and back.
//!
//! Only here do the messages of [`crate::wire::igmp`] and those of [`crate::gmp::message`] meet.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::addr::Group;
use crate::gmp::message::{
    Form, Message, NotOfGroup, Query, Record, RecordType, Report, Sources, Version,
};
use crate::wire::float::encode_float;
use crate::wire::igmp::{self as wire, GroupRecord, RecordKind, V3Query, V3Report};
use crate::wire::{Unencodable, Unfit};

/// The meaning of the message.
#[must_use]
pub fn meaning(message: &wire::Message) -> Message {
    use wire::Message as M;
    match message {
        M::Query(query) => read_query(query),
        M::V1Report { group } => read_group(Version::V1, Form::Report, *group),
        M::V2Report { group } => read_group(Version::V2, Form::Report, *group),
        M::Leave { group } => read_group(Version::V2, Form::Leave, *group),
        M::V3Report(report) => {
            let records = report.records.iter().filter_map(read_record).collect();
            Message::Report(Report { version: Version::V3, records })
        }
        M::Unknown { kind } => Message::Unknown(*kind),
    }
}

fn read_query(query: &wire::Query) -> Message {
    let version = query.version();
    // RFC2236-6-01: zero, or a group.
    let group = match Group::new(query.group.into()) {
        None if !query.is_general() => {
            let address = query.group.into();
            return Message::NotOfGroup(NotOfGroup { form: Form::Query, version, address });
        }
        group => group,
    };
    let Some(v3) = &query.v3 else {
        return Message::Query(Query::older(version, group, query.max_resp_v2()));
    };
    Message::Query(Query {
        version,
        group,
        sources: sources(&v3.sources),
        max_resp: query.max_resp_v3(),
        suppress: v3.suppress,
        qrv: Some(v3.robustness),
        qqi: Some(v3.interval()),
    })
}

fn read_group(version: Version, form: Form, address: Ipv4Addr) -> Message {
    let Some(group) = Group::new(address.into()) else {
        let address = address.into();
        return Message::NotOfGroup(NotOfGroup { form, version, address });
    };
    Message::Report(match form {
        Form::Leave => Report::leave(group),
        Form::Query | Form::Report => Report::of_group(version, group),
    })
}

/// `None` for an unknown type, and for an address that is no group (RFC3376-4.2.12-02).
fn read_record(record: &GroupRecord) -> Option<(Group, Record)> {
    let sources = sources(&record.sources);
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

fn sources(list: &[Ipv4Addr]) -> Sources {
    list.iter().copied().map(IpAddr::V4).collect()
}

/// The IGMP message with this meaning.
///
/// # Errors
/// An IPv6 address, a record that an older version has no message for, or an unknown type that is in
/// fact a known one.
pub fn message(meaning: &Message) -> Result<wire::Message, Unencodable> {
    Ok(match meaning {
        Message::Query(query) => wire::Message::Query(write_query(query)?),
        Message::Report(report) => write_report(report)?,
        Message::NotOfGroup(NotOfGroup { form, version, address }) => {
            let group = v4("group address", *address)?;
            match form {
                Form::Query => {
                    wire::Message::Query(wire::Query { max_resp_code: 0, group, v3: None })
                }
                Form::Leave => wire::Message::Leave { group },
                Form::Report if *version == Version::V1 => wire::Message::V1Report { group },
                Form::Report => wire::Message::V2Report { group },
            }
        }
        Message::Unknown(kind) => wire::Message::Unknown { kind: *kind },
    })
}

/// Times are cut to the precision of the code, and a QRV that does not fit becomes 0
/// (RFC3376-4.1.6-02).
fn write_query(query: &Query) -> Result<wire::Query, Unencodable> {
    let group = match query.group {
        Some(group) => v4("group address", group.addr())?,
        None => Ipv4Addr::UNSPECIFIED, // RFC2236-2.4-01, RFC3376-4.1.3-01
    };
    let tenths = query.max_resp.as_millis() / 100;
    let code = match query.version {
        Version::V1 => 0, // RFC2236-4-08
        Version::V2 => u8::try_from(tenths).unwrap_or(u8::MAX),
        Version::V3 => encode_float(u32::try_from(tenths).unwrap_or(u32::MAX)),
    };
    if query.version != Version::V3 && !query.sources.is_empty() {
        let why = Unfit::NoSuchForm;
        return Err(Unencodable { message: "IGMP message", field: "sources", why });
    }
    let v3 = (query.version == Version::V3).then(|| write_v3(query)).transpose()?;
    Ok(wire::Query { max_resp_code: code, group, v3 })
}

fn write_v3(query: &Query) -> Result<V3Query, Unencodable> {
    let seconds = query.qqi.map_or(0, |qqi: Duration| qqi.as_secs());
    Ok(V3Query {
        flags: 0,
        suppress: query.suppress,
        robustness: query.qrv.filter(|qrv| *qrv <= 7).unwrap_or(0),
        interval_code: encode_float(u32::try_from(seconds).unwrap_or(u32::MAX)),
        sources: write_sources(&query.sources)?,
    })
}

fn write_report(report: &Report) -> Result<wire::Message, Unencodable> {
    if report.version == Version::V3 {
        let records = report.records.iter().map(write_record).collect::<Result<_, _>>()?;
        return Ok(wire::Message::V3Report(V3Report::new(records)));
    }
    let why = Unfit::NoSuchForm;
    let none = Unencodable { message: "IGMP message", field: "records", why };
    let [(group, record)] = &report.records[..] else { return Err(none) };
    let group = v4("group address", group.addr())?;
    match (report.version, record) {
        (Version::V1, Record::IsEx(sources)) if sources.is_empty() => {
            Ok(wire::Message::V1Report { group })
        }
        (Version::V2, Record::IsEx(sources)) if sources.is_empty() => {
            Ok(wire::Message::V2Report { group })
        }
        (Version::V2, Record::ToIn(sources)) if sources.is_empty() => {
            Ok(wire::Message::Leave { group })
        }
        _ => Err(none),
    }
}

fn write_record((group, record): &(Group, Record)) -> Result<GroupRecord, Unencodable> {
    let kind = match record.kind() {
        RecordType::IsIn => RecordKind::IsIn,
        RecordType::IsEx => RecordKind::IsEx,
        RecordType::ToIn => RecordKind::ToIn,
        RecordType::ToEx => RecordKind::ToEx,
        RecordType::Allow => RecordKind::Allow,
        RecordType::Block => RecordKind::Block,
    };
    let group = v4("multicast address", group.addr())?;
    Ok(GroupRecord::new(kind, group, write_sources(record.sources())?))
}

fn write_sources(sources: &Sources) -> Result<Vec<Ipv4Addr>, Unencodable> {
    sources.iter().map(|&source| v4("source address", source)).collect()
}

/// IGMP carries IPv4 addresses only.
fn v4(field: &'static str, address: IpAddr) -> Result<Ipv4Addr, Unencodable> {
    match address {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => {
            let why = Unfit::OtherFamily { address };
            Err(Unencodable { message: "IGMP message", field, why })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(text: &str) -> Group {
        Group::new(text.parse().unwrap()).unwrap()
    }

    fn set(texts: &[&str]) -> Sources {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    // RFC3376-7.3.2-02
    #[test]
    fn older_messages_are_said_in_the_words_of_version_3() {
        let it = Ipv4Addr::new(239, 1, 1, 1);
        for (message, version, record, form) in [
            (
                wire::Message::V1Report { group: it },
                Version::V1,
                Record::IsEx(set(&[])),
                Form::Report,
            ),
            (
                wire::Message::V2Report { group: it },
                Version::V2,
                Record::IsEx(set(&[])),
                Form::Report,
            ),
            (wire::Message::Leave { group: it }, Version::V2, Record::ToIn(set(&[])), Form::Leave),
        ] {
            let said = meaning(&message);
            let records = vec![(group("239.1.1.1"), record)];
            assert_eq!(said, Message::Report(Report { version, records }));
            assert_eq!((said.form(), said.version()), (Some(form), Some(version)));
            assert_eq!(super::message(&said), Ok(message));
        }
    }

    // RFC2236-4-01, RFC3376-7.1-01
    #[test]
    fn the_code_of_a_query_is_read_by_its_version() {
        let of = |code, v3| {
            let query = wire::Query { max_resp_code: code, group: Ipv4Addr::UNSPECIFIED, v3 };
            let Message::Query(query) = meaning(&wire::Message::Query(query)) else { panic!() };
            (query.version, query.max_resp.as_millis(), query.granted().as_millis(), query.qqi)
        };
        let v3 = V3Query {
            flags: 0,
            suppress: false,
            robustness: 2,
            interval_code: 125,
            sources: vec![],
        };
        assert_eq!(of(0, None), (Version::V1, 0, 10_000, None));
        assert_eq!(of(200, None), (Version::V2, 20_000, 20_000, None));
        let qqi = Some(Duration::from_secs(125));
        assert_eq!(of(200, Some(v3)), (Version::V3, 307_200, 307_200, qqi));
    }

    // RFC3376-4.1.6-02, RFC3376-4.1.7-01, RFC3376-4.2.12-01
    #[test]
    fn what_version_3_says_comes_back_as_it_was() {
        let query = Query {
            version: Version::V3,
            group: Some(group("232.1.1.1")),
            sources: set(&["10.0.0.1", "10.0.0.2"]),
            max_resp: Duration::from_secs(1),
            suppress: true,
            qrv: Some(3),
            qqi: Some(Duration::from_secs(60)),
        };
        let report = Report {
            version: Version::V3,
            records: vec![
                (group("232.1.1.1"), Record::Allow(set(&["10.0.0.1"]))),
                (group("239.1.1.1"), Record::ToEx(set(&[]))),
            ],
        };
        for said in [Message::Query(query), Message::Report(report)] {
            assert_eq!(meaning(&message(&said).unwrap()), said);
        }
    }

    #[test]
    fn an_ipv6_address_has_no_igmp_message() {
        let other = group("ff3e::1234");
        let sources = set(&["2001:db8::1"]);
        let specific = Query::older(Version::V2, Some(other), Duration::from_secs(1));
        let with_sources = Query {
            version: Version::V3,
            sources: sources.clone(),
            group: Some(group("232.1.1.1")),
            ..specific.clone()
        };
        let records = vec![(group("232.1.1.1"), Record::Allow(sources))];
        for said in [
            Message::Query(specific),
            Message::Query(with_sources),
            Message::Report(Report::of_group(Version::V2, other)),
            Message::Report(Report { version: Version::V3, records }),
        ] {
            let error = message(&said).unwrap_err();
            assert!(matches!(error.why, Unfit::OtherFamily { .. }), "{error}");
        }
    }

    // RFC2236-6-01, RFC2236-2.4-02
    #[test]
    fn an_address_that_is_no_group_is_not_taken_for_all_of_them() {
        let group = Ipv4Addr::new(10, 1, 1, 1);
        let query = wire::Query { max_resp_code: 10, group, v3: None };
        let said = meaning(&wire::Message::Query(query));
        assert_eq!((said.form(), said.groups().count()), (Some(Form::Query), 0));
        assert!(matches!(said, Message::NotOfGroup(_)));
    }
}
