//! The causes of what happened in a run, as labels that are equal in every run: of control packets,
//! of routers' and switches' states, and of streams.
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

/// The causes of the events of a run.
pub(super) struct Causes<'a> {
    /// The cause of each of [`Scene::sent`].
    pub(super) sent: Vec<Reason>,
    /// The routers' reports about members and queriers.
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
