//! What a reload would change: the configuration in force against the file as it is now.
//!
//! Both are taken apart into statements, one for each value, so that order, comments and blanks do not
//! count. What differs is listed as in a unified diff: in the file's order, and an old value right before the
//! new one. A pure function over two texts.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::shown::{Diff, DiffLine};
use super::wire::Change;
use crate::addr::Channel;

/// A value with its place, as in `interface eth0: ttl-threshold`. The elements of a list share a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    place: String,
    text: String,
}

impl Statement {
    fn new(place: String, value: &Value) -> Self {
        let text = format!("{place} = {}", inline(value));
        Self { place, text }
    }
}

/// What differs between the text in force with its changes and the file.
pub(super) fn between(path: &str, running: (&str, &[Change]), file: &str) -> Diff {
    let (text, changes) = running;
    let mut before = statements(text);
    for change in changes {
        match change {
            Change::Join { interface, channel } => {
                let own = |place: &str| {
                    let rest = place.strip_prefix("interface ");
                    let rest = rest.and_then(|rest| rest.strip_prefix(interface.as_str()));
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
                };
                let last = before.iter().rposition(|one| own(&one.place));
                before.insert(last.map_or(before.len(), |at| at + 1), join(interface, channel));
            }
            Change::Leave { interface, channel } => {
                let left = join(interface, channel);
                before.retain(|one| *one != left);
            }
            Change::RouteAdd { prefix, interface } => {
                before.push(route(&prefix.to_string(), interface));
            }
            Change::RouteDel { prefix, interface } => {
                let gone = route(&prefix.to_string(), interface);
                before.retain(|one| *one != gone);
            }
        }
    }
    let after = statements(file);
    let (mut gone, mut new) = (only(&before, &after), only(&after, &before));
    let mut lines = Vec::new();
    for place in places(&before, &after) {
        lines.extend(gone.remove(place).into_iter().flatten().map(DiffLine::Gone));
        lines.extend(new.remove(place).into_iter().flatten().map(DiffLine::New));
    }
    Diff { path: path.to_owned(), lines }
}

/// The texts of what is among the first and not among the others, in order, by their places.
fn only<'a>(of: &'a [Statement], others: &[Statement]) -> BTreeMap<&'a str, Vec<String>> {
    let mut known: BTreeSet<&Statement> = others.iter().collect();
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in of {
        if known.insert(one) {
            found.entry(&one.place).or_default().push(one.text.clone());
        }
    }
    found
}

/// All places: those of the file in its order, and each that it does not have after the one that it followed.
fn places<'a>(before: &'a [Statement], after: &'a [Statement]) -> Vec<&'a str> {
    let kept: BTreeSet<&str> = after.iter().map(|one| one.place.as_str()).collect();
    let mut following: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    let mut last = None;
    for Statement { place, .. } in before {
        match kept.contains(place.as_str()) {
            true => last = Some(place.as_str()),
            false => following.entry(last).or_default().push(place),
        }
    }
    let mut all = following.remove(&None).unwrap_or_default();
    for Statement { place, .. } in after {
        all.push(place);
        all.extend(following.remove(&Some(place.as_str())).unwrap_or_default());
    }
    all
}

fn join(interface: &str, channel: &Channel) -> Statement {
    let mut table = Table::new();
    table.insert("group".to_owned(), channel.group.to_string().into());
    if let Some(source) = channel.source {
        table.insert("source".to_owned(), source.to_string().into());
    }
    Statement::new(format!("interface {interface}: static-joins"), &Value::Table(table))
}

fn route(prefix: &str, interface: &str) -> Statement {
    let mut table = Table::new();
    table.insert("prefix".to_owned(), prefix.into());
    table.insert("interface".to_owned(), interface.into());
    Statement::new("route".to_owned(), &Value::Table(table))
}

/// The statements of a text, which has been read before, in its order.
fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    for (key, value) in toml::from_str::<Table>(text).unwrap_or_default() {
        match value {
            Value::Array(tables) if key == "interface" => {
                tables
                    .iter()
                    .filter_map(Value::as_table)
                    .for_each(|own| interface(own, &mut found));
            }
            value => state(key, &value, &mut found),
        }
    }
    found
}

fn interface(table: &Table, found: &mut Vec<Statement>) {
    let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
    let place = format!("interface {name}");
    found.push(Statement { text: place.clone(), place });
    for (key, value) in table.iter().filter(|(key, _)| *key != "name") {
        state(format!("interface {name}: {key}"), value, found);
    }
}

