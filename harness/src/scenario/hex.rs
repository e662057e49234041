//! Octets in hexadecimal digits: a message octet by octet, or the auxiliary data of a record.

use crate::vocabulary::act::LARGEST_MESSAGE;

/// Reads pairs of digits, with spaces anywhere.
///
/// # Errors
/// Another character, half an octet, or more octets than a message may have.
pub fn parse(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return Err("half an octet is left over".to_owned());
    }
    if digits.len() / 2 > LARGEST_MESSAGE {
        return Err(format!("more than {LARGEST_MESSAGE} octets"));
    }
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let octet = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    let octets: Option<Vec<u8>> = digits.chunks_exact(2).map(octet).collect();
    octets.ok_or_else(|| "only hexadecimal digits and spaces".to_owned())
}
