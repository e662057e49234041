//! The traffic of a run's links, as facts on its page: packets one by one, datagrams by stream and
//! port, and what became of each copy.

use std::collections::BTreeMap;

use castnet::addr::Family;
use castnet::time::Instant;
use serde::Serialize;

use crate::capture::decode::{Content, Packet, decode};
use crate::capture::fate::{Ending, Fared, Fate, Fates};
use crate::plan::{Plan, PortId};
use crate::recording::{Frame, Number, Recording};
use crate::vocabulary::kind::{KINDS, KindRow, Mark};

/// The most octets of a packet that the page shows.
const OCTETS: usize = 256;

/// A packet that is not a numbered datagram.
#[derive(Serialize)]
pub(super) struct Control {
    at: u64,
    port: PortId,
    /// The ports that received it.
    to: Vec<PortId>,
    /// The copies that did not simply arrive.
    fared: Vec<FaredFacts>,
    kind: &'static str,
    group: Option<String>,
    text: String,
    fields: Vec<(&'static str, String)>,
    octets: String,
}

/// The datagrams of a stream that left a port with the same TTL.
#[derive(Serialize)]
pub(super) struct Data {
    stream: u32,
    port: PortId,
    ttl: u8,
    at: Vec<u64>,
    sequence: Vec<u64>,
    /// Of these, by position, the copies that did not simply arrive.
    fared: Vec<(usize, FaredFacts)>,
}

/// How the copies for some ports fared.
#[derive(Serialize)]
struct FaredFacts {
    ports: Vec<PortId>,
    arrived: Option<u64>,
    by: Option<String>,
    head: &'static str,
}

/// The traffic of all links.
pub(super) fn traffic(plan: &Plan, recording: &Recording) -> (Vec<Control>, Vec<Data>) {
    let fates = Fates::of(plan, recording, |_| true);
    let unknown = Fate::default();
    let mut packets: Vec<Control> = Vec::new();
    let mut data = BTreeMap::<(u32, PortId, u8), Data>::new();
    let sent = recording.frames.iter().enumerate().filter(|(_, frame)| frame.outgoing);
    for (position, frame) in sent {
        let Some(packet) = decode(&frame.bytes) else { continue };
        let fate = fates.of_frame(position).unwrap_or(&unknown);
        let fared = fate.fared().iter().map(FaredFacts::of).collect();
        if let Content::Data(Number { stream, sequence }) = packet.content {
            let (port, ttl) = (frame.port, packet.ttl);
            let new = || Data { stream, port, ttl, at: vec![], sequence: vec![], fared: vec![] };
            let row = data.entry((stream, port, ttl)).or_insert_with(new);
            let fared: Vec<FaredFacts> = fared;
            row.fared.extend(fared.into_iter().map(|one| (row.at.len(), one)));
            row.at.push(frame.at.as_nanos());
            row.sequence.push(sequence);
        } else {
            let to = fate.arrivals.iter().map(|arrival| arrival.port).collect();
            packets.push(control(frame, &packet, to, fared));
        }
    }
    (packets, data.into_values().collect())
}

impl FaredFacts {
    fn of(fared: &Fared<'_>) -> Self {
        let head = match fared.ending() {
            Ending::Lost => "lost",
            Ending::Missing => "missing",
            Ending::Later => "later",
            Ending::Changed => "changed",
            Ending::Again => "again",
        };
        let arrived = fared.arrived.map(Instant::as_nanos);
        Self { ports: fared.ports.clone(), arrived, by: fared.by(), head }
    }
}

fn control(frame: &Frame, packet: &Packet, to: Vec<PortId>, fared: Vec<FaredFacts>) -> Control {
    let shown = &frame.bytes[..frame.bytes.len().min(OCTETS)];
    Control {
        at: frame.at.as_nanos(),
        port: frame.port,
        to,
        fared,
        kind: kind(packet),
        group: packet.group().map(|group| group.to_string()),
        text: packet.to_string(),
        fields: packet.fields(),
        octets: shown.iter().map(|octet| format!("{octet:02x}")).collect(),
    }
}

/// A message of IGMP that does not decode.
const MALFORMED: (&str, Mark) = ("malformed", Mark::new("!", "malformed", "bad"));
/// Any packet that no row describes.
const OTHER: (&str, Mark) = ("other", Mark::new("?", "other", "other"));

/// The words that packets have on the page of a run of the family as their kinds, each with its mark.
pub(super) fn kinds(family: Family) -> impl Iterator<Item = (&'static str, Mark)> {
    let known =
        KINDS.iter().filter_map(move |row| Some((row.word_in(family)?, mark(row, family)?)));
    known.chain([MALFORMED, OTHER])
}

/// The mark of a kind of packet: the one of the row that has the kind's word in IPv4, so that a Report of
/// MLDv1 is marked as one of version 1.
fn mark(row: &KindRow, family: Family) -> Option<Mark> {
    let word = row.word_in(family)?;
    KINDS.iter().find(|row| row.word == word)?.mark
}

/// The scenario's word for the packet, or `malformed` or `other`.
fn kind(packet: &Packet) -> &'static str {
    let family = Family::of(packet.source);
    let mut marked = KINDS.iter().filter(|row| row.mark.is_some());
    let found = marked.find(|row| packet.is(row.kind)).and_then(|row| row.word_in(family));
    found.unwrap_or(match packet.content {
        Content::BadGmp(_) => MALFORMED.0,
        _ => OTHER.0,
    })
}
