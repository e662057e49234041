//! The control socket as a file: made for its owner and a group, taken over from a castnetd that is gone,
//! and removed at the end.
//!
//! Refuses to replace a socket on which somebody listens, and whatever is no socket. Whoever binds holds a
//! lock on the folder, so that of two castnetds that start together only one gets the name.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::unistd::Group;

/// How often the lock of the folder is tried, and how long each waits for the next.
const TRIES: (u32, Duration) = (100, Duration::from_millis(20));

/// A socket's file, which goes with the value.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and inode: another castnetd may have taken the name meanwhile.
    identity: (u64, u64),
}

impl SocketFile {
    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum Unbound {
    /// Another process listens there.
    #[error("another process listens on {0}")]
    Taken(PathBuf),
    /// What is there is no socket.
    #[error("{0} is there, and is no socket")]
    NoSocket(PathBuf),
    /// No such group.
    #[error("there is no group {0}")]
    NoGroup(String),
    /// A call failed.
    #[error("the control socket {0}: {1}")]
    Failed(PathBuf, io::Error),
    /// The port of metrics cannot be listened on.
    #[error("metrics on {0}: {1}")]
    Port(SocketAddr, io::Error),
}

/// Binds a socket to the path, for an owner (this process's unless given) and a group, with the mode
/// 0660.
///
/// # Errors
/// The path is taken, the group does not exist, or a call fails.
pub(crate) async fn bind(
    path: &Path,
    owner: Option<u32>,
    group: Option<&str>,
) -> Result<(UnixListener, SocketFile), Unbound> {
    let failed = |error: io::Error| Unbound::Failed(path.to_owned(), error);
    let gid = match group {
        None => None,
        Some(name) => {
            let found = Group::from_name(name).map_err(|errno| failed(errno.into()))?;
            Some(found.ok_or_else(|| Unbound::NoGroup(name.to_owned()))?.gid.as_raw())
        }
    };
    let _lock = locked(path).await.map_err(failed)?;
    make_room(path).await?;
    // Nobody may connect before the owner and the mode are right.
    let mask = nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o177));
    let bound = UnixListener::bind(path);
    nix::sys::stat::umask(mask);
    let listener = bound.map_err(failed)?;
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    let file = SocketFile { path: path.to_owned(), identity: (metadata.dev(), metadata.ino()) };
    if owner.or(gid).is_some() {
        chown(path, owner, gid).map_err(failed)?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok((listener, file))
}

/// The folder of the path, locked.
async fn locked(path: &Path) -> io::Result<Flock<File>> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut folder = File::open(folder.unwrap_or(Path::new(".")))?;
    for _ in 0..TRIES.0 {
        match Flock::lock(folder, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => return Ok(locked),
            Err((unlocked, nix::errno::Errno::EWOULDBLOCK)) => folder = unlocked,
            Err((_, errno)) => return Err(errno.into()),
        }
        tokio::time::sleep(TRIES.1).await;
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds the lock of its folder"))
}

/// Removes a socket on which nobody listens.
async fn make_room(path: &Path) -> Result<(), Unbound> {
    let failed = |error: io::Error| Unbound::Failed(path.to_owned(), error);
    let metadata = match fs::symlink_metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed)?,
    };
    if !metadata.file_type().is_socket() {
        return Err(Unbound::NoSocket(path.to_owned()));
    }
    // Connecting never waits: a full queue is an error too, of a listener that is there.
    match tokio::net::UnixStream::connect(path).await {
        Err(why) if why.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        _ => Err(Unbound::Taken(path.to_owned())),
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let metadata = fs::symlink_metadata(&self.path);
        if metadata.is_ok_and(|now| (now.dev(), now.ino()) == self.identity) {
            // Without the right to remove it the next castnetd does, since nobody listens.
            _ = fs::remove_file(&self.path);
        }
    }
}
