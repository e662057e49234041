//! Drives a router by hand: five minutes of virtual time on one link, and all that it wants done.
//!
//! `cargo run -p castnet --example router --no-default-features`

use std::time::Duration;

use castnet::addr::Family;
use castnet::rng::Rng;
use castnet::router::config::{Config, InterfaceConfig, KEEPALIVE, MAX_FLOWS};
use castnet::router::{Input, Router};
use castnet::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lan = InterfaceConfig {
        name: "lan".to_owned(),
        addresses: vec!["10.0.0.1/24".parse()?],
        igmp: Some(Default::default()),
        threshold: 1,
        static_joins: Default::default(),
        upstream: false,
        only_forwarder: false,
        pim: None,
        discovery: None,
        boundaries: Vec::new(),
    };
    let family = Family::V4;
    let (routes, rules) = (vec![], vec![]);
    let (keepalive, max_flows) = (KEEPALIVE, MAX_FLOWS);
    let config =
        Config { family, interfaces: vec![lan], routes, rules, keepalive, max_flows, pim: None };
    let mut now = Instant::ZERO;
    let mut router = Router::new(config, now, Rng::for_node(1, "r1"))?;
    let end = now + Duration::from_secs(300);
    loop {
        // All outputs are taken after each input; a driver sends packets and sets entries here.
        while let Some(output) = router.poll() {
            println!("{now:>10}  {output:?}");
        }
        // The router says when it wants to be called even if nothing happens.
        match router.deadline().filter(|at| *at <= end) {
            Some(at) => now = at,
            None => return Ok(()),
        }
        router.handle(now, Input::Tick);
    }
}
