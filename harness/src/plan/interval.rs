//! Protocol intervals by their names: what `LMQT` is for the router under test, and why.

use std::time::Duration;

use castnet::gmp::params::{HostParams, Params, Profile};
use castnet::time::Seconds;

/// A protocol parameter: a time or a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A time.
    Time(Duration),
    /// A count.
    Count(u32),
}

/// The names that expressions may use, in the words of RFC 2236 section 8.
pub const NAMES: [&str; 11] =
    ["RV", "QI", "QRI", "SQI", "SQC", "LMQI", "LMQC", "LMQT", "GMI", "OQPI", "URI"];

/// The parameter of this name, and how it comes about: `LMQC 2 x LMQI 0.500 s`; empty if it is
/// configured and not derived.
#[must_use]
pub fn interval(params: &Params, name: &str) -> Option<(Quantity, String)> {
    let time = |duration: Duration| format!("{}", Seconds(duration, 3));
    let (rv, qi, qri) = (params.robustness, params.query_interval, params.query_response_interval);
    let (lmqi, lmqc) = (params.last_member_query_interval, params.last_member_query_count());
    let twice = match params.profile {
        Profile::Rfc9776 => "2 x ",
        Profile::Rfc2236 | Profile::Rfc3376 => "",
    };
    let (quantity, formula) = match name {
        "RV" => (Quantity::Count(rv.into()), String::new()),
        "QI" => (Quantity::Time(qi), String::new()),
        "QRI" => (Quantity::Time(qri), String::new()),
        "SQI" => (Quantity::Time(params.startup_query_interval()), String::new()),
        "SQC" => (Quantity::Count(params.startup_query_count().into()), String::new()),
        "LMQI" => (Quantity::Time(lmqi), String::new()),
        "LMQC" => (Quantity::Count(lmqc.into()), String::new()),
        "LMQT" => (
            Quantity::Time(params.last_member_query_time()),
            format!("LMQC {lmqc} x LMQI {}", time(lmqi)),
        ),
        "GMI" => (
            Quantity::Time(params.group_membership_interval()),
            format!("RV {rv} x QI {} + {twice}QRI {}", time(qi), time(qri)),
        ),
        "OQPI" => (
            Quantity::Time(params.other_querier_present_interval()),
            format!("RV {rv} x QI {} + QRI {} / 2", time(qi), time(qri)),
        ),
        // The hosts' own, which no router configures.
        "URI" => (Quantity::Time(HostParams::default().unsolicited_report_interval), String::new()),
        _ => return None,
    };
    Some((quantity, formula))
}
