//! The system calls that castnetd may still make: what its loop, its sockets, its log and a reload need.
//!
//! A call that is not listed fails with `EPERM`, so that a new C library at worst costs a function, and
//! never the router. Nothing that starts a program, changes a file or reaches another process is listed.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// Calls of every architecture that are allowed whatever their arguments.
const ALLOWED: &[libc::c_long] = &[
    // Sockets and descriptors.
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_close,
    libc::SYS_connect,
    libc::SYS_dup,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_fcntl,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_socketpair,
    libc::SYS_write,
    libc::SYS_writev,
    // Reading files.
    libc::SYS_fstat,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_pread64,
    libc::SYS_readlinkat,
    libc::SYS_statx,
    // Removing the control socket; Landlock keeps everything else.
    libc::SYS_unlinkat,
    // Memory, threads and time.
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_clone,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_prlimit64,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    // Signals, to the process itself: Landlock and the lack of capabilities keep others out.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    // Who asks at the control socket.
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getuid,
];

/// What only older architectures have.
#[cfg(target_arch = "x86_64")]
const OLDER: &[libc::c_long] = &[
    libc::SYS_epoll_wait,
    libc::SYS_open,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[libc::c_long] = &[];

/// The families of which sockets may still be made, without any privilege: memberships of IPv4 and IPv6
/// need further ones, and the service manager is told by a local one.
const FAMILIES: [libc::c_int; 3] = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX];

/// The requests of `ioctl`: the counters of flows and interfaces, in both families (linux/mroute.h), and
/// what descriptors of a loop are asked.
const REQUESTS: [u64; 5] = [0x89e0, 0x89e1, libc::FIONBIO, libc::FIONREAD, libc::TCGETS];

/// Restricts the calling thread, and those that it starts from now on.
pub(super) fn restrict() -> Result<(), seccompiler::Error> {
    apply_filter(&program()?)
}

fn program() -> Result<BpfProgram, seccompiler::Error> {
    let allowed = ALLOWED.iter().chain(OLDER).map(|&call| (call, Vec::new()));
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = allowed.collect();
    let families = FAMILIES.map(|family| argument(0, family.unsigned_abs().into()));
    rules.insert(libc::SYS_socket, families.into_iter().collect::<Result<_, _>>()?);
    let requests = REQUESTS.map(|request| argument(1, request));
    rules.insert(libc::SYS_ioctl, requests.into_iter().collect::<Result<_, _>>()?);
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    Ok(SeccompFilter::new(rules, refused, SeccompAction::Allow, arch)?.try_into()?)
}

/// The call where this argument has this value.
fn argument(place: u8, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    let equal = SeccompCmpOp::Eq;
    let condition = SeccompCondition::new(place, SeccompCmpArgLen::Dword, equal, value)?;
    SeccompRule::new(vec![condition])
}
