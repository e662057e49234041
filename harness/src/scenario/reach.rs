//! The files that a scenario may read, since it may come from strangers.
//!
//! They lie in its own tree: below the nearest folder above it that has `.git` in it or the folder
//! `scenarios` on the way, or else in its own folder; and below folders that the user has named.
//! A template is a regular file `*.toml` there, and nothing on the way is hidden.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::source::{self, Unreadable};

/// Why a file is not read that lies outside of all folders; they follow.
pub(super) const OUTSIDE: &str = "this scenario may only read below";

/// The folders below which a scenario may read.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    folders: Vec<PathBuf>,
}

impl Reach {
    /// For the scenario in this file, with the folders that the user has named.
    pub(crate) fn of(scenario: &Path, named: &[PathBuf]) -> Self {
        let named = named.iter().map(PathBuf::as_path);
        let folders = own_tree(scenario).into_iter();
        Self { folders: folders.chain(named.filter_map(|it| fs::canonicalize(it).ok())).collect() }
    }

    /// The text of a template or a recipe, or why it has none. Never waits, and opens no device.
    pub(crate) fn read(&self, path: &Path) -> Result<String, String> {
        let told = |error: std::io::Error| error.to_string();
        let found = OpenOptions::new().read(true).custom_flags(OFlag::O_PATH.bits()).open(path);
        let found = found.map_err(told)?;
        if !found.metadata().map_err(told)?.is_file() {
            return Err("not a file".to_owned());
        }
        // The kernel's own answer, whatever links led here and whoever exchanges them.
        let descriptor = format!("/proc/self/fd/{}", found.as_raw_fd());
        let real = fs::read_link(&descriptor).map_err(told)?;
        self.check(&real)?;
        source::read(Path::new(&descriptor)).map_err(|why| match why {
            Unreadable::Io(error) => error.to_string(),
            Unreadable::NotUtf8 { .. } => "not UTF-8, as TOML has to be".to_owned(),
        })
    }

    fn check(&self, real: &Path) -> Result<(), String> {
        let mut below = self.folders.iter().filter_map(|folder| real.strip_prefix(folder).ok());
        let Some(below) = below.next() else {
            let folders: Vec<String> =
                self.folders.iter().map(|folder| folder.display().to_string()).collect();
            return Err(format!("{OUTSIDE} {}", folders.join(" and ")));
        };
        let is_hidden = |part: &OsStr| part.as_bytes().starts_with(b".");
        match below.iter().any(is_hidden) || real.extension() != Some(OsStr::new("toml")) {
            true => Err("what a scenario reads is a file *.toml that is not hidden".to_owned()),
            false => Ok(()),
        }
    }
}

/// The tree that a scenario is part of, without links on the way.
fn own_tree(scenario: &Path) -> Option<PathBuf> {
    let above = scenario.parent().filter(|above| !above.as_os_str().is_empty());
    let own = fs::canonicalize(above.unwrap_or(Path::new("."))).ok()?;
    let root = own.ancestors().find_map(|folder| match folder.join(".git").exists() {
        true => Some(folder),
        false if folder.ends_with("scenarios") => folder.parent(),
        false => None,
    });
    Some(root.unwrap_or(&own).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_ends_at_a_repository_or_above_scenarios_or_is_one_folder() {
        let root = std::env::temp_dir().join(format!("castnet-reach-{}", std::process::id()));
        for folder in ["a/scenarios/igmp/v2", "b/.git", "b/c/d", "e/f"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let root = fs::canonicalize(root).unwrap();
        for (scenario, tree) in [
            ("a/scenarios/igmp/v2/x.toml", "a"),
            ("a/scenarios/x.toml", "a"),
            ("b/c/d/x.toml", "b"),
            ("e/f/x.toml", "e/f"),
        ] {
            assert_eq!(own_tree(&root.join(scenario)), Some(root.join(tree)), "{scenario}");
        }
        assert_eq!(own_tree(&root.join("absent/x.toml")), None);
        fs::remove_dir_all(root).unwrap();
    }
}
