//! `extends`: a template holds what several scenarios have in common.
//!
//! A template has links, nodes and acts, and the key `template` for its title. The scenario
//! overrides it by name: its links and its nodes replace those of the template, a node without a
//! `role` changes only the keys that it has, and its acts follow. Claims and faults stand in the
//! scenario.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::diagnostic::Diagnostics;
use super::document;
use super::reach::{OUTSIDE, Reach};
use super::reader::Reader;
use super::scope::Scope;
use super::source::{self, Source, Sources};
use crate::vocabulary::file::FILE;

/// The keys that a template may have for its scenarios.
const OWN: [&str; 5] = ["tolerance", "invariants", "links", "nodes", "act"];
/// The keys that only a scenario has.
const NOT_HERE: [&str; 6] = ["title", "proves", "end", "matrix", "fault", "expect"];

type Key<'i> = Spanned<DeString<'i>>;
type Value<'i> = Spanned<DeValue<'i>>;

/// Whether the file is a template or a recipe, and so no scenario.
#[must_use]
pub fn is_template(path: &Path) -> bool {
    matches!(kind(path), Kind::Template | Kind::Recipe)
}

/// What a TOML file is to castnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scenario, or what may be meant for one: a file with errors is never passed over.
    Scenario,
    /// A template.
    Template,
    /// A recipe of software that a scenario's router may run.
    Recipe,
    /// The file of another program: none of its keys is one of a scenario.
    Foreign,
}

/// What this file is.
#[must_use]
pub fn kind(path: &Path) -> Kind {
    let Ok(text) = source::read(path) else { return Kind::Scenario };
    let (document, _) = DeTable::parse_recoverable(&text);
    let document = document.get_ref();
    let mut keys = document.iter().map(|(key, _)| key.get_ref().as_ref());
    let is_known = |key: &str| FILE.iter().copied().flatten().any(|known| known.name == key);
    match has_only_template(document) {
        true => Kind::Template,
        false if is_recipe(document) => Kind::Recipe,
        false if !document.is_empty() && !keys.any(is_known) => Kind::Foreign,
        false => Kind::Scenario,
    }
}

/// A scenario with the key `template` by mistake must not pass for a template.
fn has_only_template(document: &DeTable<'_>) -> bool {
    let has = |key| document.get(key).is_some();
    has("template") && !has("title") && !has("expect")
}

fn is_recipe(document: &DeTable<'_>) -> bool {
    let has = |key| document.get(key).is_some();
    has("software") && has("program") && !has("title")
}

/// Reads the templates that the scenario extends, one after the other; false if one is missing.
pub(super) fn gather(sources: &mut Sources, reach: &Reach, faults: &mut Diagnostics) -> bool {
    let mut known = BTreeSet::new();
    loop {
        let last = sources.last();
        known.extend(fs::canonicalize(&last.path));
        let (document, errors) = DeTable::parse_recoverable(&last.text);
        // Their faults are reported once all of them are read.
        let named = document.get_ref().get("extends").filter(|_| errors.is_empty());
        let Some((named, span)) = named.map(|named| (named.get_ref(), named.span())) else {
            return true;
        };
        let Some(named) = named.as_str() else { return false };
        let path = Path::new(&last.path).parent().unwrap_or(Path::new("")).join(named);
        let shown = tidied(&path).display().to_string();
        match read(Path::new(named), &path, reach, &known) {
            Ok(text) => sources.add(shown, text),
            Err(why) => {
                let span = last.begin + span.start..last.begin + span.end;
                let help = match why.starts_with(OUTSIDE) {
                    true => "`--templates DIR` allows templates below another folder",
                    false => "the path begins at the folder of this file",
                };
                let message = "this template cannot be read";
                let label = match named {
                    "" => "it names no file".to_owned(),
                    _ => format!("{shown}: {why}"),
                };
                faults.error_with_help(&span, message, label, help);
                return false;
            }
        }
    }
}

fn read(
    named: &Path,
    path: &Path,
    reach: &Reach,
    known: &BTreeSet<PathBuf>,
) -> Result<String, String> {
    if named.is_absolute() {
        return Err("a path of this machine, which a scenario may not name".to_owned());
    }
    if fs::canonicalize(path).is_ok_and(|path| known.contains(&path)) {
        return Err("it would extend itself".to_owned());
    }
    reach.read(path)
}

/// The path without the detours `a/..`.
fn tidied(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match (part, tidy.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => _ = tidy.pop(),
            _ => tidy.push(part),
        }
    }
    tidy
}

