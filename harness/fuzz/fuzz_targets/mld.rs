//! Octets of an MLD message, as they are and with the right checksum, to a reader of each version.
#![no_main]

use std::net::Ipv6Addr;

use castnet::version::Version;
use castnet::wire::Why;
use castnet::wire::icmpv6::Ends;
use castnet::wire::mld::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let ends = Ends {
        source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
        destination: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16),
    };
    let mut sealed = octets.to_vec();
    if let Err(malformed) = decode(octets, ends, Version::V3)
        && let Why::Checksum { right, .. } = malformed.why
    {
        sealed[malformed.at..malformed.at + 2].copy_from_slice(&right.to_be_bytes());
    }
    for newest in [Version::V1, Version::V2, Version::V3] {
        _ = decode(octets, ends, newest);
        if let Ok(decoded) = decode(&sealed, ends, newest) {
            _ = decoded.message.to_string();
            let Ok(again) = decoded.message.encode(ends) else { continue };
            let again = decode(&again, ends, Version::V3).expect("what was written is read");
            if newest == Version::V3 {
                assert_eq!(again.message, decoded.message);
            }
        }
    }
});
