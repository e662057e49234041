//! Facts to forwarding: who wants which flow, where it may come in, and so which entry the kernel's
//! multicast forwarding cache needs.
//!
//! Knows no protocol that finds members; it asks a [`tree::Tree`]. Refuses nothing: a flow that
//! nobody wants, or whose source no route reaches, gets an entry that leads nowhere.

pub mod cache;
pub mod entry;
pub mod tree;
pub mod upcall;
pub mod vif;
