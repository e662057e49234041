//! A scenario of any text is compiled or refused.
#![no_main]

use castnet_lab::plan::compile_all;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // A template would be read from the disk.
    if !text.contains("extends") {
        match compile_all("fuzz.toml", text) {
            Ok(plans) => assert!(!plans.is_empty()),
            Err(rejected) => assert!(!rejected.render(false).is_empty()),
        }
    }
});
