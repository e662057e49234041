//! Annotations of GitHub Actions: whether they are printed, and where their files are.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use castnet_lab::report::{Finished, WrongFile, github};
use clap::ValueEnum;

use super::say;

/// Which annotations are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Annotations {
    #[default]
    Auto,
    Github,
    None,
}

impl Annotations {
    /// Prints annotations if they are wanted, beside standard output if that is a document.
    pub(super) fn tell(self, beside: bool, told: impl FnOnce() -> String) {
        let is_github = || std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        if self == Self::Github || self == Self::Auto && is_github() {
            match beside {
                true => _ = io::stderr().write_all(told().as_bytes()),
                false => say(&told()),
            }
        }
    }
}

/// The annotations of a run.
pub(super) fn one_run(finished: &Finished) -> String {
    github::annotations(finished, from_workspace)
}

/// The annotations of files that could not be run.
pub(super) fn wrong_files(files: &[WrongFile]) -> String {
    files.iter().map(|file| github::wrong(file, from_workspace)).collect()
}

/// The file from the root of the repository that GitHub Actions has checked out, as annotations want it.
fn from_workspace(path: &str) -> String {
    let absolute = |path: &Path| path.canonicalize().ok();
    let root = std::env::var_os("GITHUB_WORKSPACE").and_then(|root| absolute(Path::new(&root)));
    let below = root.zip(absolute(Path::new(path)));
    let below = below.and_then(|(root, path)| Some(path.strip_prefix(root).ok()?.to_owned()));
    let plain = || PathBuf::from(path.trim_start_matches("./"));
    below.unwrap_or_else(plain).display().to_string()
}
