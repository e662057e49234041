//! Frames of any contents at a snooping switch.
#![no_main]

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::time::Instant;
use castnet::wire::igmp::Version;
use castnet::wire::ipv4::Ipv4Header;
use castnet_lab::knobs::BridgeKnobs;
use castnet_lab::sim::model::bridge::{Bridge, Settings};
use etherparse::checksum::Sum16BitWords;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frames: Vec<(u8, bool, Vec<u8>)>| {
    let settings = Settings {
        knobs: BridgeKnobs {
            snooping: true,
            querier: false,
            version: Version::V3,
            query_interval: Duration::from_secs(2),
            query_response_interval: Duration::from_millis(300),
            startup_query_interval: Duration::from_secs(1),
            startup_query_count: 2,
            last_member_interval: Duration::from_millis(300),
            last_member_count: 2,
            membership_interval: Duration::from_secs(3),
            querier_interval: Duration::from_secs(2),
            hash_max: 12,
            port_max_groups: 8,
        },
        address: Ipv4Addr::new(10, 0, 0, 50),
        fast_leave: vec![false, true],
    };
    let mut bridge = Bridge::new(settings, 2);
    let mut now = Instant::ZERO;
    bridge.set_querier(now, true);
    for (port, is_sealed, mut message) in frames {
        if is_sealed && message.len() >= 4 {
            message[2..4].fill(0);
            let sum = Sum16BitWords::new().add_slice(&message).ones_complement();
            message[2..4].copy_from_slice(&sum.to_ne_bytes());
        }
        let header = Ipv4Header::igmp([10, 0, 0, 9].into(), [224, 0, 0, 22].into());
        let Ok(packet) = header.encode(&message) else { continue };
        let mut out = Vec::new();
        let (from, to) = ([2, 0, 0, 0, 0, port & 1], [1, 0, 0x5e, 0, 0, 22]);
        bridge.receive(now, usize::from(port & 1), from, to, &packet.into(), &mut out);
        now = now + Duration::from_millis(u64::from(port));
        bridge.expire(now, &mut out);
    }
});
