//! The CPUs that the lab runs on. Frames keep their order on their way into the kernel only within
//! one CPU, so whoever needs order stays on one, or asks each.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The CPUs that this process may run on, and so the nodes that it started; at least one.
pub(super) fn allowed() -> Vec<usize> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
    let cpus = (0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu).unwrap_or(false));
    let cpus: Vec<_> = cpus.collect();
    if cpus.is_empty() { vec![0] } else { cpus }
}

/// Moves the calling thread to a CPU. One that has gone off-line holds no frames: nothing is lost
/// by staying.
pub(super) fn move_to(cpu: usize) {
    let mut only = CpuSet::new();
    let _moved = only.set(cpu).and_then(|()| sched_setaffinity(Pid::from_raw(0), &only));
}
