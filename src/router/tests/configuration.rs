//! Configurations with which a router refuses to start.

use super::*;
use crate::gmp::params::Invalid;
use crate::pim;

#[track_caller]
fn refused(change: impl FnOnce(&mut Config)) -> ConfigError {
    let mut config = config();
    change(&mut config);
    Router::new(config, Instant::ZERO, Rng::for_node(1, "r1")).map(|_| ()).unwrap_err()
}

#[test]
fn the_kernel_takes_32_interfaces() {
    let many = |count: u8| {
        let interfaces = (0..count).map(|n| interface(&format!("eth{n}"), n)).collect();
        Config { interfaces, ..config() }.check()
    };
    assert_eq!(many(32), Ok(()));
    assert_eq!(many(33), Err(ConfigError::TooManyInterfaces(33, 32)));
    // PIM has one of them for Registers.
    let with_pim = |count: u8| {
        let interfaces = (0..count).map(|n| interface(&format!("eth{n}"), n)).collect();
        Config { interfaces, pim: Some(pim::params::Params::default()), ..config() }.check()
    };
    assert_eq!(with_pim(31), Ok(()));
    assert_eq!(with_pim(32), Err(ConfigError::TooManyInterfaces(32, 31)));
}

#[test]
fn names_are_unique_and_known() {
    let twice = refused(|config| config.interfaces[2].name = "up".into());
    assert_eq!(twice, ConfigError::DuplicateInterface("up".into()));
    let nowhere = refused(|config| config.routes.push(route("192.0.2.0/24", "dmz")));
    let prefix = "192.0.2.0/24".parse().unwrap();
    assert_eq!(nowhere, ConfigError::UnknownInterface(prefix, "dmz".into()));
}

#[test]
fn who_queries_needs_an_address() {
    let nobody = refused(|config| config.interfaces[1].addresses.clear());
    assert_eq!(nobody, ConfigError::NoAddress("lan".into(), Family::V4));
    let mut config = config();
    config.interfaces[1].addresses.clear();
    config.interfaces[1].igmp = None;
    assert_eq!(config.check(), Ok(()));
}

// RFC2236-8.1-01
#[test]
fn igmp_parameters_are_checked_on_every_interface() {
    let zero = refused(|config| config.interfaces[2].igmp.as_mut().unwrap().robustness = 0);
    assert_eq!(zero, ConfigError::Igmp("wlan".into(), Invalid::Robustness));
}

// RFC1112-7.2-05
#[test]
fn a_link_local_group_cannot_be_joined_statically() {
    let local = Group::new(Ipv4Addr::new(224, 0, 0, 5).into()).unwrap();
    let join = Channel { source: None, group: local };
    let refusal = refused(|config| _ = config.interfaces[1].static_joins.insert(join));
    assert_eq!(refusal, ConfigError::LinkLocalJoin("lan".into(), join));
}

// The sum of times must not overflow, and a keepalive of zero would delete every entry at once.
#[test]
fn times_are_bounded() {
    let forever = refused(|config| {
        config.interfaces[0].igmp.as_mut().unwrap().query_interval = Duration::MAX;
    });
    assert_eq!(forever, ConfigError::Igmp("up".into(), Invalid::TooLong("query-interval")));
    assert_eq!(refused(|config| config.keepalive = Duration::ZERO), ConfigError::Keepalive);
    let longest = Params { query_interval: secs(31744.0), robustness: 255, ..Params::v2() };
    assert_eq!(longest.check(Family::V4), Ok(()));
    let longer = Params { query_interval: secs(31744.0) + NANO, ..longest };
    assert_eq!(longer.check(Family::V4), Err(Invalid::TooLong("query-interval")));
}
