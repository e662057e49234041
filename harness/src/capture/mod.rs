//! Frames and files: what a captured frame says, and how a run becomes a pcapng.

pub mod comments;
pub mod decode;
pub mod ethernet;
pub mod fields;
pub mod numbered;
pub mod pcapng;

#[cfg(test)]
mod tests;
