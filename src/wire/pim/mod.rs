//! PIM version 2 messages of both address families.
//!
//! Owns the octets of RFC 7761 section 4.9 and RFC 5059 section 4, and the header of RFC 9436, whose
//! flags and subtypes stand where RFC 7761 has reserved bits (RFC7761-4.9-02). Each address in a
//! message names its family, so that one codec serves both. Refuses other versions, wrong checksums,
//! and addresses that cannot be read. Where a message may come from or go to is for the machine.

mod address;
mod assert;
mod bootstrap;
mod hello;
mod join_prune;
mod reader;
mod register;

#[cfg(test)]
mod tests;

use std::fmt;

use etherparse::checksum::Sum16BitWords;

pub use address::{EncodedGroup, EncodedSource};
pub use assert::{Assert, INFINITE_METRIC, INFINITE_PREFERENCE};
pub use bootstrap::{Advertisement, Bootstrap, Range, Rp};
pub use hello::{Hello, HelloOption};
pub use join_prune::{GroupEntries, JoinPrune};
pub use register::{Register, RegisterStop};

use super::icmpv6::Ends;
use super::{Malformed, Unencodable, Unfit, Why, seal, verify};
use reader::Reader;

/// IP protocol number of PIM (RFC7761-4.9-01).
pub const PIM: u8 = 103;

/// Octets of the header.
const HEAD: usize = 4;

/// Octets of a Register before its datagram, which are all that its checksum covers
/// (RFC7761-4.9-03).
const REGISTER_HEAD: usize = 8;

/// The offset of the checksum.
const CHECKSUM_AT: usize = 2;

const VERSION: u8 = 2;

/// The flag of a Bootstrap message that is not to be forwarded (RFC 5059 section 4.1).
const NO_FORWARD: u8 = 0x80;

const MESSAGE: &str = "PIM message";
const HELLO: &str = "PIM Hello";
const ADVERTISEMENT: &str = "PIM Candidate-RP-Advertisement";
const ASSERT: &str = "PIM Assert";
const BOOTSTRAP: &str = "PIM Bootstrap";

/// A PIM message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// 0, Hello.
    Hello(Hello),
    /// 1, Register.
    Register(Register),
    /// 2, Register-Stop.
    RegisterStop(RegisterStop),
    /// 3, Join/Prune.
    JoinPrune(JoinPrune),
    /// 4, Bootstrap.
    Bootstrap(Bootstrap),
    /// 5, Assert.
    Assert(Assert),
    /// 6, Graft, of dense mode.
    Graft(JoinPrune),
    /// 7, Graft-Ack, of dense mode.
    GraftAck(JoinPrune),
    /// 8, Candidate-RP-Advertisement.
    Advertisement(Advertisement),
    /// A type that is not read here; the rest of the message is not kept (RFC7761-4.9-04).
    Unknown {
        /// The type, at most 15.
        kind: u8,
    },
}

/// The result of reading an IP payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The message.
    pub message: Message,
    /// Octets behind the fields of the message; not counted for an unknown type.
    pub trailing: usize,
}

/// Reads `bytes`, a whole IP payload. `ends` are the addresses of an IPv6 packet, which the checksum
/// covers; IPv4 has none (RFC7761-4.9-03).
///
/// # Errors
/// Fewer octets than the type needs; another version; a wrong checksum, whatever the type; addresses
/// of an unknown family or encoding. An unknown type is no error.
pub fn decode(bytes: &[u8], ends: Option<Ends>) -> Result<Decoded, Malformed> {
    let Some((&[first, flags, _, _], rest)) = bytes.split_first_chunk::<HEAD>() else {
        let why = Why::TooFew { unit: "octets", found: bytes.len(), least: HEAD };
        return Err(Malformed { message: MESSAGE, field: "end", at: bytes.len(), why });
    };
    let (version, kind) = (first >> 4, first & 0x0f);
    if version != VERSION {
        let why = Why::Version { found: version, right: "2" };
        return Err(Malformed { message: MESSAGE, field: "version", at: 0, why });
    }
    let message = name(kind);
    check(message, kind, bytes, ends)?;
    let mut reader = Reader::new(message, rest, HEAD);
    let message = match kind {
        0 => Message::Hello(Hello::read(&mut reader)?),
        1 => Message::Register(Register::read(&mut reader)?),
        2 => Message::RegisterStop(RegisterStop::read(&mut reader)?),
        3 => Message::JoinPrune(JoinPrune::read(&mut reader)?),
        4 => Message::Bootstrap(Bootstrap::read(&mut reader, flags & NO_FORWARD != 0)?),
        5 => Message::Assert(Assert::read(&mut reader)?),
        6 => Message::Graft(JoinPrune::read(&mut reader)?),
        7 => Message::GraftAck(JoinPrune::read(&mut reader)?),
        8 => Message::Advertisement(Advertisement::read(&mut reader)?),
        kind => return Ok(Decoded { message: Message::Unknown { kind }, trailing: 0 }),
    };
    Ok(Decoded { message, trailing: reader.len() })
}

