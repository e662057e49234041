//! A packet field by field, by the names of the RFCs: for whoever shows one, or compares two.

use std::net::IpAddr;
use std::time::Duration;

use castnet::time::Seconds;
use castnet::wire::igmp::{Message, Query, V3Query};

use super::decode::{Content, Packet};

/// A field's name and its value in words.
pub type Field = (&'static str, String);

impl Packet {
    /// Every field that the packet was decoded to, in the order of its octets.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            ("IP source", self.source.to_string()),
            ("IP destination", self.destination.to_string()),
            ("TTL", self.ttl.to_string()),
            ("Router Alert", if self.router_alert { "yes" } else { "no" }.to_owned()),
        ];
        match &self.content {
            Content::Igmp(message) => fields.extend(message_fields(message)),
            Content::BadIgmp(malformed) => fields.push(("malformed", malformed.to_string())),
            Content::Data(number) => {
                fields.push(("stream", number.stream.to_string()));
                fields.push(("sequence", number.sequence.to_string()));
            }
            Content::Other(protocol) => fields.push(("IP protocol", protocol.to_string())),
        }
        fields
    }

    /// The one group that the packet is about: what an IGMP message names, or where anything else
    /// goes. None for a General Query, and for a version 3 Report of several groups.
    #[must_use]
    pub fn group(&self) -> Option<IpAddr> {
        let group = match &self.content {
            Content::Igmp(Message::Query(query)) => query.group,
            Content::Igmp(
                Message::V1Report { group }
                | Message::V2Report { group }
                | Message::Leave { group },
            ) => *group,
            Content::Igmp(Message::V3Report(report)) => match report.records.as_slice() {
                [record] => record.group,
                _ => return None,
            },
            Content::Igmp(Message::Unknown { .. })
            | Content::BadIgmp(_)
            | Content::Data(_)
            | Content::Other(_) => return Some(self.destination),
        };
        (!group.is_unspecified()).then_some(IpAddr::V4(group))
    }
}

fn message_fields(message: &Message) -> Vec<Field> {
    let mut fields = vec![("type", format!("{:#04x}", message.kind()))];
    match message {
        Message::Query(query) => fields.extend(query_fields(query)),
        Message::V1Report { group } | Message::V2Report { group } | Message::Leave { group } => {
            fields.push(("group", group.to_string()));
        }
        Message::V3Report(report) => {
            fields.push(("flags", format!("{:#06x}", report.flags)));
            let records = report.records.iter();
            fields.extend(records.map(|record| ("group record", record.to_string())));
        }
        Message::Unknown { .. } => {}
    }
    fields
}

fn query_fields(query: &Query) -> Vec<Field> {
    let time = |time: Duration| Seconds(time, 1).to_string();
    let max_resp = match (&query.v3, query.max_resp_code) {
        (Some(_), _) => time(query.max_resp_v3()),
        (None, 0) => "0 (version 1: 10 s)".to_owned(),
        (None, _) => time(query.max_resp_v2()),
    };
    let mut fields = vec![
        ("version", query.version().to_string()),
        ("Max Resp Code", format!("{}: {max_resp}", query.max_resp_code)),
        ("group", query.group.to_string()),
    ];
    if let Some(v3) = &query.v3 {
        let V3Query { flags, suppress, robustness, interval_code, sources } = v3;
        fields.push(("flags", format!("{flags:#x}")));
        fields.push(("S", if *suppress { "yes" } else { "no" }.to_owned()));
        fields.push(("QRV", robustness.to_string()));
        let interval = v3.interval().as_secs();
        fields.push(("QQIC", format!("{interval_code}: {interval} s")));
        fields.extend(sources.iter().map(|source| ("source", source.to_string())));
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use castnet::wire::ipv4::encode_igmp;

    use super::*;
    use crate::capture::decode::decode;
    use crate::capture::ethernet::frame;

    fn packet(message: &Message) -> Packet {
        let (source, group) = (Ipv4Addr::new(10, 0, 2, 1), Ipv4Addr::new(239, 1, 1, 1));
        let bytes = encode_igmp(source, group, message).expect("a message that fits");
        decode(&frame([2; 6], group, &bytes)).expect("a sound packet")
    }

    fn query(group: [u8; 4], max_resp_code: u8, v3: Option<V3Query>) -> Packet {
        packet(&Message::Query(Query { max_resp_code, group: group.into(), v3 }))
    }

    // RFC2236-2.2-01, RFC2236-4-01, RFC3376-4.1.1-01: (8 + 16) << (4 + 3) tenths in version 3.
    #[test]
    fn a_max_resp_code_is_told_as_its_version_reads_it() {
        let v3 = V3Query {
            flags: 0,
            suppress: true,
            robustness: 2,
            interval_code: 125,
            sources: vec![Ipv4Addr::new(10, 0, 1, 1)],
        };
        for (packet, version, told) in [
            (query([0; 4], 0, None), "v1", "0: 0 (version 1: 10 s)"),
            (query([0; 4], 200, None), "v2", "200: 20.0 s"),
            (query([0; 4], 200, Some(v3)), "v3", "200: 307.2 s"),
        ] {
            let fields = packet.fields();
            assert!(fields.contains(&("version", version.to_owned())), "{fields:?}");
            assert!(fields.contains(&("Max Resp Code", told.to_owned())), "{fields:?}");
        }
    }

    #[test]
    fn a_packet_is_about_the_group_that_it_names() {
        let group = Ipv4Addr::new(239, 1, 1, 9);
        assert_eq!(query([0; 4], 100, None).group(), None);
        assert_eq!(query(group.octets(), 10, None).group(), Some(group.into()));
        assert_eq!(packet(&Message::Leave { group }).group(), Some(group.into()));
    }
}
