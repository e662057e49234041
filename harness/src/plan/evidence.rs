//! Deliveries that no act sends: they could never be judged.

use super::{Act, Action, Check, Claim, Latency, Quality, Receiver};
use crate::scenario::Expectation;
use crate::scenario::diagnostic::Diagnostics;

/// Reports such expectations, each at its place; `acts` must be complete.
pub(super) fn check(acts: &[Act], checks: &[(&Expectation, Check)], faults: &mut Diagnostics) {
    for (expectation, check) in checks {
        let (Claim::Received(receiver, ..)
        | Claim::ExactlyOnce(receiver, _)
        | Claim::NoneAfter(receiver, _)
        | Claim::Ttl(receiver, ..)
        | Claim::Quality(Quality { receiver, .. })
        | Claim::Latency(Latency { receiver, .. })) = &check.claim
        else {
            continue;
        };
        let Receiver { group, sources, .. } = receiver;
        let is_sent = acts.iter().any(|act| match &act.action {
            Action::Send(stream) if stream.group == *group => {
                sources.as_ref().is_none_or(|sources| sources.contains(&stream.source))
            }
            _ => false,
        });
        if !is_sent {
            let label = format!("nobody sends such a datagram to {group}");
            let help = "an act has to `send` it, or the group or the source is another one";
            let message = "this can never be judged";
            faults.error_with_help(&expectation.span, message, label, help);
        }
    }
}
