//! A world without a kernel: what a simulated network is made of.

pub mod model;
