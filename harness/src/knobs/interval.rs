//! The intervals and counts by the words that expressions use: one row each.
//!
//! A row holds the value and the words of its formula, so that a formula and its explanation cannot
//! differ. MLD has other words for some of them (RFC 3810 section 9), which name the same rows.

use std::time::Duration;

use castnet::addr::Family;
use castnet::time::Seconds;

use super::{HostKnobs, Knobs};

/// A protocol parameter: a time or a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A time.
    Time(Duration),
    /// A count.
    Count(u32),
}

/// A parameter that expressions can name.
#[derive(Debug)]
pub struct Interval {
    /// The word of RFC 2236 section 8.
    pub word: &'static str,
    /// MLD's words for it.
    pub aliases: &'static [&'static str],
    /// The clause that defines it.
    pub rfc: &'static str,
    /// The value and its formula in words: `LMQC 2 x LMQI 0.500 s`; a configured value has no
    /// formula.
    pub of: fn(&Knobs) -> (Quantity, String),
}

/// All of them, in the order of RFC 2236 section 8.
pub const INTERVALS: [Interval; 12] = [
    plain("RV", "RFC2236-8.1-01", |knobs| count(knobs.robustness)),
    plain("QI", "RFC2236-8.2-01", |knobs| time(knobs.query_interval)),
    plain("QRI", "RFC2236-8.3-01", |knobs| time(knobs.query_response_interval)),
    plain("SQI", "RFC2236-8.6-01", |knobs| time(knobs.startup_query_interval())),
    plain("SQC", "RFC2236-8.7-01", |knobs| count(knobs.startup_query_count())),
    Interval {
        word: "LMQI",
        aliases: &["LLQI"],
        rfc: "RFC2236-8.8-01",
        of: |knobs| time(knobs.last_member_query_interval),
    },
    Interval {
        word: "LMQC",
        aliases: &["LLQC"],
        rfc: "RFC2236-8.9-01",
        of: |knobs| count(knobs.last_member_query_count()),
    },
    Interval {
        word: "LMQT",
        aliases: &["LLQT"],
        rfc: "RFC2236-7-10",
        of: |knobs| {
            let lmqc = knobs.last_member_query_count();
            let [count, interval] = ["LMQC", "LMQI"].map(|word| interval_word(word, knobs.family));
            let time = text(knobs.last_member_query_interval);
            let formula = format!("{count} {lmqc} x {interval} {time}");
            (Quantity::Time(knobs.last_member_query_time()), formula)
        },
    },
    Interval {
        word: "GMI",
        aliases: &["MALI"],
        rfc: "RFC2236-8.4-01",
        of: |knobs| {
            let times = match knobs.responses_awaited() {
                1 => String::new(),
                several => format!("{several} x "),
            };
            let queries = queries(knobs);
            let formula = format!("{queries} + {times}QRI {}", text(knobs.query_response_interval));
            (Quantity::Time(knobs.group_membership_interval()), formula)
        },
    },
    Interval {
        word: "OQPI",
        aliases: &["OQPT"],
        rfc: "RFC2236-8.5-01",
        of: |knobs| {
            let queries = queries(knobs);
            let formula = format!("{queries} + QRI {} / 2", text(knobs.query_response_interval));
            (Quantity::Time(knobs.other_querier_present_interval()), formula)
        },
    },
    Interval {
        word: "OHPI",
        aliases: &[],
        rfc: "RFC2236-5-02",
        of: |knobs| {
            let queries = queries(knobs);
            let formula = format!("{queries} + QRI {}", text(knobs.query_response_interval));
            (Quantity::Time(knobs.older_host_present_interval()), formula)
        },
    },
    // The hosts' own interval, which no router configures: RFC3376-8.11-01 in version 3.
    plain("URI", "RFC2236-8.10-01", |knobs| {
        time(HostKnobs::of(knobs.version).unsolicited_report_interval)
    }),
];

/// The word of the family's protocol for the interval with this word of IGMP's.
#[must_use]
pub fn interval_word(word: &'static str, family: Family) -> &'static str {
    let mld = || interval(word).and_then(|row| row.aliases.first().copied());
    Some(family).filter(|family| *family == Family::V6).and_then(|_| mld()).unwrap_or(word)
}

/// The interval with this word, which may be MLD's.
#[must_use]
pub fn interval(word: &str) -> Option<&'static Interval> {
    INTERVALS.iter().find(|row| row.word == word || row.aliases.contains(&word))
}

/// A row without aliases.
const fn plain(
    word: &'static str,
    rfc: &'static str,
    of: fn(&Knobs) -> (Quantity, String),
) -> Interval {
    Interval { word, aliases: &[], rfc, of }
}

const fn time(duration: Duration) -> (Quantity, String) {
    (Quantity::Time(duration), String::new())
}

fn count(count: u8) -> (Quantity, String) {
    (Quantity::Count(count.into()), String::new())
}

fn queries(knobs: &Knobs) -> String {
    format!("RV {} x QI {}", knobs.robustness, text(knobs.query_interval))
}

fn text(duration: Duration) -> String {
    Seconds(duration, 3).to_string()
}
