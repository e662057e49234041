//! Folders and files that only the programs of a ward see.
//!
//! A private folder is a file system in memory over a folder of the machine, so that programs with fixed
//! paths for their sockets and files run beside each other, and nothing is left of them. Files are written
//! below private folders only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use serde::{Deserialize, Serialize};

/// What a ward is to be furnished with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Furniture {
    /// Folders of the machine that are to be private, and empty.
    pub private: Vec<PathBuf>,
    /// Files in private folders, and their text.
    pub files: Vec<(PathBuf, String)>,
    /// Files of the machine that are to have another text here. Their texts lie in a private folder.
    pub over: Vec<(PathBuf, String)>,
    /// The folder for these texts.
    pub store: PathBuf,
}

impl Furniture {
    /// Puts everything in place, in the mount namespace of the calling process, which must be a ward's.
    ///
    /// # Errors
    /// The step that failed.
    pub(super) fn place(&self) -> Result<(), (String, io::Error)> {
        for folder in &self.private {
            let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
            mount(Some("tmpfs"), folder, Some("tmpfs"), flags, Some("mode=0755"))
                .map_err(|why| (format!("make {} private", folder.display()), why.into()))?;
        }
        for (path, text) in &self.files {
            write(path, text).map_err(|why| (format!("write {}", path.display()), why))?;
        }
        for (number, (path, text)) in self.over.iter().enumerate() {
            let stored = self.store.join(format!("over-{number}"));
            let nothing = None::<&str>;
            write(&stored, text)
                .and_then(|()| Ok(mount(Some(&stored), path, nothing, MsFlags::MS_BIND, nothing)?))
                .map_err(|why| (format!("put another file over {}", path.display()), why))?;
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o644);
    options.open(path)?.write_all(text.as_bytes())
}
