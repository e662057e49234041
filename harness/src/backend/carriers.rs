//! How late the kernel notices that interfaces lose or gain their carrier.
//!
//! A worker of the kernel ("linkwatch") tells everybody, and until then an interface sends nothing and
//! a bridge does not forward to it. The worker is an ordinary thread and may have to wait on a busy machine;
//! the device under test then seems late. So its delay counts as lateness of the laboratory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use castnet::time::Instant;

use crate::lab::{Netns, carrier};
use crate::plan::PortId;
use crate::recording::{Late, Lateness};
use crate::role::Stage;

/// An end of a link: its namespace and the kernel's index there.
pub(super) type End = (Netns, u32);

/// The changes that the kernel may not have noticed yet.
#[derive(Clone, Default)]
pub(super) struct Carriers {
    unnoticed: Rc<RefCell<BTreeMap<usize, Lateness>>>,
    begun: Rc<RefCell<usize>>,
}

impl Carriers {
    /// Watches what has just happened to the carrier of a port, at all ends that see it.
    pub(super) fn watch(&self, stage: &Stage, port: PortId, ends: Vec<End>) {
        for (netns, ifindex) in ends {
            let id = self.begun.replace_with(|begun| *begun + 1);
            let at = stage.clock.now();
            let late =
                move |now: Instant| Lateness { what: Late::Carrier(port), at, by: now.since(at) };
            self.unnoticed.borrow_mut().insert(id, late(at));
            let (stage, unnoticed) = (stage.clone(), self.unnoticed.clone());
            tokio::task::spawn_local(async move {
                let noticed = carrier::noticed(&netns, ifindex).await;
                unnoticed.borrow_mut().remove(&id);
                match noticed {
                    Ok(()) => stage.late(late(stage.clock.now())),
                    Err(error) => {
                        let why = format!("the carrier of {}: {error}", netns.name());
                        stage.log.borrow_mut().broken.push(why);
                    }
                }
            });
        }
    }

    /// At the end of the run: what the kernel has not noticed until now is as late as this.
    pub(super) fn give_up(&self, stage: &Stage) {
        let now = stage.clock.now();
        for late in self.unnoticed.borrow().values() {
            stage.late(Lateness { by: now.since(late.at), ..*late });
        }
    }
}
