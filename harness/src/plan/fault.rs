//! Faults of links, with nodes turned into ports.

use std::ops::RangeInclusive;
use std::time::Duration;

use castnet::addr::Group;
use serde::{Deserialize, Serialize};

use super::topology::Topology;
use super::{LinkId, PortId};
use crate::scenario::diagnostic::{Diagnostics, Spanned};
use crate::scenario::{self, FaultAction, PacketKind, Scenario, Source};

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
    scenario.faults.iter().filter_map(|written| fault(written, topology, source, told)).collect()
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
