//! What a capture of any tool says about multicast on its links, and what is wrong there.
//!
//! Reads frames one after the other and keeps facts only: who queries, who wants which group, which
//! streams flow ([`link`]). At the end the RFCs' arithmetic turns the facts into findings
//! ([`finding`]): a stream that stopped because a membership expired, a silent querier, a host that
//! does not answer, a TTL that is too small, a link on which the members are and the stream is not.
//! It needs no scenario and claims nothing about what was not captured.

mod finding;
mod link;
mod member;
mod querier;
mod stream;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use castnet::time::Seconds;
use serde::{Serialize, Serializer};

use crate::capture::decode::{Content, Packet};
use crate::capture::file::CapturedFrame;
use crate::capture::inspected::{FrameContent, InspectedFrame};
use crate::capture::link::LinkType;
use crate::capture::said::Said;

pub use finding::{Cause, Finding, What};
pub use link::Link;
pub use member::Member;
pub use querier::Querier;
pub use stream::{Gap, Stream};

/// The facts of a capture, while it is read.
#[derive(Debug, Default)]
pub struct Explainer {
    first: Option<Duration>,
    last: Duration,
    frames: u64,
    /// Whether castnet wrote the capture of a run.
    is_own: bool,
    links: BTreeMap<String, Link>,
}

/// What the capture says.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The stamp of the first frame since 1970; all other times count from it.
    #[serde(serialize_with = "seconds")]
    pub first: Duration,
    /// From the first frame to the last one.
    #[serde(serialize_with = "seconds")]
    pub length: Duration,
    /// How many frames were read.
    pub frames: u64,
    /// What happened on each interface of the capture; in castnet's own captures on each link.
    pub links: BTreeMap<String, Link>,
    /// What is wrong, or worth knowing: faults first.
    pub findings: Vec<Finding>,
}

impl Explainer {
    /// Takes the next frame of the capture.
    pub fn add(&mut self, captured: &CapturedFrame) {
        self.frames += 1;
        let stamp = captured.stamp.unwrap_or(self.last);
        let first = *self.first.get_or_insert(stamp);
        self.last = self.last.max(stamp);
        let at = Seen { at: stamp.saturating_sub(first), frame: self.frames };
        let said: Vec<Said> =
            captured.comments.iter().filter_map(|comment| Said::read(comment)).collect();
        self.is_own |= said.iter().any(|said| matches!(said, Said::Zero(_)));
        if said.iter().any(|said| matches!(said, Said::Missed { by: Some(_), .. })) {
            return; // A fault took it on its way.
        }
        let frame = InspectedFrame::of(captured);
        let link = self.links.entry(self.link(&frame)).or_default();
        link.is_merged |= captured.link_type == LinkType::LINUX_SLL;
        match &frame.content {
            FrameContent::Packet(packet) => link.hear(packet, at, frame.outgoing),
            FrameContent::Marked(packet, mark) if is_gmp(packet) => link.mark(mark, at),
            FrameContent::Part { is_gmp: true, words, family } => link.cut(*family, words, at),
            _ => {}
        }
    }

    /// The link of a frame: its interface, and each VLAN of that is a link of its own. castnet's own
    /// captures have a frame once, at the port that sent it.
    fn link(&self, frame: &InspectedFrame) -> String {
        let port = frame.interface.split_once(':').filter(|_| self.is_own);
        let mut link = port.map_or(frame.interface.as_str(), |(_, link)| link).to_owned();
        for vlan in frame.vlans.iter().filter(|vlan| **vlan != 0) {
            link += &format!(" VLAN {vlan}");
        }
        link
    }

    /// The result, once all frames were taken.
    #[must_use]
    pub fn finish(self) -> Explained {
        let first = self.first.unwrap_or_default();
        let length = self.last.saturating_sub(first);
        let mut links = self.links;
        links.values_mut().for_each(|link| link.close(length));
        let findings = finding::findings(&links, length);
        Explained { first, length, frames: self.frames, links, findings }
    }
}

/// A frame that shows something: when it came, and its number in the file, as Wireshark counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// From the first frame of the file.
    pub at: Duration,
    /// The first frame is 1.
    pub frame: u64,
}

impl Seen {
    /// From the other frame to this one; zero if this one came first.
    #[must_use]
    pub const fn since(self, other: Self) -> Duration {
        self.at.saturating_sub(other.at)
    }
}

/// Its time; findings have the frame besides.
impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        seconds(&self.at, to)
    }
}

/// `12.000 s (frame 7)`
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (frame {})", Seconds(self.at, 3), self.frame)
    }
}

const fn is_gmp(packet: &Packet) -> bool {
    matches!(packet.content, Content::Gmp(_) | Content::BadGmp(_))
}

/// Durations are numbers of seconds in JSON.
fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

fn maybe_seconds<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(to)
}
