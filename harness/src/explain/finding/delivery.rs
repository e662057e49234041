//! Findings about streams.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use castnet::addr::{Family, Group};

use super::cause::cause;
use super::{Found, What, words_of};
use crate::explain::Seen;
use crate::explain::link::Link;
use crate::explain::member::Member;
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

/// Where hosts look for devices and services around them (SSDP): a TTL of 1 is what they mean.
const SSDP: IpAddr = IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250));

fn ttl(link: &Link, group: Group, name: &str, stream: &Stream, found: &mut Found<'_>) {
    if stream.ttl > 1 {
        return;
    }
    let option = match group.family() {
        Family::V4 => "IP_MULTICAST_TTL",
        Family::V6 => "IPV6_MULTICAST_HOPS",
    };
    let words = format!(
        "{name} has TTL {} here: each router takes 1 off, so that none forwards it any further. The \
         sender sets it ({option}, 1 by default)",
        stream.ttl
    );
    // Members on its own link get it all the same. A cooked capture may show members of another one.
    let are_near = link.knows(group) && !is_stuck(link, group, stream);
    found.add(!are_near && group.addr() != SSDP, What::Ttl, Some(stream.first), words);
}

/// Whether a capture of several interfaces in one shows that the stream came in and never went out,
/// though others than the capturing host asked for it.
fn is_stuck(link: &Link, group: Group, stream: &Stream) -> bool {
    let is_of_others = |(_, member): (IpAddr, &Member)| member.outgoing == Some(false);
    link.is_merged
        && stream.outgoing == Some(false)
        && !stream.passes
        && link.members(group).all(is_of_others)
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
    let (patience, pace) = (stream.patience(), stream.pace());
    if stream.datagrams < 2 {
        return;
    }
    if stream.is_over(length) {
        let after = link.then(group, length);
        let cause = cause(link, group, (stream.then, after), stream.last, pace);
        let words = format!("{name} stopped: {}", cause.words());
        found.add(cause.is_fault(), What::Stopped, Some(stream.last), words);
    }
    if let Some(gap) = stream.longest_gap.filter(|gap| gap.length > patience) {
        let cause = cause(link, group, (gap.then, gap.after), gap.from, pace);
        let length = words_of(gap.length);
        let words = format!("{name} paused for {length}: {}", cause.words());
        found.add(cause.is_fault(), What::Paused, Some(gap.from), words);
    }
}

/// Groups that were wanted on this link, and whose stream is on another one or on none.
pub(super) fn elsewhere(
    name: &str,
    links: &BTreeMap<String, Link>,
    length: Duration,
    found: &mut Found<'_>,
) {
    let Some(here) = links.get(name) else { return };
    for (group, _) in here.groups() {
        if streams_of(here, group).next().is_some() {
            continue;
        }
        let Some(wanting) = wanting(here, group, length) else { continue };
        let others = links.iter().filter(|(other, _)| *other != name);
        let there = others
            .flat_map(|(other, link)| streams_of(link, group).map(move |found| (other, found)))
            .find(|(_, (_, stream))| wanting.should_get(stream));
        match there {
            Some((other, (source, stream))) => {
                let on = (name, other.as_str());
                unforwarded(&wanting, links, on, (source, group), stream, found);
            }
            None => {
                let words = format!(
                    "{} asked for {group} for {}, and no datagram of it was seen: look towards the \
                     source, and whether the host asks on the right interface",
                    wanting.host,
                    words_of(wanting.until.saturating_sub(wanting.from.at))
                );
                found.note(What::NoStream, Some(wanting.from), words);
            }
        }
    }
}

/// A host that was a member of a group for longer than it takes to forward a stream.
struct Wanting {
    host: IpAddr,
    from: Seen,
    until: Duration,
    outgoing: Option<bool>,
}

impl Wanting {
    /// Whether datagrams came while it was a member.
    fn should_get(&self, stream: &Stream) -> bool {
        stream.last.at > self.from.at + SOON && stream.first.at < self.until
    }
}

/// The first of them.
fn wanting(link: &Link, group: Group, length: Duration) -> Option<Wanting> {
    let all = link.members(group).map(|(host, member)| Wanting {
        host,
        from: member.first,
        until: member.left.map_or(length, |left| left.at),
        outgoing: member.outgoing,
    });
    all.filter(|one| one.until > one.from.at + SOON).min_by_key(|one| one.from)
}

fn streams_of(link: &Link, group: Group) -> impl Iterator<Item = (IpAddr, &Stream)> {
    let of = move |((of, _), _): &(&(Group, IpAddr), &Stream)| *of == group;
    link.streams.iter().filter(of).map(|((_, source), stream)| (*source, stream))
}

/// A stream that comes in there, and is not here, where somebody wants it.
fn unforwarded(
    wanting: &Wanting,
    links: &BTreeMap<String, Link>,
    (here, there): (&str, &str),
    (source, group): (IpAddr, Group),
    stream: &Stream,
    found: &mut Found<'_>,
) {
    let host = wanting.host;
    // A switch passes on what a host says: it comes in on one interface and goes out on others.
    let is_heard = |link: &Link| {
        link.members(group).any(|(of, member)| of == host && member.outgoing == Some(false))
    };
    let is_own = wanting.outgoing == Some(true) && !links.values().any(is_heard);
    let asks_there = |(_, member): (IpAddr, &Member)| member.outgoing == Some(true);
    if is_own && links.get(there).is_some_and(|link| link.members(group).any(asks_there)) {
        return; // It asks on both, and gets the stream.
    }
    let (what, why) = match stream.ttl {
        ttl @ (0 | 1) => {
            (What::NotForwarded, format!("it has TTL {ttl} there, which no router forwards"))
        }
        _ if is_own => (
            What::WrongInterface,
            format!(
                "this host asks on the wrong interface. It should join on {there}, or its route to \
                 {source} should lead over {there}"
            ),
        ),
        _ if wanting.outgoing == Some(false) => (
            What::NotForwarded,
            format!(
                "the router between them does not forward it; look at its route back to {source} \
                 (RPF), at its list of interfaces and at TTL thresholds"
            ),
        ),
        _ => (
            What::NotForwarded,
            format!(
                "if both are interfaces of {host}, it asks on the wrong interface; else the router \
                 between them does not forward it: look at its route back to {source} (RPF), at its \
                 list of interfaces and at TTL thresholds"
            ),
        ),
    };
    let words = format!(
        "{host} asked for {group} on {here} for {}, and ({source}, {group}) is on {there} only \
         ({} datagrams from {}): {why}",
        words_of(wanting.until.saturating_sub(wanting.from.at)),
        stream.datagrams,
        stream.first,
    );
    found.fault(what, Some(wanting.from), words);
}
