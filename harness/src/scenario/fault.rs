//! Reads faults of a link: the frames that are struck, and what happens to them.

use std::ops::RangeInclusive;
use std::time::Duration;

use castnet::addr::Group;
use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::span::{Span, Spanned};
use super::values::{group, verb};
use super::{PacketKind, share};
use crate::vocabulary::fault::ACTIONS;
use crate::vocabulary::kind::spellings;

/// One `[[fault]]`.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its place.
    pub span: Span,
    /// The link.
    pub on: Spanned<String>,
    /// The kind of packets; all frames unless given.
    pub kind: Option<PacketKind>,
    /// The group that the packets name, or go to.
    pub group: Option<Group>,
    /// The sender.
    pub from: Option<Spanned<String>>,
    /// The receiver; all receivers alike unless given.
    pub to: Option<Spanned<String>>,
    /// The beginning.
    pub after: Duration,
    /// The duration; until the run ends unless given.
    pub during: Option<Duration>,
    /// Of these the nth to the mth, counted from 1.
    pub nth: Option<RangeInclusive<u64>>,
    /// Of these each with this chance, in millionths.
    pub chance_ppm: Option<u32>,
    /// What happens to them.
    pub action: FaultAction<Spanned<String>>,
}

/// What happens to a frame; `N` identifies nodes: by name here, by port in a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum FaultAction<N> {
    /// The frame never arrives.
    Drop,
    /// The frame arrives later by this much.
    Delay(Duration),
    /// This many copies arrive with the frame.
    Duplicate(u32),
    /// The frame arrives with a wrong checksum.
    Corrupt,
    /// The frame arrives after so many later ones.
    HoldBack(u32),
    /// These nodes are cut off from the others.
    Partition(Vec<N>),
}

/// A held-back frame that no other frame overtakes arrives after this time.
pub const HELD_AT_MOST: Duration = Duration::from_secs(60);

/// The shortest delay: less is lost in what each link takes anyway.
const SHORTEST: Duration = Duration::from_micros(10);

pub(super) fn fault(table: Reader<'_, '_>) -> Option<Fault> {
    let on = table.require("on", table.string("on"));
    let words = spellings(table.scope().family());
    let kind = table.word("kind", "kind of packet", &words).map(|kind| kind.value);
    let group = group(&table, "group").map(|group| group.value);
    let (from, to) = (table.string("from"), table.string("to"));
    let after = table.duration("after").map_or(Duration::ZERO, |after| after.value);
    let during = table.duration("for").map(|during| during.value);
    let form = "a number such as \"2\", or a range such as \"2..3\"";
    let nth = table.parsed("nth", form, nth).map(|nth| nth.value);
    let form = "a percentage such as \"2.5%\"";
    let chance_ppm = table.parsed("chance", form, share::parse).map(|chance| chance.value);
    let actions: Vec<&str> = ACTIONS.iter().map(|action| action.name).collect();
    let action = verb(&table, &actions, "drop = true").and_then(|verb| action(&table, verb));
    let span = table.span().clone();
    table.finish();
    let (on, action) = (on?, action?);
    Some(Fault { span, on, kind, group, from, to, after, during, nth, chance_ppm, action })
}

fn action(table: &Reader<'_, '_>, verb: &'static str) -> Option<FaultAction<Spanned<String>>> {
    let yes = |action| {
        let yes = table.boolean(verb)?;
        if !yes.value {
            let message = format!("`{verb} = false` does nothing");
            table.faults().borrow_mut().error(&yes.span, message, "leave it out");
        }
        Some(action)
    };
    match verb {
        "drop" => yes(FaultAction::Drop),
        "corrupt" => yes(FaultAction::Corrupt),
        "delay" => {
            let delay = table.duration("delay")?;
            if delay.value < SHORTEST {
                let message = "`delay` is at least 10us";
                let label = "nobody can see such a delay";
                table.faults().borrow_mut().error(&delay.span, message, label);
            }
            Some(FaultAction::Delay(delay.value))
        }
        "duplicate" => count(table, verb).map(FaultAction::Duplicate),
        "hold-back" => count(table, verb).map(FaultAction::HoldBack),
        _ => {
            let side = table.strings("partition")?;
            if side.value.is_empty() {
                let message = "`partition` names the nodes of one side";
                table.faults().borrow_mut().error(&side.span, message, "nobody is cut off");
            }
            Some(FaultAction::Partition(side.value))
        }
    }
}

fn count(table: &Reader<'_, '_>, key: &'static str) -> Option<u32> {
    let count = table.integer::<u32>(key)?;
    table.limit(key, Some(&count), |limits, _| {
        (format!("`{key}` is {limits}"), "not possible".to_owned())
    });
    Some(count.value)
}

fn nth(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| {
        let number = text.trim().parse::<u64>().ok().filter(|&number| number > 0);
        number.ok_or_else(|| format!("`{}` is not 1 or more", text.trim()))
    };
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last { Err("the first is after the last".to_owned()) } else { Ok(first..=last) }
}
