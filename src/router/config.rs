//! The configuration of a router.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::addr::{Channel, Family};
use crate::fixed::{InvalidRule, Rule};
use crate::gmp::message::Version;
use crate::gmp::params::{self, Params};
use crate::mfc::vif::Vif;
use crate::pim::params::LinkParams;
use crate::rib::Cost;
use crate::{mrd, pim};

/// How long a flow may be idle before its entry is deleted, unless configured: the Keepalive Period
/// of PIM-SM (RFC 7761 section 4.11).
pub const KEEPALIVE: Duration = Duration::from_secs(210);

/// The most flows that may come in on one interface, unless configured.
pub const MAX_FLOWS: u32 = 65_536;

/// A router. The position of an interface in the list is its [`Vif`] number at the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    /// The address family that it routes.
    pub family: Family,
    /// The interfaces between which it forwards, at most [`Vif::MAX`], or one less with PIM.
    pub interfaces: Vec<InterfaceConfig>,
    /// Routes towards sources that are not on a connected network.
    pub routes: Vec<RouteConfig>,
    /// Static rules, with interfaces by their names.
    #[serde(default)]
    pub rules: Vec<Rule<String>>,
    /// How long a flow may be idle before its entry is deleted: an entry goes within this time of the
    /// last datagram, and at most a sixteenth of it early.
    pub keepalive: Duration,
    /// The most flows that may come in on one interface; one more gets no entry.
    pub max_flows: u32,
    /// The parameters of PIM; `None` if the router does not speak it.
    #[serde(default)]
    pub pim: Option<pim::params::Params>,
}

/// One interface of a router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InterfaceConfig {
    /// The kernel's name for it.
    pub name: String,
    /// Its addresses with their networks; group management speaks from one of them, see
    /// [`InterfaceConfig::address`].
    pub addresses: Vec<IpNet>,
    /// The IGMP parameters; `None` if IGMP is off here.
    pub igmp: Option<Params>,
    /// A datagram leaves here only if its TTL on arrival is greater.
    pub threshold: u8,
    /// Channels that are forwarded here whether or not there are members.
    pub static_joins: BTreeSet<Channel>,
    /// Whether the router is a proxy (RFC 4605) and this is its upstream interface: it is a host here,
    /// which wants what members on the other interfaces want. `igmp` has the host's version and robustness.
    #[serde(default)]
    pub upstream: bool,
    /// Whether a proxy forwards to members here even where another router is the querier.
    #[serde(default)]
    pub only_forwarder: bool,
    /// The parameters of PIM; `None` if PIM is off here. The router must speak it, too.
    #[serde(default)]
    pub pim: Option<LinkParams>,
    /// The parameters of Multicast Router Discovery; `None` if it is off here.
    #[serde(default)]
    pub discovery: Option<mrd::Params>,
    /// Administrative boundaries (RFC 2365 section 5): ranges of groups that pass here in neither direction,
    /// whoever wants them.
    #[serde(default)]
    pub boundaries: Vec<IpNet>,
}

impl InterfaceConfig {
    /// The boundary that keeps the groups of the network from passing here, all of them.
    #[must_use]
    pub fn boundary(&self, groups: IpNet) -> Option<IpNet> {
        self.boundaries.iter().copied().find(|range| range.contains(&groups))
    }

    /// The address that group management speaks from: the first one of IPv4, or the first link-local one
    /// of IPv6 (RFC2710-4-01, RFC3810-5.1.14-01).
    #[must_use]
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        let speaks = |addr: &IpAddr| match addr {
            IpAddr::V4(_) => family == Family::V4,
            IpAddr::V6(addr) => family == Family::V6 && addr.is_unicast_link_local(),
        };
        self.addresses.iter().map(IpNet::addr).find(speaks)
    }
}

