//! Whose files are written: root's, or those of the user who called sudo.

use std::fs;
use std::os::fd::AsFd;

use nix::unistd::{Gid, Uid, fchown, geteuid};

/// The user and the group that called sudo, if this process is root because of it.
pub(super) fn caller() -> Option<(Uid, Gid)> {
    // (uid_t)-1 would mean "as it is" to chown(2).
    let number = |name| std::env::var(name).ok()?.parse().ok().filter(|id| *id != u32::MAX);
    let caller = (Uid::from_raw(number("SUDO_UID")?), Gid::from_raw(number("SUDO_GID")?));
    is_guarded().then_some(caller)
}

/// Whether this process may do what other users must not do through it. Root of a user namespace
/// with one user has only that user's rights.
pub(super) fn is_guarded() -> bool {
    let is_alone = || {
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let mut lines = map.lines().map(|line| line.split_whitespace().nth(2));
        lines.next() == Some(Some("1")) && lines.next().is_none()
    };
    geteuid().is_root() && !is_alone()
}

/// Gives what this process has just made to the user who called sudo, who can so remove it.
pub(super) fn give(made: impl AsFd) {
    if let Some((user, group)) = caller() {
        // What was made is kept even if its owner cannot be changed.
        _ = fchown(made, Some(user), Some(group));
    }
}
