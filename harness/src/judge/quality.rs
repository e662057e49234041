//! How well a stream arrives: what is lost, how long none comes, what is overtaken, and how unevenly
//! datagrams come.
//!
//! The window selects datagrams by when they were sent, as for `exactly-once`. Each counts once, by its first
//! copy at the receiver's socket, whenever that arrives. None of the measured values has a tolerance.

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::time::{Instant, Seconds};

use super::delivery::NONE_SENT;
use super::window::{Purpose, Span, not_done};
use super::{Evidence, Judged, PASS, Value};
use crate::plan::arithmetic::{Count, Length};
use crate::plan::{Limits, Quality};
use crate::recording::Number;
use crate::scenario::{Lasting, ShareLimit, WHOLE};

/// A datagram that a source sent.
#[derive(Clone, Copy)]
struct Sent {
    number: Number,
    at: Instant,
    /// When the receiver's socket had its first copy.
    arrived: Option<Instant>,
    /// The place of that copy among all that the socket had.
    place: Option<usize>,
}

/// The datagrams of a claim.
struct Sample {
    /// All datagrams for the receiver, by stream and number.
    all: Vec<Sent>,
    /// The time of sending that the claim is about.
    span: Span,
}

impl Sample {
    /// The datagrams of the window, by stream and number.
    fn chosen(&self) -> impl Iterator<Item = &Sent> {
        self.all.iter().filter(|sent| self.span.contains(sent.at))
    }

    /// The datagrams of the window that have arrived, in the order in which they did.
    fn arrivals(&self) -> Vec<(Instant, &Sent)> {
        let arrivals = self.chosen().filter_map(|sent| Some((sent.arrived?, sent)));
        let mut arrivals: Vec<(Instant, &Sent)> = arrivals.collect();
        // Several may arrive at one instant.
        arrivals.sort_by_key(|(_, sent)| sent.place);
        arrivals
    }
}

/// The longest time of its kind.
struct Longest {
    lasted: Duration,
    /// Where it began and ended, a line each.
    words: Vec<String>,
    /// A datagram that it is about, and when it was sent.
    about: Option<(Number, Instant)>,
    /// Whether it would have gone on.
    is_open: bool,
}

