//! Findings about who asks and who answers.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::{Family, Group};
use castnet::gmp::message::Version;

use super::cause::{formula, queries};
use super::{Found, What, words_of};
use crate::explain::link::Link;
use crate::explain::member::{Member, Silence};
use crate::explain::querier::{Querier, overdue};
use crate::knobs::Knobs;

/// Who asks on a link: nobody, one that fell silent, or more than one.
pub(super) fn queriers(link: &Link, length: Duration, found: &mut Found<'_>) {
    for family in [Family::V4, Family::V6] {
        match link.querier(family) {
            None => nobody(link, family, length, found),
            Some((address, querier)) => {
                silent(address, querier, length, found);
                paused(link, family, querier, found);
            }
        }
    }
    // A cooked capture of several interfaces shows the querier of each.
    if !link.is_merged {
        several(link, found);
    }
    for (address, querier) in link.queriers.iter().filter(|(address, _)| address.is_unspecified()) {
        let words = format!(
            "{} General Queries from {address}, as snooping switches without an address send them: \
             they win no election, and some hosts ignore them",
            querier.general_queries
        );
        found.note(What::QuerierWithoutAddress, Some(querier.first), words);
    }
}

/// A querier that was not heard until the end.
fn silent(address: &IpAddr, querier: &Querier, length: Duration, found: &mut Found<'_>) {
    let family = Family::of(*address);
    let knobs = querier.knobs(family);
    let silence = length.saturating_sub(querier.last.at);
    if silence <= querier.overdue(family) {
        return;
    }
    let words = format!(
        "the querier {address} fell silent: its last General Query was {} before the end, and one is \
         due every {}. Members are forgotten {} after their last Report",
        words_of(silence),
        words_of(knobs.query_interval),
        formula(&knobs)
    );
    found.fault(What::QuerierSilent, Some(querier.last), words);
}

/// Nobody asked for a while. Members survive it if it was shorter than their interval.
fn paused(link: &Link, family: Family, querier: &Querier, found: &mut Found<'_>) {
    let Some((pause, from)) = link.longest_pause(family) else { return };
    let knobs = querier.knobs(family);
    // Other spacings than the usual one are what it is measured by.
    if querier.general_queries < 3 || pause <= querier.overdue(family) {
        return;
    }
    let words = format!(
        "nobody asked for {}, and a General Query is due every {}. Members are forgotten {} after \
         their last Report",
        words_of(pause),
        words_of(knobs.query_interval),
        formula(&knobs)
    );
    found.add(pause >= knobs.group_membership_interval(), What::QuerierSilent, Some(from), words);
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
    } else if length > overdue(knobs.query_interval) || link.loses_a_wanted_stream(family, length) {
        let words = format!(
            "no querier: no General Query of {protocol} in {}, and one is due every {interval} by \
             default. Nothing has members report again, and a switch that snoops forgets them after {} \
             (RFC 4541 section 2.1.1)",
            words_of(length),
            formula(&knobs)
        );
        found.fault(What::NoQuerier, link.first_report(family), words);
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
        let is_beaten_by =
            |address: &IpAddr| Family::of(*address) == Family::of(*higher) && address < higher;
        let lower = named().find(|(address, lower)| {
            is_beaten_by(address)
                && one.last.since(lower.first) > Duration::from_secs(1)
                && one.last.at.abs_diff(lower.last.at) < interval
        });
        if let Some((address, lower)) = lower {
            let words = format!(
                "{higher} goes on asking at {} although it must have heard the lower {address} at \
                 {}: does it hear it?",
                one.last, lower.first
            );
            found.fault(What::SeveralQueriers, Some(one.first), words);
        }
    }
}

/// Members that do not answer.
pub(super) fn answers(link: &Link, found: &mut Found<'_>) {
    for (group, asked) in link.groups() {
        if let Some(silence) = asked.answers.longest.filter(|silence| silence.queries > 1) {
            let hosts = link.members(group).map(|(host, _)| host);
            unanswered(link, group, hosts, &silence, asked.version, found);
            continue;
        }
        let silent = |(host, member): (IpAddr, &Member)| {
            let silence = member.answers.longest.filter(|silence| silence.queries > 1)?;
            Some((host, silence))
        };
        for (host, silence) in link.members(group).filter_map(silent) {
            unanswered(link, group, std::iter::once(host), &silence, asked.version, found);
        }
    }
    for family in [Family::V4, Family::V6] {
        if let Some((address, querier)) = link.querier(family)
            && querier.general_queries > 2
            && !link.has_reports(family)
        {
            let words = format!(
                "nobody answered any of the {} General Queries of {address}: there are no members on \
                 this link, or a firewall drops Queries or Reports",
                querier.general_queries
            );
            found.note(What::Unanswered, Some(querier.first), words);
        }
    }
}

fn unanswered(
    link: &Link,
    group: Group,
    hosts: impl Iterator<Item = IpAddr>,
    silence: &Silence,
    version: Option<Version>,
    found: &mut Found<'_>,
) {
    let hosts: Vec<String> = hosts.map(|host| host.to_string()).collect();
    let hosts = hosts.join(", ");
    let family = group.family();
    let until = link.querier(family).map(|(_, querier)| {
        let formula = formula(&querier.knobs(family));
        format!(" {hosts} is forgotten {formula} after the last Report.")
    });
    let why = match version {
        // RFC1112 has no Leave.
        Some(Version::V1) => "hosts of version 1 leave without a word, and a firewall may drop",
        _ => "a firewall may drop",
    };
    let words = format!(
        "{hosts} had asked for {group}, and did not answer {} from {} to {}, each within {}.{} Look \
         at the host: {why} Queries or Reports",
        queries(silence.queries),
        silence.first,
        silence.last,
        words_of(silence.granted),
        until.unwrap_or_default(),
    );
    found.add(version != Some(Version::V1), What::Unanswered, Some(silence.first), words);
}

/// Messages that not every receiver accepts.
pub(super) fn odd(link: &Link, found: &mut Found<'_>) {
    for (what, (count, first)) in &link.odd {
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        found.note(What::Odd, Some(*first), format!("{what}, {times}"));
    }
    if link.beyond > 0 {
        let words = format!("{} more messages and datagrams are not told apart", link.beyond);
        found.note(What::Beyond, None, words);
    }
}
