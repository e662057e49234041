//! Findings about who asks and who answers.

use std::time::Duration;

use castnet::addr::Family;

use super::cause::{overdue, queries};
use super::{Found, What, words_of};
use crate::explain::link::Link;
use crate::knobs::Knobs;

/// Who asks on a link: nobody, one that fell silent, or more than one.
pub(super) fn queriers(link: &Link, length: Duration, found: &mut Found<'_>) {
    for family in [Family::V4, Family::V6] {
        match link.querier(family) {
            None => nobody(link, family, length, found),
            Some((address, querier)) => {
                let knobs = querier.knobs(family);
                let silence = length.saturating_sub(querier.last);
                if silence > overdue(&knobs) {
                    let words = format!(
                        "the querier {address} fell silent: its last General Query was {} before \
                         the end, and one is due every {}",
                        words_of(silence),
                        words_of(knobs.query_interval)
                    );
                    found.fault(What::QuerierSilent, Some(querier.last), words);
                }
            }
        }
    }
    several(link, found);
    for (address, querier) in link.queriers.iter().filter(|(address, _)| address.is_unspecified()) {
        let words = format!(
            "{} General Queries from {address}, as snooping switches without an address send them: \
             they win no election, and some hosts ignore them",
            querier.general_queries
        );
        found.note(What::QuerierWithoutAddress, Some(querier.first), words);
    }
}

fn nobody(link: &Link, family: Family, length: Duration, found: &mut Found<'_>) {
    let protocol = match family {
        Family::V4 => "IGMP",
        Family::V6 => "MLD",
    };
    let knobs = Knobs::of_a_bridge(family);
    let interval = words_of(knobs.query_interval);
    if !link.has_members(family) {
        if link.has_streams(family) {
            let words = format!("nobody asks or answers in {protocol}: a link of sources only?");
            found.note(What::NoQuerier, None, words);
        }
    } else if length > overdue(&knobs) {
        let words = format!(
            "no querier: no General Query of {protocol} in {}, and one is due every {interval} by \
             default. A switch that snoops forgets members after {}",
            words_of(length),
            words_of(knobs.group_membership_interval())
        );
        found.fault(What::NoQuerier, None, words);
    } else {
        let words = format!(
            "no General Query of {protocol} was seen, but the capture is shorter ({}) than the \
             default Query Interval ({interval})",
            words_of(length)
        );
        found.note(What::NoQuerier, None, words);
    }
}

/// The one with the lower address should be alone (RFC2236-3-02).
fn several(link: &Link, found: &mut Found<'_>) {
    let named = || link.queriers.iter().filter(|(address, _)| !address.is_unspecified());
    for (higher, one) in named() {
        let interval = one.knobs(Family::of(*higher)).query_interval;
        let is_beaten_by = |address: &std::net::IpAddr| {
            Family::of(*address) == Family::of(*higher) && address < higher
        };
        let lower = named().find(|(address, lower)| {
            is_beaten_by(address)
                && one.last > lower.first + Duration::from_secs(1)
                && one.last.abs_diff(lower.last) < interval
        });
        if let Some((address, lower)) = lower {
            let words = format!(
                "{higher} goes on asking at {} although it must have heard the lower {address} at \
                 {}: does it hear it?",
                words_of(one.last),
                words_of(lower.first)
            );
            found.fault(What::SeveralQueriers, Some(one.first), words);
        }
    }
}

/// Members that do not answer.
pub(super) fn answers(link: &Link, length: Duration, found: &mut Found<'_>) {
    for group in link.wanted().filter(|group| !group.is_link_local()) {
        let then = link.then(group, length);
        let unanswered = then.unanswered;
        if unanswered < 2 {
            continue;
        }
        let hosts: Vec<String> = link
            .members
            .iter()
            .filter(|((of, _), member)| *of == group && member.left.is_none())
            .map(|((_, host), _)| host.to_string())
            .collect();
        let words = format!(
            "nobody answered the last {} about {group}, though {} had asked for it: a firewall at \
             the host may drop Queries or Reports",
            queries(unanswered),
            hosts.join(", ")
        );
        found.fault(What::Unanswered, then.report, words);
    }
}

/// Messages that not every receiver accepts.
pub(super) fn odd(link: &Link, found: &mut Found<'_>) {
    for (what, (count, first)) in &link.odd {
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        let at = Duration::from_secs_f64(*first);
        found.note(What::Odd, Some(at), format!("{what}, {times}"));
    }
    if link.beyond > 0 {
        let words = format!("{} more messages and datagrams are not told apart", link.beyond);
        found.note(What::Beyond, None, words);
    }
}