/// The scenario merged over its templates, and whether all of these could be read; `None` if it is
/// no TOML, or is a template itself.
pub(super) fn document<'s>(
    sources: &'s Sources,
    faults: &mut Diagnostics,
) -> Option<(DeTable<'s>, bool)> {
    let scenario = sources.scenario();
    let document = document::document(scenario, faults);
    if let Some(template) = document.as_ref().filter(|document| has_only_template(document)) {
        check(template, scenario, faults);
        let key = template.get_key_value("template").map(|(key, _)| key.span());
        let help = "name it with `extends` in a scenario, and run that";
        let message = "this is a template";
        faults.error_with_help(&key.unwrap_or_default(), message, "and no scenario", help);
        return None;
    }
    let mut is_whole = true;
    let templates = sources.templates().iter().filter_map(|file| {
        let template = document::document(file, faults);
        let sound = template.as_ref().is_some_and(|template| check(template, file, faults));
        is_whole &= sound;
        template
    });
    let templates: Vec<DeTable<'_>> = templates.collect();
    Some((templates.into_iter().fold(document?, |over, template| merge(template, over)), is_whole))
}

/// Reports keys that no template may have; true if there are none.
fn check(template: &DeTable<'_>, file: &Source, faults: &mut Diagnostics) -> bool {
    let before = faults.len();
    let key = |name| template.get_key_value(name).map(|(key, _)| key.span());
    if let (None, Some(title)) = (key("template"), key("title")) {
        let help = "move what is shared into a file with `template = \"...\"`, and extend that";
        let message = "this is a scenario, and no template";
        faults.error_with_help(&title, message, "only templates can be extended", help);
        return false;
    }
    let told = Scope::beside(std::mem::take(faults));
    let table = Reader::new(template, file.begin..file.begin, "a template", &told).with(FILE);
    table.require("template", table.string("template"));
    table.string("extends");
    table.know(&OWN);
    for (key, form) in
        [("links", "lan = [\"r1\", \"h1\"]"), ("nodes", "s1 = { role = \"source\" }")]
    {
        if let Some(value) = table.value(key) {
            Reader::of(value, key, &format!("a table: {form}, and so on"), &told);
        }
    }
    for key in NOT_HERE {
        match table.key_span(key) {
            Some(span) => {
                let message = format!("a template has no `{key}`");
                told.faults().borrow_mut().error(
                    &span,
                    message,
                    "belongs in the scenarios that extend it",
                );
            }
            None => table.forget(&[key]),
        }
    }
    table.finish();
    *faults = told.into_faults();
    faults.len() == before
}

/// Merges two documents; the values of `over` win.
fn merge<'i>(template: DeTable<'i>, over: DeTable<'i>) -> DeTable<'i> {
    let template = template.into_iter().filter(|(key, _)| OWN.contains(&key.get_ref().as_ref()));
    let template = template.collect();
    by_name(template, over, |key, below, above| match (key, below, above) {
        ("links", DeValue::Table(below), DeValue::Table(above)) => {
            DeValue::Table(by_name(below, above, |_, _, above| above))
        }
        ("nodes", DeValue::Table(below), DeValue::Table(above)) => {
            DeValue::Table(by_name(below, above, |_, below, above| node(below, above)))
        }
        ("act", DeValue::Array(below), DeValue::Array(above)) => {
            DeValue::Array(below.into_iter().chain(above).collect())
        }
        (_, _, above) => above,
    })
}

/// A node with a role replaces the template's; one without a role changes single keys.
fn node<'i>(below: DeValue<'i>, above: DeValue<'i>) -> DeValue<'i> {
    match (below, above) {
        (DeValue::Table(below), DeValue::Table(above)) if above.get("role").is_none() => {
            DeValue::Table(by_name(below, above, |_, below, above| node(below, above)))
        }
        (_, above) => above,
    }
}

/// Merges both tables, in the order of the lower one; the upper values win.
fn by_name<'i>(
    below: DeTable<'i>,
    above: DeTable<'i>,
    join: impl Fn(&str, DeValue<'i>, DeValue<'i>) -> DeValue<'i>,
) -> DeTable<'i> {
    let mut entries: Vec<(Key<'i>, Value<'i>)> = below.into_iter().collect();
    for (key, value) in above {
        match entries.iter_mut().find(|(known, _)| *known == key) {
            Some(entry) => {
                let span = value.span();
                let below = std::mem::replace(entry.1.get_mut(), DeValue::Boolean(false));
                let joined = join(key.get_ref(), below, value.into_inner());
                *entry = (key, Spanned::new(span, joined));
            }
            None => entries.push((key, value)),
        }
    }
    entries.into_iter().collect()
}
