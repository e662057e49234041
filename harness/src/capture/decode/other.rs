//! Packets that are no message of IGMP or MLD and no numbered datagram: their protocols by name, and the
//! facts that matter to whoever looks for a stream or its tree.
//!
//! PIM, Multicast Router Discovery, ICMP of both families, UDP and TCP, and RTP and MPEG-TS in UDP, are named
//! with their main fields. What does not fit its protocol is named without them.

use std::fmt;

use castnet::addr::Family;
use castnet::wire::icmpv6::{Ends, ICMPV6};
use castnet::wire::pim::{Message, PIM};
use castnet::wire::{ip, mrd};
use etherparse::{IpNumber, TcpSlice, UdpSlice, ip_number};

/// The types of neighbour discovery (RFC 4861 section 4).
const DISCOVERY: std::ops::RangeInclusive<u8> = 133..=137;

/// Another payload of IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The protocol number.
    pub protocol: u8,
    /// Whether it is about who gets which stream: PIM, or Multicast Router Discovery.
    pub is_control: bool,
    /// The message, if it is a sound one of PIM.
    pub pim: Option<Box<Message>>,
    /// Whether it is neighbour discovery (RFC 4861).
    pub is_discovery: bool,
    /// Its ports, if it is of UDP or TCP.
    pub datagram: Option<Datagram>,
    /// What it is.
    words: String,
}

/// A datagram of UDP, or a segment of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// `UDP`, `RTP` or `TCP`.
    pub name: &'static str,
    /// The port that it comes from.
    pub from: u16,
    /// The port that it goes to.
    pub to: u16,
    /// The sequence number, if it carries RTP (RFC 3550 section 5.1).
    pub rtp: Option<u16>,
}

impl Other {
    /// A message of Multicast Router Discovery (RFC 4286), if the packet is one by its type.
    pub(super) fn discovery(packet: &ip::Packet<'_>) -> Option<Self> {
        let ip::Header { source, destination, protocol, .. } = packet.header;
        let ends = Ends::of(source, destination);
        let is_carried = protocol == Family::of(destination).gmp_protocol();
        if !is_carried || !mrd::is_message(packet.payload, ends) {
            return None;
        }
        let words = match mrd::decode(packet.payload, ends) {
            Ok(mrd::Message::Advertisement { interval, query_interval, robustness }) => format!(
                "MRD Advertisement every {interval} s, query interval {query_interval} s, \
                 robustness {robustness}"
            ),
            Ok(mrd::Message::Solicitation) => "MRD Solicitation".to_owned(),
            Ok(mrd::Message::Termination) => "MRD Termination".to_owned(),
            Err(malformed) => format!("malformed {malformed}"),
        };
        let (pim, datagram) = (None, None);
        Some(Self { protocol, is_control: true, pim, is_discovery: false, datagram, words })
    }

