//! The configuration file of `castnetd`, and the IGMP keys that a scenario shares with it.
//!
//! The file names interfaces; the kernel knows their indexes and addresses (see
//! [`super::interfaces`]). Unknown keys are errors.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Deserializer, de};

use crate::addr::{Channel, Group, Source};
use crate::gmp::message::Version;
use crate::gmp::params::{Params, Profile};
use crate::router::config::{Config, ConfigError, InterfaceConfig, KEEPALIVE, RouteConfig};

/// The file as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    /// The multicast routing table (`MRT_TABLE`); the kernel's default table unless given.
    pub table: Option<u32>,
    /// How long a flow may be idle before its entry is deleted; 210 s unless given.
    #[serde(default, deserialize_with = "duration")]
    pub keepalive: Option<Duration>,
    /// IGMP on every interface.
    #[serde(default)]
    pub igmp: IgmpSettings,
    /// The interfaces between which datagrams are forwarded.
    #[serde(default)]
    pub interface: Vec<InterfaceSettings>,
    /// Static multicast routes.
    #[serde(default)]
    pub route: Vec<RouteSettings>,
}

/// One `[[interface]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InterfaceSettings {
    /// The kernel's name for it.
    pub name: String,
    /// IGMP on this interface, where it differs from the router's.
    #[serde(default)]
    pub igmp: IgmpSettings,
    /// Whether IGMP runs here; true unless given.
    #[serde(default = "yes")]
    pub igmp_enabled: bool,
    /// A datagram leaves here only if its TTL on arrival is greater; 1 unless given.
    #[serde(default = "one")]
    pub ttl_threshold: u8,
    /// Channels that are forwarded here whether or not they have members.
    #[serde(default)]
    pub static_joins: Vec<StaticJoinSettings>,
}

/// One of an interface's `static-joins`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticJoinSettings {
    /// The group.
    #[serde(deserialize_with = "group")]
    pub group: Group,
    /// The source; any source unless given.
    #[serde(default, deserialize_with = "source")]
    pub source: Option<Source>,
}

/// One `[[route]]`: datagrams from `prefix` come in on `interface`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// The network of the sources.
    pub prefix: Ipv4Net,
    /// The interface that leads there.
    pub interface: String,
}

/// The IGMP parameters, named as in RFC 2236 section 8; a missing key takes the RFC's default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IgmpSettings {
    /// The RFC whose formulas apply: 2236, 3376 or 9776.
    #[serde(default, deserialize_with = "profile")]
    pub rfc: Option<Profile>,
    /// The version spoken: 1 or 2.
    #[serde(default, deserialize_with = "version")]
    pub version: Option<Version>,
    /// Robustness Variable.
    pub robustness: Option<u8>,
    /// Query Interval.
    #[serde(default, deserialize_with = "duration")]
    pub query_interval: Option<Duration>,
    /// Query Response Interval.
    #[serde(default, deserialize_with = "duration")]
    pub query_response_interval: Option<Duration>,
    /// Startup Query Interval.
    #[serde(default, deserialize_with = "duration")]
    pub startup_query_interval: Option<Duration>,
    /// Startup Query Count.
    pub startup_query_count: Option<u8>,
    /// Last Member Query Interval.
    #[serde(default, deserialize_with = "duration")]
    pub last_member_query_interval: Option<Duration>,
    /// Last Member Query Count.
    pub last_member_query_count: Option<u8>,
    /// Whether Reports and Leaves without Router Alert are ignored; false unless given.
    pub require_router_alert: Option<bool>,
}

impl IgmpSettings {
    /// The parameters, with the RFC's defaults for missing keys.
    #[must_use]
    pub fn params(&self) -> Params {
        self.over(&Params::default())
    }

    /// These settings over `base`.
    #[must_use]
    pub fn over(&self, base: &Params) -> Params {
        Params {
            profile: self.rfc.unwrap_or(base.profile),
            version: self.version.unwrap_or(base.version),
            robustness: self.robustness.unwrap_or(base.robustness),
            query_interval: self.query_interval.unwrap_or(base.query_interval),
            query_response_interval: self
                .query_response_interval
                .unwrap_or(base.query_response_interval),
            startup_query_interval: self.startup_query_interval.or(base.startup_query_interval),
            startup_query_count: self.startup_query_count.or(base.startup_query_count),
            last_member_query_interval: self
                .last_member_query_interval
                .unwrap_or(base.last_member_query_interval),
            last_member_query_count: self.last_member_query_count.or(base.last_member_query_count),
            require_router_alert: self.require_router_alert.unwrap_or(base.require_router_alert),
        }
    }
}

impl ConfigFile {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The first error, with its line and a caret.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The router that the file describes; `addresses` returns those of an interface by its name.
    ///
    /// # Errors
    /// The first part of the configuration that contradicts another.
    pub fn router<'a>(
        &self,
        addresses: impl Fn(&str) -> &'a [IpNet],
    ) -> Result<Config, ConfigError> {
        let base = self.igmp.params();
        let interfaces = self.interface.iter().map(|interface| InterfaceConfig {
            name: interface.name.clone(),
            addresses: addresses(&interface.name).to_vec(),
            igmp: interface.igmp_enabled.then(|| interface.igmp.over(&base)),
            threshold: interface.ttl_threshold,
            static_joins: interface.static_joins.iter().map(StaticJoinSettings::channel).collect(),
        });
        let routes = self.route.iter().map(|route| RouteConfig {
            prefix: IpNet::V4(route.prefix),
            interface: route.interface.clone(),
        });
        let config = Config {
            interfaces: interfaces.collect(),
            routes: routes.collect(),
            keepalive: self.keepalive.unwrap_or(KEEPALIVE),
        };
        config.check()?;
        Ok(config)
    }

    /// The names of the interfaces.
    #[must_use]
    pub fn interface_names(&self) -> BTreeSet<&str> {
        self.interface.iter().map(|interface| interface.name.as_str()).collect()
    }
}

impl StaticJoinSettings {
    fn channel(&self) -> Channel {
        Channel { source: self.source, group: self.group }
    }
}

const fn yes() -> bool {
    true
}

const fn one() -> u8 {
    1
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parsed = humantime::parse_duration(&text);
    parsed.map(Some).map_err(|why| {
        de::Error::custom(format!("`{text}` is not a duration such as \"500ms\": {why}"))
    })
}

fn group<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Group, D::Error> {
    let addr = Ipv4Addr::deserialize(deserializer)?;
    Group::try_from(IpAddr::V4(addr)).map_err(de::Error::custom)
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Source>, D::Error> {
    let addr = Ipv4Addr::deserialize(deserializer)?;
    Source::try_from(IpAddr::V4(addr)).map(Some).map_err(de::Error::custom)
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    match u8::deserialize(deserializer)? {
        1 => Ok(Some(Version::V1)),
        2 => Ok(Some(Version::V2)),
        other => {
            Err(de::Error::custom(format!("the router speaks IGMP version 1 or 2, not {other}")))
        }
    }
}

fn profile<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Profile>, D::Error> {
    match u16::deserialize(deserializer)? {
        2236 => Ok(Some(Profile::Rfc2236)),
        3376 => Ok(Some(Profile::Rfc3376)),
        9776 => Ok(Some(Profile::Rfc9776)),
        other => Err(de::Error::custom(format!("rfc is 2236, 3376 or 9776, not {other}"))),
    }
}

#[cfg(test)]
mod tests;
