//! Which expectation shows which RFC clause.
//!
//! An expectation shows the clauses of its own `proves`, and is refused those that are another one's duty. A
//! clause of the file that no expectation names is shown by those that look at whose duty it is: a host's by
//! those about Reports, Leaves and Done, a router's by those about Queries, datagrams, and what a router or a
//! switch holds, and everybody's by any. A clause that none of them shows, or of a protocol that the scenario
//! does not speak, is refused.

use castnet::addr::Family;

use super::planned::Planned;
use super::{Check, Claim};
use crate::scenario::Expectation;
use crate::scenario::clauses::{Actor, Clause, Protocol, clause};
use crate::scenario::diagnostic::{Diagnostics, Spanned};

/// The protocols of a scenario.
#[derive(Clone, Copy)]
pub(super) struct Spoken {
    /// Says whether it is IGMP or MLD.
    pub(super) family: Family,
    /// Whether any router speaks PIM.
    pub(super) pim: bool,
}

/// Gives each clause of the file to the checks that show it; `planned` says what a claim is about.
pub(super) fn bind(
    of_file: &[Spanned<String>],
    checks: &mut [(&Expectation, Check)],
    spoken: Spoken,
    planned: &Planned<'_>,
    faults: &mut Diagnostics,
) {
    for (expectation, check) in &*checks {
        for id in &expectation.proves {
            if is_spoken(id, spoken, faults) {
                is_its_duty(id, &check.claim, planned, faults);
            }
        }
    }
    let shows = |claim: &Claim, actor| claim.shows(actor) && !planned.is_own(claim);
    for id in of_file {
        let Some(clause) = clause(&id.value).filter(|_| is_spoken(id, spoken, faults)) else {
            continue;
        };
        if checks.iter().any(|(_, check)| check.proves.contains(&id.value)) {
            continue;
        }
        let shown = checks.iter_mut().filter(|(_, check)| shows(&check.claim, clause.actor));
        let mut is_shown = false;
        for (_, check) in shown {
            check.proves.push(id.value.clone());
            is_shown = true;
        }
        if !is_shown {
            let message = format!("no expectation shows `{}`", id.value);
            let label = match clause.actor {
                Actor::Host => "a host's duty is shown by Reports and Leaves",
                Actor::Router => "a router's duty is shown by Queries, datagrams and its state",
                Actor::Both => "there is nothing to show it",
            };
            let help = "claim what it demands, or name it in the `proves` of the expectation that \
                        shows it";
            faults.error_with_help(&id.span, message, label, help);
        }
    }
}

/// The clauses of the file and of its checks, each once.
pub(super) fn proved(of_file: &[Spanned<String>], checks: &[Check]) -> Vec<String> {
    let mut all: Vec<String> = of_file.iter().map(|id| id.value.clone()).collect();
    for id in checks.iter().flat_map(|check| &check.proves) {
        if !all.contains(id) {
            all.push(id.clone());
        }
    }
    all
}

/// Whether the scenario speaks the protocol of the clause; it is refused otherwise.
fn is_spoken(id: &Spanned<String>, spoken: Spoken, faults: &mut Diagnostics) -> bool {
    let Some(protocol) = clause(&id.value).map(Clause::protocol) else { return false };
    let (of, speaks) = match (protocol, spoken.family) {
        (Protocol::Igmp, Family::V6) => ("IGMP", "this scenario speaks MLD"),
        (Protocol::Mld, Family::V4) => ("MLD", "this scenario speaks IGMP"),
        (Protocol::Pim, _) if !spoken.pim => ("PIM", "no router of this scenario speaks PIM"),
        _ => return true,
    };
    faults.error(&id.span, format!("`{}` is a clause of {of}", id.value), speaks);
    false
}

/// Refuses the clause if the claim of its own expectation says nothing of whose duty it is.
fn is_its_duty(
    id: &Spanned<String>,
    claim: &Claim,
    planned: &Planned<'_>,
    faults: &mut Diagnostics,
) {
    let Some(actor) = clause(&id.value).map(|clause| clause.actor) else { return };
    let of_both = match claim {
        // What reaches a socket has passed the router, and the filter of the host.
        Claim::Received(..) | Claim::ExactlyOnce(..) | Claim::NoneAfter(..) | Claim::Ttl(..) => {
            true
        }
        Claim::Latency(_) | Claim::Quality(_) => true,
        // A program of the author's own may test anybody.
        Claim::Command(_) => true,
        // A router joins groups of its own and reports them.
        Claim::Packet { filter, .. } => planned.is_sent_by_router(filter),
        _ => false,
    };
    if of_both || claim.shows(actor) {
        return;
    }
    let (whose, label) = match actor {
        Actor::Host => ("hosts", "this expectation is about a router or a switch"),
        Actor::Router => ("routers", "this expectation is about what hosts send"),
        Actor::Both => return,
    };
    faults.error(&id.span, format!("`{}` is a duty of {whose}", id.value), label);
}

impl Claim {
    /// Whether the claim looks at what it is the duty of this actor to do.
    #[must_use]
    pub fn shows(&self, actor: Actor) -> bool {
        let of_host = match self {
            Self::Packet { filter, .. } => filter.kind.is_of_host(),
            Self::Order(steps, _) => {
                let of_host = steps.iter().any(|step| step.filter.kind.is_of_host());
                let of_router = steps.iter().any(|step| !step.filter.kind.is_of_host());
                return match actor {
                    Actor::Host => of_host,
                    Actor::Router => of_router,
                    Actor::Both => true,
                };
            }
            _ => false,
        };
        match actor {
            Actor::Host => of_host,
            Actor::Router => !of_host,
            Actor::Both => true,
        }
    }
}
