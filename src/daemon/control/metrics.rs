//! Counters in the text format of Prometheus (version 0.0.4).
//!
//! The number of series is bounded by interfaces and kinds of events: no group and no source has one of
//! its own, because strangers make those.

use std::fmt::{Display, Write as _};

use super::journal::{Counted, Journal};
use super::look::{interfaces, routers};
use super::shown::Interface;
use crate::addr::Family;
use crate::daemon::service::Service;
use crate::event::Event;
use crate::time::Instant;

/// The labels of a sample, each with its value.
type Labels = Vec<(&'static str, String)>;

/// A text that grows, metric by metric.
#[derive(Default)]
struct Text(String);

impl Text {
    /// A metric: its name, its type, what it is, and its samples.
    fn metric<V: Display>(
        &mut self,
        (name, kind): (&str, &str),
        help: &str,
        samples: impl IntoIterator<Item = (Labels, V)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let labels = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value)));
            let labels = labels.collect::<Vec<_>>().join(",");
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}

/// The value of a label as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn word(family: Family) -> String {
    family.to_string().to_lowercase()
}

/// All counters.
pub(super) fn text<F: FnMut(Instant, Event)>(service: &Service<F>, journal: &Journal) -> String {
    let mut text = Text::default();
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    text.metric(("castnet_build_info", "gauge"), "The version of castnetd.", [(version, 1)]);
    let uptime = service.daemon().now().since_start().as_secs_f64();
    let help = "The time since castnetd started.";
    text.metric(("castnet_uptime_seconds", "gauge"), help, [(vec![], uptime)]);
    of_interfaces(&mut text, &interfaces(service).interfaces);
    let flows = routers(service)
        .map(|(family, router)| (vec![("family", word(family))], router.flows().count()));
    text.metric(("castnet_flows", "gauge"), "Known flows.", flows);
    of_events(&mut text, journal);
    text.0
}

fn of_interfaces(text: &mut Text, all: &[Interface]) {
    let labels = |of: &Interface| vec![("interface", of.name.clone()), ("family", word(of.family))];
    let gauge = |text: &mut Text, name, help, value: &dyn Fn(&Interface) -> usize| {
        text.metric((name, "gauge"), help, all.iter().map(|of| (labels(of), value(of))));
    };
    let up = "Whether multicast is routed over the interface.";
    gauge(text, "castnet_interface_up", up, &|of| usize::from(of.up));
    let querier = "Whether this router is the querier of the link.";
    gauge(text, "castnet_querier", querier, &|of| usize::from(of.is_querier));
    gauge(text, "castnet_groups", "Groups with members on the link.", &|of| of.groups);
    let both = |values: fn(&Interface) -> [u64; 2]| {
        all.iter().flat_map(move |of| {
            let ways = ["in", "out"].into_iter().zip(values(of));
            ways.map(move |(way, value)| {
                let mut labels = labels(of);
                labels.push(("direction", way.to_owned()));
                (labels, value)
            })
        })
    };
    let name = ("castnet_interface_packets_total", "counter");
    text.metric(name, "Routed datagrams.", both(|of| [of.packets_in, of.packets_out]));
    let name = ("castnet_interface_bytes_total", "counter");
    text.metric(name, "Octets of routed datagrams.", both(|of| [of.bytes_in, of.bytes_out]));
}

fn of_events(text: &mut Text, journal: &Journal) {
    let samples = |pick: fn(&Counted) -> Option<Labels>| {
        let counts = journal.counts().iter();
        counts.filter_map(move |(counted, count)| Some((pick(counted)?, *count)))
    };
    let name = ("castnet_upcalls_total", "counter");
    text.metric(
        name,
        "Upcalls of the kernel.",
        samples(|counted| match counted {
            Counted::Upcall(family, kind) => {
                Some(vec![("family", word(*family)), ("type", (*kind).to_owned())])
            }
            _ => None,
        }),
    );
    let name = ("castnet_ignored_total", "counter");
    text.metric(
        name,
        "Packets and upcalls that changed nothing.",
        samples(|counted| match counted {
            Counted::Ignored(family, interface, reason) => Some(vec![
                ("family", word(*family)),
                ("interface", interface.clone()),
                ("reason", reason.clone()),
            ]),
            _ => None,
        }),
    );
    let name = ("castnet_no_route_total", "counter");
    text.metric(
        name,
        "Flows to whose source no route led.",
        samples(|counted| match counted {
            Counted::NoRoute(family) => Some(vec![("family", word(*family))]),
            _ => None,
        }),
    );
    let name = ("castnet_refused_total", "counter");
    text.metric(
        name,
        "Requests that the kernel refused.",
        samples(|counted| match counted {
            Counted::Refused(family) => Some(vec![("family", word(*family))]),
            _ => None,
        }),
    );
    let results = ["refused", "taken"].into_iter().zip(journal.reloads());
    let results = results.map(|(result, count)| (vec![("result", result.to_owned())], count));
    text.metric(("castnet_reloads_total", "counter"), "Reloads of the configuration.", results);
}
