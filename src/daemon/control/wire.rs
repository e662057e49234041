//! What is said over the control socket: one line of JSON for each request, and one for each answer.
//!
//! castnetd and castnetctl share these types. A request names the version of this language, and one of
//! another version is refused. Nothing here knows a socket.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::pim::{Joins, Neighbours, Rps};
pub use super::shown::Change;
use super::shown::{Config, Diff, Explanation, Groups, Interfaces, Log, Routes, Told, Topic};
use crate::addr::{Group, Source};

/// The version of the language.
pub const VERSION: u32 = 1;

/// The most octets of a request, its line feed included.
pub const LONGEST_REQUEST: usize = 64 << 10;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// Stands in the answer as well.
    #[serde(default)]
    pub id: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What can be asked. Only readers' questions are answered to everybody who may connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// The state.
    Show(What),
    /// Everything that happens from now on, until the connection ends.
    Monitor {
        /// The topics; all of them if there are none.
        #[serde(default)]
        topics: BTreeSet<Topic>,
    },
    /// Why a flow does or does not leave.
    Explain {
        /// The source of its datagrams.
        source: Source,
        /// Their group.
        group: Group,
        /// How long datagrams are counted, in milliseconds; at most [`LONGEST_LOOK_MS`].
        #[serde(default = "one_second")]
        look_ms: u64,
    },
    /// Counters in the text format of Prometheus.
    Metrics,
    /// Changes of the configuration in force, all of them or none.
    Change(Vec<Change>),
    /// Forget all flows, whose next datagrams are asked for anew.
    Flush,
    /// Read the configuration again.
    Reload,
    /// Read the configuration again, and go back to the one in force unless [`Ask::Confirm`] comes in time.
    Trial {
        /// The time, in seconds: 1 to [`LONGEST_TRIAL_S`].
        within_s: u64,
    },
    /// The configuration on trial stays.
    Confirm,
    /// What a reload would change.
    Diff,
}

/// The longest time for which a configuration is tried out, in seconds: a day.
pub const LONGEST_TRIAL_S: u64 = 86_400;

/// The longest time for which datagrams are counted, in milliseconds.
pub const LONGEST_LOOK_MS: u64 = 10_000;

const fn one_second() -> u64 {
    1000
}

/// The parts of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// The known flows, and where they go.
    Routes {
        /// Only those of this source.
        #[serde(default)]
        source: Option<Source>,
        /// Only those of this group.
        #[serde(default)]
        group: Option<Group>,
    },
    /// The groups with members.
    Groups {
        /// Only those on this interface.
        #[serde(default)]
        interface: Option<String>,
    },
    /// The interfaces.
    Interfaces,
    /// The neighbours of PIM.
    Neighbours,
    /// The branches of PIM's trees.
    Joins {
        /// Only those of this group.
        #[serde(default)]
        group: Option<Group>,
    },
    /// The RPs of PIM.
    Rps {
        /// Only that of this group.
        #[serde(default)]
        group: Option<Group>,
    },
    /// The configuration in force.
    Config,
    /// The last lines of the log.
    Log,
}

impl Ask {
    /// Whether it changes anything.
    #[must_use]
    pub const fn writes(&self) -> bool {
        matches!(
            self,
            Self::Change(_) | Self::Flush | Self::Reload | Self::Trial { .. } | Self::Confirm
        )
    }
}

/// An answer, or an event for who monitors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// [`VERSION`].
    pub version: u32,
    /// That of the request.
    pub id: u64,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done(Answer),
    /// Nothing was done.
    Refused(Refusal),
}

/// The answer to a request that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Answer {
    /// [`What::Routes`]
    Routes(Routes),
    /// [`What::Groups`]
    Groups(Groups),
    /// [`What::Interfaces`]
    Interfaces(Interfaces),
    /// [`What::Neighbours`]
    Neighbours(Neighbours),
    /// [`What::Joins`]
    Joins(Joins),
    /// [`What::Rps`]
    Rps(Rps),
    /// [`What::Config`]
    Config(Config),
    /// [`What::Log`]
    Log(Log),
    /// [`Ask::Explain`]
    Explanation(Explanation),
    /// [`Ask::Metrics`]
    Metrics {
        /// The text.
        text: String,
    },
    /// [`Ask::Diff`]
    Diff(Diff),
    /// Something happened, for who monitors.
    Event(Told),
    /// The request has no other answer.
    Ok,
}

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of the reason.
    pub kind: Kind,
    /// The reason in words.
    pub why: String,
    /// Which of several changes it is about, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<usize>,
}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The line is no request of this version.
    Malformed,
    /// Who asks may not.
    Denied,
    /// The request cannot be done.
    Wrong,
    /// What it names is not there.
    NotThere,
    /// Not now.
    Busy,
}

impl Refusal {
    /// A refusal for this reason.
    pub(super) fn new(kind: Kind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into(), change: None }
    }
}

impl Request {
    /// The request that a line holds.
    ///
    /// # Errors
    /// What is wrong with the line, with the id of the request if it has one.
    pub fn read(line: &[u8]) -> Result<Self, (u64, Refusal)> {
        /// What all versions have.
        #[derive(Deserialize)]
        struct Head {
            version: u32,
            #[serde(default)]
            id: u64,
        }
        let malformed = |id, why: String| (id, Refusal::new(Kind::Malformed, why));
        let head: Head = serde_json::from_slice(line).map_err(|e| malformed(0, e.to_string()))?;
        if head.version != VERSION {
            let why = format!("version {} is not spoken here, but {VERSION}", head.version);
            return Err(malformed(head.id, why));
        }
        serde_json::from_slice(line).map_err(|error| malformed(head.id, error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_line_of_json_of_a_version() {
        let read = |line: &str| Request::read(line.as_bytes()).map_err(|(id, why)| (id, why.why));
        let groups = What::Groups { interface: None };
        assert_eq!(
            read(r#"{"version":1,"id":7,"ask":{"show":{"groups":{}}}}"#),
            Ok(Request { version: 1, id: 7, ask: Ask::Show(groups) })
        );
        assert_eq!(
            read(r#"{"version":1,"ask":"flush"}"#),
            Ok(Request { version: 1, id: 0, ask: Ask::Flush })
        );
        for (line, id, part) in [
            (r#"{"version":2,"id":7,"ask":{"dance":[]}}"#, 7, "version 2 is not spoken here"),
            (r#"{"version":1,"id":8,"ask":"dance"}"#, 8, "unknown variant `dance`"),
            (r#"{"version":1,"id":8,"ask":"flush","now":1}"#, 8, "unknown field `now`"),
            (
                r#"{"version":1,"ask":{"explain":{"source":"ff02::1","group":"ff05::1"}}}"#,
                0,
                "no unicast",
            ),
            ("show groups", 0, "expected value"),
            ("", 0, "EOF"),
            ("\u{0}\u{7f}", 0, "expected value"),
        ] {
            let (found, why) = read(line).unwrap_err();
            assert_eq!(found, id, "{line}");
            assert!(why.contains(part), "{line}: {why}");
        }
        assert!(Request::read(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn an_answer_names_its_kind_beside_what_it_holds() {
        let log = Log { lines: Vec::new() };
        let reply = Reply { version: VERSION, id: 3, outcome: Outcome::Done(Answer::Log(log)) };
        let line = serde_json::to_string(&reply).unwrap();
        assert_eq!(line, r#"{"version":1,"id":3,"done":{"kind":"log","lines":[]}}"#);
        assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply);
    }
}
