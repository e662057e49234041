//! Requests that change the configuration in force: each change is one of the file's values, so that the
//! routers take the result by the same door as a file.
//!
//! Refuses what is there already or is not there, and what could never forward a datagram.

use ipnet::IpNet;

use super::wire::{Change, Kind, Refusal};
use crate::addr::{Channel, Family};
use crate::daemon::config::{ConfigFile, InterfaceSettings, RouteSettings, StaticJoinSettings};

/// The file with all of the changes, in their order.
///
/// # Errors
/// The first change that cannot be done.
pub(super) fn changed(file: &ConfigFile, changes: &[Change]) -> Result<ConfigFile, Refusal> {
    let mut file = file.clone();
    for (at, change) in changes.iter().enumerate() {
        change_one(&mut file, change)
            .and_then(|()| match file.check() {
                Ok(_) => Ok(()),
                Err(why) => Err(Refusal::new(Kind::Wrong, why.to_string())),
            })
            .map_err(|why| Refusal { change: Some(at), ..why })?;
    }
    Ok(file)
}

fn change_one(file: &mut ConfigFile, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::Join { interface, channel } => {
            is_forwarded(file, channel)?;
            let joins = &mut named(file, interface)?.static_joins;
            if joins.iter().any(|join| join.0 == *channel) {
                return Err(wrong(format!("{interface} has joined {channel} already")));
            }
            joins.push(StaticJoinSettings(*channel));
        }
        Change::Leave { interface, channel } => {
            let joins = &mut named(file, interface)?.static_joins;
            let before = joins.len();
            joins.retain(|join| join.0 != *channel);
            if joins.len() == before {
                return Err(not_there(format!("{interface} has not joined {channel}")));
            }
        }
        Change::RouteAdd { prefix, interface } => {
            known(file, interface)?;
            if prefix.addr().is_multicast() {
                return Err(wrong(format!("{prefix} is a network of groups, not of sources")));
            }
            if file.route.iter().any(|route| is_same(route, prefix, interface)) {
                return Err(wrong(format!(
                    "the route to {prefix} by {interface} is there already"
                )));
            }
            let interface = interface.clone();
            file.route.push(RouteSettings { prefix: *prefix, interface, via: None });
        }
        Change::RouteDel { prefix, interface } => {
            let before = file.route.len();
            file.route.retain(|route| !is_same(route, prefix, interface));
            if file.route.len() == before {
                return Err(not_there(format!("there is no route to {prefix} by {interface}")));
            }
        }
    }
    Ok(())
}

fn is_same(route: &RouteSettings, prefix: &IpNet, interface: &str) -> bool {
    route.prefix.trunc() == prefix.trunc() && route.interface == interface
}

fn wrong(why: String) -> Refusal {
    Refusal::new(Kind::Wrong, why)
}

fn not_there(why: String) -> Refusal {
    Refusal::new(Kind::NotThere, why)
}

/// A join that no router of the file would take is refused, as the file's own are.
fn is_forwarded(file: &ConfigFile, channel: &Channel) -> Result<(), Refusal> {
    let family = channel.group.family();
    if !channel.is_of(family) {
        return Err(wrong(format!("{channel} has a source of the other address family")));
    }
    if !file.is_routed(family) {
        let other = if family == Family::V4 { Family::V6 } else { Family::V4 };
        return Err(wrong(format!("only {other} is routed here")));
    }
    Ok(())
}

fn known<'a>(file: &'a ConfigFile, name: &str) -> Result<&'a InterfaceSettings, Refusal> {
    let found = file.settings(name).filter(|_| !super::super::glob::is_pattern(name));
    found.ok_or_else(|| not_there(format!("{name} is no interface of the configuration")))
}

