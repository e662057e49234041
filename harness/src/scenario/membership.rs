//! The parameters of group management of a router: the tables `igmp`, `mld` and `membership`, with the
//! same keys as in the configuration of `castnetd`.
//!
//! Refuses the table of a protocol that the run does not speak, and two of the tables beside each other.

use castnet::addr::Family;

use super::reader::Reader;
use super::span::Spanned;
use crate::knobs::{
    Changes, Dialect, Invalid, Knobs, PARAMETERS, Parameter, Setting, fixed_in_mld, rfc,
};
use crate::vocabulary::key::Form;

const FORM: &str = "a table such as { query-interval = \"20s\" }";

/// The changes of the table that is given, with its place, if all of it could be read.
pub(super) fn settings(node: &Reader<'_, '_>) -> Option<Spanned<Changes>> {
    let before = node.faults().borrow().len();
    let (dialect, table) = table(node)?;
    let settings = read(dialect, &table);
    let (span, sound) = (table.span().clone(), node.faults().borrow().len() == before);
    table.finish();
    sound.then_some(Spanned { value: settings, span })
}

/// The parameters of the table that is given; the RFC's defaults without one.
pub(super) fn params(node: &Reader<'_, '_>) -> Option<Knobs> {
    let defaults = Knobs::of(node.scope().family().unwrap_or(Family::V4));
    if given(node).is_empty() {
        return Some(defaults);
    }
    let before = node.faults().borrow().len();
    let (dialect, table) = table(node)?;
    let knobs = read(dialect, &table).over(&defaults);
    // A value that could not be read must not count as the default.
    if table.faults().borrow().len() == before
        && let Err(invalid) = knobs.check()
    {
        let span = invalid.keys().into_iter().find_map(|key| value_span(dialect, &table, key));
        let span = span.unwrap_or_else(|| table.span().clone());
        let label = match invalid {
            Invalid::ResponseNotShorter => format!(
                "query-response-interval is {}, query-interval is {}",
                humantime::format_duration(knobs.query_response_interval),
                humantime::format_duration(knobs.query_interval)
            ),
            _ => "not possible".to_owned(),
        };
        table.faults().borrow_mut().error(&span, invalid.to_string(), label);
    }
    let sound = table.faults().borrow().len() == before;
    table.finish();
    sound.then_some(knobs)
}

/// The place of the value of a parameter with this key, by whichever spelling it is given.
fn value_span(dialect: Dialect, table: &Reader<'_, '_>, key: &str) -> Option<super::span::Span> {
    Some(table.value(table.spelling(dialect.key(key)?)?)?.span())
}

/// The tables that are given.
fn given(node: &Reader<'_, '_>) -> Vec<Dialect> {
    let all = Dialect::ALL.into_iter();
    all.filter(|dialect| node.value(dialect.word()).is_some()).collect()
}

/// The one table that is given, if the run speaks its protocol.
fn table<'t, 'i>(node: &Reader<'t, 'i>) -> Option<(Dialect, Reader<'t, 'i>)> {
    let given = given(node);
    let dialect = *given.first()?;
    let word = dialect.word();
    if let Some(second) = given.get(1).map(|second| second.word()) {
        let span = node.key_span(second)?;
        let message = format!("both `{word}` and `{second}` in one table");
        let help = "`membership` is the table for a run of either family";
        let mut faults = node.faults().borrow_mut();
        faults.error_with_help(&span, message, "one table has all parameters", help);
        return None;
    }
    if let (Some(run), Some(of)) = (node.scope().family(), dialect.family())
        && run != of
    {
        let span = node.key_span(word)?;
        let message = format!("`{word}` is of {of}, and this run is of {run}");
        let own = Dialect::of(run).word();
        let help =
            format!("name the table `{own}`, or `membership` if the file runs over both families");
        node.faults().borrow_mut().error_with_help(&span, message, "of another family", help);
        return None;
    }
    let table = match dialect {
        Dialect::Igmp => node.table(word, "`igmp`", FORM)?,
        Dialect::Mld => node.table(word, "`mld`", FORM)?,
        Dialect::Membership => node.table(word, "`membership`", FORM)?,
    };
    Some((dialect, table.with(dialect.keys())))
}

fn read(dialect: Dialect, table: &Reader<'_, '_>) -> Changes {
    let rows = PARAMETERS.iter();
    Changes(rows.filter_map(|row| Some((row, setting(dialect, table, row)?))).collect())
}

/// The value of a parameter, in IGMP's numbers.
fn setting(dialect: Dialect, table: &Reader<'_, '_>, row: &Parameter) -> Option<Setting> {
    // The dialect may have a form of its own for it.
    let row = dialect.key(row.key.name)?;
    let key = table.spelling(row)?;
    if table.scope().family() == Some(Family::V6)
        && let Some(rule) = fixed_in_mld(key)
    {
        let (span, message) = (table.key_span(key)?, format!("MLD has no `{key}`"));
        table.faults().borrow_mut().error(&span, message, rule);
        return None;
    }
    Some(match row.form {
        Form::Flag => Setting::Flag(table.boolean(key)?.value),
        Form::Time => Setting::Time(table.duration(key)?.value),
        Form::Network => Setting::Range(table.range(key)?),
        Form::Words(words) if table.value(key)?.get_ref().is_integer() => {
            let span = table.value(key)?.span();
            let message = format!("`{key}` is \"{}\" in `membership`", words.join("\" or \""));
            let label = "numbers of versions differ between IGMP and MLD";
            table.faults().borrow_mut().error(&span, message, label);
            return None;
        }
        Form::Words(words) => {
            let words: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
            let word = table.word(key, "version", &words)?.value;
            Setting::Whole(Dialect::version_word(word)?)
        }
        Form::Numbers(_) => {
            let number = number(table, key)?;
            match key {
                "rfc" => Setting::Whole(of_family(table, number)?),
                _ => Setting::Whole(dialect.version(number.value)),
            }
        }
        Form::Whole(_, most) if most > u8::MAX.into() => {
            Setting::Whole(table.integer::<u32>(key)?.value)
        }
        // Zero is refused later, in the RFC's words.
        _ => Setting::Whole(table.integer::<u8>(key)?.value.into()),
    })
}

/// One of the numbers of the row.
fn number(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<u32>> {
    let number = table.integer::<u32>(key)?;
    let is_allowed = table.limit(key, Some(&number), |limits, found| {
        (format!("`{key}` is {limits}"), format!("found {found}"))
    });
    is_allowed.then_some(number)
}

/// IGMP's number for the RFC with this number, which must be of the run's protocol.
fn of_family(table: &Reader<'_, '_>, written: Spanned<u32>) -> Option<u32> {
    let (of, number) = rfc(written.value)?;
    if let Some(run) = table.scope().family().filter(|run| *run != of) {
        let message = format!("RFC {} is of {of}, and this run is of {run}", written.value);
        let mut faults = table.faults().borrow_mut();
        faults.error(&written.span, message, "its formulas are of another protocol");
        return None;
    }
    Some(number)
}
