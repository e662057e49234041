//! Resolves lists of sources: names become the addresses of nodes, and ranges all of their addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use castnet::gmp::message::Sources;

use super::SourceFilter;
use super::topology::Topology;
use crate::scenario::diagnostic::{Diagnostics, Span, Spanned};
use crate::scenario::{JoinedSources, ListedSource};

/// The most addresses of a range: more fit into no message.
const LONGEST: u128 = 10_000;

impl Topology {
    /// The sources that a join wants; all of them if it names none.
    pub(super) fn filter(
        &self,
        joined: Option<&JoinedSources>,
        faults: &mut Diagnostics,
    ) -> Option<SourceFilter> {
        let Some(joined) = joined else { return Some(SourceFilter::all()) };
        let sources = self.listed(&joined.listed, faults)?;
        Some(match joined.excluded {
            true => SourceFilter::Exclude(sources),
            false => SourceFilter::Include(sources),
        })
    }

    /// The addresses of a source list.
    pub(super) fn listed(
        &self,
        list: &[Spanned<ListedSource>],
        faults: &mut Diagnostics,
    ) -> Option<Sources> {
        let mut sources = Sources::new();
        let mut sound = true;
        for entry in list {
            let found = match &entry.value {
                ListedSource::Node(name) => {
                    let name = Spanned { value: name.clone(), span: entry.span.clone() };
                    self.only_address(&name, faults).map(|address| vec![address])
                }
                ListedSource::Range(first, last) => range(*first, *last, &entry.span, faults),
            };
            sound &= found.is_some();
            let twice = found.into_iter().flatten().filter(|&address| !sources.insert(address));
            if let Some(address) = twice.last() {
                faults.error(&entry.span, format!("{address} stands twice"), "the second time");
            }
        }
        sound.then_some(sources)
    }
}

/// All addresses from the first to the last.
fn range(
    first: IpAddr,
    last: IpAddr,
    span: &Span,
    faults: &mut Diagnostics,
) -> Option<Vec<IpAddr>> {
    for end in [first, last] {
        if end.is_multicast() || end.is_unspecified() {
            faults.error(span, format!("{end} is no source"), "an address of a host");
            return None;
        }
    }
    let addresses: Option<Vec<IpAddr>> = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            between(first.to_bits().into(), last.to_bits().into())
                .map(|all| all.map(|bits| Ipv4Addr::from_bits(bits as u32).into()).collect())
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => between(first.to_bits(), last.to_bits())
            .map(|all| all.map(|bits| Ipv6Addr::from_bits(bits).into()).collect()),
        _ => None,
    };
    if addresses.is_none() {
        let message = format!("{first} to {last} is no range of 1 to {LONGEST} addresses");
        faults.error(span, message, "the first one, then the last one");
    }
    addresses
}

fn between(first: u128, last: u128) -> Option<impl Iterator<Item = u128>> {
    let many = last.checked_sub(first)?;
    (many < LONGEST).then_some(first..=last)
}
