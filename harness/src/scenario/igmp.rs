//! The IGMP parameters of a router: the same keys as in the configuration of `castnetd`.

use castnet::gmp::message::Version;

use super::reader::Reader;
use super::span::Spanned;
use crate::knobs::{Changes, Invalid, Knobs, Revision};
use crate::vocabulary::unspoken;

const FORM: &str = "a table such as { query-interval = \"20s\" }";

/// What the key `igmp` changes, if all of it could be read.
pub(super) fn settings(table: &Reader<'_, '_>) -> Option<Changes> {
    let before = table.faults().borrow().len();
    let table = table.table("igmp", "`igmp`", FORM)?;
    let settings = read(&table);
    let sound = table.faults().borrow().len() == before;
    table.finish();
    sound.then_some(settings)
}

fn read(table: &Reader<'_, '_>) -> Changes {
    let count = |key| table.integer::<u8>(key).map(|count| count.value);
    let time = |key| table.duration(key).map(|time| time.value);
    Changes {
        revision: one_of(table, "rfc", |rfc| {
            let known = Revision::NUMBERS.iter().find(|(number, _)| *number == rfc);
            known.map(|&(_, revision)| revision)
        }),
        version: one_of(table, "version", |version| match version {
            1 => Some(Version::V1),
            2 => Some(Version::V2),
            _ => None,
        }),
        robustness: count("robustness"),
        query_interval: time("query-interval"),
        query_response_interval: time("query-response-interval"),
        startup_query_interval: time("startup-query-interval"),
        startup_query_count: count("startup-query-count"),
        last_member_query_interval: time("last-member-query-interval"),
        last_member_query_count: count("last-member-query-count"),
    }
}

/// The parameters of the key `igmp`; the defaults of the RFC if it is not there.
pub(super) fn params(node: &Reader<'_, '_>) -> Option<Knobs> {
    if node.value("igmp").is_none() {
        return Some(Knobs::default());
    }
    let table = node.table("igmp", "`igmp`", FORM)?;
    let before = table.faults().borrow().len();
    let knobs = read(&table).over(&Knobs::default());
    // A value that could not be read would be held for the default.
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

fn one_of<T>(
    table: &Reader<'_, '_>,
    key: &'static str,
    read: impl Fn(u16) -> Option<T>,
) -> Option<T> {
    let Spanned { value: number, span } = table.integer::<u16>(key)?;
    let found = read(number);
    if (key, number) == ("version", 3) {
        let (message, label) = unspoken::IGMPV3;
        table.faults().borrow_mut().error(&span, message, label);
    } else if found.is_none() {
        let message = format!("`{key}` is {}", table.limits(key));
        table.faults().borrow_mut().error(&span, message, format!("found {number}"));
    }
    found
}
