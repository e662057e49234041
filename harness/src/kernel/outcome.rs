//! What a build says meanwhile, and why there is no kernel in the end.

use std::io;
use std::path::PathBuf;

/// What the observer of a build gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step begins, in words.
    Step(String),
    /// So many files have been compiled in this call.
    Compiled(usize),
}

/// Why there is no kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The machine lacks something, each in words.
    #[error("missing here:\n  {}", .0.join("\n  "))]
    Missing(Vec<String>),
    /// Another process builds this kernel.
    #[error("another process builds it in {}", .0.display())]
    Busy(PathBuf),
    /// A step, in words, failed for this reason.
    #[error("{0}: {1}")]
    Step(String, String),
    /// A file could not be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the machine said.
        error: io::Error,
    },
}
