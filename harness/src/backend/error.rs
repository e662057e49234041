//! Why a run has no recording.

use crate::lab::LabError;

/// Why a run could not be made or finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The laboratory failed.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// A node, by name, failed for this reason.
    #[error("{0}: {1}")]
    Node(String, String),
    /// A node, by name, needs something that this kernel, or this backend, does not have.
    #[error("{0}: {1}")]
    Unsupported(String, String),
    /// The guest that the laboratory was to run in failed.
    #[error("the guest: {0}")]
    Guest(String),
    /// The reactor failed.
    #[error("tokio: {0}")]
    Reactor(std::io::Error),
    /// The kernel did not tell the time by which it stamps packets.
    #[error("the wall clock: {0}")]
    Clock(std::io::Error),
    /// The nodes could not be opened to other processes.
    #[error("a place for programs of others: {0}")]
    Rooms(std::io::Error),
    /// The run was cancelled, and everything that was built is gone.
    #[error("interrupted")]
    Interrupted,
}
