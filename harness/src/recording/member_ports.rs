//! The database of members of one switch, built from what the switch reports of its entries.
//!
//! A bridge of version 3 reports a port's filter mode with its sources, and for each source whether
//! the port gets it. It does not report the former again where only the latter has changed, so
//! that both are needed to know what a port wants.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::message::Sources;
use castnet::time::Instant;

use super::MdbChange;
use crate::plan::{MembersOf, NodeId, PortId, SourceFilter};

/// What an entry of a switch's database holds about a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds<A> {
    /// In version 2: the port has members.
    All,
    /// In version 3: the port has members.
    Filter {
        /// The filter mode: whether all sources are wanted, except those whose timers have ended.
        excludes: bool,
        /// The sources, the newest first.
        sources: Vec<A>,
    },
    /// The entry is of one source.
    Source {
        /// Whether the port does not get the source.
        is_blocked: bool,
    },
}

/// The report of a switch about an entry of its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MdbReport<A> {
    /// The group.
    pub group: Group,
    /// The source, if the entry is of one.
    pub source: Option<A>,
    /// The port that the entry is about.
    pub port: PortId,
    /// What it holds; `None` if it is gone.
    pub holds: Option<Holds<A>>,
}

/// The ports with members of each group, as reported by a switch.
#[derive(Clone, Debug, Default)]
pub struct MemberPorts(BTreeMap<Group, Reported>);

/// What was reported of one group.
#[derive(Clone, Debug, Default)]
struct Reported {
    /// The ports with members, whether each one excludes, and the sources that it has named.
    ports: BTreeMap<PortId, (bool, Sources)>,
    /// The sources that a port does not get.
    blocked: BTreeSet<(PortId, IpAddr)>,
    /// What the ports wanted after the last report.
    wanted: BTreeMap<PortId, MembersOf>,
}

impl MemberPorts {
    /// Notes what the switch reports, and returns the change, if it is one.
    pub fn change<A: Copy + Into<IpAddr>>(
        &mut self,
        at: Instant,
        node: NodeId,
        report: &MdbReport<A>,
    ) -> Option<MdbChange> {
        let group = self.0.entry(report.group).or_default();
        group.note(report);
        let wanted = group.ports.iter().map(|(&port, known)| (port, group.wants(port, known)));
        let wanted: BTreeMap<PortId, MembersOf> = wanted.collect();
        if wanted == group.wanted {
            return None;
        }
        group.wanted.clone_from(&wanted);
        Some(MdbChange { at, node, group: report.group, ports: wanted })
    }
}

impl Reported {
    fn note<A: Copy + Into<IpAddr>>(&mut self, report: &MdbReport<A>) {
        let port = report.port;
        match (&report.holds, report.source.map(Into::into)) {
            (Some(Holds::All), _) => _ = self.ports.insert(port, (true, Sources::new())),
            (Some(Holds::Filter { excludes, sources }), _) => {
                let sources = sources.iter().map(|source| (*source).into()).collect();
                self.ports.insert(port, (*excludes, sources));
            }
            (Some(Holds::Source { is_blocked: true }), Some(source)) => {
                self.blocked.insert((port, source));
            }
            (Some(Holds::Source { .. }), Some(source)) => _ = self.blocked.remove(&(port, source)),
            (Some(Holds::Source { .. }), None) => {}
            (None, Some(source)) => {
                self.blocked.remove(&(port, source));
                if let Some((_, sources)) = self.ports.get_mut(&port) {
                    sources.remove(&source);
                }
            }
            (None, None) => _ = self.ports.remove(&port),
        }
    }

    fn wants(&self, port: PortId, (excludes, sources): &(bool, Sources)) -> MembersOf {
        if !excludes {
            let filter = SourceFilter::Include(sources.clone());
            return MembersOf { filter, requested: None };
        }
        let sources = sources.iter().copied();
        let (excluded, requested) =
            sources.partition(|&source| self.blocked.contains(&(port, source)));
        MembersOf { filter: SourceFilter::Exclude(excluded), requested: Some(requested) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: &str = "239.1.1.1";

    fn address(n: u8) -> IpAddr {
        [10, 0, 0, n].into()
    }

    /// What the port wants after the reports, in words; the last one is about the port.
    fn wants(reports: Vec<(Option<IpAddr>, Option<Holds<IpAddr>>)>) -> Vec<String> {
        let mut members = MemberPorts::default();
        let group = Group::new(G.parse().unwrap()).unwrap();
        let changes = reports.into_iter().filter_map(|(source, holds)| {
            let report = MdbReport { group, source, port: 7, holds };
            members.change(Instant::ZERO, 0, &report)
        });
        let words = changes.map(|change| match change.ports.get(&7) {
            None => "nothing".to_owned(),
            Some(MembersOf { filter, requested }) => {
                let requested = requested.iter().flatten().map(|one| format!(" {one}"));
                format!("{filter}{}", requested.collect::<String>())
            }
        });
        words.collect()
    }

    fn filter(excludes: bool, sources: &[u8]) -> Option<Holds<IpAddr>> {
        let sources = sources.iter().map(|&n| address(n)).collect();
        Some(Holds::Filter { excludes, sources })
    }

    fn source(n: u8, is_blocked: bool) -> (Option<IpAddr>, Option<Holds<IpAddr>>) {
        (Some(address(n)), Some(Holds::Source { is_blocked }))
    }

    // The order is that of net/bridge/br_multicast.c: entries of sources come before the list.
    #[test]
    fn what_a_port_wants_follows_from_both_kinds_of_entries() {
        let reports = vec![
            source(1, false),
            source(2, true),
            (None, filter(true, &[2, 1])),
            // The timer of a source has ended.
            source(1, true),
            source(2, false),
            (Some(address(1)), None),
            (None, filter(false, &[2])),
            (Some(address(2)), None),
            (None, None),
        ];
        let expected = [
            "EXCLUDE {10.0.0.2} 10.0.0.1",
            "EXCLUDE {10.0.0.1, 10.0.0.2}",
            "EXCLUDE {10.0.0.1} 10.0.0.2",
            "EXCLUDE {} 10.0.0.2",
            "INCLUDE {10.0.0.2}",
            "INCLUDE {}",
            "nothing",
        ];
        assert_eq!(wants(reports), expected);
    }

    #[test]
    fn an_entry_that_another_ports_source_made_wants_nothing() {
        assert_eq!(wants(vec![source(1, false), (Some(address(1)), None)]), Vec::<String>::new());
        let all = || (None, Some(Holds::All));
        assert_eq!(wants(vec![all(), all(), (None, None)]), ["EXCLUDE {}", "nothing"]);
    }
}
