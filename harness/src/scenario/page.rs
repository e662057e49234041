//! The tables of docs/scenario.md that follow from the vocabulary.
//!
//! Each table stands on the page between two lines, `<!-- NAME -->` and `<!-- end -->`. A test
//! compares them with this module's tables, and explains how to update the page.

use std::collections::BTreeSet;

use crate::knobs::Dialect;
use crate::vocabulary::act::{SET, VERBS};
use crate::vocabulary::claim;
use crate::vocabulary::fault::{ACTIONS, FAULT};
use crate::vocabulary::field::FIELDS;
use crate::vocabulary::key::{Default, Form, Key, Keys};
use crate::vocabulary::kind::KINDS;
use crate::vocabulary::link::LINK;
use crate::vocabulary::node;

/// The line that ends a table on the page.
const END: &str = "<!-- end -->";

/// The tables: the name of each on the page, and the function that makes it.
const TABLES: [(&str, Maker); 12] = [
    ("keys of a link", || keys("key of a link", LINK)),
    ("keys of a router", || keys("key of a router", node::keys("router").unwrap_or_default())),
    ("keys of igmp", || keys("key of `igmp`", Dialect::Igmp.keys())),
    ("keys of pim", || keys("key of `pim`", node::PIM)),
    ("keys of a switch", || keys("key of a switch", node::keys("switch").unwrap_or_default())),
    ("verbs of acts", || words("verb", VERBS)),
    ("keys of set", || words("key of `set`", SET)),
    ("keys of a fault", || words("key of a fault", FAULT)),
    ("actions of faults", actions),
    ("expectations", || words("expectation", claims())),
    ("kinds of packets", kinds),
    ("fields of packets", fields),
];

/// A function that makes the rows of a table.
type Maker = fn() -> Vec<Row>;

/// A row of a table, cell by cell.
type Row = Vec<String>;

/// The page with every table made anew from the vocabulary.
///
/// # Errors
/// The name of a table that has no place on the page.
pub fn written(page: &str) -> Result<String, &'static str> {
    let mut page = page.to_owned();
    for (name, rows) in TABLES {
        let begin = format!("<!-- {name} -->\n");
        let from = page.find(&begin).ok_or(name)? + begin.len();
        let length = page[from..].find(END).ok_or(name)?;
        page.replace_range(from..from + length, &table(&rows()));
    }
    Ok(page)
}

/// A table; the first row is its head.
fn table(rows: &[Row]) -> String {
    let mut text = String::from("\n");
    for (position, row) in rows.iter().enumerate() {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
        if position == 0 {
            text.push_str(&format!("|{}\n", "---|".repeat(row.len())));
        }
    }
    text.push('\n');
    text
}

fn kinds() -> Vec<Row> {
    let head = vec!["kind".to_owned(), "what it is".to_owned()];
    let rows = KINDS.iter().map(|row| {
        let words = std::iter::once(row.word).chain(row.aliases.iter().copied());
        vec![spelt(words), row.about.to_owned()]
    });
    std::iter::once(head).chain(rows).collect()
}

fn fields() -> Vec<Row> {
    words("field", FIELDS.iter().map(|row| &row.key))
}

/// Keys and what they mean.
fn words<'k>(of: &str, keys: impl IntoIterator<Item = &'k Key>) -> Vec<Row> {
    let head = vec![of.to_owned(), "what it is".to_owned()];
    let rows = keys.into_iter().map(|key| vec![spelt(key.spellings()), about(key)]);
    std::iter::once(head).chain(rows).collect()
}

/// The actions of faults, each with a value that it can have.
fn actions() -> Vec<Row> {
    let head = ["action", "what happens"].map(str::to_owned).to_vec();
    let rows = ACTIONS.iter().map(|key| {
        let value = match key.form {
            Form::True => "true",
            Form::Time => "\"20ms\"",
            Form::List(_) => "[\"r1\"]",
            _ => "2",
        };
        vec![format!("`{} = {value}`", key.name), key.about.to_owned()]
    });
    std::iter::once(head).chain(rows).collect()
}

/// The keys that say what an expectation is about, each once.
fn claims() -> impl Iterator<Item = &'static Key> {
    let mut known = BTreeSet::new();
    let keys = claim::all_keys().copied().flatten();
    keys.filter(move |key| !key.form.keys().is_empty() && known.insert(key.name))
}

/// The keys of a table with their defaults, except for the role of a node.
fn keys(of: &str, keys: Keys) -> Vec<Row> {
    let head = [of, "unless given", "what it is"].map(str::to_owned).to_vec();
    let rows = keys.iter().copied().flatten().filter(|key| key.name != "role").map(|key| {
        let unless_given = match key.unless_given {
            Some(Default::Text(text)) => format!("`\"{text}\"`"),
            Some(Default::Number(number)) => number.to_string(),
            Some(Default::Flag(flag)) => format!("`{flag}`"),
            None => String::new(),
        };
        vec![spelt(key.spellings()), unless_given, about(key)]
    });
    std::iter::once(head).chain(rows).collect()
}

/// The meaning of a key, and its words if it has any.
fn about(key: &Key) -> String {
    match key.form {
        Form::Words(words) => {
            let words = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>();
            format!("{} Its words: {}.", key.about, words.join(", "))
        }
        Form::Like(example) => format!("{} For example `\"{example}\"`.", key.about),
        _ => key.about.to_owned(),
    }
}

/// `ttl` or `hop-limit`
fn spelt(words: impl Iterator<Item = &'static str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}
