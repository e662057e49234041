//! Whose the files are that castnet writes: under sudo they belong to who has called it, so that
//! nothing is left which that user cannot remove.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{fchown, lchown};
use std::path::Path;

use nix::unistd::geteuid;

/// Makes or empties a file.
///
/// # Errors
/// What open(2) says.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    if let Some((user, group)) = caller() {
        // It is written all the same if it cannot be given away.
        _ = fchown(&file, Some(user), Some(group));
    }
    Ok(file)
}

/// Makes a folder, and those above it that are missing.
///
/// # Errors
/// What mkdir(2) says.
pub(super) fn create_dir_all(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(folder)?;
    if let Some((user, group)) = caller() {
        for made in missing {
            _ = lchown(made, Some(user), Some(group));
        }
    }
    Ok(())
}

/// The user and the group of who has called sudo.
fn caller() -> Option<(u32, u32)> {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    let caller = (number("SUDO_UID")?, number("SUDO_GID")?);
    geteuid().is_root().then_some(caller)
}
