//! A file of any octets, of gzip among others.
#![no_main]

use castnet_fuzz::show;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| show(file));
