//! The files that an `include` of smcroute stands for: its pattern's, in the order of their names.
//!
//! A pattern is relative to the folder of the file that includes, as a daemon has no folder of its own. No
//! match of a pattern is no problem; a file that is named, and cannot be read, is an error. Each file is
//! read once, so that files which include each other end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::line::{Line, Word};
use crate::daemon::config::read;
use crate::daemon::glob;

/// The files of the pattern, each with its text.
pub(super) fn find(
    file: &Path,
    line: &mut Line<'_>,
    pattern: Word<'_>,
    known: &mut BTreeSet<PathBuf>,
) -> Vec<(PathBuf, String)> {
    let mut paths = vec![file.parent().unwrap_or(Path::new("")).to_owned()];
    for part in Path::new(pattern.1) {
        paths = match part.to_str().filter(|part| glob::is_pattern(part)) {
            None => paths.into_iter().map(|path| path.join(part)).collect(),
            Some(part) => paths.iter().flat_map(|path| matches(path, part)).collect(),
        };
    }
    let mut found = Vec::new();
    for path in paths {
        if !known.insert(path.clone()) {
            line.warn(pattern, format!("{} has been read already", path.display()));
            continue;
        }
        match read(&path) {
            Ok(text) => found.push((path, text)),
            Err(why) => line.fail(pattern, format!("{}: {why}", path.display())),
        }
    }
    found
}

/// What matches in a folder. As in a shell, a pattern stands for no name that begins with a dot.
fn matches(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let named = if folder == Path::new("") { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(named).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let fits = |name: &String| !name.starts_with('.') && glob::matches(pattern, name);
    let mut names: Vec<String> = names.filter(fits).collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}
