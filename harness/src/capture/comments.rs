//! Comments in a capture file: the acts of the run, what failed, and which frames did not arrive.
//!
//! An act is a comment on the first frame that is not before it, so that reading on from there
//! shows its effects; an act after the last frame is a comment there too, and says so. Every act is
//! there.

use std::collections::BTreeMap;

use castnet::time::Instant;

use super::fate::{Fared, Fates};
use super::said::{AFTER, Said};

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
        let mut comments = Self {
            section: vec![
                cut(format!("{}: {}", line(&plan.name), line(&plan.title))),
                cut(format!("{} on {backend}, seed {seed}, castnet {version}", remarks.verdict)),
                Said::Zero(recording.epoch).to_string(),
            ],
            frames: BTreeMap::new(),
        };
        let mut acts: Vec<(Instant, String)> = Vec::new();
        for (id, act) in plan.acts.iter().enumerate() {
            let (words, name) = (act.words.clone(), (act.label != act.words).then_some(&act.label));
            acts.push(match recording.acts.get(id).copied().flatten() {
                Some(at) => {
                    let name = name.cloned();
                    (at, Said::Act { at: at.since_start(), words, name }.to_string())
                }
                None => {
                    let name = name.map_or(String::new(), |name| format!(" ({name})"));
                    (Instant::ZERO + act.at, format!("act not done: {words}{name}"))
                }
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
        let fates = Fates::where_lost(plan, recording);
        for (position, fate) in fates.iter() {
            for fared in fate.fared() {
                comments.add(recording, Some(position), said(plan, &fared).to_string());
            }
        }
        comments
    }

    fn add(&mut self, recording: &Recording, frame: Option<usize>, text: String) {
        match frame.or_else(|| recording.frames.iter().rposition(|frame| frame.outgoing)) {
            None => self.section.push(cut(text)),
            Some(position) => {
                let text = if frame.is_none() { format!("{AFTER}{text}") } else { text };
                self.frames.entry(position).or_default().push(cut(text));
            }
        }
    }
}

fn said(plan: &Plan, fared: &Fared<'_>) -> Said {
    let ports: Vec<String> = fared.ports.iter().map(|&port| plan.port_name(port)).collect();
    let by = fared.by();
    match fared.arrived {
        None => Said::Missed { ports, by },
        Some(at) => {
            Said::Struck { port: ports.concat(), at: at.since_start(), by: by.unwrap_or_default() }
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
