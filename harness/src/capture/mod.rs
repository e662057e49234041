//! Frames and files: what a captured frame says, how a run becomes a pcapng, and how the captures of
//! any tool are read.

pub mod comments;
pub mod decode;
pub mod encode;
pub mod ethernet;
pub mod fields;
pub mod file;
pub mod inspected;
pub mod link;
pub mod numbered;
pub mod pcapng;

#[cfg(test)]
mod tests;
