//! Claims about how well a stream arrives: resolved, and refused where no run could break their limits.

use std::time::Duration;

use super::arithmetic::Length;
use super::claim::{Claims, in_words};
use super::limits::{count_can_fail, words};
use super::planned::{Most, Planned, concerns};
use super::{ActId, Claim, Limits, NodeId, Quality, Receiver, Stream};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::expr::CountExpr;
use crate::scenario::{self, Lasting, QualityLimit, ShareLimit, WHOLE};

/// A datagram that is late by so long raises the jitter of RFC 3550 by a 16th of it.
const SMOOTHED: u32 = 16;

impl Claims<'_> {
    pub(super) fn quality(
        &mut self,
        (who, limit, times): (&str, &QualityLimit, &scenario::Window),
        receiver: Receiver,
        routers: &[NodeId],
    ) -> Option<(String, Claim)> {
        self.look_ahead(times, routers);
        let group = receiver.group;
        let found = match limit {
            QualityLimit::Loss(share) => {
                let text = format!("{who} loses {} of {group}", share.value.text);
                Some((text, Limits::Loss(share.value.clone())))
            }
            QualityLimit::Reordered(count) => self.count(count, routers).map(|count| {
                let text = format!("{who} receives {} of {group} out of order", count.text);
                (text, Limits::Reordered(count))
            }),
            QualityLimit::Lasting(what, limit) => {
                self.limit(limit, routers).map(|(min, max, limit)| {
                    let text = match what {
                        Lasting::Gap => format!("the longest gap of {group} at {who} is {limit}"),
                        Lasting::Outage => {
                            format!("the longest outage of {group} at {who} is {limit}")
                        }
                        Lasting::Jitter => format!("the jitter of {group} at {who} is {limit}"),
                    };
                    (text, Limits::Lasting { what: *what, min, max })
                })
            }
        };
        let window = self.window(times, routers);
        let ((text, limits), window) = (found?, window?);
        let text = format!("{text}{}", in_words(&window));
        Some((text, Claim::Quality(Quality { receiver, limits, window })))
    }
}

impl Quality {
    /// The length of time that the claim limits.
    pub(super) fn limited(&self) -> Option<Duration> {
        match &self.limits {
            Limits::Lasting { max, .. } => max.as_ref().map(Length::duration),
            Limits::Loss(_) | Limits::Reordered(_) => {
                Some(self.window.length.as_ref().map_or(Duration::MAX, Length::duration))
            }
        }
    }
}

impl Claim {
    /// The longest outage that the claim allows, or demands; `None` if it is about none.
    pub(super) fn longest_outage(&self) -> Option<Duration> {
        let Self::Quality(Quality { limits, .. }) = self else { return None };
        let Limits::Lasting { what: Lasting::Outage, min, max } = limits else { return None };
        max.as_ref().or(min.as_ref()).map(Length::duration)
    }
}

impl Planned<'_> {
    pub(super) fn quality(
        &self,
        written: &QualityLimit,
        quality: &Quality,
        faults: &mut Diagnostics,
    ) {
        match (written, &quality.limits) {
            (QualityLimit::Loss(written), Limits::Loss(share)) => {
                share_can_fail(written, share, faults)
            }
            (QualityLimit::Reordered(written), Limits::Reordered(count)) => {
                let (from, to) = self.planned(&quality.window);
                let of = |stream: &Stream| concerns(&quality.receiver, stream);
                // The first one of all comes after none.
                let most = self.sent(of, from, to).saturating_sub(1);
                count_can_fail(written, count, Most::Exactly(most), faults);
            }
            (QualityLimit::Lasting(what, written), Limits::Lasting { min, max, .. }) => {
                self.lasting(*what, written, (min.as_ref(), max.as_ref()), quality, faults);
            }
            _ => {}
        }
    }

    fn lasting(
        &self,
        what: Lasting,
        written: &Spanned<CountExpr>,
        (min, max): (Option<&Length>, Option<&Length>),
        quality: &Quality,
        faults: &mut Diagnostics,
    ) {
        let (key, span) = (what.key(), &written.span);
        let Some(max) = max else {
            if min.is_none_or(|min| min.duration().is_zero()) {
                let label = "no time is shorter";
                let help = "give an upper limit, such as \"<= 200ms\"";
                faults.error_with_help(span, "such a limit can never fail", label, help);
            }
            return;
        };
        let (measured, sending) = self.measured_for(what, quality);
        if max.duration() >= measured {
            let message = format!("the upper limit of `{key}` can never fail");
            let label = format!("it can be measured only for {}", words(measured));
            faults.error(span, message, label);
            return;
        }
        if let (Lasting::Gap, [stream]) = (what, sending.as_slice())
            && max.duration() < stream.interval
        {
            let message = format!("a gap of at most `{}` can never be", max.text);
            let label = format!("the source sends one every {}", words(stream.interval));
            faults.error(span, message, label);
            return;
        }
        let by_one = match what {
            Lasting::Gap => max.duration(),
            Lasting::Jitter => max.duration().saturating_mul(SMOOTHED),
            // It allows none, however late the machine is.
            Lasting::Outage if sending.iter().all(|stream| max.duration() < stream.interval) => {
                return;
            }
            Lasting::Outage => max.duration(),
        };
        self.swallowed(key, span, &max.text, by_one, faults);
    }

    /// The longest time by plan for which it can be measured, and the streams that are sent in the window.
    fn measured_for(&self, what: Lasting, quality: &Quality) -> (Duration, Vec<&Stream>) {
        let (from, to) = self.planned(&quality.window);
        // An outage may last beyond the window in which it begins.
        let until = if what == Lasting::Outage { self.end } else { to };
        let begins = |act: ActId| self.acts[act].at.max(from);
        let streams = self.streams().filter(|(act, stream)| {
            let is_sent = begins(*act) < self.over(*act, stream).min(to);
            is_sent && concerns(&quality.receiver, stream)
        });
        let streams: Vec<(ActId, &Stream)> = streams.collect();
        let first = streams.iter().map(|(act, _)| begins(*act)).min().unwrap_or(from);
        let last = streams.iter().map(|(act, stream)| self.over(*act, stream).min(until)).max();
        let measured = last.unwrap_or(from).saturating_sub(first);
        (measured, streams.into_iter().map(|(_, stream)| stream).collect())
    }
}

/// Refuses limits of a loss that every part of the whole meets.
fn share_can_fail(written: &Spanned<ShareLimit>, share: &ShareLimit, faults: &mut Diagnostics) {
    let message = match share.max {
        None if share.min == 0 => format!("a loss of {} can never fail", share.text),
        Some(max) if max >= WHOLE && share.min == 0 => {
            format!("a loss of {} can never fail", share.text)
        }
        Some(max) if max >= WHOLE && share.min < WHOLE => {
            format!("the upper limit of a loss of {} can never fail", share.text)
        }
        _ => return,
    };
    let help = "claim a part that a wrong run would not have";
    faults.error_with_help(
        &written.span,
        message,
        "nobody loses more than all, or less than none",
        help,
    );
}
