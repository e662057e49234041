//! Compares two captures of any tools, packet by packet: packets added or removed, and fields
//! changed.
//!
//! Packets are aligned per link by their contents; times are compared only on request. castnet's
//! own datagrams are matched by their numbers, and their order is not compared.

pub mod json;
pub mod text;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use super::align::{Step, align_bounded};
use crate::capture::fields::Field;
use crate::capture::file::{Broken, CapturedFrame, Reading, read};
use crate::capture::inspected::InspectedFrame;
use crate::capture::link::LinkType;
use crate::recording::Number;

/// The most fields in which two packets may differ to count as one packet, changed.
const FEW: usize = 2;

/// The most octets of frames of a capture that are compared.
const MOST: usize = 1 << 30;

/// A packet of a capture. There may be millions, so that its words are made when they are asked for.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Since the first frame of the file.
    pub at: Duration,
    link_type: LinkType,
    bytes: Box<[u8]>,
    original_len: usize,
    /// Equal for equal fields, and for no others in practice.
    digest: [u64; 2],
    number: Option<Number>,
}

impl Shown {
    fn new(at: Duration, shot: CapturedFrame, frame: &InspectedFrame) -> Self {
        let fields = frame.fields();
        let digest = [1_u8, 2].map(|nth| {
            let mut hasher = DefaultHasher::new();
            (nth, &fields).hash(&mut hasher);
            hasher.finish()
        });
        let CapturedFrame { link_type, bytes, original_len, .. } = shot;
        let bytes = bytes.into_boxed_slice();
        Self { at, link_type, bytes, original_len, digest, number: frame.number() }
    }

    fn inspect(&self) -> InspectedFrame {
        InspectedFrame::of(&CapturedFrame {
            stamp: None,
            interface: String::new(),
            link_type: self.link_type,
            outgoing: None,
            bytes: self.bytes.to_vec(),
            original_len: self.original_len,
            comments: Vec::new(),
        })
    }

    /// The packet in one line.
    #[must_use]
    pub fn text(&self) -> String {
        self.inspect().to_string()
    }

    /// What is compared.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        self.inspect().fields()
    }
}

/// A capture, by links.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    /// The packets of each link, in the order of the file.
    pub links: BTreeMap<String, Vec<Arc<Shown>>>,
    /// The number of packets.
    pub packets: usize,
}

/// A field with its values in the first and in the second capture.
pub type Differing = (&'static str, String, String);

/// The result for a packet.
#[derive(Clone, Debug)]
pub enum Change {
    /// Only the second capture has it.
    Added(Arc<Shown>),
    /// Only the first one has it.
    Removed(Arc<Shown>),
    /// Both have it, and it differs, or its time does by too much.
    Changed(Arc<Shown>, Arc<Shown>, Timing),
    /// Both have it.
    Same(Arc<Shown>, Arc<Shown>),
}

/// How the times of a changed packet compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// They are close enough, or were not compared.
    Near,
    /// They differ by more than was allowed.
    Apart,
}

