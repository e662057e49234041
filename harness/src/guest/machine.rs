//! A kernel of a distribution, in a machine that QEMU computes.
//!
//! Owns the command line. The machine has one CPU and virtual time (`-icount`): each instruction takes two
//! nanoseconds, and where the guest waits, its clock jumps. QEMU computes the CPU itself even where KVM
//! could lend one, because a CPU of KVM knows no virtual time. The answer comes out over a port of
//! virtio, so that the console holds what the kernel says, and nothing else.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{GUEST, IN_MACHINE};
use crate::lab::sys::end_with_this_thread;

/// The program, a part of the package qemu-system-x86.
const QEMU: &str = "qemu-system-x86_64";

/// How long a machine may take in the host's time, beyond the time of its plan: it boots for some seconds
/// on an idle host.
pub(super) const SPARE: Duration = Duration::from_secs(240);

/// The name of the archive with the first process, in the folder of the run.
pub(super) const ARCHIVE: &str = "initramfs";

/// Why this system has no such machine, with the command that installs it; `None` if it has one.
pub(super) fn lacks() -> Option<String> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&paths).any(|path| path.join(QEMU).is_file());
    let why = || format!("there is no {QEMU} on PATH (apt-get install qemu-system-x86)");
    (!is_there).then(why)
}

/// The machine as a command; what it says goes to standard output, and the answer into `answer`.
///
/// # Errors
/// The image is not there.
pub(super) fn command(image: &Path, folder: &Path, answer: &str) -> io::Result<Command> {
    let libraries = "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu:/usr/lib:/lib";
    let words = format!(
        "console=ttyS0 quiet panic=-1 mitigations=off rdinit=/init {GUEST}={IN_MACHINE} {libraries}"
    );
    let mut command = Command::new(QEMU);
    command
        .args(["-accel", "tcg,thread=single", "-icount", "shift=1,sleep=off", "-cpu", "max"])
        .args(["-M", "q35", "-smp", "1", "-m", "1G", "-nodefaults", "-no-user-config"])
        .args(["-display", "none", "-nic", "none", "-no-reboot", "-serial", "stdio"])
        .args(["-rtc", "base=2024-01-01,clock=vm"])
        .args(["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=answer"])
        .arg("-chardev")
        .arg(format!("file,id=answer,path={answer}"))
        .arg("-kernel")
        .arg(fs::canonicalize(image)?)
        .args(["-initrd", ARCHIVE, "-append"])
        .arg(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .process_group(0);
    end_with_this_thread(&mut command);
    Ok(command)
}
