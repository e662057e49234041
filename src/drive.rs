//! One turn of a router, as every driver makes it: an input in, its outputs carried out.
//!
//! The daemon, the laboratory and a simulator differ only in their [`DataPlane`] and in the origin
//! of their time.

use crate::addr::Group;
use crate::event::Event;
use crate::mfc::cache::MfcOp;
use crate::mfc::entry::{Flow, FlowCounters, MfcEntry};
use crate::mfc::vif::{Vif, VifKind};
use crate::router::{Input, Output, Refusal, Router, Way};
use crate::time::Instant;
use crate::wire::ip::Datagram;

/// Carries out a router's outputs, one function for each: the kernel's multicast routing, or a
/// model of it. An error is the reason in words, which the router receives.
#[allow(clippy::missing_errors_doc, reason = "the same for every call")]
pub trait DataPlane {
    /// Carries out [`Output::Send`].
    fn send(&mut self, by: Way, packet: &Datagram) -> Result<(), String>;
    /// Carries out [`Output::AddVif`].
    fn add_vif(&mut self, vif: Vif, kind: VifKind, threshold: u8) -> Result<(), String>;
    /// Carries out [`Output::DelVif`].
    fn delete_vif(&mut self, vif: Vif) -> Result<(), String>;
    /// Carries out [`Output::Listen`].
    fn listen(&mut self, vif: Vif, group: Group) -> Result<(), String>;
    /// Carries out [`Output::Unlisten`].
    fn unlisten(&mut self, vif: Vif, group: Group) -> Result<(), String>;
    /// Carries out [`MfcOp::Set`].
    fn set_entry(&mut self, now: Instant, entry: &MfcEntry) -> Result<(), String>;
    /// Carries out [`MfcOp::Delete`].
    fn delete_entry(&mut self, flow: Flow) -> Result<(), String>;
    /// Carries out [`MfcOp::Count`].
    fn count(&mut self, flow: Flow) -> Result<Option<FlowCounters>, String>;
    /// Carries out [`Output::Event`].
    fn observe(&mut self, now: Instant, event: &Event);
}

/// Hands the input to the router and carries out all its outputs.
pub fn turn(router: &mut Router, plane: &mut impl DataPlane, now: Instant, input: Input<'_>) {
    router.handle(now, input);
    settle(router, plane, now);
}

/// Carries out the router's outputs until there are no more.
pub fn settle(router: &mut Router, plane: &mut impl DataPlane, now: Instant) {
    while let Some(output) = router.poll() {
        match carry_out(plane, now, output) {
            Ok(None) => {}
            Ok(Some(answer)) => router.handle(now, answer),
            Err(refusal) => router.handle(now, Input::Refused(refusal)),
        }
    }
}

/// Carries out one output. Some outputs have an answer, which is the router's next input.
///
/// # Errors
/// The output and why it could not be carried out.
pub fn carry_out(
    plane: &mut impl DataPlane,
    now: Instant,
    output: Output,
) -> Result<Option<Input<'static>>, Refusal> {
    let done = match &output {
        Output::Send { by, packet } => plane.send(*by, packet),
        Output::AddVif { vif, kind, threshold } => plane.add_vif(*vif, *kind, *threshold),
        Output::DelVif(vif) => plane.delete_vif(*vif),
        Output::Listen(vif, group) => plane.listen(*vif, *group),
        Output::Unlisten(vif, group) => plane.unlisten(*vif, *group),
        Output::Mfc(MfcOp::Set(entry)) => plane.set_entry(now, entry),
        Output::Mfc(MfcOp::Delete(flow)) => plane.delete_entry(*flow),
        Output::Mfc(MfcOp::Count(flow)) => match plane.count(*flow) {
            Ok(counters) => return Ok(Some(Input::Counted(*flow, counters))),
            Err(why) => Err(why),
        },
        Output::Event(event) => {
            plane.observe(now, event);
            Ok(())
        }
    };
    match done {
        Ok(()) => Ok(None),
        Err(why) => Err(Refusal { output, why }),
    }
}
