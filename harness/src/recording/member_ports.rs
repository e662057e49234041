//! The database of members of one switch, built from the changes that the switch reports one by one.

use std::collections::{BTreeMap, BTreeSet};

use castnet::addr::Group;
use castnet::time::Instant;

use super::MdbChange;
use crate::plan::{NodeId, PortId};

/// The ports with members of each group, as reported by a switch.
#[derive(Clone, Debug, Default)]
pub struct MemberPorts(BTreeMap<Group, BTreeSet<PortId>>);

impl MemberPorts {
    /// Notes that from now on the port has members of the group, or no longer has any; returns the
    /// change, if it is one.
    pub fn change(
        &mut self,
        at: Instant,
        node: NodeId,
        group: Group,
        port: PortId,
        on: bool,
    ) -> Option<MdbChange> {
        let members = self.0.entry(group).or_default();
        let is_news = if on { members.insert(port) } else { members.remove(&port) };
        let ports = members.iter().copied().collect();
        is_news.then_some(MdbChange { at, node, group, ports })
    }
}
