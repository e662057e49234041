//! What a capture says, as lines of text.

use std::fmt;
use std::time::Duration;

use castnet::time::Seconds;

use super::Explained;
use super::link::Link;
use super::member::Member;
use super::querier::Querier;
use super::stream::Stream;
use crate::english::counted;

/// The most lines of one kind for a link; JSON has all.
const MOST: usize = 40;

const fn at(time: Duration) -> Seconds {
    Seconds(time, 3)
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.findings.iter().filter(|finding| finding.is_fault).count();
        let notes = self.findings.len() - faults;
        writeln!(
            f,
            "{} in {}: {}, {}",
            counted(self.frames, "frame", "frames"),
            at(self.length),
            counted(faults, "fault", "faults"),
            counted(notes, "note", "notes")
        )?;
        if !self.findings.is_empty() {
            writeln!(f)?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        for (name, link) in &self.links {
            link.show(name, f)?;
        }
        Ok(())
    }
}

impl Link {
    fn show(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{name}")?;
        if self.queriers.is_empty() && self.members.is_empty() && self.streams.is_empty() {
            return writeln!(f, "  nothing of IGMP, MLD or a stream");
        }
        let queriers = self.queriers.iter().map(|(address, querier)| querier.line(&address));
        rows(f, queriers)?;
        let members = self.members.iter().filter(|((group, _), _)| !group.is_link_local());
        rows(f, members.map(|((group, host), member)| member.line(&group, &host)))?;
        let streams = self.streams.iter();
        rows(f, streams.map(|((group, source), stream)| stream.line(&source, &group)))
    }
}

/// The first lines, and how many more there are.
fn rows(f: &mut fmt::Formatter<'_>, mut lines: impl Iterator<Item = String>) -> fmt::Result {
    lines.by_ref().take(MOST).try_for_each(|line| writeln!(f, "  {line}"))?;
    match lines.count() {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}

impl Querier {
    fn line(&self, address: &dyn fmt::Display) -> String {
        let Self { version, general_queries, last, spacing, announced, .. } = self;
        let every = match (announced, spacing) {
            (Some(interval), _) => format!(", announces every {}", at(*interval)),
            (None, Some(spacing)) => format!(", {} apart at last", at(*spacing)),
            (None, None) => String::new(),
        };
        let queries = counted(*general_queries, "General Query", "General Queries");
        let last = at(last.at);
        format!("querier {address}, {version}: {queries}{every}, last at {last}")
    }
}

impl Member {
    fn line(&self, group: &dyn fmt::Display, host: &dyn fmt::Display) -> String {
        let Self { version, reports, first, last, .. } = self;
        let reports = counted(*reports, "Report", "Reports");
        let left = self.left.map(|left| format!(", left at {}", at(left.at))).unwrap_or_default();
        let (first, last) = (at(first.at), at(last.at));
        format!("{group} wanted by {host}, {version}: {reports} from {first} to {last}{left}")
    }
}

impl Stream {
    fn line(&self, source: &dyn fmt::Display, group: &dyn fmt::Display) -> String {
        let Self { datagrams, ttl, first, last, .. } = self;
        let (rate, first, last) = (self.rate(), at(first.at), at(last.at));
        let datagrams = counted(*datagrams, "datagram", "datagrams");
        let mut line = format!(
            "({source}, {group}): {datagrams} from {first} to {last}, {rate:.1} a second, \
             TTL {ttl}"
        );
        if let Some(gap) = self.longest_gap {
            line += &format!(", longest gap {} at {}", at(gap.length), at(gap.from.at));
        }
        line
    }
}
