//! Translates MLD messages into their meaning and back.
//!
//! Only here do the messages of [`crate::wire::mld`] and those of [`crate::gmp::message`] meet. MLDv1
//! is [`Version::V2`] of the meanings, and MLDv2 [`Version::V3`].

use std::net::Ipv6Addr;

use crate::gmp::message::{Form, Message, NotOfGroup, Query, Version};
use crate::meaning::{
    group_field, narrowed, no_such, of_group, of_query, of_report, older_report, query_part, report,
};
use crate::wire::Unencodable;
use crate::wire::float::encode_float_16;
use crate::wire::mld as wire;

/// The meaning of the message.
#[must_use]
pub fn meaning(message: &wire::Message) -> Message {
    use wire::Message as M;
    match message {
        M::Query(query) => {
            of_query(query.version(), query.group, query.max_resp(), query.v2.as_ref())
        }
        M::V1Report { group } => of_group(Version::V2, Form::Report, *group),
        M::Done { group } => of_group(Version::V2, Form::Leave, *group),
        M::V2Report(report) => of_report(report),
        M::Unknown { kind } => Message::Unknown(*kind),
    }
}

/// The MLD message with this meaning.
///
/// # Errors
/// An IPv4 address, a message of version 1 of IGMP, a record that MLDv1 has no message for, or an
/// unknown type that is in fact a known one.
pub fn message(meaning: &Message) -> Result<wire::Message, Unencodable> {
    if meaning.version() == Some(Version::V1) {
        return Err(no_such::<Ipv6Addr>("version"));
    }
    match meaning {
        Message::Query(query) => write_query(query).map(wire::Message::Query),
        Message::Report(said) if said.version == Version::V3 => {
            report(said).map(wire::Message::V2Report)
        }
        Message::Report(said) => older_report(said).map(|(form, group)| of_one(form, group)),
        Message::NotOfGroup(NotOfGroup { form, address, .. }) => {
            narrowed("group address", *address).map(|group| of_one(*form, group))
        }
        Message::Unknown(kind) => Ok(wire::Message::Unknown { kind: *kind }),
    }
}

/// A message of version 1 about one address.
const fn of_one(form: Form, group: Ipv6Addr) -> wire::Message {
    match form {
        Form::Query => wire::Message::Query(wire::Query { max_resp_code: 0, group, v2: None }),
        Form::Report => wire::Message::V1Report { group },
        Form::Leave => wire::Message::Done { group },
    }
}

/// Times are cut to the precision of the code, which counts milliseconds (RFC2710-3.4-01,
/// RFC3810-5.1.3-01).
fn write_query(query: &Query) -> Result<wire::Query, Unencodable> {
    let group = group_field(query, Ipv6Addr::UNSPECIFIED)?;
    let millis = query.max_resp.as_millis();
    let max_resp_code = match query.version {
        Version::V1 | Version::V2 => u16::try_from(millis).unwrap_or(u16::MAX),
        Version::V3 => encode_float_16(u32::try_from(millis).unwrap_or(u32::MAX)),
    };
    Ok(wire::Query { max_resp_code, group, v2: query_part(query)? })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::addr::Group;
    use crate::gmp::message::{Record, Report, Sources};
    use crate::wire::Unfit;

    fn group(text: &str) -> Group {
        Group::new(text.parse().unwrap()).unwrap()
    }

    fn set(texts: &[&str]) -> Sources {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn specific(version: Version, millis: u64) -> Query {
        Query::older(version, Some(group("ff05::1:3")), Duration::from_millis(millis))
    }

    // RFC3810-8.3.2-01
    #[test]
    fn messages_of_version_1_are_said_in_the_words_of_version_2() {
        let it = "ff05::1:3".parse().unwrap();
        for (message, record, form) in [
            (wire::Message::V1Report { group: it }, Record::IsEx(set(&[])), Form::Report),
            (wire::Message::Done { group: it }, Record::ToIn(set(&[])), Form::Leave),
        ] {
            let said = meaning(&message);
            let records = vec![(group("ff05::1:3"), record)];
            assert_eq!(said, Message::Report(Report { version: Version::V2, records }));
            assert_eq!(said.form(), Some(form));
            assert_eq!(super::message(&said), Ok(message));
        }
    }

    // RFC2710-3.4-01, RFC3810-5.1.3-01: both sides of what each code can say.
    #[test]
    fn a_delay_is_written_in_milliseconds_and_cut_to_its_code() {
        let code = |version, millis| {
            let query = message(&Message::Query(specific(version, millis)));
            let Ok(wire::Message::Query(query)) = query else { panic!("{query:?}") };
            (query.max_resp_code, query.max_resp().as_millis())
        };
        assert_eq!(code(Version::V2, 10_000), (10_000, 10_000));
        assert_eq!(code(Version::V2, 65_535), (65_535, 65_535));
        assert_eq!(code(Version::V2, 65_536), (65_535, 65_535));
        assert_eq!(code(Version::V3, 32_767), (32_767, 32_767));
        assert_eq!(code(Version::V3, 32_775), (0x8000, 32_768));
        assert_eq!(code(Version::V3, 9_000_000), (0xffff, 8_387_584));
    }

    // RFC3810-5.1.7-01, RFC3810-5.1.8-01, RFC3810-5.1.9-01
    #[test]
    fn what_version_2_says_comes_back_as_it_was() {
        let query = Query {
            sources: set(&["2001:db8::1", "2001:db8::2"]),
            suppress: true,
            qrv: Some(3),
            qqi: Some(Duration::from_secs(60)),
            ..specific(Version::V3, 1_500)
        };
        let report = Report {
            version: Version::V3,
            records: vec![
                (group("ff3e::8000:1"), Record::Allow(set(&["2001:db8::1"]))),
                (group("ff05::1:3"), Record::ToEx(set(&[]))),
            ],
        };
        for said in [Message::Query(query), Message::Report(report)] {
            assert_eq!(meaning(&message(&said).unwrap()), said);
        }
    }

    #[test]
    fn what_mld_cannot_carry_is_refused() {
        let v4 = group("239.1.1.1");
        let records = vec![(group("ff3e::8000:1"), Record::Allow(set(&["10.0.0.1"])))];
        for said in [
            Message::Query(Query { group: Some(v4), ..specific(Version::V2, 10) }),
            Message::Report(Report::of_group(Version::V2, v4)),
            Message::Report(Report { version: Version::V3, records: records.clone() }),
        ] {
            let error = message(&said).unwrap_err();
            assert!(matches!(error.why, Unfit::OtherFamily { .. }), "{error}");
        }
        for said in [
            Message::Report(Report { version: Version::V2, records }),
            Message::Report(Report::of_group(Version::V1, group("ff05::1:3"))),
            Message::Query(Query { sources: set(&["2001:db8::1"]), ..specific(Version::V2, 10) }),
        ] {
            assert_eq!(message(&said).unwrap_err().why, Unfit::NoSuchForm, "{said:?}");
        }
    }

    // RFC2710-5-01
    #[test]
    fn an_address_that_is_no_group_is_not_taken_for_all_of_them() {
        let group = "2001:db8::5".parse().unwrap();
        let query = wire::Query { max_resp_code: 10, group, v2: None };
        let said = meaning(&wire::Message::Query(query));
        assert_eq!((said.form(), said.groups().count()), (Some(Form::Query), 0));
        assert!(matches!(said, Message::NotOfGroup(_)));
    }
}
