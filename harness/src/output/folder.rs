//! A folder for output, held by a descriptor, so that nobody can exchange it.
//!
//! A file is written without a name (O_TMPFILE), so that a castnet that is killed leaves nothing;
//! where a file system has no such files, under a random name. Below the folder nothing follows a
//! symbolic link.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, RenameFlags, openat, readlinkat, renameat, renameat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};

use super::owner::{caller, give, is_guarded};

/// The most links on the way to a folder, as in Linux.
const LINKS: usize = 40;
/// How often a random name is drawn.
const TRIES: usize = 16;

/// A folder, open.
#[derive(Debug)]
pub struct Folder {
    at: OwnedFd,
}

/// A symbolic link that is not followed.
const LINK: &str = "a symbolic link on the way is not followed: name the folder that it leads to";

impl Folder {
    /// Opens a folder that exists.
    ///
    /// # Errors
    /// Errors of openat(2), or a symbolic link that root must not follow.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::walk(path, false, true).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let why = format!("there is no folder {}: {error}", path.display());
                io::Error::new(io::ErrorKind::NotFound, why)
            }
            _ => error,
        })
    }

    /// Opens the folder for output, and makes it and the missing ones above it.
    ///
    /// # Errors
    /// Errors of openat(2) and mkdirat(2), or a symbolic link that root must not follow.
    pub fn make(path: &Path) -> io::Result<Self> {
        // Who calls sudo may have put a link in place of the folder, whoever the link belongs to.
        Self::walk(path, true, caller().is_none())
    }

    fn walk(path: &Path, make: bool, follow_last: bool) -> io::Result<Self> {
        let start = |path: &Path| openat(AT_FDCWD, path, FOLDER, Mode::empty());
        let mut at = start(Path::new("."))?;
        let mut todo: VecDeque<OsString> = VecDeque::new();
        let mut links = 0;
        push(&mut todo, path);
        while let Some(name) = todo.pop_front() {
            if name == "/" {
                at = start(Path::new("/"))?;
                continue;
            }
            at = match openat(&at, &*name, FOLDER | OFlag::O_NOFOLLOW, Mode::empty()) {
                Err(Errno::ENOENT) if make => made(&at, &name)?,
                Err(Errno::ENOTDIR | Errno::ELOOP) => {
                    let link = readlinkat(&at, &*name).map_err(|_| Errno::ENOTDIR)?;
                    links += 1;
                    if links > LINKS {
                        return Err(Errno::ELOOP.into());
                    }
                    if todo.is_empty() && !follow_last {
                        return Err(io::Error::other(LINK));
                    } else if !is_guarded() {
                        openat(&at, &*name, FOLDER, Mode::empty())?
                    } else if is_roots(&at, &name)? {
                        push(&mut todo, Path::new(&link));
                        continue;
                    } else {
                        return Err(io::Error::other(LINK));
                    }
                }
                other => other?,
            };
        }
        Ok(Self { at })
    }

    /// Writes a file below the folder, which replaces a regular file of this name once it is
    /// complete; makes the folders between them.
    ///
    /// # Errors
    /// Errors of the system or of `write`; a symbolic link instead of a folder, or something that
    /// is no regular file under the name of the file.
    pub fn publish(
        &self,
        below: &Path,
        write: impl FnOnce(File) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut at = self.at.try_clone()?;
        let mut names: Vec<&OsStr> = Vec::new();
        for part in below.components() {
            match part {
                Component::Normal(name) => names.push(name),
                Component::CurDir => {}
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        let Some(name) = names.pop() else { return Err(io::ErrorKind::IsADirectory.into()) };
        for name in names {
            let opened = openat(&at, name, FOLDER | OFlag::O_NOFOLLOW, Mode::empty());
            at = match opened {
                Err(Errno::ENOENT) => made(&at, name)?,
                Err(Errno::ENOTDIR | Errno::ELOOP) if readlinkat(&at, name).is_ok() => {
                    return Err(io::Error::other(LINK));
                }
                other => other?,
            };
        }
        Self { at }.put(name, write)
    }

    /// Whether files can be made here.
    ///
    /// # Errors
    /// Errors of openat(2).
    pub fn try_writing(&self) -> io::Result<()> {
        let (_, part) = self.part()?;
        self.drop_part(part);
        Ok(())
    }

    /// Writes a file that replaces a regular file of this name.
    pub(super) fn put(
        &self,
        name: &OsStr,
        write: impl FnOnce(File) -> io::Result<()>,
    ) -> io::Result<()> {
        self.refuse_special(name)?;
        self.write(write, |file, part| match part {
            Some(part) => renameat(&self.at, part, &self.at, name),
            None => match self.link(file, name) {
                // A link never replaces anything: a second name does.
                Err(Errno::EEXIST) => {
                    let part = self.named(|part| self.link(file, part))?.1;
                    renameat(&self.at, &*part, &self.at, name).inspect_err(|_| self.remove(&part))
                }
                linked => linked,
            },
        })
    }

    /// Writes a file that was not there before.
    pub(super) fn put_new(
        &self,
        name: &OsStr,
        write: impl FnOnce(File) -> io::Result<()>,
    ) -> io::Result<()> {
        let is_there = fstatat(&self.at, name, AtFlags::AT_SYMLINK_NOFOLLOW).is_ok();
        if is_there {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.write(write, |file, part| match part {
            Some(part) => renameat2(&self.at, part, &self.at, name, RenameFlags::RENAME_NOREPLACE),
            None => self.link(file, name),
        })
    }

    /// Opens a file to add to its end, or makes it.
    pub(super) fn append(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let new = flags | OFlag::O_CREAT | OFlag::O_EXCL;
        match openat(&self.at, name, new, WRITABLE) {
            Ok(file) => {
                give(&file);
                Ok(file.into())
            }
            Err(Errno::EEXIST) => match openat(&self.at, name, flags, Mode::empty()) {
                Err(Errno::ELOOP) => Err(io::Error::other("a symbolic link is not followed")),
                Ok(file) if is_anothers(&fstat(&file)?) => {
                    Err(io::Error::other("a file of another user is not changed as root"))
                }
                opened => Ok(opened?.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a file, and gives it its name then.
    fn write(
        &self,
        write: impl FnOnce(File) -> io::Result<()>,
        name: impl FnOnce(&File, Option<&OsStr>) -> nix::Result<()>,
    ) -> io::Result<()> {
        let (file, part) = self.part()?;
        give(&file);
        let written = file.try_clone().and_then(write);
        let named = written.and_then(|()| Ok(name(&file, part.as_deref())?));
        if named.is_err() {
            self.drop_part(part);
        }
        named
    }

    /// A new file, and its name if it needs one.
    fn part(&self) -> io::Result<(File, Option<OsString>)> {
        let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        match openat(&self.at, ".", flags | OFlag::O_TMPFILE, WRITABLE) {
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL) => {
                let new = flags | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW;
                let (file, part) = self.named(|part| openat(&self.at, part, new, WRITABLE))?;
                Ok((file.into(), Some(part)))
            }
            unnamed => Ok((unnamed?.into(), None)),
        }
    }

    /// Makes something under a random name that nothing has.
    fn named<T>(&self, make: impl Fn(&OsStr) -> nix::Result<T>) -> nix::Result<(T, OsString)> {
        for _ in 0..TRIES {
            let name = OsString::from(format!(".castnet-{:016x}.part", random()));
            match make(&name) {
                Err(Errno::EEXIST) => {}
                made => return Ok((made?, name)),
            }
        }
        Err(Errno::EEXIST)
    }

    /// Gives a file without a name this one.
    fn link(&self, file: &File, name: &OsStr) -> nix::Result<()> {
        let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
        linkat(AT_FDCWD, &*unnamed, &self.at, name, AtFlags::AT_SYMLINK_FOLLOW)
    }

    fn remove(&self, name: &OsStr) {
        _ = unlinkat(&self.at, name, UnlinkatFlags::NoRemoveDir);
    }

    fn drop_part(&self, part: Option<OsString>) {
        if let Some(part) = part {
            self.remove(&part);
        }
    }

    /// A pipe or a device would be replaced.
    fn refuse_special(&self, name: &OsStr) -> io::Result<()> {
        let Ok(found) = fstatat(&self.at, name, AtFlags::AT_SYMLINK_NOFOLLOW) else {
            return Ok(());
        };
        match kind(&found) {
            SFlag::S_IFREG | SFlag::S_IFLNK => Ok(()),
            SFlag::S_IFDIR => Err(io::ErrorKind::IsADirectory.into()),
            _ => Err(io::Error::other("there is something that is no file, and it stays")),
        }
    }
}

/// How folders are opened: to be a starting point, which needs no right to read them.
const FOLDER: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);
/// The rights of new files, from which the umask takes some away.
const WRITABLE: Mode = Mode::from_bits_truncate(0o666);

/// Makes a folder, or opens it if another process has made it meanwhile.
fn made(at: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let is_new = match mkdirat(at, name, Mode::from_bits_truncate(0o777)) {
        Err(Errno::EEXIST) => false,
        made => made.map(|()| true)?,
    };
    let readable = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    if is_new && let Ok(folder) = openat(at, name, readable, Mode::empty()) {
        // Another folder may have been put in its place: one with anything in it is not given away.
        let inside = fs::read_dir(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        if inside.is_ok_and(|mut entries| entries.next().is_none()) {
            give(&folder);
        }
    }
    Ok(openat(at, name, FOLDER | OFlag::O_NOFOLLOW, Mode::empty())?)
}

/// Puts the parts of a path before what is still to be walked.
fn push(todo: &mut VecDeque<OsString>, path: &Path) {
    for part in path.components().rev().filter(|part| *part != Component::CurDir) {
        todo.push_front(part.as_os_str().to_owned());
    }
}

/// Whether nobody but root can have made this link.
fn is_roots(at: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    let link = fstatat(at, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    let folder = fstat(at)?;
    Ok(link.st_uid == 0 && folder.st_uid == 0 && folder.st_mode & 0o022 == 0)
}

/// Whether root would change a file for a user who could not: one with a second name, say.
fn is_anothers(file: &FileStat) -> bool {
    caller().is_some_and(|(user, _)| file.st_uid != user.as_raw() && file.st_nlink > 1)
}

fn kind(of: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(of.st_mode) & SFlag::S_IFMT
}

fn random() -> u64 {
    let mut octets = [0; 8];
    // Even a name that is no surprise can only be taken, and another one is tried then.
    _ = File::open("/dev/urandom").and_then(|mut from| from.read_exact(&mut octets));
    u64::from_ne_bytes(octets)
}
