//! Files that castnet writes, and the one place that decides how.
//!
//! A regular file gets its name only once it is complete, and replaces what had the name; what is
//! no regular file (a terminal, a pipe, a device) is written into and never replaced. A named file
//! makes no folder; [`Folder`] makes its own, and follows no symbolic link below itself. As root
//! for another user nothing that this user can exchange is followed, and what is made belongs to
//! the user (`owner`).

mod folder;
mod owner;
mod special;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

pub use folder::Folder;

/// Writes a file, which replaces a regular file of this name once it is complete. What is no
/// regular file is written into.
///
/// # Errors
/// Errors of the system or of `write`, or that the folder of the file does not exist.
pub fn publish(path: &Path, write: impl FnOnce(File) -> io::Result<()>) -> io::Result<()> {
    match Place::of(path)? {
        Place::Special(file) => write(file),
        Place::Regular(folder, name) => folder.put(&name, write),
    }
}

/// Writes a file that was not there before. What is no regular file is written into.
///
/// # Errors
/// Errors of the system or of `write`; [`io::ErrorKind::AlreadyExists`] if there is such a file.
pub fn create_new(path: &Path, write: impl FnOnce(File) -> io::Result<()>) -> io::Result<()> {
    match Place::of(path) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            Err(io::ErrorKind::AlreadyExists.into())
        }
        Err(error) => Err(error),
        Ok(Place::Special(file)) => write(file),
        Ok(Place::Regular(folder, name)) => folder.put_new(&name, write),
    }
}

/// Opens a file for what comes little by little: a new one under this name, or what is no regular
/// file.
///
/// # Errors
/// Errors of the system, or that the folder of the file does not exist.
pub fn stream(path: &Path) -> io::Result<File> {
    let mut opened = None;
    publish(path, |file| {
        opened = Some(file);
        Ok(())
    })?;
    opened.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Opens a file to add to its end; makes it if there is none.
///
/// # Errors
/// Errors of the system; a symbolic link is not followed to a regular file.
pub fn append(path: &Path) -> io::Result<File> {
    match Place::of(path)? {
        Place::Special(file) => Ok(file),
        Place::Regular(folder, name) => folder.append(&name),
    }
}

/// Whether a file of this name can be written, as far as one can tell without doing it.
///
/// # Errors
/// The reason why not.
pub fn try_file(path: &Path) -> io::Result<()> {
    // To open and close a pipe would end its reader's input.
    if special::is_special(path) {
        return Ok(());
    }
    match Place::of(path)? {
        Place::Special(_) => Ok(()),
        Place::Regular(folder, _) => folder.try_writing(),
    }
}

/// The folder that is missing for a file of this name.
#[must_use]
pub fn missing_folder(path: &Path) -> Option<&Path> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty())?;
    let is_missing = std::fs::symlink_metadata(above)
        .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    is_missing.then_some(above)
}

/// Where what is written under a name goes.
enum Place {
    /// Into this, which is no regular file.
    Special(File),
    /// Into a file of this name.
    Regular(Folder, OsString),
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        if let Some(file) = special::open(path)? {
            return Ok(Self::Special(file));
        }
        let is_folder = path.as_os_str().as_bytes().ends_with(b"/") || path.is_dir();
        let name = path.file_name().filter(|_| !is_folder);
        let Some(name) = name else { return Err(io::ErrorKind::IsADirectory.into()) };
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        let folder = Folder::open(above.unwrap_or(Path::new(".")))?;
        Ok(Self::Regular(folder, name.to_owned()))
    }
}
