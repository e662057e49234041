//! Lengths of time as an author writes them: `500ms`, `1m 5s`, at most a day.

use std::time::Duration;

/// The longest time that anything in a scenario may take: a day. Sums and multiples of such times
/// stay far from what a [`Duration`] can hold.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a time looks like, for messages.
pub(super) const FORM: &str = "a time such as \"500ms\" or \"1m 5s\", and at most a day";

/// Reads a time.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err("a time is never negative".to_owned());
    }
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err("a unit is missing, as in 5s or 500ms".to_owned());
    }
    match humantime::parse_duration(text) {
        Ok(duration) if duration > LONGEST => Err("more than a day".to_owned()),
        Ok(duration) => Ok(duration),
        Err(humantime::DurationError::NumberOverflow) => {
            Err("more than a day, or less than a nanosecond".to_owned())
        }
        Err(humantime::DurationError::Empty) => Err("it is empty".to_owned()),
        Err(_) => Err("a number and one of ns, us, ms, s, m, h".to_owned()),
    }
}
