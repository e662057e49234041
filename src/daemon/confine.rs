//! What castnetd may still do once its sockets are open: route multicast, and read its configuration.
//!
//! The kernel asks a privilege of whoever claims a multicast routing table, and none of the socket that
//! owns it. So everything that needs a privilege is done first, and then all privileges go for good:
//! another user if one is asked for, no capability, nothing to gain by exec (`no_new_privs`), no file
//! except those that a reload reads (Landlock), no system call that a router has no use for (seccomp).
//! Refuses to serve if any of this fails, except for Landlock, which a kernel may be without.

mod calls;
mod files;
mod user;

use std::io;
use std::path::PathBuf;

use caps::CapSet;
use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{getegid, geteuid, setgroups, setresgid, setresuid};

pub use user::{UnknownUser, User};

/// Why the privileges could not be given up.
#[derive(Debug, thiserror::Error)]
pub enum Unconfined {
    /// The process may not become the user.
    #[error("becoming the user {0}: {1}")]
    User(User, Errno),
    /// The kernel keeps a capability.
    #[error("giving up the capabilities: {0}")]
    Capabilities(#[from] caps::errors::CapsError),
    /// The kernel refuses `no_new_privs`.
    #[error("giving up new privileges: {0}")]
    NewPrivileges(#[from] Errno),
    /// The kernel has Landlock, and refuses the rules.
    #[error("restricting files: {0}")]
    Files(#[from] landlock::RulesetError),
    /// The kernel has no seccomp, or refuses the filter.
    #[error("restricting system calls: {0}")]
    Calls(#[from] seccompiler::Error),
}

/// Something that an operator should know, and that keeps nothing from being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The kernel restricts no files.
    NoLandlock,
    /// The configuration cannot be read any more.
    Unreadable(io::ErrorKind),
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoLandlock => {
                f.write_str("the kernel has no Landlock: files are guarded by their modes only")
            }
            Self::Unreadable(why) => {
                write!(f, "without privileges the configuration cannot be read again: {why}")
            }
        }
    }
}

/// What is needed after the privileges are gone.
#[derive(Clone, Copy, Debug)]
pub struct Needs<'a> {
    /// The configuration's files, which a reload reads: the first one must stay readable.
    pub configs: &'a [PathBuf],
    /// Files that are removed at the end: the control socket, and the like.
    pub removed: &'a [PathBuf],
}

/// Gives up everything that the calling thread, and those that it starts later, do not need to serve
/// with these things. Call it while the process has one thread.
///
/// # Errors
/// The first thing that could not be given up: then serve nothing.
pub fn confine(needs: &Needs<'_>, user: Option<&User>) -> Result<Vec<Lack>, Unconfined> {
    let Needs { configs, removed } = *needs;
    surrender(user)?;
    let mut lacks = Vec::new();
    if !files::restrict(configs, removed)? {
        lacks.push(Lack::NoLandlock);
    }
    calls::restrict()?;
    if let Some(Err(why)) = configs.first().map(|config| super::config::read(config)) {
        lacks.push(Lack::Unreadable(why.kind()));
    }
    Ok(lacks)
}

/// Becomes the user, and gives up every capability, now and for programs that are started.
///
/// # Errors
/// The first thing that could not be given up.
pub fn surrender(user: Option<&User>) -> Result<(), Unconfined> {
    forbid_new_capabilities();
    if let Some(user) = user {
        become_user(user).map_err(|errno| Unconfined::User(user.clone(), errno))?;
    }
    for set in [CapSet::Ambient, CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        caps::clear(None, set)?;
    }
    Ok(prctl::set_no_new_privs()?)
}

/// Empties the bounding set, as far as `CAP_SETPCAP` is there; without it there is nothing to gain.
fn forbid_new_capabilities() {
    for capability in caps::all() {
        _ = caps::drop(None, CapSet::Bounding, capability);
    }
}

fn become_user(user: &User) -> nix::Result<()> {
    if (geteuid(), getegid()) == (user.uid, user.gid) {
        return Ok(());
    }
    setgroups(&[user.gid])?;
    setresgid(user.gid, user.gid, user.gid)?;
    setresuid(user.uid, user.uid, user.uid)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

    use super::*;

    /// What a thread without privileges is refused. The restrictions are those of the thread, which ends.
    #[test]
    fn only_what_a_router_needs_is_allowed() {
        let folder = std::env::temp_dir().join(format!("castnetd-confine-{}", std::process::id()));
        fs::create_dir_all(folder.join("linked")).unwrap();
        fs::write(folder.join("linked/real.toml"), "").unwrap();
        let other = folder.with_extension("other");
        fs::write(&other, "").unwrap();
        let named = folder.join("named");
        fs::create_dir_all(&named).unwrap();
        let config = named.join("castnetd.toml");
        std::os::unix::fs::symlink("../linked/real.toml", &config).unwrap();
        let confined = std::thread::spawn(move || {
            let has_landlock = files::restrict(std::slice::from_ref(&config), &[]).unwrap();
            calls::restrict().unwrap();
            // An editor writes a new file and names it like the old one.
            let reads = [&config, &named.join("absent")].map(|path| fs::read(path).map(drop));
            assert!(reads[0].is_ok());
            assert_eq!(reads[1].as_ref().unwrap_err().kind(), io::ErrorKind::NotFound);
            fs::read("/proc/sys/net/ipv4/conf/all/rp_filter").unwrap();
            let mut refused = vec![
                fs::write(named.join("new"), "").map(drop),
                Command::new("/bin/true").status().map(drop),
                socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), None)
                    .map(drop)
                    .map_err(Into::into),
            ];
            if has_landlock {
                refused.push(fs::remove_file(&config));
                refused.push(fs::read(other).map(drop));
                refused.push(fs::read_dir("/etc").map(drop));
            }
            for (place, refused) in refused.into_iter().enumerate() {
                let kind = refused.unwrap_err().kind();
                assert_eq!(kind, io::ErrorKind::PermissionDenied, "number {place}");
            }
        });
        confined.join().unwrap();
        fs::remove_dir_all(&folder).unwrap();
        fs::remove_file(folder.with_extension("other")).unwrap();
    }
}
