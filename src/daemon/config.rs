//! The configuration file of `castnetd`, and the keys of group management that a scenario shares with
//! it.
//!
//! The file names interfaces; the kernel knows their indexes and addresses (see [`super::links`]), and
//! which of them a pattern stands for. One file makes a router for each family. Unknown keys are errors, and so are
//! values with which nothing could ever be forwarded.

mod file;
mod membership;
mod mld;
mod pim;
mod rule;
mod rules;
mod settings;
mod value;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::glob;
use crate::addr::{Channel, Family, PerFamily};
use crate::mrd;
use crate::rib::Cost;
use crate::router::config::{
    Config, ConfigError, InterfaceConfig, KEEPALIVE, MAX_FLOWS, RouteConfig,
};
pub use file::read;
pub use membership::MembershipSettings;
pub use mld::MldSettings;
pub use pim::{PimLinkSettings, PimSettings, RpSettings};
pub(super) use rule::check_boundary;
pub use rules::RuleList;
pub use settings::IgmpSettings;
pub use value::check_name;

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
    /// The user that the router becomes once its sockets are open, as `NAME`, `NAME:GROUP`, or numbers.
    #[serde(default)]
    pub user: Option<String>,
    /// The control socket; none unless given.
    #[serde(default)]
    pub control: Option<PathBuf>,
    /// The group whose members may connect to the control socket, and look; nobody's unless given.
    #[serde(default)]
    pub control_group: Option<String>,
    /// The port of the loopback interface for Prometheus (`127.0.0.1:9464`); none unless given.
    #[serde(default, deserialize_with = "value::loopback")]
    pub metrics: Option<SocketAddr>,
    /// IGMP on every interface.
    #[serde(default, deserialize_with = "settings::igmp")]
    pub igmp: IgmpSettings,
    /// MLD on every interface.
    #[serde(default)]
    pub mld: MldSettings,
    /// PIM on every interface that speaks it.
    #[serde(default)]
    pub pim: Option<PimSettings>,
    /// The RPs of PIM.
    #[serde(default)]
    pub rp: Vec<RpSettings>,
    /// The interfaces between which datagrams are forwarded.
    #[serde(default)]
    pub interface: Vec<InterfaceSettings>,
    /// Static multicast routes.
    #[serde(default)]
    pub route: Vec<RouteSettings>,
    /// Static rules of forwarding.
    #[serde(default)]
    pub rule: RuleList,
    /// Groups that the machine itself joins, so that their streams come here.
    #[serde(default)]
    pub membership: Vec<MembershipSettings>,
}

/// One `[[interface]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InterfaceSettings {
    /// The kernel's name for it, or a pattern of names (`eth*`).
    #[serde(deserialize_with = "value::interface")]
    pub name: String,
    /// IGMP on this interface, where it differs from the router's.
    #[serde(default, deserialize_with = "settings::igmp")]
    pub igmp: IgmpSettings,
    /// MLD on this interface, where it differs from the router's.
    #[serde(default)]
    pub mld: MldSettings,
    /// PIM on this interface, where it is spoken; it is not unless given.
    #[serde(default)]
    pub pim: Option<PimLinkSettings>,
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
    /// From one Advertisement of Multicast Router Discovery (RFC 4286) to the next, in seconds: 4 to 180;
    /// none are sent unless given.
    #[serde(default, deserialize_with = "value::discovery")]
    pub router_discovery: Option<u8>,
    /// Whether this is the upstream interface of a proxy (RFC 4605): castnetd is a host here, which wants
    /// what members on the other interfaces want. False unless given.
    #[serde(default)]
    pub upstream: bool,
    /// Whether a proxy forwards to members here even where another router is the querier, because no other
    /// one forwards; false unless given.
    #[serde(default)]
    pub only_forwarder: bool,
    /// Administrative boundaries (RFC 2365): ranges of groups that pass here in neither direction.
    #[serde(default, deserialize_with = "rule::boundaries")]
    pub boundaries: Vec<IpNet>,
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
    /// The router that leads there, which PIM sends its Joins to.
    #[serde(default)]
    pub via: Option<IpAddr>,
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
    key.starts_with("bsr").then_some("the Bootstrap of PIM")
}

impl ConfigFile {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The first error, with its line and a caret.
    pub fn parse(text: &str) -> Result<Self, Rejected> {
        toml::from_str(text).map_err(|error| Rejected::new(&error))
    }

    /// The routers that the file describes, one for each family that is routed, with the interfaces
    /// that `served` names.
    ///
    /// # Errors
    /// The first part of the configuration that contradicts another.
    pub fn routers(&self, served: &[String]) -> Result<PerFamily<Option<Config>>, ConfigError> {
        let router = |family| {
            let config = self.is_routed(family).then(|| self.router(family, served));
            config.map(|config| config.check().map(|()| config)).transpose()
        };
        Ok(PerFamily { v4: router(Family::V4)?, v6: router(Family::V6)? })
    }

