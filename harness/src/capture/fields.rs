//! The fields of a packet, by the names of the RFCs, to be shown or compared.

use std::net::IpAddr;

use super::decode::{Content, Packet};

pub use super::decode::Field;

impl Packet {
    /// Every field that the packet was decoded to, in the order of its octets.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let hops = if self.source.is_ipv6() { "Hop Limit" } else { "TTL" };
        let mut fields = vec![
            ("IP source", self.source.to_string()),
            ("IP destination", self.destination.to_string()),
            (hops, self.ttl.to_string()),
            ("Router Alert", if self.router_alert { "yes" } else { "no" }.to_owned()),
        ];
        match &self.content {
            Content::Gmp(message) => fields.extend(message.fields()),
            Content::BadGmp(malformed) => fields.push(("malformed", malformed.to_string())),
            Content::Data(number) => {
                fields.push(("stream", number.stream.to_string()));
                fields.push(("sequence", number.sequence.to_string()));
            }
            Content::Other(other) => {
                fields.push(("IP protocol", other.protocol.to_string()));
                fields.push(("content", other.to_string()));
            }
        }
        fields
    }

    /// The only group of the packet: the one that a message names, or the destination of any
    /// other packet. `None` for a General Query, and for a version 3 Report of several groups.
    #[must_use]
    pub fn group(&self) -> Option<IpAddr> {
        let named = match &self.content {
            Content::Gmp(message) if message.meaning().form().is_some() => message.group_fields(),
            _ => vec![self.destination],
        };
        match named.as_slice() {
            [one] if !one.is_unspecified() => Some(*one),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use castnet::wire::igmp::{Message, Query, V3Query};
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
