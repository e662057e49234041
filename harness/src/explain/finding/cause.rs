//! Why a stream ends where it does: what its link knew of the members of its group at that time.

use std::time::Duration;

use castnet::addr::Group;

use super::words_of;
use crate::explain::link::Link;
use crate::explain::stream::Then;
use crate::knobs::{Knobs, interval, interval_word};

/// How much of an interval may be missing when it counts as over: hosts, routers and the capture do
/// not agree on the millisecond.
const BLUR: u32 = 50;

/// How long after a Leave a stream may go on: twice the largest Last Member Query Time that is usual.
const AFTER_LEAVE: Duration = Duration::from_secs(10);

/// Why a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The last member left: this is how it should be.
    Left(String),
    /// The membership was over, and why nobody renewed it.
    Expired(String),
    /// Members were there, so that the cause is not on this link.
    Elsewhere(String),
    /// Nobody asked for the group, as far as the capture shows.
    Unasked(String),
}

impl Cause {
    /// Whether delivery should have gone on.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Expired(_) | Self::Elsewhere(_))
    }

    /// The cause in words.
    #[must_use]
    pub fn words(&self) -> &str {
        let (Self::Left(words)
        | Self::Expired(words)
        | Self::Elsewhere(words)
        | Self::Unasked(words)) = self;
        words
    }
}

/// Why a stream of the group had its last datagram at `at`, when the link knew this much.
pub(super) fn cause(link: &Link, group: Group, then: Then, after: Then, at: Duration) -> Cause {
    // A Leave right before the last datagram, or between it and the next one that should have come.
    if let Some(leave) = then.leave.or(after.leave).filter(|leave| is_near(*leave, at)) {
        return Cause::Left(format!("the last member that was seen left at {}", words_of(leave)));
    }
    let Some(report) = then.report else {
        return Cause::Unasked("nobody on this link was seen to ask for it before".to_owned());
    };
    let family = group.family();
    let knobs = link.querier(family).map(|(_, querier)| querier.knobs(family));
    let knobs = knobs.unwrap_or_else(|| Knobs::of_a_bridge(family));
    let interval = knobs.group_membership_interval();
    let age = at.saturating_sub(report);
    if age + interval / BLUR < interval {
        return Cause::Elsewhere(format!(
            "a member had reported {} before, so that its membership was not over ({}): look at the \
             router, and towards the source",
            words_of(age),
            formula(&knobs)
        ));
    }
    let why = unrenewed(&knobs, then, at);
    Cause::Expired(format!(
        "the last Report was {} before, and {} was over: {why}",
        words_of(age),
        formula(&knobs)
    ))
}

fn is_near(leave: Duration, at: Duration) -> bool {
    at.saturating_sub(leave) <= AFTER_LEAVE && leave.saturating_sub(at) <= AFTER_LEAVE
}

/// Why no Report renewed a membership that was over at `at`.
fn unrenewed(knobs: &Knobs, then: Then, at: Duration) -> String {
    match then.general {
        None => "nobody asks on this link, it has no querier".to_owned(),
        Some(general) if at.saturating_sub(general) > overdue(knobs) => format!(
            "nobody asked, the last General Query was {} before",
            words_of(at.saturating_sub(general))
        ),
        Some(_) if then.unanswered > 0 => format!(
            "no host answered the last {}; look for a firewall that drops Queries or Reports",
            queries(then.unanswered)
        ),
        Some(_) => "a Query was sent, and its time to answer was not over".to_owned(),
    }
}

/// After how long the next General Query is overdue.
pub(super) fn overdue(knobs: &Knobs) -> Duration {
    knobs.query_interval + (knobs.query_interval / 10).max(Duration::from_secs(1))
}

/// `1 Query`, `3 Queries`
pub(super) fn queries(count: u32) -> String {
    if count == 1 { "Query".to_owned() } else { format!("{count} Queries") }
}

/// The Group Membership Interval with its parts.
fn formula(knobs: &Knobs) -> String {
    let word = interval_word("GMI", knobs.family);
    let formula = interval("GMI").map(|row| (row.of)(knobs).1).unwrap_or_default();
    format!("{word} ({formula} = {})", words_of(knobs.group_membership_interval()))
}
