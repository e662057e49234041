//! Files that castnet writes: each gets its name only once it is complete, and under sudo it
//! belongs to the user who called sudo, who can so remove it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{fchown, lchown};
use std::path::Path;

use nix::unistd::geteuid;

use super::job::with_suffix;

/// Writes a file that gets its name only once it is complete; makes the folders above it.
///
/// # Errors
/// Errors of the system or of `write`; the file is then removed.
pub fn publish(path: &Path, write: impl FnOnce(File) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_dir_all(folder)?;
    }
    let unfinished = with_suffix(path, ".part");
    let written = create(&unfinished).and_then(write);
    let published = written.and_then(|()| fs::rename(&unfinished, path));
    if published.is_err() {
        _ = fs::remove_file(&unfinished);
    }
    published
}

/// Makes or empties a file.
///
/// # Errors
/// Errors of open(2).
pub fn create(path: &Path) -> io::Result<File> {
    File::create(path).map(given)
}

/// Makes a file that was not there before.
///
/// # Errors
/// Errors of open(2).
pub fn create_new(path: &Path) -> io::Result<File> {
    File::create_new(path).map(given)
}

fn given(file: File) -> File {
    if let Some((user, group)) = caller() {
        // The file is written even if its owner cannot be changed.
        _ = fchown(&file, Some(user), Some(group));
    }
    file
}

/// Makes a folder, and the missing folders above it.
///
/// # Errors
/// Errors of mkdir(2).
pub fn create_dir_all(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(folder)?;
    if let Some((user, group)) = caller() {
        for made in missing {
            _ = lchown(made, Some(user), Some(group));
        }
    }
    Ok(())
}

/// The user and the group that called sudo, if this process is root because of it.
fn caller() -> Option<(u32, u32)> {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    let caller = (number("SUDO_UID")?, number("SUDO_GID")?);
    geteuid().is_root().then_some(caller)
}
