//! Octets of an IGMP message, as they are and with the right checksum, to a reader of each version;
//! what is read and written again means the same.
#![no_main]

use castnet::wire::igmp::{Version, decode};
use etherparse::checksum::Sum16BitWords;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let mut sealed = octets.to_vec();
    if sealed.len() >= 4 {
        sealed[2..4].fill(0);
        let sum = Sum16BitWords::new().add_slice(&sealed).ones_complement();
        sealed[2..4].copy_from_slice(&sum.to_ne_bytes());
    }
    for newest in [Version::V1, Version::V2, Version::V3] {
        _ = decode(octets, newest);
        if let Ok(decoded) = decode(&sealed, newest) {
            _ = decoded.message.to_string();
            let Ok(again) = decoded.message.encode() else { continue };
            let again = decode(&again, Version::V3).expect("what was written is read");
            if newest == Version::V3 {
                assert_eq!(again.message, decoded.message);
            }
        }
    }
});
