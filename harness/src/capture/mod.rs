//! Frames and files: decodes captured frames, writes a run as pcapng, and reads captures of any
//! tool.

pub mod comments;
pub mod decode;
pub mod encode;
pub mod ethernet;
pub mod fate;
pub mod fields;
pub mod file;
pub mod inspected;
pub mod link;
pub mod noise;
pub mod numbered;
pub mod pcapng;
pub mod said;
mod tunnel;
pub mod value;

#[cfg(test)]
mod tests;
