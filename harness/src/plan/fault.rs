//! Faults of links, with nodes turned into ports.

use std::ops::RangeInclusive;
use std::time::Duration;

use castnet::addr::Group;
use serde::{Deserialize, Serialize};

use super::topology::Topology;
use super::{LinkId, PortId};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{self, FaultAction, PacketKind, Scenario, Source};
use crate::vocabulary::fault::MOST_COPIES;

/// A rule of a link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// The line of the file with the fault.
    pub line: usize,
    /// The link.
    pub link: LinkId,
    /// The kind of packets; all frames if `None`.
    pub kind: Option<PacketKind>,
    /// The group that the packets name, or go to.
    pub group: Option<Group>,
    /// The port that sends them.
    pub from: Option<PortId>,
    /// The port that would receive them.
    pub to: Option<PortId>,
    /// The beginning, from the start of the run.
    pub after: Duration,
    /// The end; until the run ends if `None`.
    pub until: Option<Duration>,
    /// Of these the nth to the mth, counted from 1.
    pub nth: Option<RangeInclusive<u64>>,
    /// Of these each with this chance, in millionths.
    pub chance_ppm: Option<u32>,
    /// What happens to them.
    pub action: FaultAction<PortId>,
}

pub(super) fn faults(
    scenario: &Scenario,
    topology: &Topology,
    source: &Source,
    told: &mut Diagnostics,
) -> Vec<Fault> {
    let of = |written| fault(written, topology, source, told);
    let faults: Vec<Option<Fault>> = scenario.faults.iter().map(of).collect();
    limit_copies(scenario, &faults, told);
    faults.into_iter().flatten().collect()
}

/// Refuses rules that would together make too many copies of a frame: the second rule of a link
/// copies the copies of the first one, and what is forwarded is copied again on the next link.
fn limit_copies(scenario: &Scenario, faults: &[Option<Fault>], told: &mut Diagnostics) {
    let copying = scenario.faults.iter().zip(faults).filter_map(|(written, fault)| {
        let fault = fault.as_ref()?;
        let FaultAction::Duplicate(copies) = fault.action else { return None };
        Some((written, fault, u64::from(copies) + 1))
    });
    let mut known: Vec<(&scenario::Fault, &Fault, u64)> = Vec::new();
    for (written, fault, frames) in copying {
        let before = known.iter().filter(|(_, other, _)| fault.may_meet(other));
        let all = before.clone().fold(frames, |all, (.., frames)| all.saturating_mul(*frames));
        if all > u64::from(MOST_COPIES) + 1
            && let Some((first, ..)) = before.clone().next()
        {
            let message = format!(
                "rules make {} copies of a frame together, and at most {MOST_COPIES} are made",
                all - 1
            );
            told.error(&first.span, &message, "the copies of this rule");
            told.error(&written.span, &message, "are copied by this one");
            return;
        }
        known.push((written, fault, frames));
    }
}

impl Fault {
    /// Whether both rules may strike one frame, or a datagram that is forwarded from one to the
    /// other.
    fn may_meet(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
            one.zip(other).is_none_or(|(one, other)| one == other)
        }
        let ends = |one: &Self, other: &Self| one.until.is_some_and(|until| until <= other.after);
        let are_data = [self, other].map(|fault| Some(fault.kind? == PacketKind::Data));
        let is_one_link = self.link == other.link
            && agree(self.from, other.from)
            && agree(self.to, other.to)
            && agree(are_data[0], are_data[1]);
        let are_forwarded = self.link != other.link && !are_data.contains(&Some(false));
        (is_one_link || are_forwarded)
            && agree(self.group, other.group)
            && !ends(self, other)
            && !ends(other, self)
    }
}

fn fault(
    written: &scenario::Fault,
    topology: &Topology,
    source: &Source,
    told: &mut Diagnostics,
) -> Option<Fault> {
    let link = topology.link(&written.on, told)?;
    if topology.links[link].ports.len() < 2 {
        let message = format!("nothing crosses {}", written.on.value);
        told.error(&written.on.span, message, "it has one node");
    }
    let mut port = |name: &Spanned<String>| {
        let node = topology.node(name, told)?;
        let found = topology.port_on(node, link);
        if found.is_none() {
            let message = format!("{} is not on {}", name.value, written.on.value);
            told.error(&name.span, message, "another link");
        }
        found
    };
    let from = written.from.as_ref().map(&mut port);
    let to = written.to.as_ref().map(&mut port);
    let action = match &written.action {
        FaultAction::Drop => FaultAction::Drop,
        FaultAction::Delay(by) => FaultAction::Delay(*by),
        FaultAction::Duplicate(copies) => FaultAction::Duplicate(*copies),
        FaultAction::Corrupt => FaultAction::Corrupt,
        FaultAction::HoldBack(behind) => FaultAction::HoldBack(*behind),
        FaultAction::Partition(side) => {
            FaultAction::Partition(side.iter().filter_map(&mut port).collect())
        }
    };
    let line = source.line(written.span.start);
    Some(Fault {
        line,
        link,
        kind: written.kind,
        group: written.group,
        // An unknown name has been reported; the plan is not used then.
        from: from.flatten(),
        to: to.flatten(),
        after: written.after,
        until: written.during.map(|during| written.after + during),
        nth: written.nth.clone(),
        chance_ppm: written.chance_ppm,
        action,
    })
}
