//! A script and what it must come to: stimuli at times, and reactions that the kernel and its model
//! have in common.
//!
//! The kernel goes first, and the model is then given each stimulus at the time at which the kernel
//! really had it. It plays the script under many seeds and phases of its ticks. What the kernel did
//! must be one of these outcomes, reaction by reaction, and each at a time that lies between the
//! earliest and the latest one of the model: that is the window of a random delay.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use castnet::time::Instant;
use castnet::wire::igmp::{self, Version};
use castnet::wire::ipv4::{self, IGMP};

/// How often the model plays a script.
const PLAYS: u64 = 400;

/// What the kernel may be late by, and its observer with it.
const LATE: Duration = Duration::from_millis(100);

/// What a stamp of the laboratory may be early by, compared to a stimulus.
const EARLY: Duration = Duration::from_millis(1);

/// What is done, and when, in milliseconds.
pub(crate) type Steps<S> = Vec<(u64, S)>;

/// Something that was observed.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    pub(crate) at: Duration,
    pub(crate) what: String,
}

/// What was done to the kernel, and what it did; times are from the start of the script.
#[derive(Debug)]
pub(crate) struct Played<S> {
    pub(crate) stimuli: Vec<(Duration, S)>,
    pub(crate) reactions: Vec<Reaction>,
    pub(crate) end: Duration,
}

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
    let mut plays = (0..PLAYS).map(|seed| play(played, model(seed), seed)).peekable();
    let first = plays.peek().map(|one| tell(one)).unwrap_or_default();
    let mut windows: Option<Windows> = None;
    for play in plays {
        let play = by_text(&play);
        let is_same = play.len() == kernel.len()
            && kernel.iter().all(|(what, at)| play.get(what).is_some_and(|m| m.len() == at.len()));
        if is_same {
            widen(windows.get_or_insert_default(), &play);
        }
    }
    let story = || format!("\nthe kernel:\n{}\nthe model:\n{first}", tell(&played.reactions));
    let Some(windows) = windows else { panic!("the model never does the same{}", story()) };
    for (what, times) in &kernel {
        for (&at, &(earliest, latest)) in times.iter().zip(&windows[what]) {
            let is_in_time = at + EARLY >= earliest && at <= latest + LATE;
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

fn widen(windows: &mut Windows, play: &BTreeMap<String, Vec<Duration>>) {
    for (what, times) in play {
        let known = windows
            .entry(what.clone())
            .or_insert_with(|| times.iter().map(|&at| (at, at)).collect());
        for ((earliest, latest), &at) in known.iter_mut().zip(times) {
            *earliest = at.min(*earliest);
            *latest = at.max(*latest);
        }
    }
}

fn by_text(reactions: &[Reaction]) -> BTreeMap<String, Vec<Duration>> {
    let mut sorted = BTreeMap::<String, Vec<Duration>>::new();
    for Reaction { at, what } in reactions {
        sorted.entry(what.clone()).or_default().push(*at);
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
        reactions.extend(told.into_iter().map(|what| Reaction { at, what }));
    };
    let mut stimuli = played.stimuli.iter().peekable();
    loop {
        let next = stimuli.peek().map_or(start + played.end, |(at, _)| start + *at);
        match (model.deadline().filter(|&at| at <= next), stimuli.peek()) {
            (Some(due), _) => note(due, model.expire(due)),
            (None, Some((_, stimulus))) => {
                note(next, model.stimulate(next, stimulus));
                stimuli.next();
            }
            (None, None) => return reactions,
        }
    }
}
