//! Waiting, under tokio, until a descriptor of this layer has something to read.
//!
//! tokio's own constructors of `AsyncFd` are deprecated or unsafe, since a descriptor could be
//! closed or exchanged under them. A borrowed one cannot. The caller decides what to read, and when
//! to stop.

use std::io;
use std::os::fd::BorrowedFd;

use super::sys;

/// Waits until `fd` is readable, or has an error that reading would return. It may be cancelled,
/// and costs two system calls besides the wait. Level-triggered: a descriptor with unread data is
/// readable.
///
/// # Errors
///
/// Errors of epoll_ctl(2), for example for a regular file.
///
/// # Panics
///
/// Outside a tokio runtime whose I/O is enabled.
pub async fn readable(fd: BorrowedFd<'_>) -> io::Result<()> {
    sys::registered(fd)?.readable().await.map(drop)
}
