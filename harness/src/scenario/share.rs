//! Parts of a whole, in millionths: `2.5%`, and limits of one: `<= 0.5%`, `1%..3%`.

use serde::{Deserialize, Serialize};

/// All, in millionths.
pub const WHOLE: u32 = 1_000_000;

/// A limit of a part, in millionths; both ends are included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareLimit {
    /// At least.
    pub min: u32,
    /// At most; without an upper limit if `None`.
    pub max: Option<u32>,
    /// In words: `at most 0.5%`.
    pub text: String,
}

/// Reads a part: `2.5%`.
///
/// # Errors
/// The fault in words.
pub(super) fn parse(text: &str) -> Result<u32, String> {
    let percent = text.trim().strip_suffix('%').ok_or("the unit is %")?.trim();
    let percent: f64 = percent.parse().map_err(|_| format!("`{percent}` is not a number"))?;
    if !(0.0..=100.0).contains(&percent) {
        return Err("0% to 100%".to_owned());
    }
    // At most a million, and not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    let share = (percent * 10_000.0).round() as u32;
    if share == 0 && percent > 0.0 {
        return Err("0% or at least 0.0001%".to_owned());
    }
    Ok(share)
}

/// Reads a limit: `0%`, `<= 0.5%`, `>= 10%`, `1%..3%`.
///
/// # Errors
/// The fault in words.
pub(super) fn parse_limit(text: &str) -> Result<ShareLimit, String> {
    let text = text.trim();
    if let Some(min) = text.strip_prefix(">=") {
        let text = format!("at least {}", min.trim());
        return Ok(ShareLimit { min: parse(min)?, max: None, text });
    }
    if let Some(max) = text.strip_prefix("<=") {
        let text = format!("at most {}", max.trim());
        return Ok(ShareLimit { min: 0, max: Some(parse(max)?), text });
    }
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let text = text.replacen("..", " to ", 1);
    let (min, max) = (parse(min)?, parse(max)?);
    if min > max {
        Err("never true".to_owned())
    } else {
        Ok(ShareLimit { min, max: Some(max), text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_one_end_or_two() {
        for (text, min, max, words) in [
            ("0%", 0, Some(0), "0%"),
            ("<= 0.5%", 0, Some(5000), "at most 0.5%"),
            (">=10%", 100_000, None, "at least 10%"),
            ("1%..2.5%", 10_000, Some(25_000), "1% to 2.5%"),
        ] {
            let text_of = words.to_owned();
            assert_eq!(parse_limit(text), Ok(ShareLimit { min, max, text: text_of }), "{text}");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused_in_words() {
        for (text, why) in [
            ("5", "the unit is %"),
            ("<= lots%", "`lots` is not a number"),
            ("<= 101%", "0% to 100%"),
            ("3%..1%", "never true"),
            ("<= 0.00001%", "0% or at least 0.0001%"),
        ] {
            assert_eq!(parse_limit(text).unwrap_err(), why, "{text}");
        }
    }
}