/// A route towards sources: their datagrams come in on `interface`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouteConfig {
    /// The network of the sources.
    pub prefix: IpNet,
    /// The name of the interface.
    pub interface: String,
    /// The router that leads there, which PIM needs to know.
    #[serde(default)]
    pub via: Option<IpAddr>,
    /// What it costs, which PIM's Asserts compare.
    #[serde(default)]
    pub cost: Cost,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The kernel's limit is [`Vif::MAX`], of which PIM needs one for Registers.
    #[error("{0} interfaces, but the kernel's multicast routing takes at most {1}")]
    TooManyInterfaces(usize, usize),
    /// The number that PIM needs for Registers is one of these interfaces' until the router starts again.
    #[error("PIM needs the last number of an interface, which {0} has until the next start")]
    RegisterNumber(String),
    /// With zero every flow would be deleted as soon as it is installed.
    #[error("keepalive must not be 0")]
    Keepalive,
    /// Without any flow nothing is forwarded.
    #[error("max-flows must not be 0")]
    MaxFlows,
    /// Two interfaces have this name.
    #[error("interface {0} stands twice")]
    DuplicateInterface(String),
    /// Queries need a source address.
    #[error("interface {0} has no {own} address to send Queries from", own = match .1 {
        Family::V4 => "IPv4",
        Family::V6 => "link-local IPv6",
    })]
    NoAddress(String, Family),
    /// The parameters contradict each other.
    #[error("interface {0}: {1}")]
    Igmp(String, params::Invalid),
    /// The parameters of PIM contradict each other.
    #[error("pim: {0}")]
    Pim(#[from] pim::params::Invalid),
    /// The parameters of PIM on an interface contradict each other.
    #[error("interface {0}: pim: {1}")]
    PimLink(String, pim::params::Invalid),
    /// A route names an unknown interface.
    #[error("the route to {0} names the interface {1}, which is not configured")]
    UnknownInterface(IpNet, String),
    /// A static rule names an unknown interface.
    #[error("the rule for {0} names the interface {1}, which is not configured")]
    UnknownInRule(IpNet, String),
    /// A static rule can hold for no flow.
    #[error("rule: {0}")]
    Rule(#[from] InvalidRule),
    /// The groups of a static rule do not pass an interface that it names.
    #[error("the rule for {0} names the interface {1}, whose boundary {2} they do not pass")]
    RuleAtBoundary(IpNet, String, IpNet),
    /// The group of a static join does not pass the interface.
    #[error(
        "interface {0}: {1} cannot be joined statically, because it does not pass the boundary {2}"
    )]
    JoinAtBoundary(String, Channel, IpNet),
    /// The router is of another family.
    #[error("interface {0}: {1} is not of {2}, the family that is routed")]
    OtherFamily(String, Channel, Family),
    /// RFC4605-3-02
    #[error("{0} and {1} are both upstream, and a proxy has one upstream interface")]
    TwoUpstreams(String, String),
    /// RFC4605-3-02
    #[error("interface {0} is upstream, and there is no other to forward to")]
    NoDownstream(String),
    /// RFC4605-3-02: which one of those that the pattern stands for would be left to chance.
    #[error("interface {0} is upstream, which is the name of one interface and no pattern")]
    UpstreamPattern(String),
    /// A host that is configured for version 1 could never leave a group.
    #[error("interface {0} is upstream, where a host speaks version 2 or 3")]
    UpstreamVersion1(String),
    /// PIM joins trees, and a proxy has none.
    #[error("interface {0} is upstream, and a proxy speaks no PIM")]
    UpstreamWithPim(String),
    /// Nothing of PIM has an effect before an interface speaks it.
    #[error("{0} is for PIM, which no interface speaks: give it the key `pim`, as in `pim = {{}}`")]
    PimNowhere(&'static str),
    /// A neighbour that is reached by the other family.
    #[error("the route to {0} leads by {1}, which is not of its family")]
    OtherNeighbour(IpNet, IpAddr),
    /// RFC1112-7.2-05
    #[error("interface {0}: {1} stays on its link and cannot be joined statically")]
    LinkLocalJoin(String, Channel),
}

impl Config {
    /// Checks the configuration as a whole.
    ///
    /// # Errors
    /// The first error.
    pub fn check(&self) -> Result<(), ConfigError> {
        let most = Vif::MAX - usize::from(self.pim.is_some());
        if self.interfaces.len() > most {
            return Err(ConfigError::TooManyInterfaces(self.interfaces.len(), most));
        }
        if self.keepalive.is_zero() {
            return Err(ConfigError::Keepalive);
        }
        if self.max_flows == 0 {
            return Err(ConfigError::MaxFlows);
        }
        if let Some(pim) = &self.pim {
            pim.check(self.family)?;
        }
        let mut names = BTreeSet::new();
        for interface in &self.interfaces {
            let name = || interface.name.clone();
            if !names.insert(&interface.name) {
                return Err(ConfigError::DuplicateInterface(name()));
            }
            if let Some(params) = &interface.igmp {
                params.check(self.family).map_err(|invalid| ConfigError::Igmp(name(), invalid))?;
            }
            if let (Some(params), Some(router)) = (&interface.pim, &self.pim) {
                params.check(router).map_err(|invalid| ConfigError::PimLink(name(), invalid))?;
            }
            for &join in &interface.static_joins {
                if join.group.is_link_local() {
                    return Err(ConfigError::LinkLocalJoin(name(), join));
                }
                if !join.is_of(self.family) {
                    return Err(ConfigError::OtherFamily(name(), join, self.family));
                }
                if let Some(boundary) = interface.boundary(join.group.addr().into()) {
                    return Err(ConfigError::JoinAtBoundary(name(), join, boundary));
                }
            }
        }
        self.check_upstream()?;
        for route in &self.routes {
            if !names.contains(&route.interface) {
                return Err(ConfigError::UnknownInterface(route.prefix, route.interface.clone()));
            }
        }
        for rule in &self.rules {
            rule.check()?;
            let mut named = rule.incoming().chain(&rule.to);
            if let Some(unknown) = named.find(|name| !names.contains(name)) {
                return Err(ConfigError::UnknownInRule(rule.group, unknown.clone()));
            }
        }
        Ok(())
    }

    /// Checks the upstream interface of a proxy, if there is one.
    fn check_upstream(&self) -> Result<(), ConfigError> {
        let mut upstream = self.interfaces.iter().filter(|interface| interface.upstream);
        let Some(first) = upstream.next() else { return Ok(()) };
        let name = first.name.clone();
        if let Some(second) = upstream.next() {
            return Err(ConfigError::TwoUpstreams(name, second.name.clone()));
        }
        if self.pim.is_some() {
            return Err(ConfigError::UpstreamWithPim(name));
        }
        match &first.igmp {
            Some(params) if params.version == Version::V1 => {
                Err(ConfigError::UpstreamVersion1(name))
            }
            _ => Ok(()),
        }
    }

    /// Checks that every interface that asks has an address, where nobody reports addresses later.
    pub(super) fn check_addresses(&self) -> Result<(), ConfigError> {
        let asks = |interface: &&InterfaceConfig| interface.igmp.is_some();
        let mut asking = self.interfaces.iter().filter(asks);
        match asking.find(|interface| interface.address(self.family).is_none()) {
            Some(mute) => Err(ConfigError::NoAddress(mute.name.clone(), self.family)),
            None => Ok(()),
        }
    }
}
