//! The table `mld`: the keys of `igmp`, and MLD's own names and numbers for what is called otherwise
//! there.
//!
//! Owns the names of RFC 2710 section 7 and RFC 9777 section 9. Refuses the keys for which MLD has a
//! fixed rule.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StringDeserializer, U64Deserializer};
use serde::de::{self, DeserializeSeed, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::settings::IgmpSettings;
use crate::addr::Family;

/// The parameters of MLD, as those of IGMP that mean the same.
#[derive(Clone, Debug, Default)]
pub struct MldSettings(pub IgmpSettings);

impl<'de> Deserialize<'de> for MldSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Table).map(Self)
    }
}

struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = IgmpSettings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of parameters of MLD")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<IgmpSettings, A::Error> {
        let named = Named { map, last: String::new() };
        IgmpSettings::deserialize(MapAccessDeserializer::new(named))?.of(Family::V6)
    }
}

/// The entries of the table, each under IGMP's key and with IGMP's number.
struct Named<A> {
    map: A,
    /// The key whose value comes next.
    last: String,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Named<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.map.next_key_seed(Key { seed, last: &mut self.last })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.last.as_str() {
            "version" => self.map.next_value_seed(Number { seed, of: VERSIONS }),
            "rfc" => self.map.next_value_seed(Number { seed, of: RFCS }),
            _ => self.map.next_value_seed(seed),
        }
    }
}

/// MLDv1 is to IPv6 what IGMPv2 is to IPv4, and MLDv2 what IGMPv3 is.
const VERSIONS: Numbers =
    Numbers { what: "the router speaks MLD version 1 or 2", pairs: &[(1, 2), (2, 3)] };

const RFCS: Numbers = Numbers {
    what: "rfc is 2710, 3810 or 9777",
    pairs: &[(2710, 2236), (3810, 3376), (9777, 9776)],
};

/// Numbers of MLD, each with IGMP's number for the same thing.
#[derive(Clone, Copy)]
struct Numbers {
    what: &'static str,
    pairs: &'static [(u64, u64)],
}

struct Number<V> {
    seed: V,
    of: Numbers,
}

impl<'de, V: DeserializeSeed<'de>> DeserializeSeed<'de> for Number<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let given = u64::deserialize(deserializer)?;
        let found = self.of.pairs.iter().find(|(of_mld, _)| *of_mld == given);
        let (_, of_igmp) = found.ok_or_else(|| {
            de::Error::custom(format!("{what}, not {given}", what = self.of.what))
        })?;
        let number: U64Deserializer<D::Error> = of_igmp.into_deserializer();
        self.seed.deserialize(number)
    }
}

struct Key<'a, K> {
    seed: K,
    last: &'a mut String,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<'_, K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        let given = String::deserialize(deserializer)?;
        if let Some(why) = fixed(&given) {
            return Err(de::Error::custom(format!("MLD has no `{given}`: {why}")));
        }
        *self.last = given.replace("last-listener-query-", "last-member-query-");
        let key: StringDeserializer<D::Error> = self.last.clone().into_deserializer();
        self.seed.deserialize(key)
    }
}

/// What MLD fixes about the subject of a key of IGMP.
fn fixed(key: &str) -> Option<&'static str> {
    match key {
        // RFC2710-3-01, RFC3810-7.4-01
        "require-router-alert" => Some("a message without Router Alert is always ignored"),
        // RFC3810-7.4-01
        "require-ttl-1" => Some("a message with another hop limit than 1 is always ignored"),
        // RFC3810-5.2.13-02
        "verify-source-subnet" => Some("a message of another link's source is always ignored"),
        "ignore-version-1" => Some("its version 1 corresponds to IGMPv2"),
        _ => None,
    }
}
