//! Translates IGMP messages into their meaning and back.
//!
//! Only here do the messages of [`crate::wire::igmp`] and those of [`crate::gmp::message`] meet.

use std::net::Ipv4Addr;

use crate::gmp::message::{Form, Message, NotOfGroup, Query, Version};
use crate::meaning::{
    group_field, narrowed, no_such, of_group, of_query, of_report, older_report, query_part, report,
};
use crate::wire::Unencodable;
use crate::wire::float::encode_float;
use crate::wire::igmp as wire;

/// The meaning of the message.
#[must_use]
pub fn meaning(message: &wire::Message) -> Message {
    use wire::Message as M;
    match message {
        M::Query(query) => {
            let max_resp =
                if query.v3.is_some() { query.max_resp_v3() } else { query.max_resp_v2() };
            of_query(query.version(), query.group, max_resp, query.v3.as_ref())
        }
        M::V1Report { group } => of_group(Version::V1, Form::Report, *group),
        M::V2Report { group } => of_group(Version::V2, Form::Report, *group),
        M::Leave { group } => of_group(Version::V2, Form::Leave, *group),
        M::V3Report(report) => of_report(report),
        M::Unknown { kind } => Message::Unknown(*kind),
    }
}

/// The IGMP message with this meaning.
///
/// # Errors
/// An IPv6 address, a record that an older version has no message for, or an unknown type that is in
/// fact a known one.
pub fn message(meaning: &Message) -> Result<wire::Message, Unencodable> {
    match meaning {
        Message::Query(query) => write_query(query).map(wire::Message::Query),
        Message::Report(said) if said.version == Version::V3 => {
            report(said).map(wire::Message::V3Report)
        }
        Message::Report(said) => {
            let (form, group) = older_report(said)?;
            of_one(form, said.version, group)
        }
        Message::NotOfGroup(NotOfGroup { form, version, address }) => {
            of_one(*form, *version, narrowed("group address", *address)?)
        }
        Message::Unknown(kind) => Ok(wire::Message::Unknown { kind: *kind }),
    }
}

/// A message of an older version about one address.
const fn of_one(
    form: Form,
    version: Version,
    group: Ipv4Addr,
) -> Result<wire::Message, Unencodable> {
    Ok(match (form, version) {
        (Form::Query, _) => wire::Message::Query(wire::Query { max_resp_code: 0, group, v3: None }),
        (Form::Leave, Version::V1) => return Err(no_such::<Ipv4Addr>("records")),
        (Form::Leave, _) => wire::Message::Leave { group },
        (Form::Report, Version::V1) => wire::Message::V1Report { group },
        (Form::Report, _) => wire::Message::V2Report { group },
    })
}

/// Times are cut to the precision of the code.
fn write_query(query: &Query) -> Result<wire::Query, Unencodable> {
    let group = group_field(query, Ipv4Addr::UNSPECIFIED)?;
    let tenths = query.max_resp.as_millis() / 100;
    let max_resp_code = match query.version {
        Version::V1 => 0, // RFC2236-4-08
        Version::V2 => u8::try_from(tenths).unwrap_or(u8::MAX),
        Version::V3 => encode_float(u32::try_from(tenths).unwrap_or(u32::MAX)),
    };
    Ok(wire::Query { max_resp_code, group, v3: query_part(query)? })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::addr::Group;
    use crate::gmp::message::{Record, Report, Sources};
    use crate::wire::Unfit;
    use crate::wire::igmp::V3Query;

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
