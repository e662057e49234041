//! Who asked for a group, and whether Queries about it were answered.
//!
//! Counts the Queries in a row whose time to answer went by. A Query that lists sources counts for
//! nothing, because members that want none of them are silent (RFC3376-5.2-10).

use std::time::Duration;

use castnet::gmp::message::{Query, Version};
use serde::Serialize;

use super::Seen;

/// A host that asked for a group.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// The version of its last message.
    pub version: Version,
    /// How many Reports asked for the group.
    pub reports: u64,
    /// The first of them.
    pub first: Seen,
    /// The last of them.
    pub last: Seen,
    /// When it left, if it did not ask again.
    pub left: Option<Seen>,
    /// Whether the interface itself sent its Reports, if the capture tells.
    pub outgoing: Option<bool>,
    /// Whether it answers itself; told of version 3 alone, whose hosts do not suppress each other.
    #[serde(skip)]
    pub(super) answers: Answers,
}

/// What a link asked and heard about a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub(super) report: Option<Seen>,
    /// The last Leave after which no member is known to be left, if nobody asked since.
    pub(super) leave: Option<Seen>,
    /// That Leave, whoever asked since.
    pub(super) left: Option<Seen>,
    /// How many hosts asked, and did not leave.
    pub(super) members: u32,
    /// The version of the last Report.
    pub(super) version: Option<Version>,
    pub(super) answers: Answers,
}

/// Whether Queries are answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    due: Option<Due>,
    /// The Queries in a row that nobody answered.
    silence: Option<Silence>,
    /// The most of them in the whole capture.
    pub(super) longest: Option<Silence>,
}

/// A Query that waits for an answer.
#[derive(Clone, Copy, Debug)]
struct Due {
    query: Seen,
    until: Duration,
    is_specific: bool,
}

/// Queries in a row that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) queries: u32,
    pub(super) first: Seen,
    pub(super) last: Seen,
    /// How long an answer to the last one may have taken.
    pub(super) granted: Duration,
}

impl Answers {
    /// A Query that wants an answer.
    pub(super) fn ask(&mut self, query: &Query, at: Seen) {
        self.settle(at.at);
        let until = at.at + query.granted();
        self.due.get_or_insert(Due { query: at, until, is_specific: query.group.is_some() });
    }

    /// A Report.
    pub(super) const fn hear(&mut self) {
        (self.due, self.silence) = (None, None);
    }

    /// Counts a Query whose time to answer is over, and says whether it was about the group alone.
    pub(super) fn settle(&mut self, at: Duration) -> bool {
        let Some(Due { query, until, is_specific }) = self.due.filter(|due| due.until < at) else {
            return false;
        };
        self.due = None;
        let (queries, first) =
            self.silence.map_or((0, query), |known| (known.queries, known.first));
        let granted = until.saturating_sub(query.at);
        let silence = Silence { queries: queries + 1, first, last: query, granted };
        self.silence = Some(silence);
        if self.longest.is_none_or(|longest| longest.queries < silence.queries) {
            self.longest = self.silence;
        }
        is_specific
    }

    /// How many Queries in a row nobody has answered.
    pub(super) fn unanswered(&self) -> u32 {
        self.silence.map_or(0, |silence| silence.queries)
    }
}

impl Asked {
    /// Counts a Query whose time to answer is over. After a Leave of version 1 or 2 it ends the
    /// membership: hosts that others have suppressed leave without a word (RFC2236-3-20,
    /// RFC2236-3-24).
    pub(super) fn settle(&mut self, at: Duration) -> bool {
        let is_over =
            self.answers.settle(at) && self.leave.is_some() && self.version != Some(Version::V3);
        if is_over {
            (self.members, self.answers) = (0, Answers::default());
        }
        is_over
    }
}
