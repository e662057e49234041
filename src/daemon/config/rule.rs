//! The static rules of a file: one `[[rule]]` is a rule for each interface that its pattern stands for.
//!
//! `from` and `to` are names or patterns of interfaces that the file has; a single address is the prefix
//! of its full length. Refuses what [`Rule::check`] refuses, with the line.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use super::{ConfigFile, glob};
use crate::addr::Family;
use crate::fixed::{InvalidRule, Rule};
use crate::router::config::ConfigError;

/// One `[[rule]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct RuleSettings(pub Rule<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "ways_in")]
    from: Vec<String>,
    #[serde(default)]
    source: Option<Net>,
    group: Net,
    #[serde(default)]
    except: Vec<Net>,
    to: Vec<String>,
}

/// One interface, or a preferred one and another.
fn ways_in<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "`from` is an interface, or a list of two, the preferred one first"
    )]
    enum Ways {
        One(String),
        Several(Vec<String>),
    }
    match Ways::deserialize(deserializer)? {
        Ways::One(one) => Ok(vec![one]),
        Ways::Several(ways) if (1..=2).contains(&ways.len()) => Ok(ways),
        Ways::Several(ways) => {
            // The kernel does not say on which of the others what it drops came in.
            let told = "`from` has one interface, or two, the preferred one first";
            Err(de::Error::custom(format!("{told}, not {}", ways.len())))
        }
    }
}

/// A network, or a single address as the network of its full length.
pub(super) struct Net(pub(super) IpNet);

impl<'de> Deserialize<'de> for Net {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
        let net = text.parse().ok().or_else(single);
        net.map(Self).ok_or_else(|| de::Error::custom(format!("`{text}` is no address or prefix")))
    }
}

impl TryFrom<Written> for RuleSettings {
    type Error = InvalidRule;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { from, source, group, except, to } = written;
        let except = except.into_iter().map(|net| net.0).collect();
        let (source, group) = (source.map(|net| net.0), group.0);
        let (from, standby) = match <[String; 2]>::try_from(from) {
            Ok([from, standby]) if from == standby => return Err(InvalidRule::SameStandby),
            Ok([from, standby]) => (from, Some(standby)),
            Err(mut one) => (one.remove(0), None),
        };
        let rule = Rule { from, standby, source, group, except, to };
        rule.check().map(|()| Self(rule))
    }
}

/// The ranges of groups of an interface's `boundaries`.
pub(super) fn boundaries<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<IpNet>, D::Error> {
    let nets = Vec::<Net>::deserialize(deserializer)?.into_iter().map(|Net(net)| net);
    let check = |net: IpNet| check_boundary(net).map(|()| net).map_err(de::Error::custom);
    nets.map(check).collect()
}

/// Checks that a boundary is a range of groups that may be forwarded.
///
/// # Errors
/// What it is instead.
pub(in crate::daemon) fn check_boundary(net: IpNet) -> Result<(), InvalidRule> {
    Rule { from: (), standby: None, source: None, group: net, except: Vec::new(), to: Vec::new() }
        .check()
}

impl ConfigFile {
    /// Checks that the groups of a rule pass each interface that it names.
    ///
    /// # Errors
    /// The first interface whose boundary they do not pass.
    pub(in crate::daemon) fn check_boundaries(
        &self,
        rule: &Rule<String>,
    ) -> Result<(), ConfigError> {
        for name in rule.incoming().chain(&rule.to) {
            let boundaries = self.settings(name).into_iter().flat_map(|own| &own.boundaries);
            if let Some(boundary) = boundaries.copied().find(|of| of.contains(&rule.group)) {
                return Err(ConfigError::RuleAtBoundary(rule.group, name.clone(), boundary));
            }
        }
        Ok(())
    }

    /// The rules of a family between the interfaces that `served` names.
    pub(super) fn rules(&self, family: Family, served: &[String]) -> Vec<Rule<String>> {
        let of_family = self.rule.iter().filter(|of| of.family() == family);
        of_family.flat_map(|rule| self.expanded(rule, served)).collect()
    }

