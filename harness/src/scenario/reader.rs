//! Reads a TOML table key by key, and collects all its faults.
//!
//! serde stops at the first fault and cannot suggest a key; an author wants all faults and a
//! suggestion. A key that no reader asked for is unknown ([`Reader::finish`]), and a missing key is
//! reported unless one of the unknown keys seems to be it, misspelt.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Family;
use ipnet::IpNet;
use toml::de::DeTable;

use super::diagnostic::{Diagnostics, closest};
use super::entry::{Entry, mismatch, string, whole};
use super::family::{self, Refusal};
use super::scope::Scope;
use super::span::{Span, Spanned};
use super::time;
use crate::vocabulary::key::{Form, Key, Keys};
use crate::vocabulary::unspoken;

/// A missing part of a table: any one of `keys` would do.
struct Missing {
    keys: Vec<&'static str>,
    message: String,
    help: Option<String>,
}

/// One table under reading.
pub(super) struct Reader<'t, 'i> {
    table: &'t DeTable<'i>,
    span: Span,
    /// The table's description in messages: "an act".
    what: Cell<&'static str>,
    /// The rows of its keys.
    keys: RefCell<Vec<&'static [Key]>>,
    asked: RefCell<Vec<&'static str>>,
    missing: RefCell<Vec<Missing>>,
    scope: &'t Scope,
}

impl<'t, 'i> Reader<'t, 'i> {
    pub(super) fn new(
        table: &'t DeTable<'i>,
        span: Span,
        what: &'static str,
        scope: &'t Scope,
    ) -> Self {
        let (keys, asked, missing) = Default::default();
        Self { table, span, what: Cell::new(what), keys, asked, missing, scope }
    }

    /// The table with the rows of its keys, which say what values they take.
    pub(super) fn with(self, keys: Keys) -> Self {
        self.has(keys);
        self
    }

