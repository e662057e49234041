//! `[matrix]`: one file for several values of some parameters.
//!
//! `${version}` in a string stands for the value of the parameter `version`; a string that is only
//! `${version}` gets the value's type. Each combination of values is a scenario of its own.
//! References without a parameter are refused, and parameters without a reference.

use std::borrow::Cow;
use std::collections::BTreeSet;

use toml::de::{DeArray, DeTable, DeValue};

use super::diagnostic::{Diagnostics, Span, Spanned, closest};
use super::expr;
use super::reader::Reader;
use super::scope::Scope;

/// The most combinations of one file.
const MOST: usize = 100;

/// The longest value, in octets.
const LONGEST: usize = 64;

/// The longest name of a combination, so that it fits into a file name behind the scenario's.
const LONGEST_NAME: usize = 160;

/// The scenario with one value of each parameter.
pub(super) struct Combination<'i> {
    /// `version=2,lmqi=500ms`; empty if there is no matrix.
    pub(super) name: String,
    pub(super) document: DeTable<'i>,
}

/// A parameter and its values.
struct Parameter<'i> {
    name: Spanned<String>,
    values: Vec<DeValue<'i>>,
}

/// Every combination, in the order of the file: the last parameter varies fastest. `None` if the
/// matrix or a reference to it is wrong.
pub(super) fn combinations<'i>(
    mut document: DeTable<'i>,
    faults: &mut Diagnostics,
) -> Vec<Combination<'i>> {
    let told = Scope::beside(std::mem::take(faults));
    let parameters = parameters(&document, &told);
    *faults = told.into_faults();
    let Some(parameters) = parameters else { return Vec::new() };
    let matrix = document.remove("matrix");
    let before = faults.len();
    let mut used = BTreeSet::new();
    let mut combinations = Vec::new();
    for chosen in choices(&parameters) {
        let mut filling = Filling { chosen: &chosen, used: &mut used, faults };
        let document = filling.table(document.clone());
        let values = chosen.iter().map(|(name, value)| format!("{name}={}", nameable(value)));
        let name = values.collect::<Vec<_>>().join(",");
        if let Some(matrix) = matrix.as_ref().filter(|_| name.len() > LONGEST_NAME) {
            let message = "a combination makes a name that no file can have";
            let label = format!("it has {} octets, and {LONGEST_NAME} are possible", name.len());
            faults.error(&matrix.span(), message, label);
        }
        combinations.push(Combination { name, document });
        if faults.len() > before {
            return Vec::new();
        }
    }
    for Parameter { name, .. } in parameters.iter().filter(|p| !used.contains(&p.name.value)) {
        let message = format!("nothing depends on the parameter `{}`", name.value);
        let help = format!("write \"${{{}}}\" where its value belongs", name.value);
        faults.error_with_help(&name.span, message, "every run would be the same", help);
    }
    combinations
}

/// The parameters, which may be none; `None` if they cannot be used.
fn parameters<'i>(document: &DeTable<'i>, scope: &Scope) -> Option<Vec<Parameter<'i>>> {
    let Some(value) = document.get("matrix") else { return Some(Vec::new()) };
    let faults = scope.faults();
    let before = faults.borrow().len();
    let form = "a table of parameters with their values: version = [1, 2]";
    let table = Reader::of(value, "[matrix]", form, scope)?;
    let mut parameters = Vec::new();
    for (name, value) in table.entries() {
        if !expr::is_name(&name.value) || name.value.contains('.') {
            let message = format!("`{}` cannot be the name of a parameter", name.value);
            let label = "a letter, then letters, digits, - and _";
            faults.borrow_mut().error(&name.span, message, label);
        }
        let Some(list) = value.get_ref().as_array().filter(|list| !list.is_empty()) else {
            let message = format!("`{}` is a list of values, as in [\"1s\", \"2s\"]", name.value);
            let found = if value.get_ref().is_array() { "it is empty" } else { "found no list" };
            faults.borrow_mut().error(&value.span(), message, found);
            continue;
        };
        let mut known = BTreeSet::new();
        for value in list {
            let mut faults = faults.borrow_mut();
            match text(value.get_ref()) {
                None => {
                    let message = "a value is a string, a whole number, true or false";
                    let found = format!("found {}", value.get_ref().type_str());
                    faults.error(&value.span(), message, found);
                }
                Some(text) if text.len() > LONGEST => {
                    let message = format!("a value is at most {LONGEST} octets long");
                    faults.error(&value.span(), message, "it is part of names");
                }
                Some(text) if !known.insert(text.clone()) => {
                    let message = format!("`{text}` stands twice");
                    faults.error(&value.span(), message, "the second time");
                }
                Some(_) => {}
            }
        }
        let values = list.iter().map(|value| value.get_ref().clone()).collect();
        parameters.push(Parameter { name, values });
    }
    if parameters.is_empty() && faults.borrow().len() == before {
        let message = "[matrix] names parameters and their values";
        faults.borrow_mut().error(&value.span(), message, "there is none: version = [1, 2]");
    }
    let sizes = parameters.iter().map(|parameter| parameter.values.len());
    let count = sizes.fold(1_usize, usize::saturating_mul);
    if count > MOST {
        let message = format!("a scenario has at most {MOST} combinations");
        faults.borrow_mut().error(&value.span(), message, format!("these are {count}"));
    }
    (faults.borrow().len() == before).then_some(parameters)
}

