//! Whose timers the routers of a run have: those of the file, or the defaults of the RFCs.
//!
//! Owns what takes the RFCs' defaults: the intervals of routers, of switches and of scripted queriers
//! (sections 8 of RFC 2236 and RFC 9776, section 4.11 of RFC 7761). Counts such as the Robustness Variable
//! stay, because they are no timers, and so does what hosts and acts are given. Refuses to stretch a time
//! that a scenario writes in figures: it means what it says, with either timers.

use serde::{Deserialize, Serialize};

use super::backend::Backend;
use super::diagnostic::Spanned;
use super::golden::Golden;
use super::node::{DEFAULT_MAX_RESP, KEEPALIVE};
use super::reader::Reader;
use super::{Role, Scenario};
use crate::knobs::Knobs;
use crate::vocabulary::file::TIMERS;

/// Whose timers a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timers {
    /// Those of the file.
    File,
    /// The defaults of the RFCs.
    Rfc,
}

impl Timers {
    /// Both, each with the word that a user writes.
    pub const WORDS: [(&'static str, Self); 2] = [(TIMERS[0], Self::File), (TIMERS[1], Self::Rfc)];
}

/// `timers = "rfc"`
pub(super) fn timers(file: &Reader<'_, '_>, golden: Option<&Golden>) -> Option<Spanned<Timers>> {
    let timers = file.word("timers", "timers", &Timers::WORDS)?;
    let is_kept = golden.is_some_and(|golden| golden.backends.contains(&Backend::Sim));
    if timers.value == Timers::Rfc && is_kept {
        let message =
            "runs in the simulator have the RFCs' timers, and what is kept has the file's";
        let help = "leave `sim` out of `golden`";
        let mut faults = file.faults().borrow_mut();
        faults.error_with_help(&timers.span, message, "not with this golden", help);
    }
    Some(timers)
}

impl Scenario {
    /// Gives every node that has an interval from an RFC that RFC's default.
    pub(crate) fn take_default_timers(&mut self) {
        for node in &mut self.nodes {
            match &mut node.role {
                Role::Router(router) => {
                    router.knobs.take_default_timers();
                    router.keepalive = KEEPALIVE;
                    if let Some(pim) = &mut router.pim {
                        pim.knobs.take_default_timers();
                    }
                }
                Role::Switch(switch) => switch.knobs.igmp.take_default_timers(),
                Role::Querier(querier) => {
                    querier.query_interval = Knobs::default().query_interval;
                    // Zero is what makes a Query one of version 1 (RFC2236-2.2-01).
                    if !querier.max_resp.is_zero() {
                        querier.max_resp = DEFAULT_MAX_RESP;
                    }
                }
                Role::Listener(_) | Role::Source | Role::Injector => {}
            }
        }
    }
}
