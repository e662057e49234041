//! Judges the ports on which a switch has seen members of a group, and what they want.

use std::collections::BTreeMap;

use castnet::addr::Group;

use super::history::History;
use super::state::in_words;
use super::{Evidence, Judged};
use crate::plan::arithmetic::Moment;
use crate::plan::{MembersOf, NodeId, PortId};

/// The ports of an entry, with the sources of those about which a claim says something.
type Ports = BTreeMap<PortId, Option<MembersOf>>;

impl Evidence<'_> {
    pub(super) fn mdb(&self, switch: NodeId, group: Group, at: &Moment, claimed: &Ports) -> Judged {
        let changes = self.recording.mdb.iter();
        let changes = changes.filter(|change| change.node == switch && change.group == group);
        let known: Vec<_> =
            changes.map(|change| (change.at, as_claimed(claimed, &change.ports))).collect();
        let history: History<'_, Ports> =
            known.iter().map(|(at, ports)| (*at, entry(ports))).collect();
        self.held(&history, at, entry(claimed), |ports| match ports {
            None => "no entry".to_owned(),
            Some(ports) => {
                let ports = ports.iter();
                let ports =
                    ports.map(|(&port, of)| in_words(self.plan.port_name(port), of.as_ref()));
                format!("at {}", ports.collect::<Vec<_>>().join(", "))
            }
        })
    }
}

/// An entry without ports counts as no entry.
fn entry(ports: &Ports) -> Option<&Ports> {
    Some(ports).filter(|ports| !ports.is_empty())
}

/// What a claim about these ports can see of those.
fn as_claimed(claimed: &Ports, known: &BTreeMap<PortId, MembersOf>) -> Ports {
    let of_sources = claimed.values().any(Option::is_some);
    let seen = known.iter().map(|(port, known)| {
        let seen = match claimed.get(port) {
            Some(None) => None,
            Some(Some(of)) => {
                let requested = known.requested.clone().filter(|_| of.requested.is_some());
                Some(MembersOf { filter: known.filter.clone(), requested })
            }
            None => of_sources.then(|| known.clone()),
        };
        (*port, seen)
    });
    seen.collect()
}
