//! The tables of docs/scenario.md that follow from the vocabulary.
//!
//! Each stands on the page between two lines, `<!-- NAME -->` and `<!-- end -->`. A test compares
//! them with what is made here, and says how the page is written anew.

use super::field::FIELDS;
use super::key::{Form, Key};
use super::kind::KINDS;

/// What ends a table on the page.
const END: &str = "<!-- end -->";

/// The tables: what each is called on the page, and what makes it.
const TABLES: [(&str, fn() -> Vec<[String; 2]>); 2] =
    [("kinds of packets", kinds), ("fields of packets", fields)];

/// The page with every table as the vocabulary has it.
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

/// A table of two columns; the first row is its head.
fn table(rows: &[[String; 2]]) -> String {
    let mut text = String::from("\n");
    for (position, [key, about]) in rows.iter().enumerate() {
        text.push_str(&format!("| {key} | {about} |\n"));
        if position == 0 {
            text.push_str("|---|---|\n");
        }
    }
    text.push('\n');
    text
}

fn head(key: &str) -> [String; 2] {
    [key.to_owned(), "what it is".to_owned()]
}

fn kinds() -> Vec<[String; 2]> {
    let rows = KINDS.iter().map(|row| {
        let words = std::iter::once(row.word).chain(row.aliases.iter().copied());
        [spelt(words), row.about.to_owned()]
    });
    std::iter::once(head("kind")).chain(rows).collect()
}

fn fields() -> Vec<[String; 2]> {
    let rows = FIELDS.iter().map(|row| [spelt(row.key.spellings()), about(&row.key)]);
    std::iter::once(head("field")).chain(rows).collect()
}

/// What a key means, and its words if it has some.
fn about(key: &Key) -> String {
    match key.form {
        Form::Words(words) => {
            let words = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>();
            format!("{} Its words: {}.", key.about, words.join(", "))
        }
        _ => key.about.to_owned(),
    }
}

/// `ttl` or `hop-limit`
fn spelt(words: impl Iterator<Item = &'static str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}