impl Evidence<'_> {
    pub(super) fn quality(&self, quality: &Quality) -> Judged {
        let Some(span) = self.span(&quality.window, Purpose::Selection) else {
            return not_done(&quality.window);
        };
        let mut arrived = BTreeMap::new();
        for (place, delivery) in self.deliveries(&quality.receiver).enumerate() {
            arrived.entry(delivery.number).or_insert((delivery.at, place));
        }
        let sent: BTreeMap<Number, Instant> = self.sent(&quality.receiver).collect();
        let all = sent.into_iter().map(|(number, at)| {
            let (arrived, place) = arrived.get(&number).copied().unzip();
            Sent { number, at, arrived, place }
        });
        let sample = Sample { all: all.collect(), span };
        if sample.chosen().next().is_none() {
            return unproven(NONE_SENT, &sample);
        }
        let judged = match &quality.limits {
            Limits::Loss(share) => self.loss(quality, share, &sample),
            Limits::Reordered(count) => self.reordered(count, &sample),
            Limits::Lasting { what: Lasting::Jitter, min, max } => {
                self.jitter(min.as_ref(), max.as_ref(), &sample)
            }
            Limits::Lasting { what, min, max } => {
                let longest = if *what == Lasting::Gap { gap(&sample) } else { outage(&sample) };
                self.lasting(*what, longest, (min.as_ref(), max.as_ref()), &sample)
            }
        };
        if judged.outcome == PASS.outcome && arrived.is_empty() {
            let why = "the receiver never received any, so that it lost these proves nothing";
            return Judged { measured: judged.measured, ..unproven(why, &sample) };
        }
        judged
    }

    fn loss(&self, quality: &Quality, share: &ShareLimit, sample: &Sample) -> Judged {
        let lost: Vec<&Sent> = sample.chosen().filter(|sent| sent.arrived.is_none()).collect();
        let (found, of) = (lost.len() as u64, sample.chosen().count() as u64);
        let measured = |judged: Judged| judged.measured("loss", Value::Share { found, of });
        let part = |limit: u32| u128::from(limit) * u128::from(of);
        let found_parts = u128::from(found) * u128::from(WHOLE);
        let is_enough = found_parts >= part(share.min);
        if is_enough && share.max.is_none_or(|max| found_parts <= part(max)) {
            return measured(PASS);
        }
        let mut why = vec![format!("expected {}, lost {found} of {of} sent", share.text)];
        why.extend(sample.span.describe());
        if !is_enough {
            return measured(Judged::fail(why));
        }
        let sources = self.sent_by_sources().filter(|(number, _)| lost[0].number == *number);
        let mut sources = sources.map(|(_, seen)| seen.packet.source);
        if !sources.any(|source| self.wanted(&quality.receiver, source, &sample.span)) {
            why.push("the receiver was no member then".to_owned());
        }
        let first = lost.first().map(|sent| sent.at);
        let lost: Vec<(Number, usize)> = lost.iter().map(|sent| (sent.number, 0)).collect();
        why.extend(self.alike(&lost));
        measured(Judged { at: first, ..Judged::fail(why) })
    }

    /// RFC 4737, section 3.3: a datagram is reordered if one that was sent after it has arrived before it.
    fn reordered(&self, count: &Count, sample: &Sample) -> Judged {
        let arrivals = sample.arrivals();
        let mut latest = BTreeMap::<u32, &Sent>::new();
        let mut late = Vec::new();
        for (at, sent) in &arrivals {
            let latest = latest.entry(sent.number.stream).or_insert(sent);
            if sent.number < latest.number {
                late.push((*at, *sent, latest.number));
            } else {
                *latest = sent;
            }
        }
        let found = late.len() as u64;
        let measured = |judged: Judged| judged.measured("reordered", Value::Number(found));
        if count.allows(found) {
            return if arrivals.len() < 2 { too_few(sample) } else { measured(PASS) };
        }
        let mut why = vec![format!("expected {}, found {found}", count.text)];
        why.extend(sample.span.describe());
        let Some((at, first, before)) = late.first() else { return measured(Judged::fail(why)) };
        why.push(format!("{}, after {before}, for one:", first.number));
        why.extend(self.ledger(first.number));
        measured(Judged::fail(why).at(*at))
    }

    /// RFC 3550, section 6.4.1 and appendix A.8: `J += (|D| - J) / 16` for each datagram of a stream, as it
    /// arrives. The highest `J` counts, and nothing of before the window.
    fn jitter(&self, min: Option<&Length>, max: Option<&Length>, sample: &Sample) -> Judged {
        let arrivals = sample.arrivals();
        if arrivals.len() < 2 {
            return too_few(sample);
        }
        let transit = |(at, sent): &(Instant, &Sent)| at.since(sent.at).as_nanos();
        // Of each stream the transit time of its last datagram, and 16 times its jitter.
        let mut streams = BTreeMap::<u32, (u128, u128)>::new();
        let mut highest = (0, None);
        for arrival in &arrivals {
            let (sent, transit) = (arrival.1, transit(arrival));
            let (last, jitter) = streams.entry(sent.number.stream).or_insert((transit, 0));
            *jitter = *jitter + transit.abs_diff(*last) - (*jitter + 8) / 16;
            *last = transit;
            if *jitter > highest.0 {
                highest = (*jitter, Some(sent));
            }
        }
        let (jitter, about) = highest;
        let nanos = u64::try_from(jitter / 16).unwrap_or(u64::MAX);
        let words = about.map(|sent| format!("reached with {}, sent at {}", sent.number, sent.at));
        let longest = Longest {
            lasted: Duration::from_nanos(nanos),
            words: words.into_iter().collect(),
            about: about.map(|sent| (sent.number, sent.at)),
            is_open: false,
        };
        self.limited(Lasting::Jitter, longest, (min, max), sample)
    }

    /// Judges the longest gap or outage. It is VACUOUS if sources were not sending for longer than the limit, or if
    /// they ended before an outage did.
    fn lasting(
        &self,
        what: Lasting,
        longest: Longest,
        (min, max): (Option<&Length>, Option<&Length>),
        sample: &Sample,
    ) -> Judged {
        let (lasted, is_open) = (longest.lasted, longest.is_open);
        let judged = self.limited(what, longest, (min, max), sample);
        let [least, most] = [min, max].map(|limit| limit.map(Length::duration));
        if most.is_some_and(|most| lasted > most) {
            return judged;
        }
        let begin = sample.chosen().map(|sent| sent.at).min().unwrap_or_default();
        let end = match what {
            Lasting::Outage => sample.all.iter().map(|sent| sent.at).max(),
            Lasting::Gap | Lasting::Jitter => sample.chosen().map(|sent| sent.at).max(),
        };
        let end = end.unwrap_or_default();
        let is_below = least.is_some_and(|least| lasted < least);
        let is_unsure = most.is_some() || is_below;
        let limit = most.or(least).unwrap_or_default();
        let why = if is_unsure && end.since(begin) <= limit {
            format!("a source was sending only from {begin} to {end}, which is not longer")
        } else if is_unsure && is_open {
            format!("none arrived again, and the last one was sent at {end}")
        } else {
            return judged;
        };
        Judged { measured: judged.measured, ..unproven(&why, sample) }
    }

    fn limited(
        &self,
        what: Lasting,
        longest: Longest,
        (min, max): (Option<&Length>, Option<&Length>),
        sample: &Sample,
    ) -> Judged {
        let Longest { lasted, words, about, .. } = longest;
        let found = Seconds(lasted, 6);
        let measured = |judged: Judged| judged.measured(what.key(), Value::Time(lasted));
        let (limit, missed_by) = match (min, max) {
            (_, Some(max)) if lasted > max.duration() => {
                (format!("at most {}", max.arithmetic(&[])), Some(lasted - max.duration()))
            }
            (Some(min), _) if lasted < min.duration() => {
                (format!("at least {}", min.arithmetic(&[])), None)
            }
            _ => return measured(PASS),
        };
        let mut why = vec![format!("expected {limit}, found {found}")];
        why.extend(sample.span.describe());
        why.extend(words);
        let Some((number, at)) = about else { return measured(Judged::fail(why)) };
        why.push(format!("{number}, for one:"));
        why.extend(self.ledger(number));
        measured(Judged { missed_by, ..Judged::fail(why).at(at) })
    }
}

