//! Comments in a capture file: the acts of the run, and what failed.
//!
//! An act is a comment on the first frame that is not before it, so that reading on from there
//! shows its effects; an act after the last frame is a comment there too, and says so. Every act is
//! there.

use std::collections::BTreeMap;

use castnet::time::{Instant, Seconds};

use crate::plan::Plan;
use crate::printable::line;
use crate::recording::{Frame, Recording};

/// The longest comment in octets; the file format ends at 65535.
const LONGEST: usize = 4096;

/// The remarks of a judge for a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// The verdict of the run.
    pub verdict: String,
    /// The failures, and their times.
    pub marks: Vec<Mark>,
}

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The time of the failure; its comment is on the frame of exactly that time, if there is one.
    pub at: Instant,
    /// The failure in words.
    pub text: String,
}

/// The comments on the file, and on each frame by its position in the recording.
pub(super) struct Comments {
    pub(super) section: Vec<String>,
    pub(super) frames: BTreeMap<usize, Vec<String>>,
}

impl Comments {
    pub(super) fn new(plan: &Plan, recording: &Recording, remarks: &Remarks) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let (seed, backend) = (plan.seed, recording.backend);
        let epoch = Seconds(recording.epoch, 9);
        let mut comments = Self {
            section: vec![
                cut(format!("{}: {}", line(&plan.name), line(&plan.title))),
                cut(format!("{} on {backend}, seed {seed}, castnet {version}", remarks.verdict)),
                format!("time zero {epoch} since 1970"),
            ],
            frames: BTreeMap::new(),
        };
        let mut acts: Vec<(Instant, String)> = Vec::new();
        for (id, act) in plan.acts.iter().enumerate() {
            let name =
                if act.label == act.words { String::new() } else { format!(" ({})", act.label) };
            acts.push(match recording.acts.get(id).copied().flatten() {
                Some(at) => (at, format!("act at {at}: {}{name}", act.words)),
                None => (Instant::ZERO + act.at, format!("act not done: {}{name}", act.words)),
            });
        }
        acts.sort_by_key(|(at, _)| *at);
        for (at, text) in acts {
            comments.add(recording, from(recording, at), text);
        }
        for Mark { at, text } in &remarks.marks {
            let frame = at_frame(plan, recording, *at).or_else(|| from(recording, *at));
            comments.add(recording, frame, text.clone());
        }
        comments
    }

    fn add(&mut self, recording: &Recording, frame: Option<usize>, text: String) {
        match frame.or_else(|| recording.frames.iter().rposition(|frame| frame.outgoing)) {
            None => self.section.push(cut(text)),
            Some(position) => {
                let text = if frame.is_none() { format!("after this frame: {text}") } else { text };
                self.frames.entry(position).or_default().push(cut(text));
            }
        }
    }
}

/// The first frame of the file that is not before this.
fn from(recording: &Recording, at: Instant) -> Option<usize> {
    recording.frames.iter().position(|frame| frame.outgoing && frame.at >= at)
}

/// The frame of exactly this instant, at the port that sent it.
fn at_frame(plan: &Plan, recording: &Recording, at: Instant) -> Option<usize> {
    let position = recording.frames.iter().position(|frame| frame.at == at)?;
    let seen = &recording.frames[position];
    let link = |frame: &Frame| plan.ports.get(frame.port).map(|port| port.link);
    let is_it =
        |frame: &Frame| frame.outgoing && link(frame) == link(seen) && frame.bytes == seen.bytes;
    recording.frames[..=position].iter().rposition(is_it)
}

/// The text, cut to so many octets of whole characters.
fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str(" ...");
    }
    text
}
