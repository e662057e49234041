//! A configuration of castnetd of any text is read or refused.
#![no_main]

use castnet::daemon::config::ConfigFile;
use ipnet::IpNet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ConfigFile::parse(text) {
        Err(rejected) => assert!(!rejected.to_string().is_empty()),
        Ok(file) => {
            let network: [IpNet; 1] = [IpNet::new([192, 0, 2, 1].into(), 24).unwrap()];
            if let Err(error) = file.routers(|_| &network[..]) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
});