/// The longest time between two datagrams that arrive one after the other. Where the first ones of the window are
/// lost, or the last ones, their times of sending count, so that a delay of the way is no gap.
fn gap(sample: &Sample) -> Longest {
    let arrivals = sample.arrivals();
    let by_sending = |from: &Sent, to: &Sent| Longest {
        lasted: to.at.since(from.at),
        words: vec![
            format!("between {}, sent at {}", from.number, from.at),
            format!("and     {}, sent at {}", to.number, to.at),
        ],
        about: Some((if from.arrived.is_some() { to.number } else { from.number }, from.at)),
        is_open: false,
    };
    let mut gaps: Vec<Longest> = Vec::new();
    let first = sample.chosen().min_by_key(|sent| sent.at);
    let last = sample.chosen().max_by_key(|sent| sent.at);
    let received = || sample.chosen().filter(|sent| sent.arrived.is_some());
    let ends = (received().min_by_key(|sent| sent.at), received().max_by_key(|sent| sent.at));
    match (first, last, ends) {
        (Some(first), Some(last), (Some(earliest), Some(latest))) => {
            gaps.push(by_sending(first, earliest));
            gaps.push(by_sending(latest, last));
        }
        (Some(first), Some(last), _) => gaps.push(by_sending(first, last)),
        _ => {}
    }
    gaps.extend(arrivals.windows(2).filter_map(|pair| {
        let &[(before, from), (after, to)] = pair else { return None };
        Some(Longest {
            lasted: after.since(before),
            words: vec![
                format!("between {}, received at {before}", from.number),
                format!("and     {}, received at {after}", to.number),
            ],
            about: Some((to.number, before)),
            is_open: false,
        })
    }));
    longest(gaps)
}

/// The longest time from when a datagram was sent that is lost until a later one of its stream arrives. The lost
/// ones before it count with it, even from before the window, unless none at all had arrived before them.
fn outage(sample: &Sample) -> Longest {
    let mut outages = Vec::new();
    for stream in sample.all.chunk_by(|before, after| before.number.stream == after.number.stream) {
        let rows =
            stream.chunk_by(|before, after| before.arrived.is_some() == after.arrived.is_some());
        let mut rows = rows.peekable();
        let mut has_arrived = false;
        while let Some(row) = rows.next() {
            let is_lost = row.iter().all(|sent| sent.arrived.is_none());
            let mut chosen = row.iter().filter(|sent| sample.span.contains(sent.at)).peekable();
            let first = if has_arrived { row.first() } else { chosen.peek().copied() };
            has_arrived |= !is_lost;
            let (Some(first), Some(last), true) = (first, row.last(), is_lost) else { continue };
            if chosen.next().is_none() {
                continue;
            }
            let again = rows.peek().and_then(|row| {
                row.iter().filter_map(|sent| Some((sent.arrived?, sent.number))).min()
            });
            let until = again.map_or(last.at, |(at, _)| at);
            let ended = match again {
                Some((at, number)) => format!("until   {number}, received at {at}"),
                None => format!("until   {}, sent at {}: none arrived again", last.number, last.at),
            };
            outages.push(Longest {
                lasted: until.since(first.at),
                words: vec![
                    format!("between {}, sent at {} and lost", first.number, first.at),
                    ended,
                ],
                about: Some((first.number, first.at)),
                is_open: again.is_none(),
            });
        }
    }
    longest(outages)
}

/// The longest of these times, open if any of them is.
fn longest(all: Vec<Longest>) -> Longest {
    let none = Longest { lasted: Duration::ZERO, words: Vec::new(), about: None, is_open: false };
    all.into_iter().fold(none, |one, other| {
        let is_open = one.is_open || other.is_open;
        let longer = if other.lasted > one.lasted { other } else { one };
        Longest { is_open, ..longer }
    })
}

fn too_few(sample: &Sample) -> Judged {
    unproven("fewer than two of them arrived, so that there was nothing to compare", sample)
}

fn unproven(why: &str, sample: &Sample) -> Judged {
    let mut why = vec![why.to_owned()];
    why.extend(sample.span.describe());
    Judged::vacuous(why)
}