    /// The rules that a rule stands for, one for each interface that its flows may come in on.
    #[must_use]
    pub fn expanded(&self, rule: &Rule<String>, served: &[String]) -> Vec<Rule<String>> {
        let to: Vec<String> = rule.to.iter().flat_map(|to| self.meant(to, served)).collect();
        // Its interfaces are not there yet, and without any it would stop its flows.
        if to.is_empty() && !rule.to.is_empty() {
            return Vec::new();
        }
        let from = self.meant(&rule.from, served);
        if let Some(standby) = &rule.standby {
            // Of a pattern the first one that is there.
            let mut ways = from.into_iter().take(1).chain(self.meant(standby, served));
            let Some(from) = ways.next() else { return Vec::new() };
            let standby = ways.find(|other| *other != from);
            return vec![Rule { from, standby, to, ..rule.clone() }];
        }
        from.into_iter().map(|from| Rule { from, to: to.clone(), ..rule.clone() }).collect()
    }

    /// The interfaces that a name of a rule stands for: what is served of a pattern, or the name itself
    /// unless it is of an interface that may come.
    fn meant(&self, name: &str, served: &[String]) -> Vec<String> {
        let known: Vec<String> =
            served.iter().filter(|other| glob::matches(name, other)).cloned().collect();
        let may_come = glob::is_pattern(name)
            || self.settings(name).is_some_and(|interface| interface.is_pattern());
        if known.is_empty() && !may_come { vec![name.to_owned()] } else { known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "interface = [{ name = 'lan' }, { name = 'wan' }, { name = 'tun*' }]\n";

    fn rules(text: &str, served: &[&str]) -> Vec<(String, Vec<String>)> {
        let file = ConfigFile::parse(&format!("{FILE}[[rule]]\n{text}")).unwrap();
        let served: Vec<String> = served.iter().map(|&name| name.to_owned()).collect();
        let rules = file.routers(&served).unwrap().v4.unwrap().rules;
        rules.into_iter().map(|rule| (rule.from, rule.to)).collect()
    }

    #[test]
    fn a_pattern_of_a_rule_is_every_interface_that_is_served() {
        let out = "from = 'lan'\ngroup = '239.1.1.1'\nto = ['tun*', 'wan']";
        let to = |served: &[&str]| rules(out, served)[0].1.clone();
        assert_eq!(to(&["lan", "wan", "tun0", "tun1", "tun2"]), ["tun0", "tun1", "tun2", "wan"]);
        assert_eq!(to(&["lan", "wan"]), ["wan"]);
        let from = "from = 'tun*'\ngroup = '239.1.0.0/16'\nsource = '10.0.0.7'\nto = ['lan']";
        let froms = rules(from, &["lan", "wan", "tun0", "tun1"]);
        assert_eq!(froms.iter().map(|rule| &rule.0).collect::<Vec<_>>(), ["tun0", "tun1"]);
    }

    #[test]
    fn a_rule_may_have_a_second_way_in() {
        let ways = |from: &str, served: &[&str]| {
            let rule = format!("[[rule]]\nfrom = {from}\ngroup = '239.1.1.1'\nto = ['lan']");
            let file =
                ConfigFile::parse(&format!("{FILE}{rule}")).map_err(|why| why.to_string())?;
            let served: Vec<String> = served.iter().map(|&name| name.to_owned()).collect();
            let rules = file.routers(&served).unwrap().v4.unwrap().rules;
            Ok::<_, String>(rules.into_iter().map(|of| (of.from, of.standby)).collect::<Vec<_>>())
        };
        let both = |from: &str, standby: Option<&str>| {
            Ok(vec![(from.to_owned(), standby.map(str::to_owned))])
        };
        assert_eq!(ways("['wan', 'tun*']", &["lan", "wan", "tun0"]), both("wan", Some("tun0")));
        assert_eq!(ways("['wan', 'tun*']", &["lan", "wan"]), both("wan", None));
        assert_eq!(ways("['tun*', 'wan']", &["lan", "wan"]), both("wan", None));
        assert_eq!(ways("['wan']", &["lan", "wan"]), both("wan", None));
        for (wrong, why) in [
            ("['wan', 'lan', 'tun*']", "one interface, or two"),
            ("[]", "one interface, or two"),
            ("['wan', 'wan']", "both incoming interfaces are the same one"),
            ("7", "`from` is an interface, or a list of two"),
        ] {
            let told = ways(wrong, &[]).unwrap_err();
            assert!(told.contains(why) && told.contains("line "), "{told}");
        }
    }

    #[test]
    fn a_rule_stops_flows_only_if_it_says_so() {
        let only = "from = 'lan'\ngroup = '239.1.1.1'\nto = ['tun*']";
        assert_eq!(rules(only, &["lan", "wan"]), []);
        let stop = "from = 'lan'\ngroup = '239.1.1.1'\nto = []";
        assert_eq!(rules(stop, &["lan", "wan"]), [("lan".to_owned(), vec![])]);
    }

    #[test]
    fn a_rule_that_a_boundary_forbids_is_refused_and_one_of_more_groups_is_not() {
        let told = |boundaries: &str, group: &str| {
            let interfaces = format!(
                "interface = [{{ name = 'lan' }}, {{ name = 'wan', boundaries = [{boundaries}] }}]"
            );
            let rule = format!("[[rule]]\nfrom = 'lan'\ngroup = '{group}'\nto = ['wan']");
            let file = ConfigFile::parse(&format!("{interfaces}\n{rule}"));
            let file = file.map_err(|why| why.to_string())?;
            file.check().map(drop).map_err(|why| why.to_string())
        };
        for (boundary, group, more) in
            [("239.0.0.0/8", "239.1.1.1", "224.0.0.0/4"), ("ff05::/16", "ff05:1::/32", "ff00::/8")]
        {
            let boundaries = format!("'{boundary}', 'ff08::/16'");
            let why = told(&boundaries, group).unwrap_err();
            let named = format!("names the interface wan, whose boundary {boundary}");
            assert!(why.contains(&named), "{why}");
            assert_eq!(told(&boundaries, more), Ok(()), "only a part of it is kept from wan");
            assert_eq!(told("'239.255.0.0/16'", group), Ok(()));
        }
        let join = "interface = [{ name = 'lan', boundaries = ['239.0.0.0/8'], \
                    static-joins = [{ group = '239.1.1.1' }] }]";
        let why = ConfigFile::parse(join).unwrap().check().unwrap_err().to_string();
        assert!(why.contains("does not pass the boundary 239.0.0.0/8"), "{why}");
        for (wrong, why) in [("'10.0.0.0/8'", "no multicast group"), ("'ff02::/16'", "on its link")]
        {
            let told = told(wrong, "239.1.1.1").unwrap_err();
            assert!(told.contains(why) && told.contains("line "), "{told}");
        }
    }

    #[test]
    fn a_rule_that_cannot_be_used_is_refused() {
        for (text, why) in [
            ("from = 'lan'\ngroup = '10.0.0.0/8'\nto = []", "no multicast group"),
            ("from = 'lan'\ngroup = 'all'\nto = []", "`all` is no address or prefix"),
            ("from = 'lan'\ngroup = '224.0.0.5'\nto = []", "stays on its link"),
            ("from = 'lan'\ngroup = '239.1.1.1'", "missing field `to`"),
            (
                "from = 'lan'\ngroup = '239.1.1.1'\nsource = '10.0.0.0/24'\nexcept = ['10.0.1.7']\nto = []",
                "the exception 10.0.1.7/32 is not within 10.0.0.0/24",
            ),
            (
                "from = 'lan'\ngroup = 'ff05:1::/32'\nexcept = ['ff05::/16']\nto = []",
                "the exception ff05::/16 is all of ff05:1::/32",
            ),
            (
                "from = 'lan'\ngroup = 'ff05:1::/32'\nexcept = ['10.0.0.7']\nto = []",
                "are of two address families",
            ),
            (
                "from = 'lan'\ngroup = '239.1.1.1'\nexcept = ['some']\nto = []",
                "`some` is no address",
            ),
        ] {
            let told = ConfigFile::parse(&format!("{FILE}[[rule]]\n{text}")).unwrap_err();
            let told = told.to_string();
            assert!(told.contains("line ") && told.contains(why), "{told}");
        }
        let unknown = "[[rule]]\nfrom = 'dmz'\ngroup = '239.1.1.1'\nto = []";
        let told = ConfigFile::parse(&format!("{FILE}{unknown}")).unwrap().check().unwrap_err();
        assert!(told.to_string().contains("names the interface dmz"), "{told}");
    }
}
