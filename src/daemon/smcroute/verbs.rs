//! What smcroutectl asks for: routes and memberships that hold until the next reload, and the state.
//!
//! Each change goes into the configuration by the door of a reload, as a whole or not at all. An interface
//! may come later. Refuses what smcroute refuses, in its words where programs look for them, and what could
//! never forward a datagram.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::shown::Part;
use super::wire::Message;
use super::{json, named, shown, table};
use crate::daemon::config::{InterfaceSettings, MembershipSettings, check_name};
use crate::daemon::glob;
use crate::daemon::service::Service;
use crate::event::Event;
use crate::fixed::Rule;
use crate::time::Instant;

/// What a request asks of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    None,
    /// To read its configuration again.
    Reload,
    /// To end.
    End,
}

/// The answer to a request: its text, empty if there is nothing to say.
///
/// # Errors
/// Why nothing was done, in words.
pub(super) fn answer<F: FnMut(Instant, Event)>(
    message: &Message,
    service: &mut Service<F>,
    is_explicit: bool,
) -> Result<(String, Wish), String> {
    let words: Vec<&str> = message.words.iter().map(String::as_str).collect();
    let done = match message.verb {
        'a' => add(&words, service, is_explicit),
        'r' => remove(&words, service),
        'j' => join(&words, service),
        'l' => leave(&words, service),
        'F' => {
            service.flush_learned();
            Ok(())
        }
        'H' => return Ok((String::new(), Wish::Reload)),
        'k' => return Ok((String::new(), Wish::End)),
        's' | 'S' => {
            return show(&words, service, message.verb == 'S').map(|text| (text, Wish::None));
        }
        'J' => return json::show(&words, service).map(|text| (text, Wish::None)),
        other => Err(format!("the request `{}` is not known", other.escape_default())),
    };
    done.map(|()| (String::new(), Wish::None))
}

fn show<F: FnMut(Instant, Event)>(
    words: &[&str],
    service: &Service<F>,
    is_detailed: bool,
) -> Result<String, String> {
    Ok(match Part::of(words)? {
        Part::Routes => table::routes(&shown::routes(service), is_detailed),
        Part::Groups => table::groups(&shown::groups(service), is_detailed),
        Part::Interfaces => table::interfaces(&shown::interfaces(service)),
        Part::Pending => table::pending(&shown::pending(service)),
    })
}

/// The interface, the sources and the groups of a request, and the words after them.
struct Flows<'a> {
    interface: String,
    source: Option<IpNet>,
    group: IpNet,
    more: &'a [&'a str],
}

fn flows<'a>(words: &'a [&'a str], verb: &str) -> Result<Flows<'a>, String> {
    let [interface, first, more @ ..] = words else {
        return Err(format!("{verb}: an interface and a group are needed"));
    };
    let interface = named(interface);
    check_name(&interface)?;
    let invalid = || format!("{verb}: invalid source/group address: {first}");
    let net = net(first).ok_or_else(invalid)?;
    if net.addr().is_multicast() {
        return Ok(Flows { interface, source: None, group: net, more });
    }
    let [second, more @ ..] = more else {
        return Err(format!("{verb}: invalid multicast group: {first}"));
    };
    let group = self::net(second).filter(|net| net.addr().is_multicast());
    let group = group.ok_or_else(|| format!("{verb}: invalid multicast group: {second}"))?;
    let source = Some(net).filter(|net| !net.addr().is_unspecified());
    Ok(Flows { interface, source, group, more })
}

fn net(word: &str) -> Option<IpNet> {
    word.parse().ok().or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from))
}

fn add<F: FnMut(Instant, Event)>(
    words: &[&str],
    service: &mut Service<F>,
    is_explicit: bool,
) -> Result<(), String> {
    let Flows { interface: from, source, group, more } = flows(words, "mroute")?;
    let to: Vec<String> = more.iter().map(|name| named(name)).collect();
    to.iter().try_for_each(|name| check_name(name))?;
    let rule = Rule { from, standby: None, source, group, except: Vec::new(), to };
    rule.check().map_err(|why| format!("mroute: {why}"))?;
    let named = [&rule.from].into_iter().chain(&rule.to);
    let file = service.file();
    let is_known = |name: &str| match glob::is_pattern(name) {
        // More interfaces of it may come, unless only those of the file may be used.
        true => file.interface.iter().any(|of| match is_explicit {
            true => glob::matches(name, &of.name),
            false => of.name == name,
        }),
        false => file.settings(name).is_some(),
    };
    let new: BTreeSet<String> = named.filter(|name| !is_known(name)).cloned().collect();
    if let Some(name) = new.first().filter(|_| is_explicit) {
        return Err(format!("ipc: mroute: {name} is not a known phyint"));
    }
    if !new.is_empty() {
        let new = new.iter().map(|name| InterfaceSettings::forwarding(name, 1));
        service.amend(|file| file.interface.extend(new))?;
    }
    service.file().check_boundaries(&rule).map_err(|why| format!("mroute: {why}"))?;
    service.amend_rules(rule.clone(), |rules| rules.merge(rule));
    Ok(())
}

fn remove<F: FnMut(Instant, Event)>(
    words: &[&str],
    service: &mut Service<F>,
) -> Result<(), String> {
    let Flows { interface: from, source, group, more } = flows(words, "mroute")?;
    let gone: Vec<String> = more.iter().map(|name| named(name)).collect();
    let rule = Rule { from, standby: None, source, group, except: Vec::new(), to: Vec::new() };
    if service.file().rule.find(&rule).is_none() {
        let pair = shown::pair(source, group);
        return Err(format!("mroute: there is no route from {} {pair} to delete", rule.from));
    }
    service.amend_rules(rule.clone(), |rules| match rules.outgoing(&rule) {
        Some(to) if !gone.is_empty() => to.retain(|name| !gone.contains(name)),
        _ => rules.remove(&rule),
    });
    Ok(())
}

fn membership(words: &[&str], verb: &str) -> Result<(MembershipSettings, String), String> {
    let Flows { interface, source, group, more } = flows(words, verb)?;
    if let [word, ..] = more {
        return Err(format!("{verb}: nothing follows the group, not `{word}`"));
    }
    let shown = |net: IpNet| match net.prefix_len() == net.max_prefix_len() {
        true => net.addr().to_string(),
        false => net.to_string(),
    };
    let channel = format!("({},{})", source.map_or("*".to_owned(), shown), shown(group));
    let named = format!("{channel} on {interface}");
    Ok((MembershipSettings { interface, source, group }, named))
}

fn join<F: FnMut(Instant, Event)>(words: &[&str], service: &mut Service<F>) -> Result<(), String> {
    let (membership, shown) = membership(words, "join")?;
    membership.check().map_err(|why| format!("join: {why}"))?;
    if !shown::is_there(service, &membership.interface) {
        return Err(format!("unknown interface {}", membership.interface));
    }
    if service.file().membership.contains(&membership) {
        return Err(format!("Already joined {shown}"));
    }
    service.amend(|file| file.membership.push(membership))
}

fn leave<F: FnMut(Instant, Event)>(words: &[&str], service: &mut Service<F>) -> Result<(), String> {
    let (membership, shown) = membership(words, "leave")?;
    let known = service.file().membership.iter().position(|known| *known == membership);
    let at = known.ok_or_else(|| format!("No group {shown} to leave"))?;
    service.amend(|file| _ = file.membership.remove(at))
}
