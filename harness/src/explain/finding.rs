//! What is wrong on the links of a capture, or worth knowing, by the RFCs' arithmetic.
//!
//! Each finding says what was seen, and reckons with the intervals that the link's own querier
//! announces or keeps; without one, with the defaults of the RFC. A fault is what ends or prevents
//! delivery; everything else is a note.

mod cause;
mod delivery;
mod messages;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use castnet::time::Seconds;
use serde::Serialize;

pub use cause::Cause;

use super::link::Link;
use super::{Seen, maybe_seconds};

/// Something that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Whether it ends or prevents delivery.
    pub is_fault: bool,
    /// What it is.
    pub what: What,
    /// The interface of the capture.
    pub link: String,
    /// When it began.
    #[serde(serialize_with = "maybe_seconds")]
    pub at: Option<Duration>,
    /// The frame that shows it, or the last one before it: its number in the file.
    pub frame: Option<u64>,
    /// What was seen, in words.
    pub words: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The querier of a link stopped asking.
    QuerierSilent,
    /// Nobody asks on a link on which somebody should.
    NoQuerier,
    /// A Query that nobody answers, although members are there.
    Unanswered,
    /// The TTL is too small for a router to forward the stream.
    Ttl,
    /// Members are on one link, and the stream on another.
    NotForwarded,
    /// The capturing host asks on one of its interfaces, and the stream comes in on another.
    WrongInterface,
    /// A stream that stopped.
    Stopped,
    /// A stream that paused.
    Paused,
    /// Members of a group of which no datagram was seen.
    NoStream,
    /// Datagrams that never came.
    Lost,
    /// Datagrams that came twice.
    Repeated,
    /// Two routers ask on one link for longer than an election takes.
    SeveralQueriers,
    /// A Query without a source, which wins no election.
    QuerierWithoutAddress,
    /// A stream that nobody on the link asked for.
    Unwanted,
    /// Messages that not every receiver accepts.
    Odd,
    /// More of a kind than is kept apart.
    Beyond,
}

/// Everything that is to be said of the links, faults first, then by time.
pub(super) fn findings(links: &BTreeMap<String, Link>, length: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, link) in links {
        let mut found = Found { link: name, findings: &mut findings };
        messages::queriers(link, length, &mut found);
        messages::answers(link, &mut found);
        delivery::streams(link, length, &mut found);
        messages::odd(link, &mut found);
        delivery::elsewhere(name, links, length, &mut found);
    }
    findings.sort_by_key(|finding| (!finding.is_fault, finding.what, finding.at));
    findings
}

/// Takes the findings about one link.
struct Found<'a> {
    link: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Found<'_> {
    fn add(&mut self, is_fault: bool, what: What, seen: Option<Seen>, words: String) {
        let link = self.link.to_owned();
        let (at, frame) = (seen.map(|seen| seen.at), seen.map(|seen| seen.frame));
        self.findings.push(Finding { is_fault, what, link, at, frame, words });
    }

    fn fault(&mut self, what: What, at: Option<Seen>, words: String) {
        self.add(true, what, at, words);
    }

    fn note(&mut self, what: What, at: Option<Seen>, words: String) {
        self.add(false, what, at, words);
    }
}

/// A time or a length in words, in milliseconds.
const fn words_of(time: Duration) -> Seconds {
    Seconds(time, 3)
}

impl fmt::Display for Finding {
    /// As in `FAULT  eth0  12.000 s (frame 7)  the querier 10.0.0.1 fell silent: ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_fault { "FAULT  " } else { "note   " })?;
        write!(f, "{}  ", self.link)?;
        if let (Some(at), Some(frame)) = (self.at, self.frame) {
            write!(f, "{}  ", Seen { at, frame })?;
        }
        f.write_str(&self.words)
    }
}
