//! How devices under test are told what the plan wants of them: one file for each kind of device.
//!
//! The only place where the laboratory's description of a router or a host becomes a device's own
//! configuration. Nothing here runs a device.

pub mod castnet;
