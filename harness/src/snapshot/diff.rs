//! Compares two captures of any tools, packet by packet: packets added or removed, and fields
//! changed.
//!
//! Packets are aligned per link by their contents; times are compared only on request. castnet's
//! own datagrams are matched by their numbers, and their order is not compared.

pub mod json;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

use super::align::{Step, align_bounded};
use crate::capture::fields::Field;
use crate::capture::file::{Broken, Reading, read};
use crate::capture::inspected::InspectedFrame;
use crate::recording::Number;

/// The most fields in which two packets may differ to count as one packet, changed.
const FEW: usize = 2;

/// A packet of a capture.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Since the first frame of the file.
    pub at: Duration,
    /// In one line.
    pub text: String,
    /// What is compared.
    pub fields: Vec<Field>,
    number: Option<Number>,
}

/// A capture, by links.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    /// The packets of each link, in the order of the file.
    pub links: BTreeMap<String, Vec<Shown>>,
    /// The number of packets.
    pub packets: usize,
}

/// A field with its values in the first and in the second capture.
pub type Differing = (&'static str, String, String);

/// The result for a packet.
#[derive(Clone, Debug)]
pub enum Change {
    /// Only the second capture has it.
    Added(Shown),
    /// Only the first one has it.
    Removed(Shown),
    /// Both have it; these fields differ, from the first to the second.
    Changed(Shown, Shown, Vec<Differing>),
    /// Both have it.
    Same(Shown, Shown),
}

/// A link in both captures.
#[derive(Clone, Debug)]
pub struct LinkDiff {
    /// Its name.
    pub link: String,
    /// Everything but castnet's datagrams, in order.
    pub packets: Vec<Change>,
    /// castnet's datagrams, by their numbers.
    pub datagrams: Vec<Change>,
    /// Whether there was too much to find the best alignment, so that packets may count as added
    /// and removed that are the same.
    pub is_rough: bool,
}

/// All links of both captures.
#[derive(Clone, Debug)]
pub struct Diff {
    /// In the order of their names.
    pub links: Vec<LinkDiff>,
}

impl Capture {
    /// Reads a capture; after a break it has the packets before the break.
    ///
    /// # Errors
    /// The file is no capture.
    pub fn read(file: impl Read) -> Result<(Self, Reading), Broken> {
        let mut frames = Vec::new();
        let mut first = None;
        let reading = read(file, |shot| {
            let stamp = shot.stamp.unwrap_or_default();
            let at = stamp.saturating_sub(*first.get_or_insert(stamp));
            frames.push((at, InspectedFrame::of(&shot)));
            true
        });
        if let Err(broken @ Broken::NotACapture(_)) = reading.ended {
            return Err(broken);
        }
        // castnet names an interface after its node and its link.
        let of_castnet = frames.iter().all(|(_, frame)| frame.interface.contains(':'));
        let mut capture = Self { packets: frames.len(), ..Self::default() };
        for (at, frame) in frames {
            let link = frame.interface.split_once(':').filter(|_| of_castnet);
            let link = link.map_or(frame.interface.as_str(), |(_, link)| link).to_owned();
            let (text, fields, number) = (frame.to_string(), frame.fields(), frame.number());
            capture.links.entry(link).or_default().push(Shown { at, text, fields, number });
        }
        Ok((capture, reading))
    }
}

/// Compares two captures; times count if they differ by more than `within`.
#[must_use]
pub fn diff(one: &Capture, other: &Capture, within: Option<Duration>) -> Diff {
    // A pcap does not name its interface, so single interfaces are matched.
    if let ([(_, a)], [(link, b)]) = (entries(one).as_slice(), entries(other).as_slice()) {
        return Diff { links: vec![link_diff(link, a, b, within)] };
    }
    let names: BTreeSet<&String> = one.links.keys().chain(other.links.keys()).collect();
    let of = |capture: &Capture, link: &String| capture.links.get(link).cloned();
    let links = names.into_iter().map(|link| {
        let (a, b) = (of(one, link).unwrap_or_default(), of(other, link).unwrap_or_default());
        link_diff(link, &a, &b, within)
    });
    Diff { links: links.collect() }
}

fn entries(capture: &Capture) -> Vec<(&String, &Vec<Shown>)> {
    capture.links.iter().collect()
}

fn link_diff(link: &str, one: &[Shown], other: &[Shown], within: Option<Duration>) -> LinkDiff {
    let apart = |all: &[Shown]| -> (Vec<Shown>, Vec<Shown>) {
        all.iter().cloned().partition(|shown| shown.number.is_some())
    };
    let ((data, packets), (other_data, other_packets)) = (apart(one), apart(other));
    fn keys(all: &[Shown]) -> Vec<&Vec<Field>> {
        all.iter().map(|shown| &shown.fields).collect()
    }
    let (steps, is_rough) =
        align_bounded(&keys(&packets), &keys(&other_packets), |a, b| differing(a, b).len() <= FEW);
    let packets = steps.into_iter().map(|step| match step {
        Step::Same(a, b) | Step::Changed(a, b) => {
            both(packets[a].clone(), other_packets[b].clone(), within)
        }
        Step::Removed(a) => Change::Removed(packets[a].clone()),
        Step::Added(b) => Change::Added(other_packets[b].clone()),
    });
    let (packets, datagrams) = (packets.collect(), numbered(&data, &other_data, within));
    LinkDiff { link: link.to_owned(), packets, datagrams, is_rough }
}

fn both(one: Shown, other: Shown, within: Option<Duration>) -> Change {
    let mut fields = differing(&one.fields, &other.fields);
    if within.is_some_and(|within| one.at.abs_diff(other.at) > within) {
        let text = |at| castnet::time::Seconds(at, 6).to_string();
        fields.push(("time", text(one.at), text(other.at)));
    }
    if fields.is_empty() { Change::Same(one, other) } else { Change::Changed(one, other, fields) }
}

/// The fields with different values; a missing field has an empty value.
fn differing(one: &[Field], other: &[Field]) -> Vec<Differing> {
    let value = |fields: &[Field], name: &str| -> String {
        let values = fields.iter().filter(|(of, _)| *of == name).map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join(", ")
    };
    let mut names = Vec::new();
    for (name, _) in one.iter().chain(other) {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    let differ = names.into_iter().map(|name| (name, value(one, name), value(other, name)));
    differ.filter(|(_, one, other)| one != other).collect()
}

/// Datagrams with equal numbers are matched, the nth of them with the nth.
fn numbered(one: &[Shown], other: &[Shown], within: Option<Duration>) -> Vec<Change> {
    let mut of = BTreeMap::<(Number, usize), (Option<&Shown>, Option<&Shown>)>::new();
    let mut seen = BTreeMap::<(Number, bool), usize>::new();
    for (all, first) in [(one, true), (other, false)] {
        for shown in all {
            let Some(number) = shown.number else { continue };
            let nth = seen.entry((number, first)).or_default();
            let pair = of.entry((number, *nth)).or_default();
            *nth += 1;
            match first {
                true => pair.0 = Some(shown),
                false => pair.1 = Some(shown),
            }
        }
    }
    let changes = of.into_values().filter_map(|pair| match pair {
        (Some(a), Some(b)) => Some(both(a.clone(), b.clone(), within)),
        (Some(a), None) => Some(Change::Removed(a.clone())),
        (None, Some(b)) => Some(Change::Added(b.clone())),
        (None, None) => None,
    });
    changes.collect()
}

impl Diff {
    /// The numbers of packets added, removed, changed and equal.
    #[must_use]
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        let changes = self.links.iter().flat_map(|link| link.packets.iter().chain(&link.datagrams));
        for change in changes {
            counts[match change {
                Change::Added(_) => 0,
                Change::Removed(_) => 1,
                Change::Changed(..) => 2,
                Change::Same(..) => 3,
            }] += 1;
        }
        counts
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        matches!(self.counts(), [0, 0, 0, _])
    }
}
