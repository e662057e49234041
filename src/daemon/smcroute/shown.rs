//! The state as smcroute's tables and its JSON show it: rules, entries, memberships and interfaces.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ipnet::IpNet;

use crate::addr::{Family, PerFamily};
use crate::daemon::glob;
use crate::daemon::service::Service;
use crate::event::Event;
use crate::fixed::Rule;
use crate::mfc::entry::{Flow, FlowCounters};
use crate::mfc::vif::Vif;
use crate::time::Instant;

/// What can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Routes,
    Groups,
    Interfaces,
    Pending,
}

impl Part {
    /// What the first word stands for, of which smcroutectl hands on the beginning; routes without one.
    ///
    /// # Errors
    /// There is no such thing.
    pub(super) fn of(words: &[&str]) -> Result<Self, String> {
        let word = words.first().copied().unwrap_or("routes");
        let all = [
            ("routes", Self::Routes),
            ("groups", Self::Groups),
            ("interfaces", Self::Interfaces),
            ("ifaces", Self::Interfaces),
            ("pending", Self::Pending),
        ];
        let found = all.iter().find(|(name, _)| !word.is_empty() && name.starts_with(word));
        found.map(|(_, part)| *part).ok_or_else(|| format!("there is no `{word}` to show"))
    }
}

/// A route: a rule, or an entry of the kernel.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// The sources; all unless given.
    pub(super) source: Option<IpNet>,
    pub(super) group: IpNet,
    /// What a rule excepts.
    pub(super) except: Vec<IpNet>,
    pub(super) iif: String,
    /// The outgoing interfaces that are there, with their thresholds.
    pub(super) oifs: Vec<(String, u8)>,
    /// What the kernel counted for its entry.
    pub(super) counters: FlowCounters,
    /// How long its entry has been there, and in what time it goes without a datagram, unless it stays.
    pub(super) lifetime: Option<(Duration, Option<Duration>)>,
}

/// All routes.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Rules for more than one flow.
    pub(super) templates: Vec<Route>,
    /// Rules for one flow.
    pub(super) fixed: Vec<Route>,
    /// The kernel's entries: those of rules first.
    pub(super) entries: Vec<Route>,
    /// The octets of the longest name of a device.
    pub(super) longest: usize,
}

/// Memberships of the machine on an interface.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) source: Option<IpNet>,
    pub(super) group: IpNet,
    pub(super) iif: String,
}

/// Memberships: as the configuration wants them, and those that the kernel has.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) wanted: Vec<Group>,
    pub(super) joined: Vec<Group>,
}

/// A device, with its numbers in multicast routing.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) vifs: PerFamily<Option<Vif>>,
    pub(super) threshold: u8,
}

/// What the configuration wants of interfaces that are not there.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) kind: &'static str,
    pub(super) iif: String,
    pub(super) source: Option<IpNet>,
    pub(super) group: IpNet,
    pub(super) oifs: Vec<String>,
}

/// Whether a device has the name, or matches the pattern.
pub(super) fn is_there<F: FnMut(Instant, Event)>(service: &Service<F>, name: &str) -> bool {
    service.links().devices().names().any(|device| glob::matches(name, device))
}

/// Sources and groups as smcroute writes them: `(*, 239.1.0.0/16)`.
pub(super) fn pair(source: Option<IpNet>, group: IpNet) -> String {
    format!("({}, {})", source.map_or("*".to_owned(), address), address(group))
}

/// A single address without its length.
pub(super) fn address(net: IpNet) -> String {
    match net.prefix_len() == net.max_prefix_len() {
        true => net.addr().to_string(),
        false => net.to_string(),
    }
}

pub(super) fn routes<F: FnMut(Instant, Event)>(service: &Service<F>) -> Routes {
    let names = service.links().devices().names();
    let mut routes =
        Routes { longest: names.map(str::len).max().unwrap_or(0), ..Routes::default() };
    let mut entries = entries(service);
    for rule in service.file().rule.iter() {
        for rule in service.file().expanded(rule, &service.served().names) {
            if !is_there(service, &rule.from) {
                continue;
            }
            let mut route = ruled(service, &rule);
            match rule.flow() {
                None => routes.templates.push(route),
                Some(flow) => {
                    if let Some(entry) = entries.remove(&flow) {
                        route.counters = entry.counters;
                        routes.entries.push(entry);
                    }
                    routes.fixed.push(route);
                }
            }
        }
    }
    routes.entries.extend(entries.into_values());
    routes
}

