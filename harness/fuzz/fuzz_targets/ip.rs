//! Octets of an IP packet of either family.
#![no_main]

use castnet::wire::ip::Packet;
use castnet::wire::{ipv4, ipv6};
use etherparse::checksum::Sum16BitWords;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let mut sealed = octets.to_vec();
    let header = usize::from(octets.first().unwrap_or(&0) & 0x0f) * 4;
    if (12..=sealed.len()).contains(&header) {
        sealed[10..12].fill(0);
        let sum = Sum16BitWords::new().add_slice(&sealed[..header]).ones_complement();
        sealed[10..12].copy_from_slice(&sum.to_ne_bytes());
    }
    for octets in [octets, &sealed] {
        _ = Packet::decode(octets);
        _ = ipv6::decode(octets);
        if let Ok(packet) = ipv4::decode(octets) {
            assert!(packet.header_len + packet.payload.len() <= octets.len());
        }
    }
});
