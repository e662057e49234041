//! A pcap of any variant, byte order and contents: every frame that is read can be shown.
#![no_main]

use castnet_fuzz::show;
use libfuzzer_sys::fuzz_target;

const MAGICS: [u32; 3] = [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34];

fuzz_target!(|input: (u8, &[u8])| {
    let (which, rest) = input;
    let magic = MAGICS[usize::from(which >> 1) % MAGICS.len()];
    let magic = if which & 1 == 0 { magic.to_le_bytes() } else { magic.to_be_bytes() };
    show(&[&magic, rest].concat());
});
