//! Why there is no recording.

use crate::lab::LabError;

/// Why a run could not be made or finished.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The laboratory.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// A node.
    #[error("{0}: {1}")]
    Node(String, String),
    /// A node needs what this kernel, or this backend, does not have.
    #[error("{0}: {1}")]
    Unsupported(String, String),
    /// The reactor.
    #[error("tokio: {0}")]
    Reactor(std::io::Error),
    /// It was cancelled, and everything that was built is gone.
    #[error("interrupted")]
    Interrupted,
}
