//! From facts to forwarding: which flow has receivers, where it may come in, and so which entry the
//! kernel's multicast forwarding cache needs.
//!
//! Knows no protocol that finds members; it uses a [`tree::Tree`]. Refuses nothing: a flow without
//! receivers, or without a route to its source, gets an entry without outgoing interfaces.

pub mod cache;
pub mod entry;
pub mod tree;
pub mod upcall;
pub mod vif;
