//! The groups of a file that the machine itself joins, so that their streams come here: one
//! `[[membership]]` is a join for each address of its prefixes, on each interface that its pattern stands
//! for.
//!
//! Refuses what is no group, what the kernel's sockets could hardly hold, and two families in one.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use super::rule::Net;
use crate::addr::Family;

/// The most joins that one `[[membership]]` may stand for.
const MOST: u64 = 65_536;

/// One `[[membership]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct MembershipSettings {
    /// The interface, or a pattern of interfaces.
    pub interface: String,
    /// The sources; every source unless given.
    pub source: Option<IpNet>,
    /// The groups.
    pub group: IpNet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    interface: String,
    #[serde(default)]
    source: Option<Net>,
    group: Net,
}

impl TryFrom<Written> for MembershipSettings {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { interface, source, group } = written;
        let joins = Self { interface, source: source.map(|net| net.0), group: group.0 };
        joins.check().map(|()| joins)
    }
}

impl MembershipSettings {
    /// Checks that it can be joined.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn check(&self) -> Result<(), String> {
        let group = self.group;
        if !group.network().is_multicast() || !group.broadcast().is_multicast() {
            return Err(format!("{group} is no multicast group or prefix of groups"));
        }
        if let Some(source) = self.source {
            if Family::of(source.addr()) != Family::of(group.addr()) {
                return Err(format!("{source} and {group} are of two address families"));
            }
            if source.network().is_multicast() || source.network().is_unspecified() {
                return Err(format!("{source} is no network of sources"));
            }
        }
        let count =
            |net: IpNet| 1_u64.checked_shl(u32::from(net.max_prefix_len() - net.prefix_len()));
        let sources = self.source.map_or(Some(1), count);
        match count(group).zip(sources).and_then(|(groups, sources)| groups.checked_mul(sources)) {
            Some(..=MOST) => Ok(()),
            _ => Err(format!("{group} from its sources is more than {MOST} joins")),
        }
    }

    /// Each group with its source, if it has one.
    pub fn channels(&self) -> impl Iterator<Item = (Option<IpAddr>, IpAddr)> {
        let groups = addresses(self.group);
        groups.flat_map(|group| {
            let sources: Box<dyn Iterator<Item = Option<IpAddr>>> = match self.source {
                None => Box::new(std::iter::once(None)),
                Some(net) => Box::new(addresses(net).map(Some)),
            };
            sources.map(move |source| (source, group))
        })
    }
}

/// Every address of a network, the first and the last one too.
fn addresses(net: IpNet) -> Box<dyn Iterator<Item = IpAddr>> {
    match net {
        IpNet::V4(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            Box::new((first..=last).map(|bits| std::net::Ipv4Addr::from_bits(bits).into()))
        }
        IpNet::V6(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            Box::new((first..=last).map(|bits| std::net::Ipv6Addr::from_bits(bits).into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::daemon::config::ConfigFile;

    fn joins(text: &str) -> Result<Vec<String>, String> {
        let file = ConfigFile::parse(&format!("[[membership]]\ninterface = 'lan'\n{text}"));
        let file = file.map_err(|why| why.to_string())?;
        let shown = |(source, group): (Option<std::net::IpAddr>, std::net::IpAddr)| match source {
            None => group.to_string(),
            Some(source) => format!("{source}>{group}"),
        };
        Ok(file.membership[0].channels().map(shown).collect())
    }

    #[test]
    fn a_prefix_is_every_address_of_it() {
        assert_eq!(joins("group = '239.1.1.1'").unwrap(), ["239.1.1.1"]);
        let both = "group = '232.1.1.6/31'\nsource = '10.0.0.255/31'";
        let found = joins(both).unwrap();
        let wanted = ["10.0.0.254>232.1.1.6", "10.0.0.255>232.1.1.6", "10.0.0.254>232.1.1.7"];
        assert_eq!((&found[..3], found.len()), (&wanted.map(str::to_owned)[..], 4));
        assert_eq!(joins("group = 'ff05::1:0/126'").unwrap().len(), 4);
        assert_eq!(joins("group = '239.1.0.0/16'").unwrap().len(), 65_536);
    }

    #[test]
    fn what_cannot_be_joined_is_refused_with_its_line() {
        for (text, why) in [
            ("group = '10.1.1.1'", "no multicast group"),
            ("group = '239.0.0.0/8'", "more than 65536 joins"),
            ("group = 'ff00::/8'", "more than 65536 joins"),
            ("group = '239.1.0.0/17'\nsource = '10.0.0.0/30'", "more than 65536 joins"),
            ("group = '239.1.1.1'\nsource = 'fd00::1'", "two address families"),
            ("group = '239.1.1.1'\nsource = '239.1.1.1'", "no network of sources"),
            ("source = '10.0.0.1'", "missing field `group`"),
        ] {
            let said = joins(text).unwrap_err();
            assert!(said.contains("line ") && said.contains(why), "{text}: {said}");
        }
    }
}