    /// The row of a key.
    fn row(&self, key: &str) -> Option<&'static Key> {
        self.rows().find(|row| row.spellings().any(|spelling| spelling == key))
    }

    /// The rows of all keys.
    fn rows(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.borrow().clone().into_iter().flatten()
    }

    /// Reads `value` as a table, or reports that it is none and what it should look like.
    pub(super) fn of(
        value: Entry<'t, 'i>,
        what: &'static str,
        form: &str,
        scope: &'t Scope,
    ) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            mismatch(scope.faults(), value, &format!("{what} is {form}"));
            return None;
        };
        Some(Self::new(table, value.span(), what, scope))
    }

    pub(super) const fn scope(&self) -> &'t Scope {
        self.scope
    }

    pub(super) const fn faults(&self) -> &'t RefCell<Diagnostics> {
        self.scope.faults()
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Replaces the description, now that more of the table has been read.
    pub(super) fn is(&self, what: &'static str) {
        self.what.set(what);
    }

    /// Replaces the rows of the keys, now that more of the table has been read.
    pub(super) fn has(&self, keys: impl IntoIterator<Item = &'static &'static [Key]>) {
        *self.keys.borrow_mut() = keys.into_iter().copied().collect();
    }

    /// Notes that every key with a row is valid here, in a table that cannot be read further.
    pub(super) fn know_all(&self) {
        let spellings = self.rows().flat_map(Key::spellings);
        self.asked.borrow_mut().extend(spellings);
    }

    /// Notes that these keys may have a meaning here, so that they are not reported as unknown.
    pub(super) fn know(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// The entries as they stand, for tables whose keys are names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Spanned<String>, Entry<'t, 'i>)> {
        self.table.iter().map(|(key, value)| {
            (Spanned { value: key.get_ref().to_string(), span: key.span() }, value)
        })
    }

    fn entry(
        &self,
        key: &'static str,
    ) -> Option<(&'t toml::Spanned<std::borrow::Cow<'i, str>>, Entry<'t, 'i>)> {
        let what = self.what.get();
        debug_assert!(self.row(key).is_some(), "the key `{key}` of {what} has no row");
        self.asked.borrow_mut().push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key)
    }

    /// The value of a key, if it is there.
    pub(super) fn value(&self, key: &'static str) -> Option<Entry<'t, 'i>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Where the key stands, if it is there.
    pub(super) fn key_span(&self, key: &'static str) -> Option<Span> {
        self.entry(key).map(|(name, _)| name.span())
    }

    /// Notes that these keys have no meaning here, now that more of the table has been read.
    pub(super) fn forget(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().retain(|asked| !keys.contains(asked));
    }

    /// Notes that a key is missing, unless it is there.
    pub(super) fn require<T>(&self, key: &'static str, read: Option<T>) -> Option<T> {
        if read.is_none() && self.value(key).is_none() {
            self.lacks(vec![key], format!("needs the key `{key}`"), None);
        }
        read
    }

    /// Notes a missing part, in words that follow the table's description.
    pub(super) fn lacks(&self, keys: Vec<&'static str>, sentence: String, help: Option<String>) {
        let message = format!("{} {sentence}", self.what.get());
        self.missing.borrow_mut().push(Missing { keys, message, help });
    }

    pub(super) fn string(&self, key: &'static str) -> Option<Spanned<String>> {
        string(self.value(key)?, &format!("`{key}` is a string"), self.faults())
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<Spanned<bool>> {
        let value = self.value(key)?;
        let Some(read) = value.get_ref().as_bool() else {
            mismatch(self.faults(), value, &format!("`{key}` is true or false"));
            return None;
        };
        Some(Spanned { value: read, span: value.span() })
    }

    /// The limits of a key's row, in words.
    pub(super) fn limits(&self, key: &str) -> String {
        self.row(key).map_or_else(|| Form::Count.limits(), |row| row.form.limits())
    }

    /// A whole number that `T` can hold; messages name the limits of the key's row.
    pub(super) fn integer<T: TryFrom<i64>>(&self, key: &'static str) -> Option<Spanned<T>> {
        whole(key, self.value(key)?, &self.limits(key), self.faults())
    }

    /// A whole number within the limits of the key's row.
    pub(super) fn whole<T>(&self, key: &'static str) -> Option<Spanned<T>>
    where
        T: TryFrom<i64> + TryInto<u64> + Copy,
    {
        let number = self.integer::<T>(key)?;
        let is_allowed = self.limit(key, Some(&number), |limits, found| {
            (format!("`{key}` is a whole number, {limits}"), format!("found {found}"))
        });
        is_allowed.then_some(number)
    }

    /// Reports a number outside the limits of the key's row; `words` makes the message and the label
    /// from the limits and the number. True if there is nothing to report.
    pub(super) fn limit<T: TryInto<u64> + Copy>(
        &self,
        key: &'static str,
        number: Option<&Spanned<T>>,
        words: impl FnOnce(&str, u64) -> (String, String),
    ) -> bool {
        let Some(row) = self.row(key) else { return true };
        let Some(Spanned { value, span }) = number else { return true };
        let outside = (*value).try_into().ok().filter(|&found| !row.form.allows(found));
        if let Some(found) = outside {
            let (message, label) = words(&row.form.limits(), found);
            self.faults().borrow_mut().error(span, message, label);
        }
        outside.is_none()
    }

    /// The spelling of a key that the table has.
    pub(super) fn spelling(&self, key: &Key) -> Option<&'static str> {
        let present: Vec<_> = key
            .spellings()
            .filter_map(|spelling| Some((spelling, self.key_span(spelling)?)))
            .collect();
        if let [(first, _), (second, span), ..] = present.as_slice() {
            let message = format!("both `{first}` and `{second}` in one table");
            self.faults().borrow_mut().error(span, message, "they mean the same");
        }
        present.first().map(|(spelling, _)| *spelling)
    }

    /// The strings of a list.
    pub(super) fn strings(&self, key: &'static str) -> Option<Spanned<Vec<Spanned<String>>>> {
        let value = self.value(key)?;
        let Some(list) = value.get_ref().as_array() else {
            let form = format!("`{key}` is a list of strings, as in [\"a\", \"b\"]");
            mismatch(self.faults(), value, &form);
            return None;
        };
        let form = format!("`{key}` is a list of strings");
        let read: Vec<_> =
            list.iter().filter_map(|item| string(item, &form, self.faults())).collect();
        (read.len() == list.len()).then_some(Spanned { value: read, span: value.span() })
    }

    /// A string that `parse` accepts; otherwise the message shows `form`.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &self,
        key: &'static str,
        form: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Spanned<T>> {
        let text = string(self.value(key)?, &format!("`{key}` is {form}"), self.faults())?;
        match parse(&text.value) {
            Ok(value) => Some(Spanned { value, span: text.span }),
            Err(why) => {
                let message = format!("`{key}` is {form}");
                self.faults().borrow_mut().error(&text.span, message, why.to_string());
                None
            }
        }
    }

    pub(super) fn duration(&self, key: &'static str) -> Option<Spanned<Duration>> {
        self.parsed(key, time::FORM, time::parse)
    }

    pub(super) fn address(&self, key: &'static str) -> Option<Spanned<IpAddr>> {
        self.of_family(key, family::Form::Address, "", family::address)
    }

    pub(super) fn network(&self, key: &'static str) -> Option<Spanned<IpNet>> {
        let example = match self.scope.family() {
            Some(Family::V6) => " such as \"fd00:0:1:2::/64\"",
            _ => " such as \"10.1.2.0/24\"",
        };
        self.of_family(key, family::Form::Network, example, family::network)
    }

    /// A network of groups.
    pub(super) fn range(&self, key: &'static str) -> Option<IpNet> {
        let Spanned { value, span } = self.network(key)?;
        if !value.addr().is_multicast() {
            let message = format!("`{key}` is a range of groups");
            self.faults().borrow_mut().error(&span, message, "no groups have such addresses");
            return None;
        }
        Some(value)
    }

    /// A string with an address or a network of the run's family.
    fn of_family<T>(
        &self,
        key: &'static str,
        form: family::Form,
        example: &str,
        parse: fn(&str, Option<Family>) -> Result<T, Refusal>,
    ) -> Option<Spanned<T>> {
        let run = self.scope.family();
        let message = format!("`{key}` is {}{example}", form.words(run));
        let text = string(self.value(key)?, &message, self.faults())?;
        let told = |refusal: Refusal| {
            let mut faults = self.faults().borrow_mut();
            refusal.report(&text.value, &text.span, message, form.label(run), &mut faults);
        };
        let value = parse(&text.value, run).map_err(told).ok()?;
        Some(Spanned { value, span: text.span })
    }

    /// The meaning of one of these words; `what` describes the words in messages.
    pub(super) fn word<T: Copy>(
        &self,
        key: &'static str,
        what: &str,
        words: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        let word = self.string(key)?;
        let Some((_, meant)) = words.iter().find(|(known, _)| *known == word.value) else {
            let known = words.iter().map(|(known, _)| *known);
            self.faults().borrow_mut().unknown_word("", what, &word, known);
            return None;
        };
        Some(Spanned { value: *meant, span: word.span })
    }

    /// The table that is a key's value; messages show `form`.
    pub(super) fn table(&self, key: &'static str, what: &'static str, form: &str) -> Option<Self> {
        let keys = self.row(key).map_or(&[][..], |row| row.form.keys());
        Some(Self::of(self.value(key)?, what, form, self.scope)?.with(keys))
    }

    /// The tables of a list; messages show `form`.
    pub(super) fn tables(
        &self,
        key: &'static str,
        what: &'static str,
        form: &str,
    ) -> Vec<Option<Self>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            mismatch(self.faults(), value, &format!("`{key}` is a list: {form}"));
            return vec![None];
        };
        let keys = self.row(key).map_or(&[][..], |row| row.form.keys());
        let table = |item| Some(Self::of(item, what, "a table", self.scope)?.with(keys));
        list.iter().map(table).collect()
    }

    /// Reports the keys that no reader asked for, and the missing ones.
    pub(super) fn finish(self) {
        let what = self.what.get();
        let mut known = self.asked.take();
        let mut once = std::collections::BTreeSet::new();
        known.retain(|key| once.insert(*key));
        let mut meant = Vec::new();
        for (key, _) in self.entries().filter(|(key, _)| !known.contains(&key.value.as_str())) {
            meant.extend(closest(&key.value, known.iter().copied()));
            let known = known.iter().copied();
            let place = format!("of {what}");
            self.faults().borrow_mut().unknown_word(&place, "key", &key, known);
        }
        let mut unknown = self.entries().filter(|(key, _)| !known.contains(&key.value.as_str()));
        // The unknown key may be the verb that the table lacks.
        let is_unspoken = unknown.any(|(key, _)| unspoken::answer(&key.value).is_some());
        let missing = self.missing.take();
        for Missing { keys, message, help } in missing {
            if keys.iter().any(|key| meant.contains(key)) || is_unspoken && keys.len() > 1 {
                continue;
            }
            let (mut faults, label) = (self.faults().borrow_mut(), "missing here");
            match help {
                Some(help) => faults.error_with_help(&self.span, message, label, help),
                None => faults.error(&self.span, message, label),
            }
        }
    }
}
