//! Values of a configuration that castnetd alone has: families, tables, thresholds, channels, prefixes.
//!
//! Refuses what the kernel would refuse, and what could never forward a datagram.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use super::StaticJoinSettings;
use super::settings::Written;
use crate::addr::{Channel, Family, Group, Source};
use crate::mrd;

/// The octets of the longest name of a device (`IFNAMSIZ`, less the zero at its end).
const LONGEST_NAME: usize = 15;

/// The kernel's routing tables of IPv6 end below this number, those of IPv4 at ten times of it.
const TABLES_END: u32 = 100_000_000;

pub(super) fn families<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeSet<Family>>, D::Error> {
    let families = BTreeSet::deserialize(deserializer)?;
    if families.is_empty() {
        return Err(de::Error::custom("families is [\"ipv4\"], [\"ipv6\"] or both, not none"));
    }
    Ok(Some(families))
}

pub(super) fn interface<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_name(&name).map(|()| name).map_err(de::Error::custom)
}

/// Checks that the kernel can give the name to a device, or that it is a pattern of such names.
///
/// # Errors
/// Why it cannot, in words.
pub fn check_name(name: &str) -> Result<(), String> {
    if let Some((device, _)) = name.split_once(':') {
        return Err(format!("`{name}` is the label of an address; its interface is `{device}`"));
    }
    let is_name = matches!(name.len(), 1..=LONGEST_NAME)
        && !name.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control());
    if is_name && name != "." && name != ".." {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no name of an interface, which has 1 to {LONGEST_NAME} octets without blanks and \
         slashes"
    ))
}

pub(super) fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    match u32::deserialize(deserializer)? {
        table @ 1..TABLES_END => Ok(Some(table)),
        other => Err(de::Error::custom(format!("table is 1 to {}, not {other}", TABLES_END - 1))),
    }
}

pub(super) fn threshold<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        threshold @ 1..=254 => Ok(threshold),
        // No TTL is greater than 255, and the kernel reads 0 and 255 as no outgoing interface.
        other => Err(de::Error::custom(format!("ttl-threshold is 1 to 254, not {other}"))),
    }
}

pub(super) fn discovery<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u8>, D::Error> {
    let interval = <Duration as Written>::read(deserializer)?;
    let seconds = u8::try_from(interval.as_secs()).ok().filter(|_| interval.subsec_nanos() == 0);
    let seconds = seconds.filter(|seconds| mrd::INTERVALS.contains(seconds));
    let (least, most) = (mrd::INTERVALS.start(), mrd::INTERVALS.end());
    let told = || format!("router-discovery is {least} to {most} whole seconds, not {interval:?}");
    seconds.map(Some).ok_or_else(|| de::Error::custom(told()))
}

pub(super) fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
    let net = IpNet::deserialize(deserializer)?;
    match net.addr().is_multicast() {
        true => Err(de::Error::custom(format!("{net} is a network of groups, not of sources"))),
        false => Ok(net),
    }
}

/// Counters are nobody's business beyond the machine, and have no password.
pub(super) fn loopback<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let address = SocketAddr::deserialize(deserializer)?;
    match address.ip().is_loopback() {
        true => Ok(Some(address)),
        false => Err(de::Error::custom(format!(
            "metrics is a port of the loopback interface, as 127.0.0.1:9464, not {address}"
        ))),
    }
}

/// A static join as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    group: Group,
    #[serde(default, deserialize_with = "source")]
    source: Option<Source>,
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Source>, D::Error> {
    let addr = IpAddr::deserialize(deserializer)?;
    let reserved = match addr {
        IpAddr::V4(addr) => addr.is_loopback() || addr.octets()[0] >= 240,
        IpAddr::V6(addr) => addr.is_loopback() || addr.is_unicast_link_local(),
    };
    if reserved && !addr.is_multicast() {
        let why = format!("datagrams of {addr} are never forwarded");
        return Err(de::Error::custom(why));
    }
    Source::try_from(addr).map(Some).map_err(de::Error::custom)
}

impl TryFrom<Join> for StaticJoinSettings {
    type Error = String;

    fn try_from(Join { group, source }: Join) -> Result<Self, String> {
        let channel = Channel { source, group };
        match channel.is_of(group.family()) {
            true => Ok(Self(channel)),
            false => Err(format!("{channel} has a source of the other address family")),
        }
    }
}