/// One statement for each value of a table and each element of a list.
fn state(place: String, value: &Value, found: &mut Vec<Statement>) {
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(inner, value)| state(format!("{place}.{inner}"), value, found));
        }
        Value::Array(all) => {
            found.extend(all.iter().map(|one| Statement::new(place.clone(), one)));
        }
        one => found.push(Statement::new(place, one)),
    }
}

/// The value on one line, with the keys of tables in order.
fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let mut parts: Vec<_> =
                table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            parts.sort();
            format!("{{ {} }}", parts.join(", "))
        }
        Value::Array(all) => {
            format!("[{}]", all.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        one => one.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines as castnetctl prints them.
    fn printed(diff: Diff) -> Vec<String> {
        let line = |line| match line {
            DiffLine::Gone(text) => format!("- {text}"),
            DiffLine::New(text) => format!("+ {text}"),
        };
        diff.lines.into_iter().map(line).collect()
    }

    const RUNNING: &str = "keepalive = '60s'\nfamilies = ['ipv4']\n[igmp]\nrobustness = 3\n\
        [[interface]]\nname = 'a'\n[[interface]]\nname = 'b'\nttl-threshold = 8\n\
        static-joins = [{ source = '10.0.0.1', group = '239.1.1.1' }]\n\
        [[route]]\nprefix = '10.9.0.0/16'\ninterface = 'a'\n";

    #[test]
    fn order_and_comments_are_no_difference() {
        let same = "# another order\nfamilies = [\"ipv4\"]\nigmp = { robustness = 3 }\nkeepalive = \"60s\"\n\
            [[route]]\ninterface = 'a'\nprefix = '10.9.0.0/16'\n\
            [[interface]]\nstatic-joins = [{ group = '239.1.1.1', source = '10.0.0.1' }]\n\
            ttl-threshold = 8\nname = 'b'\n[[interface]]\nname = 'a'\n";
        let diff = between("f", (RUNNING, &[]), same);
        assert_eq!(diff.lines, []);
    }

    #[test]
    fn each_value_that_differs_is_named_with_its_place() {
        let file = RUNNING
            .replace("robustness = 3", "robustness = 4")
            .replace("name = 'a'\n", "name = 'c'\n")
            .replace("ttl-threshold = 8\n", "");
        assert_eq!(
            printed(between("f", (RUNNING, &[]), &file)),
            [
                "- igmp.robustness = 3",
                "+ igmp.robustness = 4",
                "- interface a",
                "+ interface c",
                "- interface b: ttl-threshold = 8",
            ]
        );
    }

    #[test]
    fn lines_are_in_the_files_order_and_an_old_value_stands_before_its_new_one() {
        let before = "[[interface]]\nname = 'z'\nttl-threshold = 2\n[[interface]]\nname = 'a'\n\
            static-joins = [{ group = '239.1.1.1' }, { group = '239.1.1.2' }]\n";
        let file = "[[interface]]\nname = 'a'\nstatic-joins = [{ group = '239.1.1.3' }, \
            { group = '239.1.1.2' }]\n[[interface]]\nname = 'z'\nttl-threshold = 3\nupstream = true\n";
        assert_eq!(
            printed(between("f", (before, &[]), file)),
            [
                "- interface a: static-joins = { group = \"239.1.1.1\" }",
                "+ interface a: static-joins = { group = \"239.1.1.3\" }",
                "- interface z: ttl-threshold = 2",
                "+ interface z: ttl-threshold = 3",
                "+ interface z: upstream = true",
            ]
        );
    }

    #[test]
    fn what_was_changed_since_is_what_a_reload_takes_back() {
        let channel = |source: Option<&str>| Channel {
            source: source.map(|text| crate::addr::Source::new(text.parse().unwrap()).unwrap()),
            group: crate::addr::Group::new("239.1.1.1".parse().unwrap()).unwrap(),
        };
        let changes = [
            Change::Join { interface: "a".into(), channel: channel(None) },
            Change::Leave { interface: "b".into(), channel: channel(Some("10.0.0.1")) },
            Change::RouteDel { prefix: "10.9.0.0/16".parse().unwrap(), interface: "a".into() },
            Change::RouteAdd { prefix: "10.8.0.0/16".parse().unwrap(), interface: "b".into() },
        ];
        assert_eq!(
            printed(between("f", (RUNNING, &changes), RUNNING)),
            [
                "- interface a: static-joins = { group = \"239.1.1.1\" }",
                "+ interface b: static-joins = { group = \"239.1.1.1\", source = \"10.0.0.1\" }",
                "- route = { interface = \"b\", prefix = \"10.8.0.0/16\" }",
                "+ route = { interface = \"a\", prefix = \"10.9.0.0/16\" }",
            ]
        );
    }
}
