//! One value of a table: a string or a whole number, or the report that it is of another type.

use std::cell::RefCell;

use toml::de::DeValue;

use super::diagnostic::Diagnostics;
use super::span::Spanned;

/// A value and its place.
pub(super) type Entry<'t, 'i> = &'t toml::Spanned<DeValue<'i>>;

/// A whole number within the limits of `T`, for any key.
pub(super) fn whole<T: TryFrom<i64>>(
    key: &str,
    value: Entry<'_, '_>,
    limits: &str,
    faults: &RefCell<Diagnostics>,
) -> Option<Spanned<T>> {
    let number = value.get_ref().as_integer().and_then(|integer| {
        i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
    });
    let Some(read) = number.and_then(|number| T::try_from(number).ok()) else {
        let message = format!("`{key}` is a whole number, {limits}");
        match value.get_ref().as_integer() {
            None => mismatch(faults, value, &message),
            Some(found) => {
                let label = format!("found {}", found.as_str());
                faults.borrow_mut().error(&value.span(), message, label);
            }
        }
        return None;
    };
    Some(Spanned { value: read, span: value.span() })
}

/// A string; otherwise the message says what was `expected`.
pub(super) fn string(
    value: Entry<'_, '_>,
    expected: &str,
    faults: &RefCell<Diagnostics>,
) -> Option<Spanned<String>> {
    let Some(text) = value.get_ref().as_str() else {
        mismatch(faults, value, expected);
        return None;
    };
    Some(Spanned { value: text.to_owned(), span: value.span() })
}

/// Reports a value of another type than `expected`.
pub(super) fn mismatch(faults: &RefCell<Diagnostics>, value: Entry<'_, '_>, expected: &str) {
    let found = format!("found {} {}", article(value), value.get_ref().type_str());
    faults.borrow_mut().error(&value.span(), expected, found);
}

fn article(value: Entry<'_, '_>) -> &'static str {
    if matches!(value.get_ref(), DeValue::Integer(_) | DeValue::Array(_)) { "an" } else { "a" }
}
