//! The configuration file of `castnetd`, and the IGMP keys that a scenario shares with it.
//!
//! The file names interfaces; the kernel knows their indexes and addresses (see
//! [`super::interfaces`]). Unknown keys are errors.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use crate::addr::{Channel, Family, Group, Source};
use crate::gmp::message::Version;
use crate::gmp::params::{Params, Profile, parameters};
use crate::router::config::{Config, ConfigError, InterfaceConfig, KEEPALIVE, RouteConfig};

/// The file as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    /// The multicast routing table (`MRT_TABLE`); the kernel's default table unless given.
    pub table: Option<u32>,
    /// How long a flow may be idle before its entry is deleted; 210 s unless given.
    #[serde(default, deserialize_with = "given")]
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
    #[serde(deserialize_with = "prefix")]
    pub prefix: IpNet,
    /// The interface that leads there.
    pub interface: String,
}

macro_rules! igmp_settings {
    ($($(#[$about:meta])+ $key:literal $field:ident: $type:ty = $default:expr;)+) => {
        /// The IGMP parameters, named as in RFC 2236 section 8; a missing key takes the RFC's default.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct IgmpSettings {
            $(
                $(#[$about])+
                #[serde(rename = $key, default, deserialize_with = "given")]
                pub $field: Option<$type>,
            )+
        }

        impl IgmpSettings {
            /// These settings over `base`.
            #[must_use]
            pub fn over(&self, base: &Params) -> Params {
                Params { $($field: self.$field.unwrap_or(base.$field),)+ }
            }
        }
    };
}

parameters!(igmp_settings);

impl IgmpSettings {
    /// The parameters, with the RFC's defaults for missing keys.
    #[must_use]
    pub fn params(&self) -> Params {
        self.over(&Params::default())
    }
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
    if key.starts_with("mld") || key.contains("listener") {
        Some("MLD")
    } else if key.starts_with("pim") || PIM.contains(&key) {
        Some("PIM")
    } else if key.starts_with("ipv6") {
        Some("IPv6")
    } else {
        None
    }
}

impl ConfigFile {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The first error, with its line and a caret.
    pub fn parse(text: &str) -> Result<Self, Rejected> {
        toml::from_str(text).map_err(|error| Rejected::new(&error))
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
        let routes = self
            .route
            .iter()
            .map(|route| RouteConfig { prefix: route.prefix, interface: route.interface.clone() });
        let config = Config {
            family: Family::V4,
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

/// How the value of a setting is written.
trait Written: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

fn given<'de, D: Deserializer<'de>, T: Written>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::read(deserializer).map(Some)
}

/// A value that is derived unless it is given.
impl<T: Written> Written for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        given(deserializer)
    }
}

impl Written for bool {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Written for u8 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Written for u32 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Written for Duration {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map_err(|why| {
            de::Error::custom(format!("`{text}` is not a duration such as \"500ms\": {why}"))
        })
    }
}

impl Written for Version {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            other => Err(de::Error::custom(format!(
                "the router speaks IGMP version 1, 2 or 3, not {other}"
            ))),
        }
    }
}

impl Written for Profile {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            2236 => Ok(Self::Rfc2236),
            3376 => Ok(Self::Rfc3376),
            9776 => Ok(Self::Rfc9776),
            other => Err(de::Error::custom(format!("rfc is 2236, 3376 or 9776, not {other}"))),
        }
    }
}

fn group<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Group, D::Error> {
    Group::try_from(address(deserializer)?).map_err(de::Error::custom)
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Source>, D::Error> {
    Source::try_from(address(deserializer)?).map(Some).map_err(de::Error::custom)
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    let addr = IpAddr::deserialize(deserializer)?;
    spoken(addr).map(|()| addr)
}

fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
    let net = IpNet::deserialize(deserializer)?;
    spoken(net.addr()).map(|()| net)
}

/// Refuses an address of a family that is not routed yet.
fn spoken<E: de::Error>(addr: IpAddr) -> Result<(), E> {
    match Family::of(addr) {
        Family::V4 => Ok(()),
        Family::V6 => Err(E::custom(format!("{addr}: castnetd does not speak IPv6 yet"))),
    }
}

#[cfg(test)]
mod tests;
