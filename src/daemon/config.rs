//! The configuration file of `castnetd`, and the keys of group management that a scenario shares with
//! it.
//!
//! The file names interfaces; the kernel knows their indexes and addresses (see
//! [`super::interfaces`]). One file makes a router for each family. Unknown keys are errors, and so are
//! values with which nothing could ever be forwarded.

mod file;
mod mld;
mod settings;
mod value;

use std::collections::BTreeSet;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::addr::{Channel, Family, PerFamily};
use crate::router::config::{
    Config, ConfigError, InterfaceConfig, KEEPALIVE, MAX_FLOWS, RouteConfig,
};
pub use file::read;
pub use mld::MldSettings;
pub use settings::IgmpSettings;

/// The file as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    /// The families that are routed; both unless given.
    #[serde(default, deserialize_with = "value::families")]
    pub families: Option<BTreeSet<Family>>,
    /// The multicast routing table of each family (`MRT_TABLE`, `MRT6_TABLE`); the kernel's default
    /// table unless given.
    #[serde(default, deserialize_with = "value::table")]
    pub table: Option<u32>,
    /// How long a flow may be idle before its entry is deleted; 210 s unless given. An entry goes within
    /// this time of the last datagram, and at most a sixteenth of it early.
    #[serde(default, deserialize_with = "settings::given")]
    pub keepalive: Option<Duration>,
    /// The most flows of a family that may come in on one interface; 65536 unless given.
    #[serde(default, deserialize_with = "settings::given")]
    pub max_flows: Option<u32>,
    /// IGMP on every interface.
    #[serde(default)]
    pub igmp: IgmpSettings,
    /// MLD on every interface.
    #[serde(default)]
    pub mld: MldSettings,
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
    /// MLD on this interface, where it differs from the router's.
    #[serde(default)]
    pub mld: MldSettings,
    /// Whether IGMP runs here; true unless given.
    #[serde(default = "yes")]
    pub igmp_enabled: bool,
    /// Whether MLD runs here; true unless given.
    #[serde(default = "yes")]
    pub mld_enabled: bool,
    /// A datagram of IPv4 leaves here only if its TTL on arrival is greater; 1 unless given. The
    /// kernel has no thresholds of IPv6.
    #[serde(default = "one", deserialize_with = "value::threshold")]
    pub ttl_threshold: u8,
    /// Channels that are forwarded here whether or not they have members.
    #[serde(default)]
    pub static_joins: Vec<StaticJoinSettings>,
}

/// One of an interface's `static-joins`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "value::Join")]
pub struct StaticJoinSettings(pub Channel);

/// One `[[route]]`: datagrams from `prefix` come in on `interface`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// The network of the sources.
    #[serde(deserialize_with = "value::prefix")]
    pub prefix: IpNet,
    /// The interface that leads there.
    pub interface: String,
}

/// Why a file cannot be used: its first error, with the line and a caret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejected(String);

impl Rejected {
    /// A key of a protocol that castnetd does not speak is answered with that, not with a list of keys.
    fn new(error: &toml::de::Error) -> Self {
        let (text, message) = (error.to_string(), error.message());
        let key = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        Self(match key.and_then(unspoken) {
            Some(protocol) => {
                text.replace(message, &format!("castnetd does not speak {protocol} yet"))
            }
            None => text,
        })
    }
}

/// The protocol that a key belongs to, if castnetd does not speak it.
fn unspoken(key: &str) -> Option<&'static str> {
    const PIM: [&str; 4] = ["rp", "bsr", "hello-interval", "dr-priority"];
    (key.starts_with("pim") || PIM.contains(&key)).then_some("PIM")
}

impl ConfigFile {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The first error, with its line and a caret.
    pub fn parse(text: &str) -> Result<Self, Rejected> {
        toml::from_str(text).map_err(|error| Rejected::new(&error))
    }

    /// The routers that the file describes, one for each family that is routed; `addresses` returns those
    /// of an interface by its name.
    ///
    /// # Errors
    /// The first part of the configuration that contradicts another.
    pub fn routers<'a>(
        &self,
        addresses: impl Fn(&str) -> &'a [IpNet],
    ) -> Result<PerFamily<Option<Config>>, ConfigError> {
        let router = |family| {
            let config = self.is_routed(family).then(|| self.router(family, &addresses));
            config.map(|config| config.check().map(|()| config)).transpose()
        };
        Ok(PerFamily { v4: router(Family::V4)?, v6: router(Family::V6)? })
    }

    fn is_routed(&self, family: Family) -> bool {
        self.families.as_ref().is_none_or(|families| families.contains(&family))
    }

    fn router<'a>(&self, family: Family, addresses: &impl Fn(&str) -> &'a [IpNet]) -> Config {
        let all = PerFamily { v4: &self.igmp, v6: &self.mld.0 }.of(family).params();
        let interfaces = self.interface.iter().map(|interface| {
            let own = PerFamily { v4: &interface.igmp, v6: &interface.mld.0 };
            let is_on = PerFamily { v4: interface.igmp_enabled, v6: interface.mld_enabled };
            let joins = interface.static_joins.iter().map(|join| join.0);
            let mut config = InterfaceConfig {
                name: interface.name.clone(),
                addresses: addresses(&interface.name).to_vec(),
                igmp: is_on.of(family).then(|| own.of(family).over(&all)),
                threshold: *PerFamily { v4: interface.ttl_threshold, v6: 1 }.of(family),
                static_joins: joins.filter(|join| join.is_of(family)).collect(),
            };
            // An interface may be of IPv4 only.
            if family == Family::V6 && config.address(family).is_none() {
                config.igmp = None;
            }
            config
        });
        let routes = self.route.iter().filter(|route| Family::of(route.prefix.addr()) == family);
        let routes = routes
            .map(|route| RouteConfig { prefix: route.prefix, interface: route.interface.clone() });
        Config {
            family,
            interfaces: interfaces.collect(),
            routes: routes.collect(),
            keepalive: self.keepalive.unwrap_or(KEEPALIVE),
            max_flows: self.max_flows.unwrap_or(MAX_FLOWS),
        }
    }

    /// The names of the interfaces.
    #[must_use]
    pub fn interface_names(&self) -> BTreeSet<&str> {
        self.interface.iter().map(|interface| interface.name.as_str()).collect()
    }
}

const fn yes() -> bool {
    true
}

const fn one() -> u8 {
    1
}

#[cfg(test)]
mod tests;
