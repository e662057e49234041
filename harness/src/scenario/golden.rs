//! Whether the trace of a run is kept, to be compared with those of later runs.

use super::diagnostic::Span;
use super::reader::Reader;

/// The backends whose runs can be kept.
pub(super) const BACKENDS: [&str; 2] = ["netns", "sim"];

/// `golden = ["netns"]`
#[derive(Clone, Debug)]
pub struct Golden {
    /// The backends whose runs are compared.
    pub backends: Vec<String>,
    /// Where the key's value stands.
    pub span: Span,
}

pub(super) fn golden(file: &Reader<'_, '_>) -> Option<Golden> {
    let written = file.strings("golden")?;
    let mut backends = Vec::<String>::new();
    for backend in written.value {
        if backends.contains(&backend.value) {
            let message = format!("`{}` stands twice", backend.value);
            file.faults().borrow_mut().error(&backend.span, message, "the second time");
        } else if BACKENDS.contains(&backend.value.as_str()) {
            backends.push(backend.value);
        } else {
            let (name, span) = (&backend.value, &backend.span);
            file.faults().borrow_mut().unknown("backend", name, span, BACKENDS);
        }
    }
    Some(Golden { backends, span: written.span })
}
