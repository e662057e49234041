//! The parameters of group management in a configuration, and how a value is written there.
//!
//! The keys are those of IGMP's rows ([`parameters!`]); a scenario shares them.

use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use crate::addr::Family;
use crate::gmp::message::Version;
use crate::gmp::params::{Params, Profile, parameters};

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
    /// The settings, unless they name a range of the other family.
    pub(super) fn of<E: de::Error>(self, family: Family) -> Result<Self, E> {
        match self.source_specific_range.flatten() {
            Some(range) if Family::of(range.addr()) != family => {
                Err(E::custom(format!("source-specific-range is of {family}, and {range} is not")))
            }
            _ => Ok(self),
        }
    }

    /// The parameters, with the RFC's defaults for missing keys.
    #[must_use]
    pub fn params(&self) -> Params {
        self.over(&Params::default())
    }
}

/// The table `igmp`.
pub(super) fn igmp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IgmpSettings, D::Error> {
    IgmpSettings::deserialize(deserializer)?.of(Family::V4)
}

/// How the value of a setting is written.
pub(super) trait Written: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

pub(super) fn given<'de, D: Deserializer<'de>, T: Written>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
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

impl Written for IpNet {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let net = Self::deserialize(deserializer)?;
        match net.addr().is_multicast() {
            true => Ok(net),
            false => {
                Err(de::Error::custom(format!("{net} is a network of sources, not of groups")))
            }
        }
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
