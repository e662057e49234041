//! The files below a folder: each once, and without what is hidden or only a symbolic link.
//!
//! What a link inside the folder leads to is found under its own name; what it leads to outside
//! is none of the folder's, so that a loop of links is no matter and a stranger's folder stays one.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What a folder has in it.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// The regular files, in the order of their paths.
    pub files: Vec<PathBuf>,
    /// What was left out and may be missed, each with the reason.
    pub left: Vec<(PathBuf, String)>,
}

/// Walks through a folder, which may be a link itself.
///
/// # Errors
/// The folder cannot be read; one below it is left out.
pub fn walk(folder: &Path) -> io::Result<Walk> {
    let root = fs::canonicalize(folder)?;
    fs::read_dir(folder)?;
    let mut walk = Walk::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        if let Err(error) = walk.read(&at, &root, &mut folders) {
            walk.left.push((at, error.to_string()));
        }
    }
    walk.files.sort();
    walk.left.sort();
    Ok(walk)
}

impl Walk {
    fn read(&mut self, at: &Path, root: &Path, folders: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in fs::read_dir(at)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if is_hidden(&entry.file_name()) {
                continue;
            }
            if kind.is_symlink() {
                let why = match fs::canonicalize(&path) {
                    Ok(to) if !to.is_dir() && !has_ending(&path, "toml") => continue,
                    Ok(to) if is_found(&to, root) => continue,
                    Ok(_) => "a symbolic link that leads out of the folder is not followed",
                    Err(_) if !has_ending(&path, "toml") => continue,
                    Err(_) => "a symbolic link that leads nowhere",
                };
                self.left.push((path, why.to_owned()));
            } else if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                self.files.push(path);
            }
        }
        Ok(())
    }
}

/// Whether a walk through the folder comes by here itself.
fn is_found(target: &Path, root: &Path) -> bool {
    target.strip_prefix(root).is_ok_and(|below| !below.iter().any(is_hidden))
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

/// Whether the name of a file ends so: `toml`.
#[must_use]
pub fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension() == Some(OsStr::new(ending))
}
