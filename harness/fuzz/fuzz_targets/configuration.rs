//! A configuration of castnetd of any text is read or refused.
#![no_main]

use castnet::daemon::config::ConfigFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ConfigFile::parse(text) {
        Err(rejected) => assert!(!rejected.to_string().is_empty()),
        Ok(file) => {
            let served = ["eth0".to_owned(), "lan".to_owned()];
            for routers in [file.check(), file.routers(&served)] {
                if let Err(error) = routers {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
});
