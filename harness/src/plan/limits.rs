//! Limits that cannot fail, and times that the tolerance swallows, each told at its key.
//!
//! A limit is refused if by plan no run could go beyond it, whatever the devices do; where more can
//! hardly be bounded, a limit may have some slack. A length that is not longer than the tolerance is remarked on.

use std::time::Duration;

use castnet::addr::Family;

use super::arithmetic::{Count, Length, Moment};
use super::planned::{Most, Planned, concerns};
use super::{Act, Check, Claim, Latency, MfcState, Place, Receiver, Stream};
use super::{When, Window};
use crate::scenario::diagnostic::{Diagnostics, Span, Spanned};
use crate::scenario::expr::{CountExpr, Expr};
use crate::scenario::{self, Delivered, Expectation};

/// The longest tolerance: a machine that is later measures nothing.
pub(super) const LONGEST: Duration = Duration::from_secs(10);

/// In less time a device under test does hardly anything.
const INSTANT: Duration = Duration::from_millis(20);

/// What each bound has beyond the plan, for what is under way at its edges.
const SLACK: u64 = 10;

impl Planned<'_> {
    pub(super) fn check_limits(&self, checks: &[(&Expectation, Check)], faults: &mut Diagnostics) {
        let lengths: Vec<Duration> =
            checks.iter().filter_map(|(_, check)| limited(&check.claim)).collect();
        if let Some(span) = self.written {
            let longest = lengths.iter().max().copied();
            let all = longest.is_some_and(|longest| self.tolerance >= longest);
            if all || self.tolerance > LONGEST {
                let message = "such a tolerance leaves nothing to fail";
                let label = match longest.filter(|_| all) {
                    Some(longest) => {
                        format!("no time that is claimed is longer than {}", words(longest))
                    }
                    None => format!("at most {}", words(LONGEST)),
                };
                let help = "give what the machine may be late by, such as \"200ms\"";
                faults.error_with_help(span, message, label, help);
            }
        }
        for (expectation, check) in checks {
            self.claim(expectation, &check.claim, faults);
        }
    }

    fn claim(&self, expectation: &Expectation, claim: &Claim, faults: &mut Diagnostics) {
        match (&expectation.claim, claim) {
            (
                scenario::Claim::Packet(written),
                Claim::Packet { filter, count, spacing, window },
            ) => {
                count_can_fail(&written.count, count, self.most_packets(filter, window), faults);
                let within = ("within", written.window.within.as_ref());
                self.counted_in(within, count, window, faults);
                self.length("spacing", written.spacing.as_ref(), spacing.as_ref(), faults);
            }
            (scenario::Claim::Order(written), Claim::Order(_, window)) => {
                self.length(
                    "within",
                    written.window.within.as_ref(),
                    window.length.as_ref(),
                    faults,
                );
            }
            (scenario::Claim::Delivery(written), claim) => {
                self.delivery(&written.what, claim, faults)
            }
            (scenario::Claim::Mfc(written), Claim::Mfc { source, group, at, state, .. }) => {
                self.state(&written.at, at, faults);
                let MfcState::Present { counted: Some(counted), .. } = state else { return };
                let Some(scenario::MfcPresent { counters, .. }) = &written.present else { return };
                let of = |stream: &Stream| stream.source == *source && stream.group == *group;
                let by = at.planned(self.acts).saturating_add(self.tolerance);
                let most = self.sent(of, Duration::ZERO, by);
                // Of IP and of UDP.
                let headers = 8 + if group.family() == Family::V6 { 40 } else { 20 };
                let size = self.streams().map(|(_, stream)| stream.size as u64 + headers).max();
                let octets = most.saturating_mul(size.unwrap_or_default());
                for (written, count, most) in [
                    (&counters.packets, &counted.packets, most),
                    (&counters.bytes, &counted.bytes, octets),
                    (&counters.wrong_if, &counted.wrong_if, most),
                ] {
                    if let (Some(written), Some(count)) = (written, count) {
                        count_can_fail(written, count, Most::Exactly(most), faults);
                    }
                }
            }
            (scenario::Claim::Mdb(written), Claim::Mdb { at, .. }) => {
                self.state(&written.at, at, faults);
            }
            (scenario::Claim::Members(written), Claim::Members { at, .. }) => {
                self.state(&written.at, at, faults);
            }
            (scenario::Claim::Querier(written), Claim::Querier(_, when)) => {
                match (&written.when, when) {
                    (scenario::When::At(written), When::At(at)) => self.state(written, at, faults),
                    (scenario::When::Throughout(written), When::Throughout(window)) => {
                        let length = window.length.as_ref();
                        self.length("within", written.within.as_ref(), length, faults);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn delivery(&self, written: &Delivered, claim: &Claim, faults: &mut Diagnostics) {
        match (written, claim) {
            (Delivered::Received(written, times), Claim::Received(receiver, count, window)) => {
                count_can_fail(written, count, self.most_received(receiver, window), faults);
                self.counted_in(("within", times.within.as_ref()), count, window, faults);
            }
            (Delivered::NoneAfter { during, .. }, Claim::NoneAfter(_, window)) => {
                self.length("for", during.as_ref(), window.length.as_ref(), faults);
            }
            (Delivered::ExactlyOnce(times), Claim::ExactlyOnce(_, window)) => {
                no_time(times.within.as_ref(), window.length.as_ref(), faults);
            }
            (Delivered::Ttl(written, times), Claim::Ttl(receiver, ttl, window)) => {
                no_time(times.within.as_ref(), window.length.as_ref(), faults);
                self.ttl(written, receiver, ttl, faults);
            }
            (Delivered::Quality(written, times), Claim::Quality(quality)) => {
                let length = quality.window.length.as_ref();
                no_time(times.within.as_ref(), length, faults);
                if length.is_none_or(|length| !length.duration().is_zero()) {
                    self.quality(written, quality, faults);
                }
            }
            (Delivered::Latency(written), Claim::Latency(latency)) => {
                self.latency(&written.limit, latency, faults);
            }
            _ => {}
        }
    }

    /// Refuses no time at all, and remarks on a window of a claim that the tolerance is not shorter than.
    /// An upper limit from an act on has no tolerance, and can be about less time.
    fn counted_in(
        &self,
        (key, written): (&str, Option<&Spanned<Expr>>),
        count: &Count,
        window: &Window,
        faults: &mut Diagnostics,
    ) {
        let length = window.length.as_ref();
        let is_exact = count.min == 0 && !Place::of(&window.from, self.acts).is_between();
        if !is_exact || length.is_none_or(|length| length.duration() < INSTANT) {
            self.length(key, written, length, faults);
        }
    }

    /// Refuses no time at all, and remarks on one that is not longer than the tolerance.
    fn length(
        &self,
        key: &str,
        written: Option<&Spanned<Expr>>,
        length: Option<&Length>,
        faults: &mut Diagnostics,
    ) {
        no_time(written, length, faults);
        let Some((written, length)) = written.zip(length) else { return };
        self.swallowed(key, &written.span, &length.text, length.duration(), faults);
    }

    pub(super) fn swallowed(
        &self,
        key: &str,
        span: &Span,
        text: &str,
        length: Duration,
        faults: &mut Diagnostics,
    ) {
        if length > self.tolerance || length.is_zero() {
            return;
        }
        let tolerance = words(self.tolerance);
        let message = format!("`{key}` is not longer than the tolerance of a real machine");
        let label = format!("`{text}`, and the tolerance is {tolerance}");
        let help = "give it more time, or set a smaller `tolerance`";
        faults.remark(span, message, label, help);
    }

    /// Refuses a state at the very start, before which there is nothing.
    fn state(&self, written: &Spanned<Expr>, at: &Moment, faults: &mut Diagnostics) {
        if Place::of(at, self.acts) == Place::Start {
            let message = "a state is the one just before its moment";
            let label = "before the start of the run there is nothing";
            faults.error_with_help(&written.span, message, label, "claim it a little later");
        }
    }

    fn ttl(
        &self,
        written: &Spanned<CountExpr>,
        receiver: &Receiver,
        ttl: &Count,
        faults: &mut Diagnostics,
    ) {
        let of = |stream: &Stream| concerns(receiver, stream);
        let ttls = self.streams().filter(|(_, stream)| of(stream)).map(|(_, stream)| stream.ttl);
        let Some(highest) = ttls.max() else { return };
        let is_no_lower_limit = ttl.min <= 1 && ttl.max.is_none_or(|max| max >= highest.into());
        if is_no_lower_limit || ttl.max.is_some_and(|max| max > highest.into()) {
            let message = match is_no_lower_limit {
                true => format!("a TTL of `{}` can never fail", ttl.text),
                false => format!("the upper limit of a TTL of `{}` can never fail", ttl.text),
            };
            let label =
                format!("datagrams are sent with {highest} at most, and none arrives with 0");
            let help = "claim what is left of it after so many routers";
            faults.error_with_help(&written.span, message, label, help);
        }
    }

    fn latency(&self, written: &Spanned<CountExpr>, latency: &Latency, faults: &mut Diagnostics) {
        let span = &written.span;
        let min = latency.min.as_ref().map(Length::duration).filter(|min| !min.is_zero());
        let Some(max) = &latency.max else {
            if min.is_none() {
                let label = "no time is shorter";
                let help = "give an upper limit, such as \"<= 100ms\"";
                faults.error_with_help(span, "such a limit can never fail", label, help);
            }
            return;
        };
        let key = if latency.is_join { "join-latency" } else { "leave-latency" };
        let measured = self.until(latency).saturating_sub(self.acts[latency.act].at);
        if max.duration() >= measured {
            let message = format!("the upper limit of `{key}` can never fail");
            let label = format!("it can be measured only for {}", words(measured));
            faults.error(span, message, label);
        }
        self.swallowed(key, span, &max.text, max.duration(), faults);
    }

    /// Until when by plan a latency can be measured.
    pub(super) fn until(&self, latency: &Latency) -> Duration {
        let group = latency.receiver.group;
        let sources = latency.receiver.sources.as_deref();
        let wants = |act: &&Act| act.action.wants(latency.port, group, sources);
        let mut later = self.acts.iter().skip(latency.act + 1);
        let opposite = later.find(|act| wants(act) == Some(!latency.is_join));
        let until = opposite.map_or(self.end, |act| act.at);
        if latency.is_join {
            return until;
        }
        // The last datagram reaches the receiver when the last source stops.
        let of = |stream: &Stream| concerns(&latency.receiver, stream);
        let ends = self.streams().filter(|(_, stream)| of(stream));
        let last = ends.map(|(act, stream)| self.over(act, stream)).max();
        last.map_or(until, |last| last.min(until))
    }
}

/// Refuses a count that no number of packets can violate. A range that wants some as well may have
/// an upper limit somewhat above all that there can be.
pub(super) fn count_can_fail(
    written: &Spanned<CountExpr>,
    count: &Count,
    most: Most,
    faults: &mut Diagnostics,
) {
    let help = "claim a number that a wrong run would not have";
    let bound = match most {
        Most::Exactly(most) if count.min == 0 => most.saturating_sub(1),
        Most::Exactly(most) | Most::About(most) => most.saturating_mul(2).saturating_add(SLACK),
    };
    match count.max {
        None if count.min == 0 => {
            let message = format!("`{}` can never fail", count.text);
            let label = "there are never fewer than none";
            faults.error_with_help(&written.span, message, label, help);
        }
        Some(max) if max > 0 && u64::from(max) > bound => {
            let message = format!("the upper limit of `{}` can never fail", count.text);
            let (Most::Exactly(most) | Most::About(most)) = most;
            let label = format!("by plan there can be about {most} at most");
            faults.error_with_help(&written.span, message, label, help);
        }
        _ => {}
    }
}

/// Refuses a window in which there is no time.
fn no_time(written: Option<&Spanned<Expr>>, length: Option<&Length>, faults: &mut Diagnostics) {
    if let Some((written, length)) = written.zip(length)
        && length.duration().is_zero()
    {
        let message = format!("`{}` is no time at all", length.text);
        let (label, help) = ("nothing can be seen in it", "give it some time, such as \"1s\"");
        faults.error_with_help(&written.span, message, label, help);
    }
}

/// The length of time that a claim limits; `None` if it limits none.
fn limited(claim: &Claim) -> Option<Duration> {
    match claim {
        Claim::Packet { window, .. }
        | Claim::Order(_, window)
        | Claim::Received(_, _, window)
        | Claim::NoneAfter(_, window)
        | Claim::Querier(_, When::Throughout(window)) => {
            Some(window.length.as_ref().map_or(Duration::MAX, Length::duration))
        }
        Claim::Latency(latency) => latency.max.as_ref().map(Length::duration),
        Claim::Quality(quality) => quality.limited(),
        _ => None,
    }
}

pub(super) fn words(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}
