//! The payload of a source's datagrams: a number, which identifies each copy, and a stamp.
//!
//! Eight octets of magic, the stream (u32), the sequence number (u64) and the time of sending in
//! nanoseconds since the start of the run (u64), all in network order; then zeros up to the size.

use castnet::time::Instant;

use crate::recording::Number;

/// The UDP port that the datagrams go to.
pub const UDP_PORT: u16 = 5000;

const MAGIC: [u8; 8] = *b"castnet1";
/// Octets before the padding.
const LENGTH: usize = MAGIC.len() + 4 + 8 + 8;

/// Writes the payload of `size` octets (at least [`crate::scenario::SMALLEST_PAYLOAD`]).
#[must_use]
pub fn encode(number: Number, sent: Instant, size: usize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(size.max(LENGTH));
    payload.extend(MAGIC);
    payload.extend(number.stream.to_be_bytes());
    payload.extend(number.sequence.to_be_bytes());
    payload.extend(sent.as_nanos().to_be_bytes());
    payload.resize(size.max(LENGTH), 0);
    payload
}

/// Reads the number and the time of sending; `None` if the payload has another format.
#[must_use]
pub fn decode(payload: &[u8]) -> Option<(Number, Instant)> {
    let (magic, rest) = payload.split_first_chunk()?;
    if *magic != MAGIC {
        return None;
    }
    let (stream, rest) = rest.split_first_chunk()?;
    let (sequence, rest) = rest.split_first_chunk()?;
    let (sent, _) = rest.split_first_chunk()?;
    let number =
        Number { stream: u32::from_be_bytes(*stream), sequence: u64::from_be_bytes(*sequence) };
    Some((number, Instant::from_nanos(u64::from_be_bytes(*sent))))
}
