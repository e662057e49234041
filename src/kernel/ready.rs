//! Waiting, under tokio, until a descriptor of this layer has something to read.
//!
//! tokio's own constructors of `AsyncFd` are deprecated or unsafe, since a descriptor could be
//! closed or exchanged under them. A borrowed one cannot. What to read, and when to stop, is for
//! the caller to say.

use std::io;
use std::os::fd::BorrowedFd;

use super::sys;

/// Waits until `fd` is readable, or has failed so that reading would say so. It may be cancelled,
/// and costs two system calls beyond the wait. Level-triggered: what was left unread is readable.
///
/// # Errors
///
/// What epoll_ctl(2) says, such as for a regular file.
///
/// # Panics
///
/// Outside a tokio runtime whose I/O is enabled.
pub async fn readable(fd: BorrowedFd<'_>) -> io::Result<()> {
    sys::registered(fd)?.readable().await.map(drop)
}