/// The message of a type, in errors.
const fn name(kind: u8) -> &'static str {
    match kind {
        0 => HELLO,
        1 => "PIM Register",
        2 => "PIM Register-Stop",
        3 => "PIM Join/Prune",
        4 => BOOTSTRAP,
        5 => ASSERT,
        6 => "PIM Graft",
        7 => "PIM Graft-Ack",
        8 => ADVERTISEMENT,
        _ => MESSAGE,
    }
}

/// The sum of the pseudo-header before so many octets.
fn pseudo_header(ends: Option<Ends>, octets: usize) -> Sum16BitWords {
    ends.map_or_else(Sum16BitWords::new, |ends| ends.pseudo_header(octets, PIM))
}

/// The octets of a message that its checksum covers.
fn covered(kind: u8, octets: usize) -> usize {
    if kind == 1 { octets.min(REGISTER_HEAD) } else { octets }
}

fn check(
    message: &'static str,
    kind: u8,
    bytes: &[u8],
    ends: Option<Ends>,
) -> Result<(), Malformed> {
    let sum_of = |octets| {
        let covered = &bytes[..octets];
        verify(message, pseudo_header(ends, octets), covered, CHECKSUM_AT)
    };
    // RFC7761-4.9.3-02: old senders cover all of a Register.
    sum_of(covered(kind, bytes.len())).or_else(|wrong| sum_of(bytes.len()).map_err(|_| wrong))
}

impl Message {
    /// The type.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => 0,
            Self::Register(_) => 1,
            Self::RegisterStop(_) => 2,
            Self::JoinPrune(_) => 3,
            Self::Bootstrap(_) => 4,
            Self::Assert(_) => 5,
            Self::Graft(_) => 6,
            Self::GraftAck(_) => 7,
            Self::Advertisement(_) => 8,
            Self::Unknown { kind } => *kind,
        }
    }

    /// Writes the message as an IP payload, checksum included; `ends` are the addresses of an IPv6
    /// packet. An unknown type is written as its header.
    ///
    /// # Errors
    /// A value that does not fit its field, or an unknown type that is in fact a known one. The size
    /// of a packet is not checked here.
    pub fn encode(&self, ends: Option<Ends>) -> Result<Vec<u8>, Unencodable> {
        let kind = self.kind();
        let message = name(kind);
        let flags = match self {
            Self::Bootstrap(Bootstrap { is_final: true, .. }) => NO_FORWARD,
            _ => 0, // RFC7761-4.9-02
        };
        let mut bytes = vec![VERSION << 4 | kind, flags, 0, 0];
        match self {
            Self::Hello(hello) => hello.write(&mut bytes)?,
            Self::Register(register) => register.write(&mut bytes),
            Self::RegisterStop(stop) => stop.write(&mut bytes),
            Self::JoinPrune(entries) | Self::Graft(entries) | Self::GraftAck(entries) => {
                entries.write(message, &mut bytes)?;
            }
            Self::Bootstrap(bootstrap) => bootstrap.write(&mut bytes)?,
            Self::Assert(assert) => assert.write(&mut bytes)?,
            Self::Advertisement(advertisement) => advertisement.write(&mut bytes)?,
            Self::Unknown { kind: kind @ 9..=15 } => bytes[0] = VERSION << 4 | kind,
            Self::Unknown { kind: kind @ 0..=8 } => {
                let why = Unfit::Known { kind: *kind };
                return Err(Unencodable { message, field: "type", why });
            }
            Self::Unknown { kind } => {
                let why = Unfit::TooMany { found: (*kind).into(), most: 15 };
                return Err(Unencodable { message, field: "type", why });
            }
        }
        let octets = covered(kind, bytes.len());
        seal(pseudo_header(ends, octets), &mut bytes[..octets], CHECKSUM_AT);
        Ok(bytes)
    }
}

/// The value as its field has it, at most `most`.
fn narrow<T: TryFrom<usize>>(
    message: &'static str,
    field: &'static str,
    found: usize,
    most: usize,
) -> Result<T, Unencodable> {
    let why = Unfit::TooMany { found, most };
    let narrowed = if found <= most { T::try_from(found).ok() } else { None };
    narrowed.ok_or(Unencodable { message, field, why })
}

impl fmt::Display for Message {
    /// One line, as in `PIM Join/Prune to 10.0.1.1: 239.1.1.1 join *(10.0.0.1), holdtime 210 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello(hello) => hello.fmt(f),
            Self::Register(register) => register.fmt(f),
            Self::RegisterStop(stop) => stop.fmt(f),
            Self::JoinPrune(entries) | Self::Graft(entries) | Self::GraftAck(entries) => {
                write!(f, "{}{entries}", name(self.kind()))
            }
            Self::Bootstrap(bootstrap) => bootstrap.fmt(f),
            Self::Assert(assert) => assert.fmt(f),
            Self::Advertisement(advertisement) => advertisement.fmt(f),
            Self::Unknown { kind } => write!(f, "PIM type {kind}"),
        }
    }
}
