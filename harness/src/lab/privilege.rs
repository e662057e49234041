//! The right to make network namespaces: held already, or obtained in a user namespace.
//!
//! An ordinary user obtains it by unshare(2) where the machine allows user namespaces; the process
//! is then root over its own namespaces and over nothing else. Where the machine does not allow it,
//! [`enter`] fails and names the setting that forbids it; it never falls back to doing less.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{getegid, geteuid};

use super::Netns;

/// How the process came to be allowed to make namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// The process was privileged already: nothing was changed.
    Held,
    /// The process is now root in a user namespace of its own, with its own network and mounts.
    UserNamespace,
}

/// Why the process can make no namespace, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("no network namespaces here: {step}: {source}; {remedy}")]
pub struct Refusal {
    /// What was tried last.
    step: &'static str,
    /// The kernel's answer.
    source: Errno,
    /// What to do.
    remedy: String,
}

/// Makes sure that this process can make network namespaces. Must be the first statement of `main`:
/// a process with threads cannot enter a user namespace, and threads inherit what they start in.
///
/// # Errors
/// If the process lacks the right and the machine allows no user namespaces; the message says what
/// to change.
pub fn enter() -> Result<Privilege, Refusal> {
    allow_descriptors();
    if holds_admin_capabilities() {
        return try_namespace().map(|()| Privilege::Held);
    }
    let (user, group) = (geteuid(), getegid());
    let apart = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    let step = |step| move |errno| Refusal::new(step, errno);
    unshare(apart).map_err(step("unshare(CLONE_NEWUSER)"))?;
    // Without this the kernel does not let an ordinary user write gid_map.
    write("/proc/self/setgroups", "deny").map_err(step("write /proc/self/setgroups"))?;
    let (users, groups) = (format!("0 {user} 1"), format!("0 {group} 1"));
    write("/proc/self/uid_map", &users).map_err(step("write /proc/self/uid_map"))?;
    write("/proc/self/gid_map", &groups).map_err(step("write /proc/self/gid_map"))?;
    try_namespace().map(|()| Privilege::UserNamespace)
}

/// Raises the limit of open files: each node needs some ten descriptors, and shells commonly allow
/// 1024 in all unless a program asks for more. The limit stays moderate because some daemons close
/// every descriptor they might have, one by one.
fn allow_descriptors() {
    const ENOUGH: u64 = 1 << 16;
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // If the limit cannot be raised, the failure shows when descriptors run out.
        _ = setrlimit(Resource::RLIMIT_NOFILE, soft.max(ENOUGH.min(hard)), hard);
    }
}

impl Refusal {
    /// The step that failed, and the kernel's error.
    #[must_use]
    pub fn cause(&self) -> String {
        format!("{}: {}", self.step, self.source)
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    fn new(step: &'static str, source: Errno) -> Self {
        let setting = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        Self { step, source, remedy: remedy(source, setting) }
    }
}

/// What to do about `errno`; `setting` reads the machine's settings by path.
fn remedy(errno: Errno, setting: impl Fn(&str) -> Option<String>) -> String {
    let is = |path: &str, value: &str| setting(path).as_deref() == Some(value);
    let sysctl = match errno {
        Errno::ENOSPC if is("/proc/sys/user/max_net_namespaces", "0") => {
            Some("user.max_net_namespaces=1024")
        }
        Errno::ENOSPC | Errno::EUSERS => Some("user.max_user_namespaces=1024"),
        Errno::EPERM | Errno::EACCES => {
            if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
                Some("kernel.apparmor_restrict_unprivileged_userns=0")
            } else if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
                Some("kernel.unprivileged_userns_clone=1")
            } else {
                None
            }
        }
        _ => None,
    };
    // proc_pid_status(5): 2 is a filter. Outside of containers few processes have one.
    let filtered = setting("/proc/self/status")
        .is_some_and(|text| text.lines().any(|line| line == "Seccomp:\t2"));
    match (sysctl, errno) {
        (Some(sysctl), _) => format!("run `sudo sysctl {sysctl}`, or run this with sudo"),
        (None, Errno::EPERM | Errno::EACCES) if filtered => "a seccomp filter forbids it, as in a \
             container: start the container with `--privileged`, or with `--security-opt \
             seccomp=unconfined --security-opt systempaths=unconfined` (Podman: `unmask=ALL` \
             instead of the latter)"
            .into(),
        (None, Errno::EPERM | Errno::EACCES) => "a security module forbids it, or the process may \
             not have CAP_SYS_ADMIN and CAP_NET_ADMIN: run this with sudo"
            .into(),
        (None, Errno::EROFS) => "/proc/sys is read-only, as in a container: start the container \
             with `--security-opt systempaths=unconfined` (Podman: `--security-opt unmask=ALL`)"
            .into(),
        (None, Errno::EINVAL) => {
            "the kernel has no user namespaces, or the process had threads already: run this \
             with sudo"
                .into()
        }
        (None, _) => "run this with sudo".into(),
    }
}

/// Makes a namespace with its sysctls and throws it away: the proof that the lab can make many.
fn try_namespace() -> Result<(), Refusal> {
    let refused = |error| Refusal::new("create a network namespace", errno(&error));
    Netns::create("probe").map(drop).map_err(refused)
}

/// Whether the effective set has CAP_NET_ADMIN (12) and CAP_SYS_ADMIN (21): root in a container
/// often lacks them, and then can do no more than an ordinary user.
fn holds_admin_capabilities() -> bool {
    const NEEDED: u64 = 1 << 12 | 1 << 21;
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .is_some_and(|set| set & NEEDED == NEEDED)
}

fn write(path: &str, text: &str) -> Result<(), Errno> {
    fs::write(path, text).map_err(|error| errno(&error))
}

fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(errno: Errno, path: &'static str, value: &'static str) -> String {
        remedy(errno, move |asked| (asked == path).then(|| value.to_owned()))
    }

    #[test]
    fn the_remedy_names_the_setting_that_forbids_it() {
        let apparmor = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
        assert!(told(Errno::EPERM, apparmor, "1").contains("restrict_unprivileged_userns=0"));
        assert!(told(Errno::EACCES, apparmor, "1").contains("restrict_unprivileged_userns=0"));
        assert!(told(Errno::EPERM, apparmor, "0").contains("a security module"));
        let debian = "/proc/sys/kernel/unprivileged_userns_clone";
        assert!(told(Errno::EPERM, debian, "0").contains("unprivileged_userns_clone=1"));
        assert!(told(Errno::ENOSPC, "", "").contains("user.max_user_namespaces"));
        let network = "/proc/sys/user/max_net_namespaces";
        assert!(told(Errno::ENOSPC, network, "0").contains("user.max_net_namespaces"));
        let status = "/proc/self/status";
        let container =
            told(Errno::EPERM, status, "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1");
        assert!(container.contains("seccomp=unconfined"), "{container}");
        assert!(!told(Errno::EPERM, status, "Seccomp:\t0").contains("seccomp"));
        assert!(told(Errno::EROFS, "", "").contains("systempaths=unconfined"));
    }

    #[test]
    fn a_refusal_says_step_answer_and_remedy() {
        let refusal =
            Refusal { step: "unshare", source: Errno::EPERM, remedy: "run this with sudo".into() };
        let text = refusal.to_string();
        assert!(text.contains("unshare: EPERM: ") && text.ends_with("; run this with sudo"));
    }
}
