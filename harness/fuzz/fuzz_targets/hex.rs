//! The octets of an injected message are read or refused, sent in a packet of either family, and seen.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use castnet::wire::ip::Header;
use castnet_lab::capture::decode::decode;
use castnet_lab::capture::encode::injected;
use castnet_lab::capture::ethernet;
use castnet_lab::plan::{Flaws, Injection, Payload};
use castnet_lab::scenario::hex;
use libfuzzer_sys::fuzz_target;

const V4: (IpAddr, IpAddr) = (
    IpAddr::V4(Ipv4Addr::new(10, 0, 1, 2)),
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 22)),
);
const V6: (IpAddr, IpAddr) = (
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2)),
    IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16)),
);

fuzz_target!(|text: &str| {
    let Ok(octets) = hex::parse(text) else { return };
    for (source, to) in [V4, V6] {
        let injection = Injection {
            port: 0,
            to,
            header: Header::gmp(source, to),
            payload: Payload::Octets(octets.clone()),
            flaws: Flaws { aux: Vec::new(), pad: 0, truncate: None, good_checksum: true },
            every: Duration::ZERO,
            times: 1,
        };
        let packet = injected(&injection).expect("so many octets fit");
        let frame = ethernet::frame([2, 0, 0, 0, 0, 1], to, &packet);
        let seen = decode(&frame).expect("a packet of IP");
        assert!(!seen.to_string().is_empty());
    }
});
