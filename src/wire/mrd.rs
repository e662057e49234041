//! Messages of Multicast Router Discovery: octets to values and back.
//!
//! Owns RFC 4286 sections 3.2, 4.2 and 5.2: in IPv4 three types of IGMP, in IPv6 three of ICMPv6, whose
//! checksum covers the pseudo-header as well. Refuses cut messages and wrong checksums; what a router
//! makes of a message is decided in [`crate::mrd`].

use etherparse::checksum::Sum16BitWords;

use super::icmpv6::{Ends, ICMPV6};
use super::{Malformed, Why, seal, verify};

const MESSAGE: &str = "Multicast Router Discovery message";

/// The offset of the checksum.
const CHECKSUM_AT: usize = 2;

/// The octets of a Solicitation or a Termination, and of an Advertisement.
const SHORT: usize = 4;
const LONG: usize = 8;

/// The types in IPv4 (IGMP) and in IPv6 (ICMPv6).
const ADVERTISEMENT: (u8, u8) = (0x30, 151);
const SOLICITATION: (u8, u8) = (0x31, 152);
const TERMINATION: (u8, u8) = (0x32, 153);

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A router says that it forwards multicast.
    Advertisement {
        /// From one Advertisement to the next, in seconds.
        interval: u8,
        /// The Query Interval of group management in seconds; 0 where there is none.
        query_interval: u16,
        /// The Robustness Variable of group management; 0 where there is none.
        robustness: u16,
    },
    /// Somebody asks for routers.
    Solicitation,
    /// A router no longer forwards multicast.
    Termination,
}

impl Message {
    const fn types(self) -> (u8, u8) {
        match self {
            Self::Advertisement { .. } => ADVERTISEMENT,
            Self::Solicitation => SOLICITATION,
            Self::Termination => TERMINATION,
        }
    }

    /// The message as an IP payload; `ends` are the addresses of an IPv6 header.
    #[must_use]
    pub fn encode(self, ends: Option<Ends>) -> Vec<u8> {
        let (in_v4, in_v6) = self.types();
        let kind = if ends.is_some() { in_v6 } else { in_v4 };
        let mut bytes = match self {
            Self::Advertisement { interval, query_interval, robustness } => {
                let ([q0, q1], [r0, r1]) = (query_interval.to_be_bytes(), robustness.to_be_bytes());
                vec![kind, interval, 0, 0, q0, q1, r0, r1]
            }
            Self::Solicitation | Self::Termination => vec![kind, 0, 0, 0],
        };
        seal(covered(ends, bytes.len()), &mut bytes, CHECKSUM_AT);
        bytes
    }
}

/// Whether a payload of IGMP, or with `ends` of ICMPv6, is a message of Multicast Router Discovery.
#[must_use]
pub fn is_message(bytes: &[u8], ends: Option<Ends>) -> bool {
    bytes.first().is_some_and(|&kind| read_type(kind, ends).is_some())
}

/// Decodes a message that [`is_message`] takes for one. Octets behind it are read over.
///
/// # Errors
/// The message is cut, its checksum is wrong, or its type is another one.
pub fn decode(bytes: &[u8], ends: Option<Ends>) -> Result<Message, Malformed> {
    let message = bytes.first().and_then(|&kind| read_type(kind, ends));
    let least = if matches!(message, Some(Message::Advertisement { .. })) { LONG } else { SHORT };
    if bytes.len() < least {
        let why = Why::TooFew { unit: "octets", found: bytes.len(), least };
        return Err(Malformed { message: MESSAGE, field: "end", at: bytes.len(), why });
    }
    verify(MESSAGE, covered(ends, bytes.len()), bytes, CHECKSUM_AT)?;
    match (message, bytes) {
        (Some(Message::Advertisement { .. }), &[_, interval, _, _, q0, q1, r0, r1, ..]) => {
            Ok(Message::Advertisement {
                interval,
                query_interval: u16::from_be_bytes([q0, q1]),
                robustness: u16::from_be_bytes([r0, r1]),
            })
        }
        (Some(other), _) => Ok(other),
        (None, _) => {
            let found = bytes.first().copied().unwrap_or_default();
            let why = Why::NotKnown { found, known: "0x30 to 0x32, in ICMPv6 151 to 153" };
            Err(Malformed { message: MESSAGE, field: "type", at: 0, why })
        }
    }
}

/// What a type stands for; the fields of an Advertisement are still to be read.
fn read_type(kind: u8, ends: Option<Ends>) -> Option<Message> {
    let empty = Message::Advertisement { interval: 0, query_interval: 0, robustness: 0 };
    let all = [empty, Message::Solicitation, Message::Termination];
    let own = |message: &Message| {
        let (in_v4, in_v6) = message.types();
        kind == if ends.is_some() { in_v6 } else { in_v4 }
    };
    all.into_iter().find(own)
}

/// What the checksum covers before the message.
fn covered(ends: Option<Ends>, octets: usize) -> Sum16BitWords {
    ends.map_or_else(Sum16BitWords::new, |ends| ends.pseudo_header(octets, ICMPV6))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: Ends = Ends {
        source: std::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
        destination: std::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x6a),
    };
    const ADVERTISED: Message =
        Message::Advertisement { interval: 20, query_interval: 125, robustness: 2 };

    #[test]
    fn the_octets_of_ipv4_are_those_of_the_rfc() {
        assert_eq!(ADVERTISED.encode(None), [0x30, 20, 0xcf, 0x6c, 0, 125, 0, 2]);
        assert_eq!(Message::Solicitation.encode(None), [0x31, 0, 0xce, 0xff]);
        assert_eq!(Message::Termination.encode(None), [0x32, 0, 0xcd, 0xff]);
    }

    #[test]
    fn what_is_written_is_read_in_either_family() {
        for ends in [None, Some(ENDS)] {
            for message in [ADVERTISED, Message::Solicitation, Message::Termination] {
                let mut octets = message.encode(ends);
                assert!(is_message(&octets, ends));
                assert_eq!(decode(&octets, ends), Ok(message));
                assert!(decode(&octets[..octets.len() - 1], ends).is_err(), "{octets:?}");
                octets[1] ^= 1;
                assert!(decode(&octets, ends).unwrap_err().is_checksum());
            }
        }
        assert_eq!(ADVERTISED.encode(Some(ENDS))[0], 151);
        assert!(!is_message(&ADVERTISED.encode(None), Some(ENDS)));
        assert!(!is_message(&[0x11, 0, 0, 0], None));
        assert!(decode(&[0x11, 0, 0xee, 0xff], None).is_err());
    }
}
