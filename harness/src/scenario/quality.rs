//! Reads claims about how well a stream arrives.

use super::claim::{Lasting, QualityLimit};
use super::expr::parse_limit;
use super::reader::Reader;
use super::values::{count, window};
use super::{Delivered, share};

/// Reads a claim of one of these keys, of which the last one is `jitter`.
pub(super) fn quality(outer: &Reader<'_, '_>, key: &'static str) -> Option<Delivered> {
    let lasting = |what| {
        let form = "a limit such as \"<= 200ms\", \">= 1s\" or \"1s..LMQT\"";
        outer.parsed(key, form, parse_limit).map(|limit| QualityLimit::Lasting(what, limit))
    };
    let limit = match key {
        "loss" => {
            outer.is("an expectation of `delivery` with `loss`");
            let form = "a limit such as \"<= 0.5%\", \"0%\" or \"1%..3%\"";
            outer.parsed(key, form, share::parse_limit).map(QualityLimit::Loss)
        }
        "reordered" => {
            outer.is("an expectation of `delivery` with `reordered`");
            count(outer, key).map(QualityLimit::Reordered)
        }
        "gap" => {
            outer.is("an expectation of `delivery` with `gap`");
            lasting(Lasting::Gap)
        }
        "outage" => {
            outer.is("an expectation of `delivery` with `outage`");
            lasting(Lasting::Outage)
        }
        _ => {
            outer.is("an expectation of `delivery` with `jitter`");
            lasting(Lasting::Jitter)
        }
    };
    let window = window(outer);
    Some(Delivered::Quality(limit?, window?))
}