    /// Checks the file against itself: the routers of all its interfaces, where a pattern stands for an
    /// interface of that name.
    ///
    /// # Errors
    /// The first part of the configuration that contradicts another.
    pub fn check(&self) -> Result<PerFamily<Option<Config>>, ConfigError> {
        let names: Vec<String> = self.interface.iter().map(|own| own.name.clone()).collect();
        self.check_pim()?;
        let leads = |route: &&RouteSettings| {
            route.via.is_some_and(|via| Family::of(via) != Family::of(route.prefix.addr()))
        };
        if let Some(RouteSettings { prefix, via: Some(via), .. }) = self.route.iter().find(leads) {
            return Err(ConfigError::OtherNeighbour(*prefix, *via));
        }
        if let Some(upstream) = self.interface.iter().find(|own| own.upstream) {
            let name = upstream.name.clone();
            if upstream.is_pattern() {
                return Err(ConfigError::UpstreamPattern(name));
            }
            if self.interface.len() == 1 {
                return Err(ConfigError::NoDownstream(name));
            }
        }
        self.rule.iter().try_for_each(|rule| self.check_boundaries(rule))?;
        self.routers(&names)
    }

    /// Whether the family is routed, by configuration.
    #[must_use]
    pub fn is_routed(&self, family: Family) -> bool {
        self.families.as_ref().is_none_or(|families| families.contains(&family))
    }

    fn router(&self, family: Family, served: &[String]) -> Config {
        let interface = |name: &String| Some(self.settings(name)?.interface(self, family, name));
        let is_meant = |route: &&RouteSettings| {
            let is_pattern = self.settings(&route.interface).is_some_and(|by| by.is_pattern());
            Family::of(route.prefix.addr()) == family
                && (!is_pattern || served.contains(&route.interface))
        };
        let routes = self.route.iter().filter(is_meant);
        let routes = routes.map(|route| RouteConfig {
            prefix: route.prefix,
            interface: route.interface.clone(),
            via: route.via,
            cost: Cost::default(),
        });
        Config {
            family,
            interfaces: served.iter().filter_map(interface).collect(),
            routes: routes.collect(),
            rules: self.rules(family, served),
            keepalive: self.keepalive.unwrap_or(KEEPALIVE),
            max_flows: self.max_flows.unwrap_or(MAX_FLOWS),
            pim: self.pim(family),
        }
    }

    /// What the file says of the interface with this name: by its name, or else by the first pattern.
    #[must_use]
    pub fn settings(&self, name: &str) -> Option<&InterfaceSettings> {
        let named = self.interface.iter().find(|interface| interface.name == name);
        named.or_else(|| {
            let mut patterns = self.interface.iter().filter(|interface| interface.is_pattern());
            patterns.find(|interface| glob::matches(&interface.name, name))
        })
    }

    /// The names of the interfaces, in the order of the file; a name that stands twice is there twice.
    pub fn interface_names(&self) -> impl Iterator<Item = &str> {
        let named = self.interface.iter().filter(|interface| !interface.is_pattern());
        named.map(|interface| interface.name.as_str())
    }
}

impl InterfaceSettings {
    /// An interface that only forwards: without group management, and with this threshold.
    #[must_use]
    pub fn forwarding(name: &str, ttl_threshold: u8) -> Self {
        Self {
            name: name.to_owned(),
            igmp: IgmpSettings::default(),
            mld: MldSettings::default(),
            pim: None,
            igmp_enabled: false,
            mld_enabled: false,
            ttl_threshold,
            static_joins: Vec::new(),
            router_discovery: None,
            upstream: false,
            only_forwarder: false,
            boundaries: Vec::new(),
        }
    }

    /// Whether the name stands for several interfaces.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        glob::is_pattern(&self.name)
    }

    /// The interface `name` in a family. Its addresses are the kernel's affair.
    fn interface(&self, file: &ConfigFile, family: Family, name: &str) -> InterfaceConfig {
        let all = PerFamily { v4: &file.igmp, v6: &file.mld.0 }.of(family).params();
        let own = PerFamily { v4: &self.igmp, v6: &self.mld.0 };
        let is_on = PerFamily { v4: self.igmp_enabled, v6: self.mld_enabled };
        let joins = self.static_joins.iter().map(|join| join.0);
        InterfaceConfig {
            name: name.to_owned(),
            addresses: Vec::new(),
            igmp: is_on.of(family).then(|| own.of(family).over(&all)),
            threshold: *PerFamily { v4: self.ttl_threshold, v6: 1 }.of(family),
            static_joins: joins.filter(|join| join.is_of(family)).collect(),
            upstream: self.upstream,
            only_forwarder: self.only_forwarder,
            pim: file.pim_link(self),
            boundaries: self.boundaries.clone(),
            discovery: self.router_discovery.map(|interval| mrd::Params { interval }),
        }
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
