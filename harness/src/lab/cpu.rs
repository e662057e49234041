//! The CPUs that the lab runs on. Frames keep their order on their way into the kernel only within
//! one CPU, so code that needs order stays on one CPU or sends a probe from each.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The CPUs that this process, and so each node that it started, may run on; at least one.
pub(super) fn allowed() -> Vec<usize> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
    let cpus = (0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu).unwrap_or(false));
    let cpus: Vec<_> = cpus.collect();
    if cpus.is_empty() { vec![0] } else { cpus }
}

/// Moves the calling thread to a CPU. If the CPU has gone off-line the thread stays where it is: an
/// off-line CPU holds no frames.
pub(super) fn move_to(cpu: usize) {
    let mut only = CpuSet::new();
    let _moved = only.set(cpu).and_then(|()| sched_setaffinity(Pid::from_raw(0), &only));
}
