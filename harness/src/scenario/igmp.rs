//! The IGMP parameters of a router: the same keys as in the configuration of `castnetd`.

use super::reader::Reader;
use super::span::Spanned;
use crate::knobs::{Changes, Invalid, KEYS, Knobs, PARAMETERS, Setting};
use crate::vocabulary::key::{Form, Key};

const FORM: &str = "a table such as { query-interval = \"20s\" }";

/// The changes of the key `igmp`, if all of it could be read.
pub(super) fn settings(table: &Reader<'_, '_>) -> Option<Changes> {
    let before = table.faults().borrow().len();
    let table = table.table("igmp", "`igmp`", FORM)?.with(KEYS);
    let settings = read(&table);
    let sound = table.faults().borrow().len() == before;
    table.finish();
    sound.then_some(settings)
}

fn read(table: &Reader<'_, '_>) -> Changes {
    let given = |key: &Key| match key.form {
        Form::Flag => table.boolean(key.name).map(|flag| Setting::Flag(flag.value)),
        Form::Time => table.duration(key.name).map(|time| Setting::Time(time.value)),
        Form::Numbers(_) => number(table, key).map(Setting::Whole),
        Form::Whole(_, most) if most > u8::MAX.into() => {
            table.integer::<u32>(key.name).map(|limit| Setting::Whole(limit.value))
        }
        // Zero is refused later, in the RFC's words.
        _ => table.integer::<u8>(key.name).map(|count| Setting::Whole(count.value.into())),
    };
    let rows = PARAMETERS.iter();
    Changes(rows.filter_map(|row| Some((row, given(&row.key)?))).collect())
}

/// The parameters of the key `igmp`; the RFC's defaults without the key.
pub(super) fn params(node: &Reader<'_, '_>) -> Option<Knobs> {
    if node.value("igmp").is_none() {
        return Some(Knobs::default());
    }
    let table = node.table("igmp", "`igmp`", FORM)?.with(KEYS);
    let before = table.faults().borrow().len();
    let knobs = read(&table).over(&Knobs::default());
    // A value that could not be read must not count as the default.
    if table.faults().borrow().len() == before
        && let Err(invalid) = knobs.check()
    {
        let span = invalid.keys().iter().find_map(|key| Some(table.value(key)?.span()));
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

/// One of the numbers of the row.
fn number(table: &Reader<'_, '_>, key: &Key) -> Option<u32> {
    let Spanned { value: number, span } = table.integer::<u16>(key.name)?;
    if key.form.allows(number.into()) {
        return Some(number.into());
    }
    let (name, limits) = (key.name, key.form.limits());
    let (message, label) = (format!("`{name}` is {limits}"), format!("found {number}"));
    table.faults().borrow_mut().error(&span, message, label);
    None
}