    /// What is in a packet.
    pub(super) fn read(packet: &ip::Packet<'_>) -> Self {
        let (protocol, payload) = (packet.header.protocol, packet.payload);
        let of = |words: String| Self {
            protocol,
            is_control: false,
            pim: None,
            is_discovery: false,
            datagram: None,
            words,
        };
        let named = || of(name(protocol));
        match protocol {
            PIM => {
                let (message, words) = super::pim::read(packet);
                Self { is_control: true, pim: message.map(Box::new), ..of(words) }
            }
            ICMPV6 => {
                let words = payload.first().map_or_else(|| name(protocol), |kind| icmpv6(*kind));
                let is_discovery = payload.first().is_some_and(|kind| DISCOVERY.contains(kind));
                Self { is_discovery, ..of(words) }
            }
            _ if protocol == ip_number::UDP.0 => udp(payload).unwrap_or_else(named),
            _ if protocol == ip_number::TCP.0 => match TcpSlice::from_slice(payload) {
                Ok(tcp) => {
                    let (from, to) = (tcp.source_port(), tcp.destination_port());
                    let datagram = Some(Datagram { name: "TCP", from, to, rtp: None });
                    let words = format!("TCP {from} > {to}, {}", octets(tcp.payload()));
                    Self { datagram, ..of(words) }
                }
                Err(_) => named(),
            },
            _ if protocol == ip_number::ICMP.0 => {
                of(payload.first().map_or_else(|| name(protocol), |kind| icmp(*kind)))
            }
            _ => named(),
        }
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The name of a protocol, or its number.
fn name(protocol: u8) -> String {
    match IpNumber(protocol).keyword_str() {
        Some(name) => format!("IP protocol {protocol} ({name})"),
        None => format!("IP protocol {protocol}"),
    }
}

fn octets(payload: &[u8]) -> String {
    format!("{} octets", payload.len())
}

fn udp(payload: &[u8]) -> Option<Other> {
    let udp = UdpSlice::from_slice(payload).ok()?;
    let (from, to, payload) = (udp.source_port(), udp.destination_port(), udp.payload());
    let rtp = rtp(payload);
    let inside = match rtp {
        Some((kind, sequence)) => format!("RTP of type {kind}, sequence {sequence}, "),
        None if is_mpeg_ts(payload) => "MPEG-TS, ".to_owned(),
        None => service(to).map(|service| format!("{service}, ")).unwrap_or_default(),
    };
    let words = format!("UDP {from} > {to}, {inside}{}", octets(payload));
    let name = if rtp.is_some() { "RTP" } else { "UDP" };
    let datagram = Some(Datagram { name, from, to, rtp: rtp.map(|(_, sequence)| sequence) });
    Some(Other {
        protocol: ip_number::UDP.0,
        is_control: false,
        pim: None,
        is_discovery: false,
        datagram,
        words,
    })
}

/// Payload type and sequence number of RTP: version 2, lengths that fit, and no type that RTCP would
/// be taken for (RFC 3550 section 5.1, RFC 5761 section 4).
fn rtp(payload: &[u8]) -> Option<(u8, u16)> {
    let &[first, second, a, b, _, _, _, _, _, _, _, _, ..] = payload else { return None };
    let sources = usize::from(first & 0x0f) * 4;
    let kind = second & 0x7f;
    let is_rtp = first >> 6 == 2 && matches!(kind, 0..=34 | 96..=127);
    (is_rtp && payload.len() >= 12 + sources).then(|| (kind, u16::from_be_bytes([a, b])))
}

/// Whole packets of a transport stream (ISO/IEC 13818-1 section 2.4.3.2).
fn is_mpeg_ts(payload: &[u8]) -> bool {
    const PACKET: usize = 188;
    const SYNC: u8 = 0x47;
    !payload.is_empty()
        && payload.len().is_multiple_of(PACKET)
        && payload.chunks(PACKET).all(|packet| packet.first() == Some(&SYNC))
}

/// Who listens to a port that hosts of a home network use (IANA's registry of ports).
const fn service(port: u16) -> Option<&'static str> {
    Some(match port {
        53 => "DNS",
        67 | 68 => "DHCP",
        123 => "NTP",
        319 | 320 => "PTP",
        520 => "RIP",
        546 | 547 => "DHCPv6",
        1900 => "SSDP",
        1985 => "HSRP",
        3784 => "BFD",
        5353 => "mDNS",
        5355 => "LLMNR",
        _ => return None,
    })
}

/// RFC 4443, RFC 4861.
fn icmpv6(kind: u8) -> String {
    let name = match kind {
        1 => "Destination Unreachable",
        2 => "Packet Too Big",
        3 => "Time Exceeded",
        4 => "Parameter Problem",
        128 => "Echo Request",
        129 => "Echo Reply",
        133 => "Router Solicitation",
        134 => "Router Advertisement",
        135 => "Neighbor Solicitation",
        136 => "Neighbor Advertisement",
        137 => "Redirect",
        other => return format!("ICMPv6 message of type {other}"),
    };
    format!("ICMPv6 {name}")
}

/// RFC 792.
fn icmp(kind: u8) -> String {
    let name = match kind {
        0 => "Echo Reply",
        3 => "Destination Unreachable",
        5 => "Redirect",
        8 => "Echo",
        9 => "Router Advertisement",
        10 => "Router Solicitation",
        11 => "Time Exceeded",
        other => return format!("ICMP message of type {other}"),
    };
    format!("ICMP {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(protocol: u8, payload: &[u8]) -> Other {
        let header = ip::Header {
            source: [10, 0, 0, 1].into(),
            destination: [239, 1, 1, 1].into(),
            protocol,
            hop_limit: 1,
            class: 0,
            router_alert: false,
        };
        Other::read(&ip::Packet { header, payload })
    }

    fn told(protocol: u8, payload: &[u8]) -> String {
        read(protocol, payload).to_string()
    }

    /// A datagram from port 4000 to this one.
    fn datagram(to: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(8 + payload.len()).unwrap();
        let head = [4000_u16, to, length, 0].map(u16::to_be_bytes);
        [head.as_flattened(), payload].concat()
    }

    #[test]
    fn datagrams_have_ports_and_those_of_rtp_have_numbers() {
        let mut rtp = [0; 20];
        rtp[..4].copy_from_slice(&[0x80, 33, 0x12, 0x34]);
        let other = read(17, &datagram(5004, &rtp));
        assert_eq!(other.to_string(), "UDP 4000 > 5004, RTP of type 33, sequence 4660, 20 octets");
        let datagram_of_it = Datagram { name: "RTP", from: 4000, to: 5004, rtp: Some(4660) };
        assert_eq!(other.datagram, Some(datagram_of_it));
        // RTCP, one contributing source more than there is room for, another version.
        for (at, octet) in [(1, 0x80 | 72), (0, 0x83), (0, 0x40)] {
            let mut not = rtp;
            not[at] = octet;
            assert_eq!(told(17, &datagram(5004, &not)), "UDP 4000 > 5004, 20 octets");
        }
        let mut ts = [0; 376];
        (ts[0], ts[188]) = (0x47, 0x47);
        assert_eq!(told(17, &datagram(1234, &ts)), "UDP 4000 > 1234, MPEG-TS, 376 octets");
        assert_eq!(told(17, &datagram(1234, &ts[..200])), "UDP 4000 > 1234, 200 octets");
        assert_eq!(told(17, &datagram(5353, b"x")), "UDP 4000 > 5353, mDNS, 1 octets");
        assert_eq!(told(17, &[0; 7]), "IP protocol 17 (UDP)");
    }

    // RFC 4286 sections 3.2, 4.2 and 5.2.
    #[test]
    fn messages_of_router_discovery_are_named_in_both_families() {
        let told = |source: &str, destination: &str, protocol, message: mrd::Message| {
            let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
            let mut payload = message.encode(Ends::of(source, destination));
            let header = ip::Header {
                source,
                destination,
                protocol,
                hop_limit: 1,
                class: 0,
                router_alert: true,
            };
            let read = |payload: &[u8]| {
                Other::discovery(&ip::Packet { header, payload }).map(|of| of.to_string())
            };
            let whole = read(&payload);
            payload[3] ^= 1;
            (whole.unwrap(), read(&payload).unwrap(), payload[0])
        };
        let advertised =
            mrd::Message::Advertisement { interval: 20, query_interval: 125, robustness: 2 };
        let words = "MRD Advertisement every 20 s, query interval 125 s, robustness 2";
        for (source, destination, protocol, first) in
            [("10.0.0.1", "224.0.0.106", 2, 0x30), ("fe80::1", "ff02::6a", 58, 151)]
        {
            for (nth, message, words) in [
                (0, advertised, words),
                (1, mrd::Message::Solicitation, "MRD Solicitation"),
                (2, mrd::Message::Termination, "MRD Termination"),
            ] {
                let (whole, broken, kind) = told(source, destination, protocol, message);
                assert_eq!((whole.as_str(), kind), (words, first + nth));
                assert!(broken.starts_with("malformed") && broken.contains("checksum"), "{broken}");
            }
        }
        let query = read(2, &[0x11, 0, 0xee, 0xff, 0, 0, 0, 0]);
        assert_eq!(query.to_string(), "IP protocol 2 (IGMP)");
    }

    #[test]
    fn messages_of_icmp_are_told_by_name() {
        assert_eq!(told(1, &[8, 0]), "ICMP Echo");
        assert_eq!(told(58, &[135, 0, 0, 0]), "ICMPv6 Neighbor Solicitation");
        assert_eq!(told(58, &[]), "IP protocol 58 (IPv6-ICMP)");
    }
}
