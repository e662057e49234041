//! Refuses what is too long to be read, printed or run: names, texts and the list of faults.
//!
//! The limits are far above what people write. They hold before anything is made of a document, so
//! that no message and no run grows with them.

use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostics;

/// The longest name, in octets: of a node, an act, or a key.
const LONGEST_NAME: usize = 200;

/// The longest text, in octets: the message of an injection in hexadecimal digits takes 4,200.
const LONGEST_TEXT: usize = 10_000;

/// The most faults: each of them looks at each frame.
const MOST_FAULTS: usize = 1000;

/// Adds what is too long.
pub(super) fn check(document: &DeTable<'_>, faults: &mut Diagnostics) {
    if let Some((key, DeValue::Array(list))) =
        document.get_key_value("fault").map(|(key, value)| (key, value.get_ref()))
        && list.len() > MOST_FAULTS
    {
        let message = format!("a scenario has at most {MOST_FAULTS} faults");
        faults.error(&key.span(), message, format!("these are {}", list.len()));
    }
    table(document, faults);
}

fn table(table: &DeTable<'_>, faults: &mut Diagnostics) {
    for (key, entry) in table {
        let name = key.get_ref();
        if name.len() > LONGEST_NAME {
            let message = format!("a name has at most {LONGEST_NAME} octets");
            let label = format!("this one has {}", name.len());
            faults.error(&(key.span().start..key.span().start + 1), message, label);
            continue;
        }
        value(name, entry, faults);
    }
}

fn value(key: &str, entry: &toml::Spanned<DeValue<'_>>, faults: &mut Diagnostics) {
    match entry.get_ref() {
        DeValue::Table(inner) => table(inner, faults),
        DeValue::Array(list) => list.iter().for_each(|item| value(key, item, faults)),
        DeValue::String(text) => {
            let most = if matches!(key, "title" | "name") { LONGEST_NAME } else { LONGEST_TEXT };
            if text.len() > most {
                let message = format!("`{key}` has at most {most} octets");
                let start = entry.span().start;
                faults.error(&(start..start + 1), message, format!("these are {}", text.len()));
            }
        }
        _ => {}
    }
}
