//! Configures devices under test from the plan: one file for each kind of device.
//!
//! Only here does the laboratory's description of a router or a host become a device's own
//! configuration. Nothing here runs a device.

pub mod castnet;
pub mod foreign;
mod written;