impl Change {
    /// The fields that differ, and the time where it was compared.
    #[must_use]
    pub fn differing(&self) -> Vec<Differing> {
        let Self::Changed(one, other, timing) = self else { return Vec::new() };
        let mut fields = differing(&one.fields(), &other.fields());
        if *timing == Timing::Apart {
            let text = |at| castnet::time::Seconds(at, 6).to_string();
            fields.push(("time", text(one.at), text(other.at)));
        }
        fields
    }
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
    /// The file is no capture, or has more than is compared.
    pub fn read(file: impl Read) -> Result<(Self, Reading), Broken> {
        let (mut frames, mut first, mut octets) = (Vec::new(), None, 0_usize);
        let mut interfaces = BTreeMap::<String, usize>::new();
        let reading = read(file, |shot| {
            let stamp = shot.stamp.unwrap_or_default();
            let at = stamp.saturating_sub(*first.get_or_insert(stamp));
            octets = octets.saturating_add(shot.bytes.len() + size_of::<Shown>());
            let frame = InspectedFrame::of(&shot);
            let next = interfaces.len();
            let interface = match interfaces.get(&frame.interface) {
                Some(&known) => known,
                None => *interfaces.entry(frame.interface.clone()).or_insert(next),
            };
            frames.push((interface, Arc::new(Shown::new(at, shot, &frame))));
            octets <= MOST
        });
        if let Err(broken @ Broken::NotACapture(_)) = reading.ended {
            return Err(broken);
        }
        if octets > MOST {
            let (most, count) = (MOST >> 20, frames.len());
            let why =
                format!("more than {most} MiB are not compared, which it has at frame {count}");
            return Err(Broken::Io(why));
        }
        // castnet names an interface after its node and its link.
        let of_castnet = interfaces.keys().all(|interface| interface.contains(':'));
        let mut names: Vec<(usize, String)> = Vec::with_capacity(interfaces.len());
        names.extend(interfaces.into_iter().map(|(interface, number)| {
            let link = interface.split_once(':').filter(|_| of_castnet);
            (number, link.map_or(interface.as_str(), |(_, link)| link).to_owned())
        }));
        names.sort_unstable();
        let mut capture = Self { packets: frames.len(), ..Self::default() };
        for (interface, shown) in frames {
            let link = &names[interface].1;
            match capture.links.get_mut(link) {
                Some(packets) => packets.push(shown),
                None => _ = capture.links.insert(link.clone(), vec![shown]),
            }
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

fn entries(capture: &Capture) -> Vec<(&String, &Vec<Arc<Shown>>)> {
    capture.links.iter().collect()
}

fn link_diff(
    link: &str,
    one: &[Arc<Shown>],
    other: &[Arc<Shown>],
    within: Option<Duration>,
) -> LinkDiff {
    let apart = |all: &[Arc<Shown>]| -> (Vec<Arc<Shown>>, Vec<Arc<Shown>>) {
        all.iter().cloned().partition(|shown| shown.number.is_some())
    };
    let ((data, packets), (other_data, other_packets)) = (apart(one), apart(other));
    let keys = |all: &[Arc<Shown>]| -> Vec<Key> { all.iter().cloned().map(Key).collect() };
    let few = |a: &Key, b: &Key| differing(&a.0.fields(), &b.0.fields()).len() <= FEW;
    let (steps, is_rough) = align_bounded(&keys(&packets), &keys(&other_packets), few);
    let packets = steps.into_iter().map(|step| match step {
        Step::Same(a, b) | Step::Changed(a, b) => both(&packets[a], &other_packets[b], within),
        Step::Removed(a) => Change::Removed(packets[a].clone()),
        Step::Added(b) => Change::Added(other_packets[b].clone()),
    });
    let (packets, datagrams) = (packets.collect(), numbered(&data, &other_data, within));
    LinkDiff { link: link.to_owned(), packets, datagrams, is_rough }
}

/// A packet that is equal to another one if nothing that is compared differs.
struct Key(Arc<Shown>);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.digest.cmp(&other.0.digest)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.digest.hash(state);
    }
}

fn both(one: &Arc<Shown>, other: &Arc<Shown>, within: Option<Duration>) -> Change {
    let is_apart = within.is_some_and(|within| one.at.abs_diff(other.at) > within);
    let timing = if is_apart { Timing::Apart } else { Timing::Near };
    match one.digest == other.digest && timing == Timing::Near {
        true => Change::Same(one.clone(), other.clone()),
        false => Change::Changed(one.clone(), other.clone(), timing),
    }
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
fn numbered(one: &[Arc<Shown>], other: &[Arc<Shown>], within: Option<Duration>) -> Vec<Change> {
    let mut of = BTreeMap::<(Number, usize), (Option<&Arc<Shown>>, Option<&Arc<Shown>>)>::new();
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
        (Some(a), Some(b)) => Some(both(a, b, within)),
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
