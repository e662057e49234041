//! A run that differs from its golden, for views of both side by side.

use super::diff::{Capture, Diff, diff};
use super::sides::{Row, rows};

/// The two traces, and the difference of the packets where every packet counts.
#[derive(Clone, Debug)]
pub struct Otherwise {
    /// The file of the golden trace.
    pub snap: String,
    pub(super) kept: String,
    pub(super) made: String,
    /// The packets by link, for runs whose packets never vary.
    pub packets: Option<Diff>,
}

impl Otherwise {
    /// The traces, line by line.
    #[must_use]
    pub fn rows(&self) -> Vec<Row<'_>> {
        rows(&self.kept, &self.made)
    }
}

/// The difference between two captures of castnet's.
pub(super) fn packets(kept: &[u8], made: &[u8]) -> Option<Diff> {
    let ((kept, _), (made, _)) = (Capture::read(kept).ok()?, Capture::read(made).ok()?);
    Some(diff(&kept, &made, None))
}
