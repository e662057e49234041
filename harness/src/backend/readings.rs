//! The counters of forwarding caches, read at the moments that the plan asks for.
//!
//! A moment counts from when its act was really done, so it is known only then. A moment before its
//! act counts from the act's planned time.

use std::cell::RefCell;
use std::rc::Rc;

use castnet::time::Instant;

use crate::lab::{Netns, counters};
use crate::plan::{ActId, Reading, ReadingId};
use crate::recording::{CountersRead, FlowCounters};
use crate::role::Stage;

/// The readings of a run.
pub(super) struct Readings<'a> {
    stage: &'a Stage,
    netns: &'a [Netns],
    taken: Rc<RefCell<Vec<Option<CountersRead>>>>,
}

impl<'a> Readings<'a> {
    pub(super) fn new(stage: &'a Stage, netns: &'a [Netns]) -> Self {
        let taken = vec![None; stage.plan.readings.len()];
        Self { stage, netns, taken: Rc::new(RefCell::new(taken)) }
    }

    /// Starts to wait for all moments that do not depend on when an act is done.
    pub(super) fn begin(&self) {
        let plan = &self.stage.plan;
        self.each(|reading| reading.at_once(plan));
    }

    /// Starts to wait for the moments that count from this act.
    pub(super) fn after(&self, act: ActId, done: Instant) {
        let plan = &self.stage.plan;
        self.each(|reading| reading.after(plan, act, done));
    }

    /// Takes the readings of the moment just before this act.
    pub(super) async fn before(&self, act: ActId) {
        let plan = &self.stage.plan;
        for (id, reading) in plan.readings.iter().enumerate() {
            if reading.is_before(plan, act) {
                self.take(id, reading).await;
            }
        }
    }

    /// The readings taken so far; `None` where none was.
    pub(super) fn taken(&self) -> Vec<Option<CountersRead>> {
        self.taken.borrow().clone()
    }

    fn each(&self, due: impl Fn(&Reading) -> Option<Instant>) {
        for (id, reading) in self.stage.plan.readings.iter().enumerate() {
            if let Some(at) = due(reading) {
                self.wait(id, reading, at);
            }
        }
    }

    fn wait(&self, id: ReadingId, reading: &Reading, at: Instant) {
        let (stage, taking) = (self.stage.clone(), self.take(id, reading));
        tokio::task::spawn_local(async move {
            stage.wait_until(at).await;
            taking.await;
        });
    }

    /// The work of taking a reading.
    fn take(&self, id: ReadingId, reading: &Reading) -> impl Future<Output = ()> + use<> {
        let Reading { router, source, group, .. } = *reading;
        let (stage, taken) = (self.stage.clone(), self.taken.clone());
        let netns = self.netns[router].try_clone();
        async move {
            let read = async { counters(&netns?, source, group.addr()).await };
            match read.await {
                Ok(counters) => {
                    let counters = counters.map(|counted| {
                        let (packets, bytes) = (counted.packets, counted.bytes);
                        FlowCounters { packets, bytes, wrong_if: counted.wrong_if }
                    });
                    let at = stage.clock.now();
                    taken.borrow_mut()[id] = Some(CountersRead { at, counters });
                }
                Err(error) => stage.broken(router, &format!("its counters: {error}")),
            }
        }
    }
}
