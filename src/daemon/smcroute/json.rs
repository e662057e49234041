//! The state as JSON, with the keys of smcroute 2.6, and counters, thresholds and ages behind
//! them.

use serde_json::{Map, Value, json};

use super::shown::{self, Group, Part, Route, address};
use crate::daemon::service::Service;
use crate::event::Event;
use crate::time::Instant;

/// What is asked for, in one line.
///
/// # Errors
/// There is no such thing to show.
pub(super) fn show<F: FnMut(Instant, Event)>(
    words: &[&str],
    service: &Service<F>,
) -> Result<String, String> {
    let value = match Part::of(words)? {
        Part::Routes => {
            let all = shown::routes(service);
            let rules = |rows: &[Route]| rows.iter().map(route).collect::<Vec<_>>();
            json!({ "routes": {
                "asm": rules(&all.templates),
                "ssm": rules(&all.fixed),
                "kernel": all.entries.iter().map(entry).collect::<Vec<_>>(),
            }})
        }
        Part::Groups => {
            let all = shown::groups(service);
            let rows = |rows: &[Group]| rows.iter().map(group).collect::<Vec<_>>();
            json!({ "groups": { "conf": rows(&all.wanted), "kernel": rows(&all.joined) } })
        }
        Part::Interfaces => {
            let rows = shown::interfaces(service).into_iter().map(|interface| {
                json!({
                    "index": interface.index,
                    "name": interface.name,
                    "vif": interface.vifs.v4.map(u8::from),
                    "mif": interface.vifs.v6.map(u8::from),
                    "ttl": interface.threshold,
                })
            });
            json!({ "interfaces": rows.collect::<Vec<_>>() })
        }
        Part::Pending => {
            let rows = shown::pending(service).into_iter().map(|pending| {
                json!({
                    "kind": pending.kind,
                    "iif": pending.iif,
                    "source": pending.source.map(address),
                    "group": address(pending.group),
                    "oifs": pending.oifs,
                })
            });
            json!({ "pending": rows.collect::<Vec<_>>() })
        }
    };
    Ok(format!("{value}\n"))
}

fn route(route: &Route) -> Value {
    let names: Vec<&String> = route.oifs.iter().map(|(name, _)| name).collect();
    let thresholds = route.oifs.iter().map(|(name, ttl)| (name.clone(), json!(ttl)));
    let mut value = json!({
        "source": route.source.map(address),
        "group": address(route.group),
        "iif": route.iif,
        "oifs": names,
        "ttl": thresholds.collect::<Map<_, _>>(),
    });
    if !route.except.is_empty() {
        value["except"] = route.except.iter().copied().map(address).collect();
    }
    value
}

fn entry(entry: &Route) -> Value {
    let mut value = route(entry);
    let counted = &entry.counters;
    for (key, count) in
        [("packets", counted.packets), ("bytes", counted.bytes), ("wrong_if", counted.wrong_if)]
    {
        value[key] = json!(count);
    }
    if let Some((age, expires)) = entry.lifetime {
        value["age"] = json!(age.as_secs_f64());
        value["expires"] = json!(expires.map(|left| left.as_secs_f64()));
    }
    value
}

fn group(group: &Group) -> Value {
    json!({
        "source": group.source.map(address),
        "group": address(group.group),
        "iif": group.iif,
    })
}
