//! The user that castnetd becomes: `NAME`, `NAME:GROUP`, or their numbers.

use std::fmt;

use nix::unistd::{Gid, Group, Uid};

/// A user and a group of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// As it was written.
    written: String,
    /// The user.
    pub(super) uid: Uid,
    /// Its only group.
    pub(super) gid: Gid,
}

/// Why nobody can become the user.
#[derive(Debug, thiserror::Error)]
pub enum UnknownUser {
    /// The machine has no such user.
    #[error("this machine has no user `{0}`")]
    User(String),
    /// The machine has no such group.
    #[error("this machine has no group `{0}`")]
    Group(String),
    /// A user's number says nothing of a group.
    #[error("the machine knows no user of number {0}: give a group too, as in `{0}:{0}`")]
    NoGroup(u32),
}

impl User {
    /// Its number.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.uid.as_raw()
    }

    /// The user of this name or number, with the group behind a colon or the user's own one.
    ///
    /// # Errors
    /// The part of it that the machine does not know.
    pub fn find(written: &str) -> Result<Self, UnknownUser> {
        let (user, group) = match written.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (written, None),
        };
        let (uid, own) = find_user(user)?;
        let gid = match (group, own) {
            (Some(group), _) => find_group(group)?,
            (None, Some(own)) => own,
            (None, None) => return Err(UnknownUser::NoGroup(uid.as_raw())),
        };
        Ok(Self { written: written.to_owned(), uid, gid })
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn find_user(user: &str) -> Result<(Uid, Option<Gid>), UnknownUser> {
    let number = user.parse().ok().map(Uid::from_raw);
    let known = match number {
        Some(uid) => nix::unistd::User::from_uid(uid),
        None => nix::unistd::User::from_name(user),
    };
    match (known.ok().flatten(), number) {
        (Some(known), _) => Ok((known.uid, Some(known.gid))),
        (None, Some(uid)) => Ok((uid, None)),
        (None, None) => Err(UnknownUser::User(user.to_owned())),
    }
}

fn find_group(group: &str) -> Result<Gid, UnknownUser> {
    if let Ok(number) = group.parse() {
        return Ok(Gid::from_raw(number));
    }
    let known = Group::from_name(group).ok().flatten();
    known.map(|known| known.gid).ok_or_else(|| UnknownUser::Group(group.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_a_name_or_a_number_and_may_have_a_group() {
        let ids = |written: &str| {
            User::find(written)
                .map(|user| (user.uid.as_raw(), user.gid.as_raw()))
                .map_err(|why| why.to_string())
        };
        assert_eq!(ids("root"), Ok((0, 0)));
        assert_eq!(ids("0"), Ok((0, 0)));
        assert_eq!(ids("root:7"), Ok((0, 7)));
        assert_eq!(ids("4000000:7"), Ok((4_000_000, 7)));
        assert!(ids("4000000").unwrap_err().contains("give a group too"));
        assert_eq!(
            ids("nobody-of-that-name"),
            Err("this machine has no user `nobody-of-that-name`".into())
        );
        assert_eq!(
            ids("root:no-such-group"),
            Err("this machine has no group `no-such-group`".into())
        );
        assert_eq!(ids(""), Err("this machine has no user ``".into()));
    }
}
