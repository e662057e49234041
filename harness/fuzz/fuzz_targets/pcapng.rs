//! A pcapng of any blocks behind a sound section header: every frame that is read can be shown.
#![no_main]

use castnet_fuzz::show;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &[u8])| {
    let (is_big, rest) = input;
    let number = |n: u32| if is_big { n.to_be_bytes() } else { n.to_le_bytes() };
    let head = [[10, 13, 13, 10], number(28), number(0x1a2b_3c4d), [1, 0, 0, 0]];
    let head = [&head.concat()[..], &[0xff; 8], &number(28)].concat();
    show(&[&head, rest].concat());
});
