//! When the flow of a rule with two incoming interfaces moves from one to the other.
//!
//! The kernel takes a flow on one interface, and counts what comes in on others without saying where. Once a
//! second these counters are compared with those of the last look. The entry moves if for
//! [`SILENT_LOOKS`] looks nothing came in where it is, and something elsewhere. From the standby
//! interface it moves back if for [`STEADY_LOOKS`] looks on end something came in elsewhere as well.
//! So duplicates of a moment move nothing, and neither do two streams that come side by side.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::mfc::entry::{Flow, FlowCounters};
use crate::time::{Instant, Timers};

/// From one look to the next.
pub const LOOK: Duration = Duration::from_secs(1);

/// How many looks have to see a flow elsewhere only, before it moves; looks that see nothing do not count.
pub const SILENT_LOOKS: u32 = 3;

/// How many looks on end have to see the flow elsewhere as well, before it moves back.
pub const STEADY_LOOKS: u32 = 10;

/// The flows that are watched.
#[derive(Clone, Debug, Default)]
pub struct Standby {
    flows: BTreeMap<Flow, Watch>,
    /// Flows that may have to be watched.
    noted: Vec<Flow>,
    timers: Timers<Flow>,
}

#[derive(Clone, Debug, Default)]
struct Watch {
    /// As the last look saw them; `None` before the first look.
    counted: Option<FlowCounters>,
    /// The looks that saw the flow elsewhere only, since something came in where it is.
    silent: u32,
    /// The looks on end that saw the flow elsewhere as well.
    steady: u32,
}

impl Standby {
    /// The flow's entry is written: whether it is to be watched is decided later.
    pub fn note(&mut self, flow: Flow) {
        self.noted.push(flow);
    }

    /// The flows that were noted since the last call.
    #[must_use]
    pub fn take_noted(&mut self) -> Vec<Flow> {
        std::mem::take(&mut self.noted)
    }

    /// Watches the flow from now on, if it is not watched already.
    pub fn watch(&mut self, now: Instant, flow: Flow) {
        self.flows.entry(flow).or_insert_with(|| {
            self.timers.set(flow, now);
            Watch::default()
        });
    }

    /// Watches the flow no longer.
    pub fn forget(&mut self, flow: Flow) {
        self.flows.remove(&flow);
        self.timers.cancel(flow);
    }

    /// When the next flow is to be counted.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// The next flow whose counters are to be read now.
    pub fn pop_due(&mut self, now: Instant) -> Option<Flow> {
        let due = self.timers.pop_expired(now)?;
        self.timers.set(due, now + LOOK);
        Some(due)
    }

    /// A look: whether the flow moves to the other interface. `is_standby`: whether it is on the standby one.
    pub fn counted(&mut self, flow: Flow, counters: FlowCounters, is_standby: bool) -> bool {
        let Some(watch) = self.flows.get_mut(&flow) else { return false };
        let Some(last) = watch.counted.replace(counters) else { return false };
        let right = |of: FlowCounters| of.packets.saturating_sub(of.wrong_if);
        let (here, elsewhere) =
            (right(counters) != right(last), counters.wrong_if != last.wrong_if);
        match (here, elsewhere) {
            (true, _) => watch.silent = 0,
            (false, true) => watch.silent += 1,
            (false, false) => {}
        }
        watch.steady = if here && elsewhere && is_standby { watch.steady + 1 } else { 0 };
        let moves = watch.silent >= SILENT_LOOKS || watch.steady >= STEADY_LOOKS;
        if moves {
            (watch.silent, watch.steady) = (0, 0);
        }
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{Group, Source};

    fn flow() -> Flow {
        let source = Source::new("10.0.0.7".parse().unwrap()).unwrap();
        Flow { source, group: Group::new("239.1.1.1".parse().unwrap()).unwrap() }
    }

    /// The looks, each by what came in since the last one here and elsewhere, that have the flow move.
    fn moves(is_standby: bool, looks: &[(u64, u64)]) -> Vec<usize> {
        let mut standby = Standby::default();
        standby.watch(Instant::ZERO, flow());
        let mut counters = FlowCounters { packets: 7, bytes: 0, wrong_if: 2 };
        assert!(!standby.counted(flow(), counters, is_standby), "the first look compares nothing");
        let mut look = |&(here, elsewhere): &(u64, u64)| {
            counters.packets += here + elsewhere;
            counters.wrong_if += elsewhere;
            standby.counted(flow(), counters, is_standby)
        };
        let moved = looks.iter().enumerate().filter(|(_, came)| look(came));
        moved.map(|(number, _)| number).collect()
    }

    #[test]
    fn a_flow_that_is_elsewhere_only_moves_after_three_looks() {
        for is_standby in [false, true] {
            assert_eq!(moves(is_standby, &[(0, 50); 7]), [2, 5]);
            // A slow flow is waited for.
            assert_eq!(moves(is_standby, &[(0, 1), (0, 0), (0, 1), (0, 0), (0, 0), (0, 1)]), [5]);
        }
    }

    #[test]
    fn duplicates_of_a_moment_and_flows_side_by_side_do_not_move_it() {
        assert_eq!(moves(false, &[(50, 50); 100]), [0_usize; 0]);
        // The last datagrams come late by the other way.
        assert_eq!(moves(false, &[(50, 50), (0, 9), (0, 9), (0, 0), (50, 0)]), [0_usize; 0]);
        assert_eq!(moves(false, &[(0, 9), (0, 9), (1, 9), (0, 9), (0, 9), (1, 9)]), [0_usize; 0]);
        assert_eq!(moves(false, &[(0, 0); 100]), [0_usize; 0]);
    }

    #[test]
    fn it_moves_back_once_the_preferred_interface_was_steady() {
        assert_eq!(moves(true, &[(50, 50); 12]), [9]);
        let mut flapping = [(50, 50); 30];
        (flapping[8], flapping[17], flapping[26]) = ((50, 0), (50, 0), (50, 0));
        assert_eq!(moves(true, &flapping), [0_usize; 0]);
    }

    #[test]
    fn a_flow_is_looked_at_once_a_second_until_it_is_forgotten() {
        let mut standby = Standby::default();
        let at = |looks| Instant::ZERO + LOOK * looks;
        standby.watch(at(5), flow());
        assert_eq!((standby.deadline(), standby.pop_due(at(5))), (Some(at(5)), Some(flow())));
        standby.watch(at(5), flow());
        assert_eq!((standby.deadline(), standby.pop_due(at(5))), (Some(at(6)), None));
        standby.forget(flow());
        assert_eq!(standby.deadline(), None);
    }
}
