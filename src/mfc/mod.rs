//! Facts to forwarding: who wants which flow, and where it may come in.

pub mod entry;
pub mod upcall;
pub mod vif;
