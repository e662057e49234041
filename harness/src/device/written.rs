//! The parameters of group management as TOML, which castnetd's configuration and recipes share.

use humantime::format_duration;

use crate::knobs::{Dialect, Knobs, PARAMETERS, Parameter, Setting, fixed_in_mld};

/// The parameters that are not derived, as this table writes them.
pub(super) fn table(knobs: &Knobs, dialect: Dialect) -> toml::Table {
    let has = |row: &&Parameter| dialect != Dialect::Mld || fixed_in_mld(row.key.name).is_none();
    let given = |row: &Parameter| {
        let written = dialect.writes(row.key.name, row.of(knobs)?);
        Some((row.key.name.to_owned(), value(written)))
    };
    PARAMETERS.iter().filter(has).filter_map(given).collect()
}

/// A value as it is written.
pub(super) fn value(setting: Setting) -> toml::Value {
    match setting {
        Setting::Flag(flag) => toml::Value::Boolean(flag),
        Setting::Whole(number) => toml::Value::Integer(number.into()),
        Setting::Range(range) => toml::Value::String(range.to_string()),
        Setting::Time(time) => toml::Value::String(format_duration(time).to_string()),
    }
}

/// The value that is written so; `None` if it is none of a parameter.
pub(super) fn read(value: &toml::Value) -> Option<Setting> {
    match value {
        toml::Value::Boolean(flag) => Some(Setting::Flag(*flag)),
        toml::Value::Integer(whole) => Some(Setting::Whole(u32::try_from(*whole).ok()?)),
        toml::Value::String(text) => match text.parse() {
            Ok(range) => Some(Setting::Range(range)),
            Err(_) => humantime::parse_duration(text).ok().map(Setting::Time),
        },
        _ => None,
    }
}
