//! The failures of the lab itself, each with the link, the port and the step that failed.
//!
//! A failure here is never a finding about the system under test: it means that the lab is broken.

use std::fmt;
use std::io;
use std::time::Duration;

use nix::errno::Errno;

/// A failure of the lab.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// The kernel refused an operation on one port.
    #[error("link {link}, port {port}: {operation}: {}", Cause(source))]
    Port {
        /// The link's name.
        link: String,
        /// The name of the namespace that the port is in.
        port: String,
        /// What was tried, as in `create veth`.
        operation: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel refused an operation on the link as a whole.
    #[error("link {link}: {operation}: {}", Cause(source))]
    Link {
        /// The link's name.
        link: String,
        /// What was tried, as in `create bridge`.
        operation: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel refused an operation in a namespace that belongs to no single port.
    #[error("namespace {netns}: {operation}: {}", Cause(source))]
    Netns {
        /// The namespace's name.
        netns: String,
        /// What was tried, as in `open tap`.
        operation: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Probes did not get through: these links are not known to carry, or not known to be captured.
    #[error("{} after {bound:?}", Silence(silent))]
    Silent {
        /// How long the lab waited.
        bound: Duration,
        /// For each such link, its name and the pairs `(from, to)` of ports that are missing.
        silent: Vec<(String, Vec<(String, String)>)>,
    },
    /// The kernel had no room for frames that a capture or a wire should have received.
    #[error("namespace {netns}: {frames} frames were lost: there was no room for them")]
    Dropped {
        /// The namespace's name.
        netns: String,
        /// How many frames.
        frames: u64,
    },
}

/// Prints an error of the kernel by its symbol first, as in `EEXIST: File exists`.
struct Cause<'a>(&'a io::Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.raw_os_error() {
            Some(code) => Errno::from_raw(code).fmt(f),
            None => self.0.fmt(f),
        }
    }
}

/// Prints `link lan carries nothing from h1 to h2, h3 to h2; link up ...`.
struct Silence<'a>(&'a [(String, Vec<(String, String)>)]);

impl fmt::Display for Silence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (link, pairs)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}link {link} carries nothing from ")?;
            for (index, (from, to)) in pairs.iter().enumerate() {
                let separator = if index == 0 { "" } else { ", " };
                write!(f, "{separator}{from} to {to}")?;
            }
        }
        Ok(())
    }
}
