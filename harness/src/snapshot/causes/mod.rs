//! Why what happened in a run happened, as labels that are the same in every run: of control packets,
//! of what routers and switches know, and of streams.
//!
//! Each kind follows from the one before it: changes of state from packets, and streams from both.

mod changes;
mod packets;
mod streams;

use changes::LabelledChange;
pub(super) use packets::{Reason, groups, query};

use super::label::Label;
use super::scene::Scene;
use crate::recording::{MdbChange, MfcChange};

/// What led to what in a run.
pub(super) struct Causes<'a> {
    /// Why each of [`Scene::sent`] was sent.
    pub(super) sent: Vec<Reason>,
    /// What routers told of members and queriers.
    pub(super) news: Vec<LabelledChange>,
    /// The changes of forwarding caches.
    pub(super) mfc: Vec<(&'a MfcChange, Label)>,
    /// The changes of switches' databases.
    pub(super) mdb: Vec<(&'a MdbChange, Label)>,
}

impl<'a> Causes<'a> {
    pub(super) fn of(scene: &'a Scene<'_>) -> Self {
        let sent = scene.reasons();
        let news = scene.news(&sent);
        let (mfc, mdb) = (scene.mfc_changes(&news), scene.mdb_changes(&sent));
        Self { sent, news, mfc, mdb }
    }
}
