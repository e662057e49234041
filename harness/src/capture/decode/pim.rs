//! Messages of PIM: what kind each is, the groups that it names, and its words, with the datagram that a
//! Register carries.

use std::net::IpAddr;

use castnet::wire::icmpv6::Ends;
use castnet::wire::ip;
use castnet::wire::pim::{Message, Register, decode};

use crate::scenario::PacketKind;

/// The packet's message, and its words. What cannot be read is named with its fault.
pub(super) fn read(packet: &ip::Packet<'_>) -> (Option<Message>, String) {
    let ends = match (packet.header.source, packet.header.destination) {
        (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Ends { source, destination }),
        _ => None,
    };
    let decoded = match decode(packet.payload, ends) {
        Ok(decoded) => decoded,
        Err(malformed) => return (None, format!("malformed {malformed}")),
    };
    let mut words = match &decoded.message {
        Message::Unknown { kind } => other(*kind, packet.payload),
        message => message.to_string(),
    };
    if let Message::Register(Register { datagram, .. }) = &decoded.message {
        words += &match ip::Packet::decode(datagram) {
            Ok(inner) => format!(": {} > {}", inner.header.source, inner.header.destination),
            Err(malformed) => format!(": malformed {malformed}"),
        };
    }
    if decoded.trailing > 0 {
        words += &format!(", {} octets trailing", decoded.trailing);
    }
    (Some(decoded.message), words)
}

/// Whether the message is of this kind.
pub(super) const fn is(message: &Message, kind: PacketKind) -> bool {
    match kind {
        PacketKind::Hello => matches!(message, Message::Hello(_)),
        PacketKind::JoinPrune => matches!(message, Message::JoinPrune(_)),
        PacketKind::Register => {
            matches!(message, Message::Register(Register { is_null: false, .. }))
        }
        PacketKind::NullRegister => {
            matches!(message, Message::Register(Register { is_null: true, .. }))
        }
        PacketKind::RegisterStop => matches!(message, Message::RegisterStop(_)),
        PacketKind::Assert => matches!(message, Message::Assert(assert) if !assert.is_cancel()),
        PacketKind::AssertCancel => {
            matches!(message, Message::Assert(assert) if assert.is_cancel())
        }
        _ => false,
    }
}

/// The addresses in the message's group fields.
pub(super) fn groups(message: &Message) -> Vec<IpAddr> {
    match message {
        Message::JoinPrune(all) => all.groups.iter().map(|entries| entries.group.group).collect(),
        Message::Register(register) => {
            register.ends().map(|(_, group)| group).into_iter().collect()
        }
        Message::RegisterStop(stop) => vec![stop.group.group],
        Message::Assert(assert) => vec![assert.group.group],
        _ => Vec::new(),
    }
}

/// The messages of other RFCs by their names (RFC 9436 section 5).
fn other(kind: u8, payload: &[u8]) -> String {
    let name = match kind {
        9 => "State Refresh",
        10 => "DF Election",
        11 => "ECMP Redirect",
        12 => "Flooding",
        // RFC 9436 section 4: the upper half of the octet behind the type is a subtype.
        13..=15 => {
            let subtype = payload.get(1).map_or(0, |flags| flags >> 4);
            return format!("PIM type {kind}.{subtype}");
        }
        _ => return format!("PIM type {kind}"),
    };
    format!("PIM {name}")
}

#[cfg(test)]
mod tests {
    use castnet::wire::pim::{EncodedGroup, Hello, HelloOption, RegisterStop};

    use super::*;

    const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 2, 9));
    const GROUP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(239, 1, 1, 1));

    /// The words for a payload from 10.0.2.9 to all routers of PIM, or the same in IPv6.
    fn told(is_ipv6: bool, payload: &[u8]) -> String {
        let (source, destination) = match is_ipv6 {
            false => (SOURCE, [224, 0, 0, 13].into()),
            true => ("fe80::9".parse().unwrap(), "ff02::d".parse().unwrap()),
        };
        let header = ip::Header {
            source,
            destination,
            protocol: 103,
            hop_limit: 1,
            class: 0xc0,
            router_alert: false,
        };
        read(&ip::Packet { header, payload }).1
    }

    #[test]
    fn a_message_is_told_with_its_fields_and_its_faults() {
        let options = vec![HelloOption::Holdtime(105), HelloOption::DrPriority(7)];
        let hello = Message::Hello(Hello { options });
        let ends =
            Ends { source: "fe80::9".parse().unwrap(), destination: "ff02::d".parse().unwrap() };
        let words = "PIM Hello: holdtime 105 s, DR priority 7";
        let bytes = hello.encode(None).unwrap();
        assert_eq!(told(false, &bytes), words);
        assert_eq!(told(true, &hello.encode(Some(ends)).unwrap()), words);
        assert!(told(true, &bytes).starts_with("malformed PIM Hello: checksum at octet 2: "));
        assert!(told(false, &bytes[..9]).starts_with("malformed PIM Hello: checksum at octet 2: "));
        assert_eq!(
            told(false, &[]),
            "malformed PIM message: end at octet 0: 0 octets, at least 4 needed"
        );
        let stop = RegisterStop { group: EncodedGroup::one(GROUP), source: SOURCE };
        let bytes = Message::RegisterStop(stop).encode(None).unwrap();
        assert_eq!(
            told(false, &[&bytes[..], &[0, 0]].concat()),
            "PIM Register-Stop (10.0.2.9, 239.1.1.1), 2 octets trailing"
        );
    }

    #[test]
    fn a_register_is_told_with_the_datagram_in_it() {
        // An IPv4 header by hand: 20 octets, protocol 17, TTL 15, checksum.
        let datagram = [0x45, 0, 0, 20, 0, 0, 0, 0, 15, 17, 0xaf, 0xce, 10, 0, 2, 9, 239, 1, 1, 1];
        let register = |datagram: &[u8]| {
            let datagram = datagram.to_vec();
            let register = Register { is_border: false, is_null: false, datagram };
            told(false, &Message::Register(register).encode(None).unwrap())
        };
        assert_eq!(register(&datagram), "PIM Register of 20 octets: 10.0.2.9 > 239.1.1.1");
        assert!(register(&datagram[..7]).starts_with("PIM Register of 7 octets: malformed IPv4"));
    }

    #[test]
    fn messages_of_other_rfcs_have_their_names() {
        let named = |kind| told(false, &Message::Unknown { kind }.encode(None).unwrap());
        let names = [9, 10, 11, 12, 15].map(named);
        let expected = [
            "PIM State Refresh",
            "PIM DF Election",
            "PIM ECMP Redirect",
            "PIM Flooding",
            "PIM type 15.0",
        ];
        assert_eq!(names, expected);
    }
}
