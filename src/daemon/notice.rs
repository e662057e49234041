//! What keeps datagrams from coming in or going out where the configuration wants them, each named with
//! its culprit and the cure.
//!
//! Only what can be seen on the machine: devices, addresses, rules, and the reverse path filter of the
//! kernel (RFC 3704), which drops datagrams before anybody hears of them.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::IpAddr;

use ipnet::IpNet;

use super::config::ConfigFile;
use super::links::{Links, Seen};
use super::served::Served;
use crate::addr::Family;
use crate::kernel::{DEFAULT_TABLE, DEFAULT_TABLE_6};
use crate::mfc::vif::Vif;

/// One hindrance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// No device has the name.
    Absent(String),
    /// An administrator has it down.
    Down(String),
    /// Its cable is out, or its peer is down.
    NoCarrier(String),
    /// It has no `MULTICAST` flag.
    NotMulticast(String),
    /// It has no IPv4 address.
    NoAddress(String),
    /// One table has no room for it.
    LeftOut(String),
    /// The kernel's reverse path filter drops datagrams of a `[[route]]`, or of any source without a
    /// unicast route.
    ReversePath {
        /// The interface.
        name: String,
        /// The sysctl that is in force, and its value.
        sysctl: (String, u8),
        /// The network of a `[[route]]` whose datagrams are dropped.
        prefix: Option<IpNet>,
    },
    /// No rule has the table looked up for what comes in.
    NoRule(String, Family, u32),
    /// The kernel refuses a membership of the file, in words.
    NotJoined(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJoined(why) => f.write_str(why),
            Self::Absent(name) => write!(f, "{name} is not there, and is served once it is"),
            Self::Down(name) => write!(f, "{name} is down, and is served once it is up"),
            Self::NoCarrier(name) => {
                write!(f, "{name} has no carrier, and is served once its other end is up")
            }
            Self::NotMulticast(name) => write!(
                f,
                "{name} has no MULTICAST flag, and is not served without it: \
                 ip link set dev {name} multicast on"
            ),
            Self::NoAddress(name) => {
                write!(
                    f,
                    "{name} has no IPv4 address, and nobody asks for members there without one"
                )
            }
            Self::LeftOut(name) => write!(
                f,
                "{name} is not served: the kernel's multicast routing takes at most {} interfaces",
                Vif::MAX
            ),
            Self::ReversePath { name, sysctl: (sysctl, value), prefix } => {
                write!(f, "{sysctl} is {value}: the kernel drops ")?;
                match prefix {
                    Some(prefix) => write!(f, "datagrams from {prefix} on {name}, because ")?,
                    None => write!(f, "each datagram on {name} to whose source ")?,
                }
                f.write_str("it has no unicast route")?;
                if *value == 1 { write!(f, " out of {name}") } else { Ok(()) }
            }
            Self::NoRule(name, family, table) => write!(
                f,
                "no rule has {family} datagrams on {name} routed by table {table}: \
                 ip {}mrule add iif {name} lookup {table}",
                if *family == Family::V6 { "-6 " } else { "" }
            ),
        }
    }
}

/// Everything that keeps the interfaces from being served now.
#[must_use]
pub fn notices(file: &ConfigFile, served: &Served, links: &Links) -> BTreeSet<Notice> {
    let mut found: BTreeSet<Notice> =
        served.left_out.iter().cloned().map(Notice::LeftOut).collect();
    for name in &served.names {
        match links.devices().named(name) {
            None => _ = found.insert(Notice::Absent(name.clone())),
            Some(seen) => {
                found.extend(of_link(file, name, seen));
                found.extend(of_reverse_path(file, name, links));
            }
        }
    }
    for family in [Family::V4, Family::V6].into_iter().filter(|family| file.is_routed(*family)) {
        found.extend(of_rules(file, family, served, links));
    }
    found
}

