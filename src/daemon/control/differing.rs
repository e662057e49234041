//! What a reload would change: the configuration in force against the file as it is now.
//!
//! Both are taken apart into statements, one for each value, so that order, comments and blanks do not
//! count. A pure function over two texts.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::shown::Diff;
use super::wire::Change;
use crate::addr::Channel;

/// What differs between the text in force with its changes and the file.
pub(super) fn between(path: &str, running: (&str, &[Change]), file: &str) -> Diff {
    let (text, changes) = running;
    let mut before = statements(text);
    for change in changes {
        match change {
            Change::Join { interface, channel } => _ = before.insert(join(interface, channel)),
            Change::Leave { interface, channel } => _ = before.remove(&join(interface, channel)),
            Change::RouteAdd { prefix, interface } => {
                before.insert(route(&prefix.to_string(), interface));
            }
            Change::RouteDel { prefix, interface } => {
                before.remove(&route(&prefix.to_string(), interface));
            }
        }
    }
    let after = statements(file);
    let only =
        |of: &BTreeSet<String>, not: &BTreeSet<String>| of.difference(not).cloned().collect();
    Diff { path: path.to_owned(), gone: only(&before, &after), new: only(&after, &before) }
}

fn join(interface: &str, channel: &Channel) -> String {
    let mut table = Table::new();
    table.insert("group".to_owned(), channel.group.to_string().into());
    if let Some(source) = channel.source {
        table.insert("source".to_owned(), source.to_string().into());
    }
    format!("interface {interface}: static-joins = {}", inline(&Value::Table(table)))
}

fn route(prefix: &str, interface: &str) -> String {
    let mut table = Table::new();
    table.insert("prefix".to_owned(), prefix.into());
    table.insert("interface".to_owned(), interface.into());
    format!("route = {}", inline(&Value::Table(table)))
}

/// The statements of a text, which has been read before.
fn statements(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in toml::from_str::<Table>(text).unwrap_or_default() {
        match value {
            Value::Array(tables) if key == "interface" => {
                tables
                    .iter()
                    .filter_map(Value::as_table)
                    .for_each(|own| interface(own, &mut found));
            }
            value => state("", &key, &value, &mut found),
        }
    }
    found
}

fn interface(table: &Table, found: &mut BTreeSet<String>) {
    let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
    found.insert(format!("interface {name}"));
    for (key, value) in table.iter().filter(|(key, _)| *key != "name") {
        state(&format!("interface {name}: "), key, value, found);
    }
}

/// One statement for each value of a table and each element of a list.
fn state(before: &str, key: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(inner, value)| {
                state(before, &format!("{key}.{inner}"), value, found);
            });
        }
        Value::Array(all) => {
            found.extend(all.iter().map(|one| format!("{before}{key} = {}", inline(one))));
        }
        one => _ = found.insert(format!("{before}{key} = {}", inline(one))),
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
        assert_eq!((diff.gone, diff.new), (vec![], vec![]));
    }

    #[test]
    fn each_value_that_differs_is_named_with_its_place() {
        let file = RUNNING
            .replace("robustness = 3", "robustness = 4")
            .replace("name = 'a'\n", "name = 'c'\n")
            .replace("ttl-threshold = 8\n", "");
        let diff = between("f", (RUNNING, &[]), &file);
        assert_eq!(
            diff.gone,
            ["igmp.robustness = 3", "interface a", "interface b: ttl-threshold = 8"]
        );
        assert_eq!(diff.new, ["igmp.robustness = 4", "interface c"]);
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
        let diff = between("f", (RUNNING, &changes), RUNNING);
        assert_eq!(
            diff.gone,
            [
                "interface a: static-joins = { group = \"239.1.1.1\" }",
                "route = { interface = \"b\", prefix = \"10.8.0.0/16\" }",
            ]
        );
        assert_eq!(
            diff.new,
            [
                "interface b: static-joins = { group = \"239.1.1.1\", source = \"10.0.0.1\" }",
                "route = { interface = \"a\", prefix = \"10.9.0.0/16\" }",
            ]
        );
    }
}
