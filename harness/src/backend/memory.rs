//! How much of the machine's memory this process has used.

/// The most memory this process ever had, in octets (`VmHWM` of proc_pid_status(5)); `None` if the
/// kernel does not report it.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
