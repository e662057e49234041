//! Why a stream ends where it does: what its link knew of the members of its group at that time.

use std::time::Duration;

use castnet::addr::Group;

use super::words_of;
use crate::explain::Seen;
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
    /// Nobody asked for the group, as far as the capture shows; or it does not show enough.
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

/// Why a stream of the group had its last datagram at `at`, when the link knew this much before and
/// after; its datagrams are `pace` apart.
pub(super) fn cause(
    link: &Link,
    group: Group,
    (then, after): (Then, Then),
    at: Seen,
    pace: Duration,
) -> Cause {
    // A Leave right before the last datagram, or between it and the next one that should have come.
    let leaves = [then.leave, after.left].into_iter().flatten();
    if let Some(leave) = leaves.filter(|leave| Some(*leave) > then.report).find(is_near(at)) {
        return Cause::Left(format!("the last member that was seen left at {leave}"));
    }
    let Some(report) = then.report else {
        return Cause::Unasked("nobody on this link was seen to ask for it before".to_owned());
    };
    let family = group.family();
    let querier = link.querier(family).map(|(_, querier)| querier);
    let knobs = querier.map(|querier| querier.knobs(family));
    let knobs = knobs.unwrap_or_else(|| Knobs::of_a_bridge(family));
    let interval = knobs.group_membership_interval();
    let age = at.since(report);
    let last = format!("{} (frame {})", words_of(age), report.frame);
    if age + interval / BLUR + pace < interval {
        let whose = match querier {
            Some(_) => format!("its membership was not over ({})", formula(&knobs)),
            None => format!(
                "and nobody asks on this link. A router or switch forgets a member unless it answers a \
                 Query within its {}: if its intervals are the default ones, this was not over",
                formula(&knobs)
            ),
        };
        return Cause::Elsewhere(format!(
            "a member had reported {last} before, {whose}; look at the router, and towards the source"
        ));
    }
    if link.is_cut_after(family, report) {
        return Cause::Unasked(format!(
            "the last whole Report was {last} before, and messages since were captured in part only \
             (tcpdump -s 0 has all of them)"
        ));
    }
    let overdue = querier.map_or(knobs.query_interval, |querier| querier.overdue(family));
    Cause::Expired(format!(
        "the last Report was {last} before, and {} was over: {}",
        formula(&knobs),
        unrenewed(overdue, then, at)
    ))
}

fn is_near(at: Seen) -> impl Fn(&Seen) -> bool {
    move |leave| at.since(*leave) <= AFTER_LEAVE && leave.since(at) <= AFTER_LEAVE
}

/// Why no Report renewed a membership that was over at `at`.
fn unrenewed(overdue: Duration, then: Then, at: Seen) -> String {
    match then.general {
        None => "nobody asks on this link, it has no querier".to_owned(),
        Some(general) if at.since(general) > overdue => format!(
            "nobody asked, the last General Query was {} (frame {}) before",
            words_of(at.since(general)),
            general.frame
        ),
        Some(_) if then.unanswered > 0 => format!(
            "no host answered the last {}; look for a firewall that drops Queries or Reports",
            queries(then.unanswered)
        ),
        Some(_) => "a Query was sent, and its time to answer was not over".to_owned(),
    }
}

/// `1 Query`, `3 Queries`
pub(super) fn queries(count: u32) -> String {
    if count == 1 { "Query".to_owned() } else { format!("{count} Queries") }
}

/// The Group Membership Interval with its parts.
pub(super) fn formula(knobs: &Knobs) -> String {
    let word = interval_word("GMI", knobs.family);
    let formula = interval("GMI").map(|row| (row.of)(knobs).1).unwrap_or_default();
    format!("{word} ({formula} = {})", words_of(knobs.group_membership_interval()))
}
