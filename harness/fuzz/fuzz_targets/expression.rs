//! Times, counts and limits of any text are read or refused.
#![no_main]

use castnet_lab::scenario::expr::{parse, parse_count, parse_limit};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    _ = parse(text);
    _ = parse_count(text);
    _ = parse_limit(text);
});
