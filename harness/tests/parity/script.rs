//! A script and its comparison: stimuli at times, and reactions that the kernel and its model have
//! in common.
//!
//! The kernel goes first. The model is then given each stimulus at a time at which the kernel may
//! have had it, between the call and its return, and plays the script under many seeds and phases
//! of its ticks. The kernel's reactions must be one of the model's outcomes, reaction by reaction,
//! each at a time between the earliest and the latest of the model: that is the window of a random
//! delay.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::icmpv6::{Ends, ICMPV6};
use castnet::wire::igmp::{self, Version};
use castnet::wire::ipv4::{self, IGMP};
use castnet::wire::{ipv6, mld};
use castnet_lab::backend::Changing;

/// How many plays it takes until the model counts as never doing what the kernel did.
const PLAYS: u64 = 20_000;

/// How many plays with equal reactions are evaluated.
const ALIKE: u32 = 200;

/// The earliest and the latest of n plays miss the extremes by about an n-th of the time between
/// them; missing them by ten of these has a chance of e^-10.
const SHORT: u32 = 10;

/// How late the kernel may be.
const LATE: Duration = Duration::from_millis(100);

/// How late the kernel may serve a timer, so that later timers are served with it.
const LATE_TIMER: Duration = Duration::from_millis(20);

/// How early a stamp of the laboratory may be, compared to a stimulus.
const EARLY: Duration = Duration::from_millis(1);

/// The stimuli, and their times in milliseconds.
pub(crate) type Steps<S> = Vec<(u64, S)>;

/// An observed reaction. The kernel's stamp gives one time; for reactions without a stamp the
/// observer knows when it saw them, and when it last saw that they had not happened.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    pub(crate) since: Duration,
    pub(crate) at: Duration,
    pub(crate) what: String,
}

/// The stimuli and the kernel's reactions; times are from the start of the script.
#[derive(Debug)]
pub(crate) struct Played<S> {
    pub(crate) stimuli: Vec<Done<S>>,
    pub(crate) reactions: Vec<Reaction>,
    pub(crate) end: Duration,
    /// The most that the laboratory itself was late.
    pub(crate) late: Duration,
}

/// A stimulus, when it began, and when it was over.
pub(crate) type Done<S> = (Duration, Duration, S);

/// A model that plays a script.
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

/// The message of MLD in a packet of IPv6, if it has one.
fn mld_of(packet: &[u8]) -> Option<mld::Decoded> {
    let ip = ipv6::decode(packet).ok().filter(|ip| ip.protocol == ICMPV6)?;
    mld::decode(ip.payload, Ends { source: ip.source, destination: ip.destination }, Version::V3)
        .ok()
}

/// Whether the packet is what a kernel says of IPv6 itself: neighbour discovery, and Reports of
/// solicited-node groups, of those in which a router hears Reports and Dones, and of a bridge's own.
pub(crate) fn is_noise(packet: &[u8]) -> bool {
    let is_own = |group: std::net::Ipv6Addr| {
        let text = group.to_string();
        text.starts_with("ff02::1:ff")
            || ["ff02::2", "ff02::16", "ff02::6a"].contains(&text.as_str())
    };
    match mld_of(packet).map(|decoded| decoded.message) {
        Some(mld::Message::V1Report { group } | mld::Message::Done { group }) => is_own(group),
        Some(mld::Message::V2Report(report)) => {
            report.records.iter().all(|record| is_own(record.group))
        }
        Some(mld::Message::Unknown { kind }) => (133..=137).contains(&kind),
        _ => false,
    }
}

/// A packet of IPv6 in words. Padding of options is not told.
fn describe_v6(packet: &[u8]) -> String {
    let Ok(ip) = ipv6::decode(packet) else { return format!("unreadable {packet:02x?}") };
    let what = match mld_of(packet) {
        Some(decoded) => format!("{} and {} octets", decoded.message, decoded.trailing),
        None => format!("protocol {} {:02x?}", ip.protocol, ip.payload),
    };
    let (hops, class, alert) = (ip.hop_limit, ip.class, ip.router_alert);
    format!("{} > {} hops {hops} class {class} alert {alert:?}: {what}", ip.source, ip.destination)
}

/// A packet in words, with its IPv4 header octet by octet.
pub(crate) fn describe(packet: &[u8]) -> String {
    if packet.first().is_some_and(|first| first >> 4 == 6) {
        return describe_v6(packet);
    }
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

/// Panics with both sides' reactions if the kernel did something that its model never does.
pub(crate) fn compare<S, M: Model<S>>(played: &Played<S>, model: impl Fn(u64) -> M) {
    // Linux serves the timers of MLD by worker threads, which wait for a CPU as plays of a model do: one
    // beside the other, the kernel was late by 0.5 s. So no script is under way while plays are compared.
    let _no_script_runs = Changing::begin();
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
        let late = match played.late {
            late if late < LATE => String::new(),
            late => format!("\nbut the laboratory itself was late by {late:?}"),
        };
        format!("{late}\nthe kernel:\n{kernel}\nthe model under one seed:\n{model}")
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

/// When each reaction was seen, and since when it may have been so, in the order of time.
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

/// Plays the script on the model. Each seed has another phase of ticks, and under some seeds timers
/// are late.
fn play<S, M: Model<S>>(played: &Played<S>, mut model: M, seed: u64) -> Vec<Reaction> {
    let phase = Duration::from_nanos(seed * 1_000_003 * 4_201 % (1 << 35));
    let start = Instant::ZERO + phase;
    let mut reactions = Vec::new();
    let mut note = |now: Instant, told: Vec<String>| {
        let at = now.since(start);
        reactions.extend(told.into_iter().map(|what| Reaction { since: at, at, what }));
    };
    let mut rng = Rng::for_node(seed, "laboratory");
    let most_late = if seed % 4 == 3 { LATE_TIMER } else { Duration::ZERO };
    let begun = played.stimuli.iter().map(|(begun, over, stimulus)| {
        (start + *begun + rng.delay(over.saturating_sub(*begun)), stimulus)
    });
    let mut stimuli = begun.collect::<Vec<_>>().into_iter().peekable();
    let mut now = start;
    loop {
        let next = stimuli.peek().map_or(start + played.end, |&(at, _)| at);
        let due = model.deadline().map(|at| now.max(at + rng.delay(most_late)));
        if let Some(due) = due.filter(|&due| due <= next) {
            now = due;
            note(now, model.expire(now));
        } else if let Some((at, stimulus)) = stimuli.next() {
            now = at;
            note(now, model.stimulate(now, stimulus));
        } else {
            return reactions;
        }
    }
}
