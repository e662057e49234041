//! Standard output. A reader who has closed it wants no more, which is no error; output that is lost
//! otherwise, as on a full disk, leaves no command a success.

use std::io::{self, Write as _};
use std::sync::OnceLock;

/// Why output was lost first.
static LOST: OnceLock<String> = OnceLock::new();

/// Writes to standard output.
pub(super) fn say(text: &str) {
    _ = is_read(text);
}

/// Writes to standard output; returns whether there is any use in writing more.
pub(super) fn is_read(text: &str) -> bool {
    note(io::stdout().write_all(text.as_bytes()))
}

/// Notes how writing to standard output ended; returns whether there is any use in writing more.
pub(super) fn note(written: io::Result<()>) -> bool {
    // What is written on exit can no longer be reported.
    let Err(error) = written.and_then(|()| io::stdout().flush()) else { return true };
    if error.kind() != io::ErrorKind::BrokenPipe {
        LOST.get_or_init(|| error.to_string());
    }
    false
}

/// Why output was lost, if it was.
pub(super) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}
