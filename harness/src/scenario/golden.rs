//! Reads whether runs have goldens with which later runs are compared.

use super::backend::Backend;
use super::reader::Reader;
use super::span::Span;

/// `golden = ["netns"]`
#[derive(Clone, Debug)]
pub struct Golden {
    /// The backends whose runs are compared.
    pub backends: Vec<Backend>,
    /// Where the key's value stands.
    pub span: Span,
}

pub(super) fn golden(file: &Reader<'_, '_>) -> Option<Golden> {
    let written = file.strings("golden")?;
    let mut backends = Vec::new();
    for name in written.value {
        let known = Backend::WORDS.into_iter().find(|(word, _)| *word == name.value);
        let mut faults = file.faults().borrow_mut();
        match known {
            Some((word, backend)) if backends.contains(&backend) => {
                faults.error(&name.span, format!("`{word}` stands twice"), "the second time");
            }
            Some((_, backend)) => backends.push(backend),
            None => {
                let words = Backend::WORDS.into_iter().map(|(word, _)| word);
                faults.unknown_word("", "backend", &name, words);
            }
        }
    }
    Some(Golden { backends, span: written.span })
}