fn of_link(file: &ConfigFile, name: &str, seen: &Seen) -> Option<Notice> {
    let name = name.to_owned();
    let has_address = || seen.addresses().iter().any(|net| Family::of(net.addr()) == Family::V4);
    let asks = || file.settings(&name).is_some_and(|settings| settings.igmp_enabled);
    if !seen.device.is_up {
        Some(Notice::Down(name))
    } else if !seen.device.is_multicast {
        Some(Notice::NotMulticast(name))
    } else if !seen.device.is_running {
        Some(Notice::NoCarrier(name))
    } else if file.is_routed(Family::V4) && asks() && !has_address() {
        Some(Notice::NoAddress(name))
    } else {
        None
    }
}

fn of_reverse_path(file: &ConfigFile, name: &str, links: &Links) -> Vec<Notice> {
    let Some(sysctl) = reverse_path_filter(name).filter(|_| file.is_routed(Family::V4)) else {
        return Vec::new();
    };
    let is_strict = sysctl.1 == 1;
    let passes = |net: &IpNet| has_way_back((name, is_strict), net.addr(), links);
    let notice =
        |prefix| Notice::ReversePath { name: name.to_owned(), sysctl: sysctl.clone(), prefix };
    let routes = file.route.iter().filter(|route| route.interface == name);
    let routes = routes.map(|route| route.prefix);
    let of_family = routes.filter(|prefix| Family::of(prefix.addr()) == Family::V4);
    let mut found: Vec<Notice> =
        of_family.filter(|prefix| !passes(prefix)).map(Some).map(notice).collect();
    let any = IpNet::default();
    if is_strict || !passes(&any) {
        found.push(notice(None));
    }
    found
}

/// Whether the kernel has a route back to the source, if it is strict out of the interface itself.
fn has_way_back((name, is_strict): (&str, bool), source: IpAddr, links: &Links) -> bool {
    let own = links.devices().named(name).map(|seen| seen.device.ifindex);
    links.routes().lead_to(source, |ifindex| !is_strict || Some(ifindex) == own)
}

/// The sysctl with its value by which the kernel drops IPv4 datagrams of the source on the interface.
#[must_use]
pub fn reverse_path_drop(name: &str, source: IpAddr, links: &Links) -> Option<(String, u8)> {
    let sysctl = reverse_path_filter(name)?;
    (!has_way_back((name, sysctl.1 == 1), source, links)).then_some(sysctl)
}

/// The sysctl whose reverse path filter is in force, with its value, unless the filter is off: the
/// higher one of the interface and of all (Documentation/networking/ip-sysctl.rst).
fn reverse_path_filter(name: &str) -> Option<(String, u8)> {
    let value = |of: &str| {
        let text = fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{of}/rp_filter")).ok()?;
        Some((format!("net.ipv4.conf.{of}.rp_filter"), text.trim().parse::<u8>().ok()?))
    };
    let both = [value("all"), value(name)].into_iter().flatten();
    both.max_by_key(|(_, value)| *value).filter(|(_, value)| *value > 0)
}

/// Interfaces whose datagrams no rule sends to the configured table.
fn of_rules(file: &ConfigFile, family: Family, served: &Served, links: &Links) -> Vec<Notice> {
    let default = match family {
        Family::V4 => DEFAULT_TABLE,
        Family::V6 => DEFAULT_TABLE_6,
    };
    let Some(table) = file.table.filter(|table| *table != default) else { return Vec::new() };
    // A kernel without such rules has refused the table.
    let Ok(rules) = links.multicast_rules(family) else { return Vec::new() };
    let of_table = |name: &&String| {
        let mut rules = rules.iter().filter(|rule| rule.table == table);
        rules.any(|rule| rule.iif.as_ref().is_none_or(|iif| iif == *name))
    };
    let is_there = |name: &&String| links.devices().named(name).is_some();
    let without = served.names.iter().filter(is_there).filter(|name| !of_table(name));
    without.map(|name| Notice::NoRule(name.clone(), family, table)).collect()
}
