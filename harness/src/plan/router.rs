//! A router under test, in the laboratory's own words, independent of its software.
//!
//! Refuses configurations that no router can have. [`crate::device`] turns the rest into a device's
//! own configuration.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use castnet::addr::{Channel, Group, Source};
use castnet::gmp::message::Version;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::PortId;
use crate::knobs::{Knobs, PimKnobs, RouteCost};
use crate::recipe::Recipe;

/// The most interfaces that Linux routes multicast between (`MAXVIFS` of linux/mroute.h).
pub(super) const MOST_INTERFACES: usize = 32;

/// A router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Router {
    /// The software that it runs.
    pub who: Device,
    /// Its interfaces, in the order of [`Node::ports`](super::Node::ports).
    pub interfaces: Vec<RouterPort>,
    /// Where datagrams of sources on other networks come in.
    pub routes: Vec<SourceRoute>,
    /// How long a flow may be idle before its entry is deleted.
    pub keepalive: Duration,
    /// The parameters of PIM, if it speaks it.
    #[serde(default)]
    pub pim: Option<PimKnobs>,
    /// The RPs of PIM, each with its range of groups.
    #[serde(default)]
    pub rps: Vec<(IpNet, IpAddr)>,
}

/// The software of a router.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Device {
    /// castnet's own.
    #[default]
    Castnet,
    /// That of others.
    Foreign(Box<Software>),
}

/// Software of others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Software {
    /// Its name in a scenario, or the path of its recipe there.
    pub name: String,
    /// The folder of its recipe, if that is a file.
    pub folder: PathBuf,
    /// Its recipe.
    pub recipe: Recipe,
}

impl Device {
    /// Its name in a scenario.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Castnet => CASTNET,
            Self::Foreign(software) => &software.name,
        }
    }
}

/// The name of castnet's own software.
pub(super) const CASTNET: &str = "castnet";

/// An interface of a router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouterPort {
    /// Where.
    pub port: PortId,
    /// The parameters of group management there.
    pub knobs: Knobs,
    /// A datagram leaves here only if its TTL on arrival is greater.
    pub threshold: u8,
    /// Channels that are forwarded here whether or not there are members.
    pub static_joins: BTreeSet<Channel>,
    /// Whether the router is a proxy, and a host there.
    #[serde(default)]
    pub upstream: bool,
    /// Whether a proxy forwards to members there whoever is the querier.
    #[serde(default)]
    pub only_forwarder: bool,
    /// Ranges of groups that pass there in neither direction.
    #[serde(default)]
    pub boundaries: Vec<IpNet>,
    /// Static rules that have flows go out there.
    #[serde(default)]
    pub rules: Vec<FlowRule>,
    /// The DR Priority of PIM there.
    #[serde(default)]
    pub dr_priority: u32,
}

/// A static rule that has flows of a channel go out of an interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FlowRule {
    /// The flows.
    pub channel: Channel,
    /// A source that it is not for.
    pub except: Option<Source>,
    /// Where they come in.
    pub from: PortId,
    /// Where they come in instead while they come only there.
    pub standby: Option<PortId>,
}

impl FlowRule {
    /// Whether it is for these flows.
    #[must_use]
    pub fn covers(&self, source: Source, group: Group) -> bool {
        self.channel.covers(source, group) && self.except != Some(source)
    }
}

/// A route towards sources: their datagrams come in by `port`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceRoute {
    /// The network of the sources.
    pub prefix: IpNet,
    /// The router's interface that leads there.
    pub port: PortId,
    /// The next router on the way; `None` if a scenario's route leads to a link without one.
    #[serde(default)]
    pub via: Option<IpAddr>,
    /// What it costs.
    #[serde(default)]
    pub cost: RouteCost,
}

impl Router {
    /// Whether it is a proxy.
    #[must_use]
    pub fn is_proxy(&self) -> bool {
        self.interfaces.iter().any(|interface| interface.upstream)
    }

    /// Checks the router as a whole; `name` is that of an interface.
    ///
    /// # Errors
    /// The first error, in words.
    pub(super) fn check<'n>(&self, name: impl Fn(PortId) -> &'n str) -> Result<(), String> {
        let count = self.interfaces.len();
        if count > MOST_INTERFACES {
            return Err(format!(
                "{count} interfaces, but the kernel's multicast routing takes at most \
                 {MOST_INTERFACES}"
            ));
        }
        if self.keepalive.is_zero() {
            return Err("keepalive must not be 0".to_owned());
        }
        if self.pim.is_some() && self.is_proxy() {
            return Err("a proxy speaks no PIM".to_owned());
        }
        self.interfaces.iter().try_for_each(|interface| {
            if interface.upstream && interface.knobs.version == Version::V1 {
                let link = name(interface.port);
                return Err(format!("{link} is upstream, where a host speaks version 2 or 3"));
            }
            let checked = interface.knobs.check();
            checked.map_err(|invalid| format!("interface {}: {invalid}", name(interface.port)))
        })
    }
}
