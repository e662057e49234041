//! The project's files, and their text as the rules look at it.

use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below `folder` with this ending, with its path from the root and its text.
pub(super) fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no *.{ending} below {folder}");
    found
}

pub(super) fn sources() -> Vec<(String, String)> {
    [files("src", "rs"), files("harness/src", "rs"), files("harness/tests", "rs")].concat()
}

pub(super) fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

/// The words that follow `marker` in the text, as far as they are made of `word` characters.
pub(super) fn words<'t>(
    text: &'t str,
    marker: &'static str,
    word: fn(char) -> bool,
) -> impl Iterator<Item = &'t str> {
    text.match_indices(marker).map(move |(at, _)| {
        let rest = &text[at + marker.len()..];
        &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())]
    })
}

/// The module of a file below a folder: `judge` for `harness/src/judge/mfc.rs`.
pub(super) fn room<'n>(name: &'n str, folder: &str) -> &'n str {
    let tail = name.strip_prefix(folder).unwrap().trim_start_matches('/');
    tail.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The text without its comments: documentation may point anywhere, code may not.
pub(super) fn code(text: &str) -> String {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}