fn ruled<F: FnMut(Instant, Event)>(service: &Service<F>, rule: &Rule<String>) -> Route {
    let mut oifs = BTreeMap::new();
    for name in rule.to.iter().filter(|name| is_there(service, name)) {
        let settings = service.file().settings(name);
        oifs.insert(name.clone(), settings.map_or(1, |settings| settings.ttl_threshold));
    }
    Route {
        source: rule.source,
        group: rule.group,
        except: rule.except.clone(),
        iif: rule.from.clone(),
        oifs: in_order(service, oifs),
        counters: FlowCounters::default(),
        lifetime: None,
    }
}

/// The interfaces in the order of their numbers in multicast routing, as smcroute writes them.
fn in_order<F: FnMut(Instant, Event)>(
    service: &Service<F>,
    oifs: BTreeMap<String, u8>,
) -> Vec<(String, u8)> {
    let place = |name: &str| service.served().names.iter().position(|served| served == name);
    let mut oifs: Vec<(String, u8)> = oifs.into_iter().collect();
    oifs.sort_by_key(|(name, _)| place(name));
    oifs
}

fn entries<F: FnMut(Instant, Event)>(service: &Service<F>) -> BTreeMap<Flow, Route> {
    let mut entries = BTreeMap::new();
    for family in service.daemon().families() {
        let names = service.names(family);
        let plane = service.daemon().plane(family);
        let Some(router) = service.daemon().router(family) else { continue };
        for entry in router.flows() {
            let counters = plane.and_then(|plane| plane.flow_counters(entry.flow).ok().flatten());
            let oifs = entry.oifs.iter().map(|(vif, threshold)| (names.of(*vif), *threshold));
            let route = Route {
                source: Some(entry.flow.source.addr().into()),
                group: entry.flow.group.addr().into(),
                except: Vec::new(),
                iif: names.of(entry.iif),
                oifs: oifs.collect(),
                counters: counters.unwrap_or_default(),
                lifetime: router.lifetime(entry.flow, service.daemon().now()),
            };
            entries.insert(entry.flow, route);
        }
    }
    entries
}

pub(super) fn groups<F: FnMut(Instant, Event)>(service: &Service<F>) -> Groups {
    let mut wanted = Vec::new();
    for settings in &service.file().membership {
        let devices = service.links().devices();
        for name in devices.names().filter(|name| glob::matches(&settings.interface, name)) {
            let (source, group) = (settings.source, settings.group);
            wanted.push(Group { source, group, iif: name.to_owned() });
        }
    }
    let name = |ifindex| service.links().devices().name(ifindex).unwrap_or_default().to_owned();
    let joined = service.joined().map(|join| Group {
        source: join.source.map(IpNet::from),
        group: join.group.into(),
        iif: name(join.ifindex),
    });
    Groups { joined: joined.collect(), wanted }
}

pub(super) fn interfaces<F: FnMut(Instant, Event)>(service: &Service<F>) -> Vec<Interface> {
    let vif = |family: Family, name: &str| {
        let router = service.daemon().router(family)?;
        let found = router.interfaces().find(|(_, config, up)| *up && config.name == name);
        found.map(|(vif, ..)| vif)
    };
    let devices = service.links().devices();
    let seen = devices.names().filter_map(|name| devices.named(name));
    let interfaces = seen.map(|seen| {
        let name = &seen.device.name;
        Interface {
            index: seen.device.ifindex,
            name: name.clone(),
            vifs: PerFamily { v4: vif(Family::V4, name), v6: vif(Family::V6, name) },
            threshold: service.file().settings(name).map_or(1, |settings| settings.ttl_threshold),
        }
    });
    interfaces.collect()
}

pub(super) fn pending<F: FnMut(Instant, Event)>(service: &Service<F>) -> Vec<Pending> {
    let mut pending = Vec::new();
    for rule in service.file().rule.iter() {
        let absent = rule.to.iter().filter(|name| !is_there(service, name));
        let absent: BTreeSet<&String> = absent.collect();
        if absent.is_empty() && is_there(service, &rule.from) {
            continue;
        }
        let (source, group) = (rule.source, rule.group);
        let (iif, oifs) = (rule.from.clone(), rule.to.clone());
        pending.push(Pending { kind: "mroute", iif, source, group, oifs });
    }
    for joins in service.file().membership.iter() {
        if !is_there(service, &joins.interface) {
            let (iif, oifs) = (joins.interface.clone(), Vec::new());
            let (source, group) = (joins.source, joins.group);
            pending.push(Pending { kind: "mgroup", iif, source, group, oifs });
        }
    }
    pending
}
