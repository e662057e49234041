//! PIM in a configuration: the table `pim` of the router and of its interfaces, and `[[rp]]`.
//!
//! The keys are those of a scenario's table `pim`. What an interface leaves out is the router's, and what
//! the router leaves out is the RFC's (RFC7761-4.11-01).

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use super::settings::{Written, given};
use super::{ConfigFile, InterfaceSettings};
use crate::addr::Family;
use crate::pim::params::{LinkParams, Params, SptSwitchover, StaticRp};
use crate::router::config::ConfigError;

macro_rules! link_settings {
    ($($(#[$about:meta])+ $field:ident: $type:ty;)+) => {
        /// The table `pim` of an interface, which speaks PIM then.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct PimLinkSettings {
            $(
                $(#[$about])+
                #[serde(default, deserialize_with = "given")]
                pub $field: Option<$type>,
            )+
        }

        /// The router's table `pim`: what interfaces leave out, and what a router has once.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct PimSettings {
            $(
                $(#[$about])+
                #[serde(default, deserialize_with = "given")]
                pub $field: Option<$type>,
            )+
            /// `t_periodic`: from one Join to the next; 60 s unless given.
            #[serde(default, deserialize_with = "given")]
            pub join_prune_period: Option<Duration>,
            /// `Register_Suppression_Time`; 60 s unless given.
            #[serde(default, deserialize_with = "given")]
            pub register_suppression_time: Option<Duration>,
            /// `Register_Probe_Time`; 5 s unless given.
            #[serde(default, deserialize_with = "given")]
            pub register_probe_time: Option<Duration>,
            /// When a flow of the RP's tree is joined towards its source; `immediate` unless given.
            #[serde(default)]
            pub spt_switchover: Option<SptSwitchover>,
        }

        impl PimLinkSettings {
            /// The parameters of an interface of a router with these others.
            fn over(&self, all: &PimSettings) -> LinkParams {
                let base = LinkParams::default();
                LinkParams { $($field: self.$field.or(all.$field).unwrap_or(base.$field),)+ }
            }
        }
    };
}

link_settings! {
    /// `Hello_Period`; 30 s unless given.
    hello_period: Duration;
    /// `Triggered_Hello_Delay`; 5 s unless given.
    triggered_hello_delay: Duration;
    /// The DR Priority; 1 unless given.
    dr_priority: u32;
    /// `Propagation_Delay`; 500 ms unless given.
    propagation_delay: Duration;
    /// `Override_Interval`; 2500 ms unless given.
    override_interval: Duration;
}

/// One `[[rp]]`: the RP of some groups, by configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpSettings {
    /// Its address, by which its family is known.
    #[serde(deserialize_with = "rp")]
    pub address: IpAddr,
    /// Its ranges of groups; all groups of the family unless given.
    #[serde(default, deserialize_with = "ranges")]
    pub groups: Vec<IpNet>,
}

fn rp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    let address = IpAddr::deserialize(deserializer)?;
    let reaches_only_the_link = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_loopback(),
    };
    if address.is_multicast() || address.is_unspecified() || reaches_only_the_link {
        let why = format!("{address} is no address that every router of the domain can reach");
        return Err(de::Error::custom(why));
    }
    Ok(address)
}

fn ranges<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Range(#[serde(deserialize_with = "range")] IpNet);

    fn range<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
        <IpNet as Written>::read(deserializer)
    }

    let ranges = Vec::<Range>::deserialize(deserializer)?;
    match ranges.is_empty() {
        true => Err(de::Error::custom("an RP without groups is the RP of nothing")),
        false => Ok(ranges.into_iter().map(|range| range.0).collect()),
    }
}

impl RpSettings {
    /// The RP with each of its ranges.
    fn configured(&self) -> impl Iterator<Item = StaticRp> {
        let all = match Family::of(self.address) {
            Family::V4 => IpNet::V4(ipnet::Ipv4Net::new_assert([224, 0, 0, 0].into(), 4)),
            Family::V6 => {
                IpNet::V6(ipnet::Ipv6Net::new_assert([0xff00, 0, 0, 0, 0, 0, 0, 0].into(), 8))
            }
        };
        let ranges = if self.groups.is_empty() { vec![all] } else { self.groups.clone() };
        let address = self.address;
        ranges.into_iter().map(move |groups| StaticRp { address, groups })
    }
}

impl ConfigFile {
    /// The parameters of PIM on an interface; `None` if it is not spoken there.
    pub(super) fn pim_link(&self, interface: &InterfaceSettings) -> Option<LinkParams> {
        let own = interface.pim.as_ref()?;
        Some(own.over(&self.pim.clone().unwrap_or_default()))
    }

    /// Checks that somebody speaks PIM, if the file says anything of it.
    pub(super) fn check_pim(&self) -> Result<(), ConfigError> {
        let what = match (&self.pim, &self.rp[..]) {
            _ if self.interface.iter().any(|interface| interface.pim.is_some()) => return Ok(()),
            (Some(_), _) => "the table `pim`",
            (None, [_, ..]) => "`[[rp]]`",
            (None, []) => return Ok(()),
        };
        Err(ConfigError::PimNowhere(what))
    }

    /// The router's parameters of PIM in a family; `None` if no interface speaks it.
    pub(super) fn pim(&self, family: Family) -> Option<Params> {
        self.interface.iter().find(|interface| interface.pim.is_some())?;
        let (base, own) = (Params::default(), &self.pim.clone().unwrap_or_default());
        let rps = self.rp.iter().filter(|rp| Family::of(rp.address) == family);
        Some(Params {
            join_prune_period: own.join_prune_period.unwrap_or(base.join_prune_period),
            register_suppression_time: own
                .register_suppression_time
                .unwrap_or(base.register_suppression_time),
            register_probe_time: own.register_probe_time.unwrap_or(base.register_probe_time),
            spt_switchover: own.spt_switchover.unwrap_or(base.spt_switchover),
            rps: rps.flat_map(RpSettings::configured).collect(),
        })
    }
}
