//! The wards of a run: one for each node on which programs run, and one for every node of a topology
//! that is held, because other processes bring programs there.

use std::io;
use std::rc::Rc;

use super::RunError;
use crate::lab::{Netns, Ward};
use crate::plan::{Action, NodeId, Plan};

/// The wards, by node. Dropping this ends every program of the run.
pub(super) struct Wards(Vec<Option<Rc<Ward>>>);

impl Wards {
    /// Makes the wards that the plan needs. Must come before any socket that a program opens, too.
    pub(super) fn found(plan: &Plan, netns: &[Netns]) -> Result<Self, RunError> {
        let runs = |node: NodeId| {
            let execs = |action: &Action| matches!(action, Action::Exec(_));
            plan.nodes[node].is_process
                || plan.acts.iter().any(|act| act.node == node && execs(&act.action))
        };
        let ward = |(node, netns): (NodeId, &Netns)| match runs(node) {
            true => {
                Ward::found(netns).map(Rc::new).map(Some).map_err(|error| refused(netns, &error))
            }
            false => Ok(None),
        };
        netns.iter().enumerate().map(ward).collect::<Result<_, _>>().map(Self)
    }

    /// The ward of a node, if it has one.
    pub(super) fn of(&self, node: NodeId) -> Option<&Rc<Ward>> {
        self.0[node].as_ref()
    }

    /// The number of the first process of each node's ward; a node without one gets one.
    pub(super) fn pids(&mut self, netns: &[Netns]) -> io::Result<Vec<u32>> {
        let pid = |(ward, netns): (&mut Option<Rc<Ward>>, &Netns)| match ward {
            Some(ward) => ward.pid(),
            None => ward.insert(Rc::new(Ward::found(netns)?)).pid(),
        };
        self.0.iter_mut().zip(netns).map(pid).collect()
    }
}

/// Namespaces that the machine forbids, or has no more of (`user.max_pid_namespaces` and its like), are
/// what it cannot do; everything else is a fault.
fn refused(netns: &Netns, error: &io::Error) -> RunError {
    let (name, why) = (netns.name().to_owned(), format!("a place for its programs: {error}"));
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::StorageFull
        | io::ErrorKind::Unsupported => RunError::Unsupported(name, why),
        _ => RunError::Node(name, why),
    }
}
