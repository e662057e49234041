//! Performs the acts of a plan, one after the other, each at its time.

use castnet::time::Instant;

use super::machine::Machines;
use super::readings::Readings;
use crate::plan::Action;
use crate::recording::{Late, Lateness};
use crate::role::{Actor, Stage};

/// Does every act at its time, waits for the end, and returns when each act was begun, and when it
/// was done.
pub(super) async fn perform(
    stage: &Stage,
    machines: &Machines<'_>,
    actors: &mut [Box<dyn Actor>],
    readings: &Readings<'_>,
) -> (Vec<Instant>, Vec<Option<Instant>>) {
    let (mut all_begun, mut done) = (Vec::new(), Vec::new());
    readings.begin();
    for (id, act) in stage.plan.acts.iter().enumerate() {
        stage.wait_until(Instant::ZERO + act.at).await;
        readings.before(id).await;
        let begun = stage.clock.now();
        let result = match &act.action {
            Action::Interface { port, up } => {
                let set = machines.set(stage, *port, *up).await;
                if *up && set.is_ok() {
                    actors[act.node].link_returned(stage, *port);
                }
                set
            }
            Action::Exec(command) => machines.exec(stage, id, command).await,
            action => match actors[act.node].act(stage, action) {
                Ok(()) => actors[act.node].settle().await,
                failed => failed,
            },
        };
        if let Err(why) = &result {
            stage.log.borrow_mut().broken.push(format!("`{}`: {why}", act.label));
        }
        // A message may leave while its act is still being done, so such an act counts from its
        // start. An act that ends something counts from its end: the kernel may take long under
        // load.
        let at = match &act.action {
            Action::Interface { up: false, .. } | Action::Kill => stage.clock.now(),
            _ => begun,
        };
        all_begun.push(begun);
        done.push(result.is_ok().then_some(at));
        if result.is_ok() {
            readings.after(id, at);
        }
    }
    let end = Instant::ZERO + stage.plan.end;
    stage.wait_until(end).await;
    stage.late(Lateness { what: Late::Timer, at: end, by: stage.clock.now().since(end) });
    (all_begun, done)
}
