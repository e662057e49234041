//! A script and what it must come to: stimuli at times, and reactions that the kernel and its model
//! have in common.
//!
//! The kernel goes first, and the model is then given each stimulus at the time at which the kernel
//! really had it, which is some time between the call and its return. It plays the script under many
//! seeds and phases of its ticks. What the kernel did must be one of these outcomes, reaction by
//! reaction, and each at a time that lies between the earliest and the latest one of the model: that
//! is the window of a random delay.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::igmp::{self, Version};
use castnet::wire::ipv4::{self, IGMP};

/// How often the model plays a script until it is said never to do what the kernel did.
const PLAYS: u64 = 20_000;

/// How many plays that do the same are looked at.
const ALIKE: u32 = 200;

/// The earliest and the latest of n plays lie short of what is possible by about an n-th of the time
/// between them; that they do so by ten of these happens once in e^10 times.
const SHORT: u32 = 10;

/// What the kernel may be late by.
const LATE: Duration = Duration::from_millis(100);

/// What a stamp of the laboratory may be early by, compared to a stimulus.
const EARLY: Duration = Duration::from_millis(1);

/// What is done, and when, in milliseconds.
pub(crate) type Steps<S> = Vec<(u64, S)>;

/// Something that was observed. What the kernel stamps was so at one time; of the rest the observer
/// knows when it saw it, and since when it may have been so without his seeing it.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    pub(crate) since: Duration,
    pub(crate) at: Duration,
    pub(crate) what: String,
}

/// What was done to the kernel, and what it did; times are from the start of the script.
#[derive(Debug)]
pub(crate) struct Played<S> {
    pub(crate) stimuli: Vec<Done<S>>,
    pub(crate) reactions: Vec<Reaction>,
    pub(crate) end: Duration,
}

/// A stimulus, when it was begun, and when it was over.
pub(crate) type Done<S> = (Duration, Duration, S);

/// A model in the course of a script.
pub(crate) trait Model<S> {
    fn deadline(&self) -> Option<Instant>;
    fn expire(&mut self, now: Instant) -> Vec<String>;
    fn stimulate(&mut self, now: Instant, stimulus: &S) -> Vec<String>;
}

/// The time of the kernel's stamps.
#[expect(clippy::disallowed_methods, reason = "to be compared with the kernel's stamps")]
pub(crate) fn realtime() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

/// A packet in words, with its IP header octet by octet.
pub(crate) fn describe(packet: &[u8]) -> String {
    let Ok(ip) = ipv4::decode(packet) else { return format!("unreadable {packet:02x?}") };
    let header: String =
        packet[..ip.header_len].iter().map(|octet| format!("{octet:02x}")).collect();
    let what = match igmp::decode(ip.payload, Version::V3) {
        Ok(decoded) if ip.protocol == IGMP => {
            format!("{} and {} octets", decoded.message, decoded.trailing)
        }
        _ => format!("protocol {} {:02x?}", ip.protocol, ip.payload),
    };
    format!("{} > {} ttl {}: {what} [{header}]", ip.source, ip.destination, ip.ttl)
}

/// Panics with both sides of the story if the kernel did something that its model never does.
pub(crate) fn compare<S, M: Model<S>>(played: &Played<S>, model: impl Fn(u64) -> M) {
    assert!(!played.reactions.is_empty(), "nothing was observed, so that nothing was compared");
    let kernel = by_text(&played.reactions);
    let plays = (0..PLAYS).map(|seed| by_text(&play(played, model(seed), seed)));
    let is_same = |play: &ByText| {
        play.len() == kernel.len()
            && kernel.iter().all(|(what, at)| play.get(what).is_some_and(|m| m.len() == at.len()))
    };
    let (mut windows, mut alike) = (Windows::new(), 0);
    for play in plays.filter(is_same).take(ALIKE as usize) {
        widen(&mut windows, &play);
        alike += 1;
    }
    let story = || {
        let [kernel, model] = [&played.reactions, &play(played, model(0), 0)].map(|of| tell(of));
        format!("\nthe kernel:\n{kernel}\nthe model under one seed:\n{model}")
    };
    assert!(alike > 0, "the model never does the same{}", story());
    for (what, times) in &kernel {
        for (&(at, since), &(earliest, latest)) in times.iter().zip(&windows[what]) {
            let short = (latest - earliest) * SHORT / alike;
            let is_in_time = at + EARLY + short >= earliest && since <= latest + LATE + short;
            assert!(
                is_in_time,
                "{what}: the kernel at {at:?}, the model {earliest:?} to {latest:?}{}",
                story()
            );
        }
    }
}

/// The earliest and the latest time of each occurrence.
type Windows = BTreeMap<String, Vec<(Duration, Duration)>>;

fn widen(windows: &mut Windows, play: &ByText) {
    for (what, times) in play {
        let known = windows
            .entry(what.clone())
            .or_insert_with(|| times.iter().map(|&(at, _)| (at, at)).collect());
        for ((earliest, latest), &(at, _)) in known.iter_mut().zip(times) {
            *earliest = at.min(*earliest);
            *latest = at.max(*latest);
        }
    }
}

/// When each thing was seen, and since when it may have been so, in the order of time.
type ByText = BTreeMap<String, Vec<(Duration, Duration)>>;

fn by_text(reactions: &[Reaction]) -> ByText {
    let mut sorted = ByText::new();
    for Reaction { since, at, what } in reactions {
        sorted.entry(what.clone()).or_default().push((*at, *since));
    }
    sorted.values_mut().for_each(|times| times.sort_unstable());
    sorted
}

fn tell(reactions: &[Reaction]) -> String {
    let lines = reactions.iter().map(|one| format!("  {:9.3?} {}", one.at, one.what));
    lines.collect::<Vec<_>>().join("\n")
}

/// Plays the script on the model, whose ticks begin at another phase under each seed.
fn play<S, M: Model<S>>(played: &Played<S>, mut model: M, seed: u64) -> Vec<Reaction> {
    let phase = Duration::from_nanos(seed * 1_000_003 * 4_201 % (1 << 35));
    let start = Instant::ZERO + phase;
    let mut reactions = Vec::new();
    let mut note = |now: Instant, told: Vec<String>| {
        let at = now.since(start);
        reactions.extend(told.into_iter().map(|what| Reaction { since: at, at, what }));
    };
    let mut rng = Rng::for_node(seed, "stimuli");
    let mut stimuli = played.stimuli.iter().map(|(begun, over, stimulus)| {
        (start + *begun + rng.delay(over.saturating_sub(*begun)), stimulus)
    });
    let mut next = stimuli.next();
    loop {
        let until = next.map_or(start + played.end, |(at, _)| at);
        match (model.deadline().filter(|&at| at <= until), next) {
            (Some(due), _) => note(due, model.expire(due)),
            (None, Some((at, stimulus))) => {
                note(at, model.stimulate(at, stimulus));
                next = stimuli.next();
            }
            (None, None) => return reactions,
        }
    }
}
