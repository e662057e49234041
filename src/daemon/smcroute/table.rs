//! smcroute's tables, column by column as scripts cut them. A line that ends in `=` is a heading, one that
//! ends in `_` a title: who prints them draws that.

use std::fmt::Write as _;

use super::shown::{Groups, Interface, Pending, Route, Routes, pair};
use crate::mfc::vif::Vif;

/// The width of the pair of source and group.
const PAIR: usize = 42;

pub(super) fn routes(routes: &Routes, is_detailed: bool) -> String {
    let width = routes.longest.max("IIF".len());
    let mut text = String::new();
    for (title, rows) in [
        ("(*,G) Template Rules", &routes.templates),
        ("(S,G) Rules", &routes.fixed),
        ("Kernel MFC Table", &routes.entries),
    ] {
        if rows.is_empty() {
            continue;
        }
        _ = writeln!(text, "{title}_");
        _ = write!(text, "{:PAIR$} {:width$} ", "ROUTE (S,G)", "IIF");
        if is_detailed {
            _ = write!(text, "{:>10} {:>10} ", "PACKETS", "BYTES");
        }
        _ = writeln!(text, " OIFS=");
        rows.iter().for_each(|row| route(&mut text, row, width, is_detailed));
    }
    text
}

fn route(text: &mut String, route: &Route, width: usize, is_detailed: bool) {
    _ = write!(text, "{:PAIR$} {:width$} ", pair(route.source, route.group), route.iif);
    if is_detailed {
        let counted = &route.counters;
        _ = write!(text, "{:>10} {:>10} ", counted.packets, counted.bytes);
    }
    for (name, _) in &route.oifs {
        _ = write!(text, " {name}");
    }
    text.push('\n');
}

pub(super) fn groups(groups: &Groups, is_detailed: bool) -> String {
    let mut text = String::new();
    let mut rows = |title: &str, heading: Option<String>, groups: &[super::shown::Group]| {
        if groups.is_empty() {
            return;
        }
        _ = writeln!(text, "{title}_");
        if let Some(heading) = heading {
            _ = writeln!(text, "{heading}=");
        }
        for row in groups {
            let pair = pair(row.source, row.group);
            _ = writeln!(text, "{pair:PAIR$} {}", row.iif);
        }
    };
    let heading = format!("{:PAIR$} {:16}", "GROUP (S,G)", "IIF");
    rows("Group Memberships Table", Some(heading), &groups.wanted);
    if is_detailed {
        rows("Kernel Group Membership Table", None, &groups.joined);
    }
    text
}

pub(super) fn interfaces(interfaces: &[Interface]) -> String {
    let longest = interfaces.iter().map(|interface| interface.name.len()).max();
    let width = longest.unwrap_or(0).max("PHYINT".len());
    let mut text = format!("{:>6} {:width$} {:>4} {:>4}=\n", "INDEX", "PHYINT", "VIF", "MIF");
    let number = |vif: Option<Vif>| vif.map_or("N/A".to_owned(), |vif| u8::from(vif).to_string());
    for Interface { index, name, vifs, .. } in interfaces {
        let (vif, mif) = (number(vifs.v4), number(vifs.v6));
        _ = writeln!(text, "{index:>6} {name:width$} {vif:>4} {mif:>4}");
    }
    text
}

pub(super) fn pending(pending: &[Pending]) -> String {
    let mut text = String::new();
    if !pending.is_empty() {
        _ = writeln!(text, "Pending_\n{:PAIR$} {:16} OIFS=", "ROUTE (S,G)", "IIF");
    }
    for Pending { kind, iif, source, group, oifs } in pending {
        let oifs = if *kind == "mgroup" { "(join)".to_owned() } else { oifs.join(" ") };
        _ = writeln!(text, "{:PAIR$} {iif:16} {oifs}", pair(*source, *group));
    }
    text
}
