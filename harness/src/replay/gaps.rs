//! What a capture did not cover, or cut, or lost, and which claims that leaves open.
//!
//! A frame that nobody could read may be the one that a claim forbids or demands, and so may one that
//! came before the capture began or after it ended. Only what was seen is certain: enough, or too many.

use std::time::Duration;

use castnet::addr::Family;
use castnet::time::Instant;
use castnet::wire::{Malformed, Why, icmpv6, ipv4};

use super::Told;
use super::matching::Matching;
use crate::capture::decode::decode_of;
use crate::capture::file::{CapturedFrame, Reading};
use crate::capture::link;
use crate::judge::{Finding, Outcome};
use crate::plan::{Check, Claim, Filter, Link, LinkId, Plan, Window};
use crate::scenario::PacketKind;

/// IP protocol number of the datagrams.
const UDP: u8 = 17;

/// A frame that was there and could not be read.
struct Unread {
    /// When, if that is known.
    at: Option<Instant>,
    link: Option<LinkId>,
    protocol: Option<u8>,
}

pub(super) struct Gaps {
    unread: Vec<Unread>,
    /// Frames that are not in the file, of which nothing is known.
    lost: u64,
    /// From the first frame to the last one, or all of the run.
    covered: (Instant, Instant),
}

impl Gaps {
    pub(super) fn of(
        plan: &Plan,
        shots: &[CapturedFrame],
        reading: &Reading,
        told: &Told,
        matching: &Matching<'_>,
        epoch: Duration,
    ) -> Self {
        let unread = shots.iter().filter_map(|shot| {
            let at = match shot.stamp {
                // Frames from before the start do not belong to the run.
                Some(stamp) => Some(Instant::ZERO + stamp.checked_sub(epoch)?),
                None => None,
            };
            let link = matching.link_of(shot);
            let (family, protocol) = unread(shot)?;
            let speaks = |link: &Link| Family::of(link.subnet.addr());
            let mut links =
                plan.links.iter().enumerate().filter(|(id, _)| link.is_none_or(|own| own == *id));
            let matters = family.is_none_or(|family| links.any(|(_, link)| speaks(link) == family));
            matters.then_some(Unread { at, link, protocol })
        });
        let since = |stamp: Duration| Instant::ZERO + stamp.saturating_sub(epoch);
        let stamps = || shots.iter().filter_map(|shot| shot.stamp.map(since));
        // What castnet wrote was captured until the run was over.
        let covered = match told.epoch.is_some() && reading.is_whole() {
            true => (Instant::ZERO, Instant::ZERO + plan.end),
            false => (stamps().min().unwrap_or_default(), stamps().max().unwrap_or_default()),
        };
        let lost = reading.lost.saturating_add(reading.dropped);
        Self { unread: unread.collect(), lost, covered }
    }

    /// Why the claim stays open although it was judged; `None` if its verdict stands.
    pub(super) fn why(
        &self,
        plan: &Plan,
        check: &Check,
        finding: &Finding,
        act_at: impl Fn(usize) -> Option<Instant>,
    ) -> Option<String> {
        let (filters, window) = open(&check.claim, finding)?;
        let (from, to) = span(plan, window, act_at)?;
        let late = to + plan.tolerance;
        let could = self.unread.iter().filter(|unread| {
            let then = unread.at.is_none_or(|at| from <= at && at <= late);
            then && match filters[..] {
                [] => unread.could_be(PacketKind::Data, None),
                _ => filters.iter().any(|f: &&Filter| unread.could_be(f.kind, Some(f.link))),
            }
        });
        match self.lost.saturating_add(could.count() as u64) {
            0 => {}
            1 => {
                let why = "1 frame that could not be read, or only in part, could decide it";
                return Some(why.to_owned());
            }
            n => {
                return Some(format!(
                    "{n} frames that could not be read, or only in part, could decide it"
                ));
            }
        }
        let (first, last) = self.covered;
        // What was to come may have come late.
        let until = match finding.outcome {
            Outcome::Fail => late.min(Instant::ZERO + plan.end),
            _ => to,
        };
        (from < first || last < until).then(|| {
            format!(
                "it is about {from} to {until} of the run, and the capture covers {first} to {last}"
            )
        })
    }
}

/// The packets and the time of a claim that other frames than those seen could decide otherwise; `None` if
/// what was seen decides it.
fn open<'c>(claim: &'c Claim, finding: &Finding) -> Option<(Vec<&'c Filter>, &'c Window)> {
    let (passed, failed) = (finding.outcome == Outcome::Pass, finding.outcome == Outcome::Fail);
    match claim {
        Claim::Packet { filter, count, window, spacing } => {
            let enough = passed && count.max.is_none() && count.min > 0;
            // Of too many the first one too many is named.
            let too_many = failed && (count.min == 0 || finding.at.is_some());
            let decided = spacing.is_none() && (enough || too_many);
            (!decided).then(|| (vec![filter], window))
        }
        Claim::Order(steps, window) => {
            (!passed).then(|| (steps.iter().map(|step| &step.filter).collect(), window))
        }
        Claim::NoneAfter(_, window) | Claim::Ttl(_, _, window) => {
            (!failed).then(|| (Vec::new(), window))
        }
        _ => None,
    }
}

impl Unread {
    fn could_be(&self, kind: PacketKind, link: Option<LinkId>) -> bool {
        let is_data = kind == PacketKind::Data;
        let is_it = |known: u8| match known {
            UDP => is_data,
            ipv4::IGMP | icmpv6::ICMPV6 => !is_data,
            _ => false,
        };
        self.protocol.is_none_or(is_it)
            && self.link.zip(link).is_none_or(|(its, wanted)| its == wanted)
    }
}

/// Whether something of the frame is missing, and then its family and its protocol, if they are left.
fn unread(shot: &CapturedFrame) -> Option<(Option<Family>, Option<u8>)> {
    let is_cut = shot.bytes.len() < shot.original_len;
    let carried = match link::open(shot.link_type, &shot.bytes) {
        Ok(carried) => carried,
        Err(link::Unread::LinkType(_) | link::Unread::Wireless(_)) => return Some((None, None)),
        Err(link::Unread::Short) => return is_cut.then_some((None, None)),
    };
    let family = carried.family()?;
    match decode_of(family, carried.packet) {
        Err(Malformed { why: Why::Fragment { .. }, .. }) => {}
        // The device that sends it may be the one to write the checksum and the length.
        Err(Malformed { why: Why::Checksum { .. } | Why::TooFew { found: 0, .. }, .. }) => {}
        Err(_) if is_cut => {}
        _ => return None,
    }
    let protocol = match family {
        Family::V4 => carried.packet.get(9),
        // The header names an extension header, behind which the protocol is not looked for.
        Family::V6 => carried.packet.get(6).filter(|next| [UDP, icmpv6::ICMPV6].contains(next)),
    };
    Some((Some(family), protocol.copied()))
}

fn span(
    plan: &Plan,
    window: &Window,
    act_at: impl Fn(usize) -> Option<Instant>,
) -> Option<(Instant, Instant)> {
    let from = window.from.instant(&act_at)?;
    let Some(length) = &window.length else { return Some((from, Instant::ZERO + plan.end)) };
    let mut until = window.from.clone();
    until.parts.extend(length.parts.iter().cloned());
    Some((from, until.instant(&act_at)?))
}