/// All combinations of the parameters' values.
fn choices<'p, 'i>(parameters: &'p [Parameter<'i>]) -> Vec<Vec<(&'p str, &'p DeValue<'i>)>> {
    let mut choices = vec![Vec::new()];
    for Parameter { name, values } in parameters {
        let more = choices.into_iter().flat_map(|choice: Vec<_>| {
            values.iter().map(move |value| {
                let mut choice = choice.clone();
                choice.push((name.value.as_str(), value));
                choice
            })
        });
        choices = more.collect();
    }
    choices
}

/// The value in the middle of a string.
fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// The value as part of a name: of a scenario, of a test, of a file.
fn nameable(value: &DeValue<'_>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-%".contains(c);
    text(value).unwrap_or_default().chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

/// Puts one value of each parameter in its places.
struct Filling<'f, 'i> {
    chosen: &'f [(&'f str, &'f DeValue<'i>)],
    used: &'f mut BTreeSet<String>,
    faults: &'f mut Diagnostics,
}

impl<'i> Filling<'_, 'i> {
    fn table(&mut self, table: DeTable<'i>) -> DeTable<'i> {
        table.into_iter().map(|(key, value)| (key, self.value(value))).collect()
    }

    fn value(&mut self, value: toml::Spanned<DeValue<'i>>) -> toml::Spanned<DeValue<'i>> {
        let span = value.span();
        let value = match value.into_inner() {
            DeValue::Table(table) => DeValue::Table(self.table(table)),
            DeValue::Array(list) => {
                let items: DeArray<'i> = list.into_iter().map(|item| self.value(item)).collect();
                DeValue::Array(items)
            }
            DeValue::String(text) if text.contains("${") => {
                self.string(&text, &span).unwrap_or(DeValue::String(text))
            }
            other => other,
        };
        toml::Spanned::new(span, value)
    }

    /// `None` if a reference in it is wrong.
    fn string(&mut self, whole: &str, span: &Span) -> Option<DeValue<'i>> {
        let (mut filled, mut rest) = (String::new(), whole);
        while let Some(at) = rest.find("${") {
            let (before, tail) = (&rest[..at], &rest[at + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                filled.push_str(before);
                filled.push_str("${");
                rest = tail;
                continue;
            }
            let Some((name, tail)) = tail.split_once('}') else {
                self.faults.error(span, "a reference to a parameter is `${name}`", "without `}`");
                return None;
            };
            let value = self.chosen(name, span)?;
            if before.is_empty() && tail.is_empty() && filled.is_empty() {
                return Some(value.clone());
            }
            filled.push_str(before);
            filled.push_str(&text(value).unwrap_or_default());
            rest = tail;
        }
        filled.push_str(rest);
        Some(DeValue::String(Cow::Owned(filled)))
    }

    fn chosen(&mut self, name: &str, span: &Span) -> Option<&'_ DeValue<'i>> {
        let known = self.chosen.iter().map(|(name, _)| *name);
        let Some((_, value)) = self.chosen.iter().find(|(known, _)| *known == name) else {
            let message = format!("unknown parameter `{name}`");
            let help = match closest(name, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "give it values in [matrix], or write `$${` for `${` itself".to_owned(),
            };
            self.faults.error_with_help(span, message, "not in [matrix]", help);
            return None;
        };
        self.used.insert(name.to_owned());
        Some(value)
    }
}