/// The settings of the interface alone: what a pattern says of it becomes its own.
fn named<'a>(file: &'a mut ConfigFile, name: &str) -> Result<&'a mut InterfaceSettings, Refusal> {
    let at = file.interface.iter().position(|interface| interface.name == name);
    let at = match at.filter(|at| !file.interface[*at].is_pattern()) {
        Some(at) => at,
        None => {
            let own = InterfaceSettings { name: name.to_owned(), ..known(file, name)?.clone() };
            file.interface.push(own);
            file.interface.len() - 1
        }
    };
    Ok(&mut file.interface[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> ConfigFile {
        let text = "families = ['ipv4']\n[[interface]]\nname = 'lan'\n\
                    static-joins = [{ group = '239.1.1.1' }]\n[[interface]]\nname = 'eth*'\n";
        ConfigFile::parse(text).unwrap()
    }

    fn channel(source: Option<&str>, group: &str) -> Channel {
        let source =
            source.map(|source| crate::addr::Source::new(source.parse().unwrap()).unwrap());
        Channel { source, group: crate::addr::Group::new(group.parse().unwrap()).unwrap() }
    }

    fn join(interface: &str, channel: Channel) -> Change {
        Change::Join { interface: interface.to_owned(), channel }
    }

    fn route(prefix: &str, interface: &str) -> Change {
        Change::RouteAdd { prefix: prefix.parse().unwrap(), interface: interface.to_owned() }
    }

    #[test]
    fn a_join_on_an_interface_of_a_pattern_is_its_own() {
        let changed = changed(&file(), &[join("eth7", channel(None, "239.2.2.2"))]).unwrap();
        let joins = |name: &str| changed.settings(name).unwrap().static_joins.len();
        assert_eq!((joins("eth7"), joins("eth8"), joins("lan")), (1, 0, 1));
    }

    #[test]
    fn what_was_joined_can_be_left_wherever_it_came_from() {
        let leave =
            |group| Change::Leave { interface: "lan".into(), channel: channel(None, group) };
        let left = changed(&file(), &[leave("239.1.1.1")]).unwrap();
        assert!(left.settings("lan").unwrap().static_joins.is_empty());
        let again = changed(&left, &[leave("239.1.1.1")]).unwrap_err();
        assert_eq!(again.kind, Kind::NotThere);
    }

    #[test]
    fn the_first_wrong_change_refuses_all_and_is_named() {
        let good = join("lan", channel(Some("10.0.0.1"), "239.2.2.2"));
        for (bad, kind, part) in [
            (join("wan", channel(None, "239.2.2.2")), Kind::NotThere, "wan is no interface"),
            (join("eth*", channel(None, "239.2.2.2")), Kind::NotThere, "eth* is no interface"),
            (join("lan", channel(None, "239.1.1.1")), Kind::Wrong, "already"),
            (join("lan", channel(None, "224.0.0.251")), Kind::Wrong, "stays on its link"),
            (join("lan", channel(None, "ff05::1")), Kind::Wrong, "only IPv4 is routed"),
            (
                join("lan", channel(Some("fd00::1"), "239.9.9.9")),
                Kind::Wrong,
                "other address family",
            ),
            (route("10.9.0.0/16", "wan"), Kind::NotThere, "wan is no interface"),
            (route("224.0.0.0/4", "lan"), Kind::Wrong, "a network of groups"),
        ] {
            let why = changed(&file(), &[good.clone(), bad.clone()]).unwrap_err();
            assert_eq!((why.kind, why.change), (kind, Some(1)), "{bad:?}: {}", why.why);
            assert!(why.why.contains(part), "{bad:?}: {}", why.why);
        }
    }

    #[test]
    fn a_route_is_known_by_its_network_and_interface() {
        let with = changed(&file(), &[route("10.9.0.1/16", "lan")]).unwrap();
        let del = |interface: &str| Change::RouteDel {
            prefix: "10.9.0.0/16".parse().unwrap(),
            interface: interface.to_owned(),
        };
        assert_eq!(changed(&with, &[del("eth0")]).unwrap_err().kind, Kind::NotThere);
        assert!(changed(&with, &[del("lan")]).unwrap().route.is_empty());
        assert_eq!(changed(&with, &[route("10.9.0.0/16", "lan")]).unwrap_err().kind, Kind::Wrong);
    }
}
