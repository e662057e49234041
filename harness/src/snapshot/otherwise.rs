//! A run that is not as what is kept of it, for whoever shows both side by side.

use super::diff::{Capture, Diff, diff};
use super::sides::{Row, rows};

/// A trace that differs from the kept one, and where each packet counts, the packets.
#[derive(Clone, Debug)]
pub struct Otherwise {
    /// The file that the trace is kept in.
    pub snap: String,
    pub(super) kept: String,
    pub(super) made: String,
    /// Link by link, for runs whose packets are the same every time.
    pub packets: Option<Diff>,
}

impl Otherwise {
    /// The traces, line by line.
    #[must_use]
    pub fn rows(&self) -> Vec<Row<'_>> {
        rows(&self.kept, &self.made)
    }
}

/// What differs between two files of castnet's.
pub(super) fn packets(kept: &[u8], made: &[u8]) -> Option<Diff> {
    let ((kept, _), (made, _)) = (Capture::read(kept).ok()?, Capture::read(made).ok()?);
    Some(diff(&kept, &made, None))
}
