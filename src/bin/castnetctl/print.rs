//! Answers as people read them, or as JSON.
//!
//! A table is printed from the values that `--json` prints. No character that a terminal would obey is
//! written: names of devices may hold any.

mod pim;

use std::fmt::{Display, Write as _};
use std::io::{Write as _, stdout};

use castnet::addr::Group;
use castnet::daemon::control::shown::{
    Config, Diff, DiffLine, Explanation, Groups, Interfaces, Level, Line, Mode, Routes, Told,
};
use castnet::daemon::control::wire::{Answer, Change, VERSION};
use castnet::prompt::printable;
use serde::Serialize;

use crate::failure::Failure;

pub(crate) struct Printer {
    pub(crate) json: bool,
}

#[derive(Serialize)]
struct Versioned<'a> {
    version: u32,
    #[serde(flatten)]
    answer: &'a Answer,
}

impl Printer {
    /// Prints an answer.
    pub(crate) fn answer(&self, answer: &Answer) -> Result<(), Failure> {
        if self.json {
            let versioned = Versioned { version: VERSION, answer };
            let mut line =
                serde_json::to_vec(&versioned).map_err(|why| Failure::output(&why.into()))?;
            line.push(b'\n');
            return self.raw(&line);
        }
        self.raw(in_words(answer).as_bytes())
    }

    /// Prints octets as they are.
    pub(crate) fn raw(&self, octets: &[u8]) -> Result<(), Failure> {
        let mut out = stdout();
        let written = out.write_all(octets).and_then(|()| out.flush());
        written.map_err(|why| Failure::output(&why))
    }
}

fn in_words(answer: &Answer) -> String {
    match answer {
        Answer::Routes(shown) => routes(shown),
        Answer::Groups(shown) => groups(shown),
        Answer::Interfaces(shown) => interfaces(shown),
        Answer::Neighbours(shown) => pim::neighbours(shown),
        Answer::Joins(shown) => pim::joins(shown),
        Answer::Rps(shown) => pim::rps(shown),
        Answer::Config(shown) => config(shown),
        Answer::Log(shown) => shown.lines.iter().map(line).collect(),
        Answer::Explanation(shown) => explanation(shown),
        Answer::Metrics { text } => text.clone(),
        Answer::Diff(shown) => diff(shown),
        Answer::Event(told) => event(told),
        Answer::Ok => String::new(),
    }
}

fn routes(shown: &Routes) -> String {
    let heading = ["SOURCE", "GROUP", "IN", "OUT", "PACKETS", "BYTES", "WRONG-IF"];
    let rows = shown.routes.iter().map(|route| {
        let oif = |oif: &castnet::daemon::control::shown::Oif| match oif.threshold {
            0 | 1 => oif.interface.clone(),
            threshold => format!("{}:{threshold}", oif.interface),
        };
        [
            route.source.to_string(),
            route.group.to_string(),
            route.iif.clone(),
            listed(route.oifs.iter().map(oif)),
            route.packets.to_string(),
            route.bytes.to_string(),
            route.wrong_if.to_string(),
        ]
    });
    table(heading, rows) + &left_out(shown.left_out)
}

fn groups(shown: &Groups) -> String {
    let heading = ["INTERFACE", "GROUP", "MODE", "SOURCES", "VERSION", "EXPIRES"];
    let rows = shown.groups.iter().map(|group| {
        let (mode, sources) = match group.mode {
            Mode::Include => ("include", &group.sources),
            Mode::Exclude => ("exclude", &group.excluded),
        };
        let expires = group.expires_s.map_or_else(|| "-".to_owned(), seconds);
        [
            group.interface.clone(),
            group.group.to_string(),
            mode.to_owned(),
            listed(sources),
            protocol(group.group, group.version),
            if group.checking { format!("{expires} checking") } else { expires },
        ]
    });
    table(heading, rows) + &left_out(shown.left_out)
}

fn protocol(group: Group, version: u8) -> String {
    match group.family() {
        castnet::addr::Family::V4 => format!("IGMPv{version}"),
        castnet::addr::Family::V6 => format!("MLDv{version}"),
    }
}

