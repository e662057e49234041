//! Standard output. A reader who has closed it wants no more, which is no error; output that is lost
//! otherwise, as on a full disk, leaves no command a success. Whatever is written is made printable
//! first: much of it comes from files of strangers.

use std::io::{self, Write as _};
use std::sync::OnceLock;

use castnet_lab::printable;
use serde::Serialize;

use super::Failure;

/// Why output was lost first.
static LOST: OnceLock<String> = OnceLock::new();

/// Writes to standard output.
pub(super) fn say(text: &str) {
    _ = is_read(text);
}

/// Writes text with colours of castnet's own to standard output.
pub(super) fn say_coloured(text: &str) {
    write(&printable::coloured(text));
}

/// Writes a JSON document to standard output.
pub(super) fn say_document(document: &impl Serialize) -> Result<(), Failure> {
    let document = serde_json::to_string_pretty(document).map_err(Failure::broken)?;
    say_json(&format!("{document}\n"));
    Ok(())
}

/// Writes the text of a JSON document to standard output.
pub(super) fn say_json(document: &str) {
    write(&printable::json(document));
}

/// Writes to standard output; returns whether there is any use in writing more.
pub(super) fn is_read(text: &str) -> bool {
    write(&printable::lines(text))
}

fn write(text: &str) -> bool {
    note(io::stdout().write_all(text.as_bytes()))
}

/// Writes a line to standard error.
pub(super) fn complain(message: &str) {
    _ = writeln!(io::stderr(), "castnet: {}", printable::lines(message));
}

/// Writes text with colours of castnet's own to standard error.
pub(super) fn remark(text: &str) {
    _ = io::stderr().write_all(printable::coloured(text).as_bytes());
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
