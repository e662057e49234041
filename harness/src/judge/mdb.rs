//! Judges the ports on which a switch has seen members of a group.

use castnet::addr::Group;

use super::history::History;
use super::{Evidence, Judged};
use crate::plan::arithmetic::Moment;
use crate::plan::{NodeId, PortId};

impl Evidence<'_> {
    pub(super) fn mdb(
        &self,
        switch: NodeId,
        group: Group,
        at: &Moment,
        claimed: &Vec<PortId>,
    ) -> Judged {
        // An entry without ports counts as no entry.
        let entry = |ports| Some(ports).filter(|ports: &&Vec<PortId>| !ports.is_empty());
        let changes = self.recording.mdb.iter();
        let history: History<'_, Vec<PortId>> = changes
            .filter(|change| change.node == switch && change.group == group)
            .map(|change| (change.at, entry(&change.ports)))
            .collect();
        self.held(&history, at, entry(claimed), |ports| match ports {
            None => "no entry".to_owned(),
            Some(ports) => {
                let ports = ports.iter().map(|&port| self.plan.port_name(port));
                format!("at {}", ports.collect::<Vec<_>>().join(", "))
            }
        })
    }
}
