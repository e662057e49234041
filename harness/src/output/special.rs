//! What has a name and is no regular file: own descriptors (`/dev/stdout`, `/dev/fd/63`), pipes,
//! devices. They are opened and never replaced.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::owner::is_guarded;

/// The most links on the way to an own descriptor.
const LINKS: usize = 8;

/// Whether the name is of something that is written into; nothing is opened.
pub(super) fn is_special(path: &Path) -> bool {
    descriptor(path).is_some()
        || fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Opens what is no regular file; `None` if a regular file belongs here. Waits for the reader of a
/// pipe.
///
/// # Errors
/// Errors of open(2), or a link of another user.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    if let Some(number) = descriptor(path) {
        return own(number).map(Some);
    }
    let Ok(named) = fs::symlink_metadata(path) else { return Ok(None) };
    let is_link = named.is_symlink();
    let Ok(found) = (if is_link { fs::metadata(path) } else { Ok(named.clone()) }) else {
        return Ok(None);
    };
    if found.is_file() || found.is_dir() {
        return Ok(None);
    }
    if is_link && is_guarded() && (named.uid() != 0 || found.file_type().is_block_device()) {
        return Err(io::Error::other("a symbolic link of another user is not followed as root"));
    }
    let no_link = if is_link { OFlag::empty() } else { OFlag::O_NOFOLLOW };
    let flags = OFlag::O_NOCTTY | no_link;
    let file = OpenOptions::new().write(true).custom_flags(flags.bits()).open(path)?;
    // It may have been exchanged meanwhile.
    match file.metadata()?.is_file() {
        true => Err(io::Error::other("it became a regular file meanwhile")),
        false => Ok(Some(file)),
    }
}

/// The number of the own descriptor that the path names, if it names one.
fn descriptor(path: &Path) -> Option<u32> {
    let own = Path::new("/proc").join(std::process::id().to_string());
    let mut at = path.to_owned();
    for _ in 0..LINKS {
        let folder = at.parent().and_then(|above| fs::canonicalize(above).ok())?;
        if folder.starts_with(&own) && folder.ends_with("fd") {
            return at.file_name()?.to_str()?.parse().ok();
        }
        let target: PathBuf = fs::read_link(&at).ok()?;
        at = folder.join(target);
    }
    None
}

/// An own descriptor once more.
fn own(number: u32) -> io::Result<File> {
    let again = |one: BorrowedFd<'_>| Ok(File::from(one.try_clone_to_owned()?));
    match number {
        0 => again(io::stdin().as_fd()),
        1 => again(io::stdout().as_fd()),
        2 => again(io::stderr().as_fd()),
        // Opening it again must not give rights that the descriptor does not have.
        _ if !is_for_writing(number) => Err(io::ErrorKind::PermissionDenied.into()),
        // A pipe of the shell's. What is there in a regular file stays.
        _ => {
            let flags = OFlag::O_NOCTTY.bits();
            let path = format!("/proc/self/fd/{number}");
            OpenOptions::new().append(true).custom_flags(flags).open(path)
        }
    }
}

/// Whether the descriptor was opened for writing (proc(5), fdinfo).
fn is_for_writing(number: u32) -> bool {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|octal| i32::from_str_radix(octal.trim(), 8).ok());
    let flags = OFlag::from_bits_truncate(flags.unwrap_or_default());
    flags.intersects(OFlag::O_WRONLY | OFlag::O_RDWR)
}