fn interfaces(shown: &Interfaces) -> String {
    let heading = [
        "INTERFACE",
        "FAMILY",
        "STATE",
        "ADDRESS",
        "QUERIER",
        "GROUPS",
        "PACKETS-IN",
        "PACKETS-OUT",
    ];
    let rows = shown.interfaces.iter().map(|interface| {
        [
            interface.name.clone(),
            interface.family.to_string(),
            if interface.up { "up" } else { "down" }.to_owned(),
            listed(&interface.addresses),
            match interface.querier {
                _ if interface.upstream => "upstream".to_owned(),
                None if interface.passive => "nobody (passive)".to_owned(),
                None => "-".to_owned(),
                Some(_) if interface.is_querier => "this router".to_owned(),
                Some(other) => other.to_string(),
            },
            interface.groups.to_string(),
            interface.packets_in.to_string(),
            interface.packets_out.to_string(),
        ]
    });
    let bounded = shown.interfaces.iter().filter(|interface| !interface.boundaries.is_empty());
    let boundaries = bounded.map(|of| {
        format!("note: no groups of {} pass {}\n", listed(&of.boundaries), printable(&of.name))
    });
    let notices = shown.notices.iter().map(|notice| format!("note: {}\n", printable(notice)));
    table(heading, rows) + &boundaries.chain(notices).collect::<String>()
}

fn config(shown: &Config) -> String {
    let mut text = format!("# {}\n{}", shown.path, shown.text);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for change in &shown.changes {
        _ = writeln!(text, "# since then: {}", changed(change));
    }
    if let Some(left) = shown.trial_s {
        _ = writeln!(text, "# on trial for {}: castnetctl confirm", seconds(left));
    }
    text.lines().map(|line| printable(line) + "\n").collect()
}

fn diff(shown: &Diff) -> String {
    if shown.lines.is_empty() {
        return format!("what is in force is what {} says\n", printable(&shown.path));
    }
    let line = |line: &DiffLine| match line {
        DiffLine::Gone(text) => format!("- {}\n", printable(text)),
        DiffLine::New(text) => format!("+ {}\n", printable(text)),
    };
    shown.lines.iter().map(line).collect()
}

/// A change as it is typed.
fn changed(change: &Change) -> String {
    let channel = |channel: &castnet::addr::Channel| match channel.source {
        Some(source) => format!("{source} {}", channel.group),
        None => channel.group.to_string(),
    };
    match change {
        Change::Join { interface, channel: of } => format!("join {interface} {}", channel(of)),
        Change::Leave { interface, channel: of } => format!("leave {interface} {}", channel(of)),
        Change::RouteAdd { prefix, interface } => format!("route add {prefix} {interface}"),
        Change::RouteDel { prefix, interface } => format!("route del {prefix} {interface}"),
    }
}

fn line(line: &Line) -> String {
    let level = match line.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
    };
    format!("{:>10} ago  {level:<7}  {}\n", seconds(line.ago_s), printable(&line.text))
}

fn event(told: &Told) -> String {
    let lost = match told.lost {
        0 => String::new(),
        lost => format!("({lost} events were left out)\n"),
    };
    format!("{lost}{:>10}  {} {}\n", seconds(told.at_s), told.family, printable(&told.text))
}

fn explanation(shown: &Explanation) -> String {
    let mut text = format!(
        "({}, {}): {} datagrams came in {}, and left on {}\n",
        shown.source,
        shown.group,
        shown.came,
        seconds(shown.looked_s),
        if shown.left_on.is_empty() { "no interface".to_owned() } else { listed(&shown.left_on) }
    );
    for finding in &shown.findings {
        _ = writeln!(text, "  {}", printable(&finding.text));
        if let Some(cure) = &finding.cure {
            _ = writeln!(text, "    cure: {}", printable(cure));
        }
    }
    text
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3} s")
}

fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    let all: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(",") }
}

fn left_out(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!("and {count} more\n"),
    }
}

/// Columns as wide as their longest cell, two blanks apart.
fn table<const N: usize>(heading: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows = rows.map(|row| row.map(|cell| printable(&cell)));
    let rows: Vec<[String; N]> = std::iter::once(heading.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}
