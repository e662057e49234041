//! Claims about what the laboratory itself sends: a source on its own link, an injector, a scripted querier.
//!
//! Whatever a device does, such a claim comes true, or the run is broken. It may stand beside others, as a note
//! of what they are about; it shows no clause, and a file may not consist of such claims alone.

use super::planned::Planned;
use super::{Check, Claim, Filter, Role};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{Expectation, PacketKind};

impl Planned<'_> {
    /// Refuses such claims if they are to show clauses, or if the file has no other one.
    pub(super) fn own(&self, checks: &[(&Expectation, Check)], faults: &mut Diagnostics) {
        let own = checks.iter().filter(|(_, check)| self.is_own(&check.claim));
        let own: Vec<&Expectation> = own.map(|(expectation, _)| *expectation).collect();
        let message = "the laboratory itself sends this, whatever a device does";
        let help = "claim what a device makes of it";
        for expectation in &own {
            if own.len() == checks.len() {
                let label = "and no other expectation looks at a device";
                faults.error_with_help(&expectation.span, message, label, help);
            }
            if let Some(clause) = expectation.proves.first() {
                let label = "so that it shows no clause";
                faults.error_with_help(&clause.span, message, label, help);
            }
        }
    }

    /// Whether the claim is about nothing else than what the laboratory sends.
    pub(super) fn is_own(&self, claim: &Claim) -> bool {
        match claim {
            Claim::Packet { filter, .. } => self.is_sent_by_laboratory(filter),
            Claim::Order(steps, _) => {
                steps.iter().all(|step| self.is_sent_by_laboratory(&step.filter))
            }
            _ => false,
        }
    }

    /// Whether a router sends what the filter selects.
    pub(super) fn is_sent_by_router(&self, filter: &Filter) -> bool {
        let from = filter.from.map(|port| &self.nodes[self.ports[port].node].role);
        matches!(from, Some(Role::Router(_)))
    }

    /// Beyond a switch it would be the switch that sends it.
    fn is_sent_by_laboratory(&self, filter: &Filter) -> bool {
        let Some(from) = filter.from.map(|port| &self.ports[port]) else { return false };
        let sends = match self.nodes[from.node].role {
            Role::Injector(_) => true,
            // What acts have a host send is no merit of its own.
            Role::Source | Role::Listener(_) => filter.kind == PacketKind::Data,
            Role::Router(_) | Role::Switch(_) => false,
        };
        sends && from.link == filter.link
    }
}
