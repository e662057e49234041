//! A frame of any link type and contents is shown, and its fields are compared.
#![no_main]

use castnet_fuzz::show_frame;
use castnet_lab::capture::file::CapturedFrame;
use castnet_lab::capture::link::LinkType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (link_type, cut, bytes) = input;
    show_frame(&CapturedFrame {
        stamp: None,
        interface: "x".to_owned(),
        link_type: LinkType(link_type),
        outgoing: None,
        bytes: bytes.to_vec(),
        original_len: bytes.len() + usize::from(cut),
        comments: Vec::new(),
    });
});
