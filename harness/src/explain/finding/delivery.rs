//! Findings about streams.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Group;

use super::cause::cause;
use super::{Found, What, words_of};
use crate::explain::link::Link;
use crate::explain::stream::Stream;

/// How long after a Report a stream must have come, or it was not forwarded.
const SOON: Duration = Duration::from_secs(1);

/// The streams of a link, one by one.
pub(super) fn streams(link: &Link, length: Duration, found: &mut Found<'_>) {
    for ((group, source), stream) in &link.streams {
        let name = format!("({source}, {group})");
        ttl(link, *group, &name, stream, found);
        gaps(link, *group, &name, stream, length, found);
        let numbers = [
            (What::Lost, stream.lost, "lost before here, by the numbers in them"),
            (What::Repeated, stream.repeated, "there twice in a row"),
        ];
        for (what, count, words) in numbers.iter().filter(|(_, count, _)| *count > 0) {
            let all = stream.datagrams + stream.lost;
            found.fault(*what, None, format!("{name}: {count} of {all} datagrams are {words}"));
        }
        let asks = link.querier(group.family()).is_some_and(|(_, one)| one.general_queries > 1);
        if asks && !link.knows(*group) && stream.outgoing != Some(true) {
            let words = format!("{name} is here, and nobody on this link was seen to ask for it");
            found.note(What::Unwanted, Some(stream.first), words);
        }
    }
}

fn ttl(link: &Link, group: Group, name: &str, stream: &Stream, found: &mut Found<'_>) {
    if stream.ttl > 1 {
        return;
    }
    let words = format!(
        "{name} has TTL {} here: no router forwards it any further. The sender sets it \
         (IP_MULTICAST_TTL, 1 by default)",
        stream.ttl
    );
    // Members here get it all the same.
    found.add(!link.knows(group), What::Ttl, Some(stream.first), words);
}

/// Where the stream stopped or paused, and why.
fn gaps(
    link: &Link,
    group: Group,
    name: &str,
    stream: &Stream,
    length: Duration,
    found: &mut Found<'_>,
) {
    let patience = stream.patience();
    if stream.datagrams < 2 {
        return;
    }
    if length.saturating_sub(stream.last) > patience {
        let cause = cause(link, group, stream.then, link.then(group, length), stream.last);
        let words = format!("{name} stopped: {}", cause.words());
        found.add(cause.is_fault(), What::Stopped, Some(stream.last), words);
    }
    if let Some(gap) = stream.longest_gap.filter(|gap| gap.length > patience) {
        let cause = cause(link, group, gap.then, gap.then, gap.from);
        let length = words_of(gap.length);
        let words = format!("{name} paused for {length}: {}", cause.words());
        found.add(cause.is_fault(), What::Paused, Some(gap.from), words);
    }
}

/// Groups that are wanted on this link, and whose stream is on another one or on none.
pub(super) fn elsewhere(
    name: &str,
    links: &BTreeMap<String, Link>,
    length: Duration,
    found: &mut Found<'_>,
) {
    let Some(here) = links.get(name) else { return };
    for group in here.wanted().filter(|group| !group.is_link_local()) {
        if streams_of(here, group).next().is_some() {
            continue;
        }
        let Some(asked) = asked(here, group) else { continue };
        let others = links.iter().filter(|(other, _)| *other != name);
        let there = others
            .flat_map(|(other, link)| streams_of(link, group).map(move |found| (other, found)))
            .find(|(_, (_, stream))| stream.last > asked.at + SOON);
        match there {
            Some((other, (source, stream))) => {
                let words = unforwarded(&asked, name, other, (source, group), stream);
                found.fault(What::NotForwarded, Some(asked.at), words);
            }
            None if length > asked.at + SOON => {
                let words = format!(
                    "{} asked for {group}, and no datagram of it was seen: look towards the source",
                    asked.host
                );
                found.note(What::NoStream, Some(asked.at), words);
            }
            None => {}
        }
    }
}

/// The first member of a group that is still there.
struct Wanting {
    host: IpAddr,
    at: Duration,
    is_here: bool,
}

fn asked(link: &Link, group: Group) -> Option<Wanting> {
    let of = link.members.iter().filter(|((of, _), member)| *of == group && member.left.is_none());
    let (key, member) = of.min_by_key(|(_, member)| member.first)?;
    Some(Wanting { host: key.1, at: member.first, is_here: member.outgoing == Some(true) })
}

fn streams_of(link: &Link, group: Group) -> impl Iterator<Item = (IpAddr, &Stream)> {
    let of = move |((of, _), _): &(&(Group, IpAddr), &Stream)| *of == group;
    link.streams.iter().filter(of).map(|((_, source), stream)| (*source, stream))
}

fn unforwarded(
    asked: &Wanting,
    here: &str,
    there: &str,
    (source, group): (IpAddr, Group),
    stream: &Stream,
) -> String {
    let host = asked.host;
    let why = match (stream.ttl, asked.is_here) {
        (0 | 1, _) => format!("it has TTL {} there, which no router forwards", stream.ttl),
        (_, true) => {
            format!("this host asks on the wrong interface, or has no route to {source} there")
        }
        (_, false) => format!(
            "the router between them does not forward it; look at its route back to {source} (RPF), at \
             its list of interfaces and at TTL thresholds"
        ),
    };
    format!("{host} asked for {group} on {here}, and ({source}, {group}) is on {there} only: {why}")
}
