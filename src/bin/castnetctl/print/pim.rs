//! PIM as people read it.

use castnet::daemon::control::pim::{Joins, Neighbours, Rps};

use super::{left_out, listed, seconds, table};

pub(super) fn neighbours(shown: &Neighbours) -> String {
    let heading = ["INTERFACE", "NEIGHBOUR", "PRIORITY", "GENERATION", "EXPIRES", "SECONDARY"];
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let rows = shown.neighbours.iter().map(|neighbour| {
        [
            neighbour.interface.clone(),
            neighbour.address.to_string(),
            or_none(neighbour.dr_priority.map(|priority| priority.to_string())),
            or_none(neighbour.generation_id.map(|id| format!("{id:08x}"))),
            neighbour.expires_s.map_or_else(|| "never".to_owned(), seconds),
            listed(&neighbour.secondary),
        ]
    });
    let links = shown.links.iter().map(|link| {
        let whose = if link.dr == link.address { " (this router)" } else { "" };
        [link.interface.clone(), link.address.to_string(), format!("{}{whose}", link.dr)]
    });
    let links = table(["INTERFACE", "ADDRESS", "DESIGNATED-ROUTER"], links);
    format!("{links}\n{}", table(heading, rows))
}

pub(super) fn joins(shown: &Joins) -> String {
    let heading = ["SOURCE", "GROUP", "RP", "UPSTREAM", "NEIGHBOUR", "DOWNSTREAM"];
    let rows = shown.joins.iter().map(|join| {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let upstream = match (&join.upstream, join.joined) {
            (Some(interface), _) => interface.clone(),
            (None, true) => "none".to_owned(),
            (None, false) => "not joined".to_owned(),
        };
        [
            join.source.map_or_else(|| "*".to_owned(), |source| source.to_string()),
            join.group.to_string(),
            or_none(join.rp.map(|rp| rp.to_string())),
            upstream,
            or_none(join.neighbour.map(|neighbour| neighbour.to_string())),
            listed(&join.downstream),
        ]
    });
    table(heading, rows) + &left_out(shown.left_out)
}

pub(super) fn rps(shown: &Rps) -> String {
    let rows = shown.rps.iter().map(|rp| {
        let whose = if rp.is_own { "this router" } else { "" };
        [rp.groups.to_string(), rp.address.to_string(), whose.to_owned()]
    });
    table(["GROUPS", "RP", ""], rows)
}
