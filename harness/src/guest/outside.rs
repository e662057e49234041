//! The host's side of a guest: starts its kernel, waits for its end, and reads the answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{ANSWER, Answer, FOLDER, GUEST, INIT, ORDER, Order, SEED, image, machine};
use crate::backend::{Cancel, RunError};
use crate::lab::sys::end_with_this_thread;
use crate::plan::Plan;
use crate::recording::Recording;

/// How long a guest may take in the host's time, beyond the time of its plan, of which it takes a
/// hundredth.
const SPARE: Duration = Duration::from_secs(60);

/// The names of the folders that are shared with guests begin so; the number of the process follows.
const PREFIX: &str = "castnet-guest-";

/// When a guest begins, in nanoseconds of the wall clock: always at one time.
const BEGINS: &str = "time-travel-start=1700000000000000000";

/// The memory of a guest, which the host gives as it is used.
const MEMORY: &str = "mem=512M";

/// What glibc must leave alone, since the first process would die of it at once: restartable sequences.
const TUNABLES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.pthread.rseq=0");

/// The number of lines of the guest's console that a failure shows.
const LAST_LINES: usize = 8;

/// Whether the file is the image of a kernel for x86, and no program.
#[must_use]
pub fn is_image(file: &Path) -> bool {
    image::version(file).is_some()
}

/// Runs the plan on this kernel: a program of User-Mode Linux, or an image for QEMU.
///
/// # Errors
/// Why there is no recording; [`RunError::Unsupported`] without QEMU for an image; [`RunError::Interrupted`].
pub fn run(kernel: &Path, plan: &Plan, cancel: &Cancel) -> Result<Recording, RunError> {
    let failed = |error: io::Error| RunError::Guest(format!("{}: {error}", kernel.display()));
    let is_image = is_image(kernel);
    if let Some(why) = machine::lacks().filter(|_| is_image) {
        return Err(RunError::Unsupported(kernel.display().to_string(), why));
    }
    sweep();
    let prefix = format!("{PREFIX}{}-", process::id());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir().map_err(failed)?;
    let console = folder.path().join("console");
    let (command, bound) = if is_image {
        let order = serde_json::to_vec(&order(plan).map_err(failed)?);
        let order = order.map_err(|error| failed(error.into()))?;
        image::write(&folder.path().join(machine::ARCHIVE), kernel, &order).map_err(failed)?;
        let command = machine::command(kernel, folder.path(), ANSWER).map_err(failed)?;
        (command, plan.end + machine::SPARE)
    } else {
        prepare(folder.path(), plan).map_err(failed)?;
        (command(kernel, folder.path(), plan.seed), plan.end + SPARE)
    };
    let ended = boot(command, &console, bound, cancel);
    if cancel.is_cancelled() {
        return Err(RunError::Interrupted);
    }
    match (ended, read(&folder.path().join(ANSWER))) {
        (Ok(true), Ok(Answer::Recorded(recording))) => Ok(*recording),
        (Ok(true), Ok(Answer::Unsupported(node, what))) => Err(RunError::Unsupported(node, what)),
        (Ok(true), Ok(Answer::Broken(why))) => Err(RunError::Guest(why)),
        (Err(error), _) => Err(failed(error)),
        (Ok(false), _) => Err(RunError::Guest(format!("no end after {bound:?}{}", last(&console)))),
        (_, Err(error)) => Err(RunError::Guest(format!("no answer: {error}{}", last(&console)))),
    }
}

/// Removes the folders of processes that were killed.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // A folder of another user stays.
            _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes what the first process needs into the folder.
fn prepare(folder: &Path, plan: &Plan) -> io::Result<()> {
    symlink(std::env::current_exe()?, folder.join(INIT))?;
    let mut file = BufWriter::new(File::create(folder.join(ORDER))?);
    serde_json::to_writer(&mut file, &order(plan)?)?;
    file.flush()
}

/// What the first process has to do.
fn order(plan: &Plan) -> io::Result<Order<'_>> {
    let text = |(key, value): (OsString, OsString)| {
        let key = key.into_string().ok().filter(|key| !key.contains('='))?;
        Some((key, value.into_string().ok()?))
    };
    let mut environment: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    // The guest has a folder /tmp of its own.
    environment.remove("TMPDIR");
    environment.insert(TUNABLES.0.to_owned(), TUNABLES.1.to_owned());
    let here = std::env::current_dir()?;
    Ok(Order { plan: Cow::Borrowed(plan), here, environment })
}

/// The guest as a command. What it is given must be equal for equal runs, because the kernel mixes its
/// command line into its random numbers.
fn command(kernel: &Path, folder: &Path, seed: u64) -> Command {
    let mut command = Command::new(kernel);
    command
        .args([MEMORY, BEGINS, "root=none", "rootfstype=hostfs", "rootflags=/", "ro", "quiet"])
        .args(["loglevel=1", "con=null", "con0=null,fd:1", "time-travel=inf-cpu"])
        .args(["dummy.numdummies=0", "uml_dir=."])
        .arg(format!("init={FOLDER}/{INIT}"))
        .arg(format!("{GUEST}=1"))
        .arg(format!("{SEED}={seed}"))
        .arg(format!("{}={}", TUNABLES.0, TUNABLES.1))
        .arg("console=tty0")
        .current_dir(folder)
        .env(TUNABLES.0, TUNABLES.1)
        .stdin(Stdio::null())
        // A guest that panics signals its whole process group.
        .process_group(0);
    end_with_this_thread(&mut command);
    command
}

/// Runs the guest to its end, within the bound; false if it had to be ended.
fn boot(
    mut command: Command,
    console: &Path,
    bound: Duration,
    cancel: &Cancel,
) -> io::Result<bool> {
    let output = File::create(console)?;
    command.stderr(output.try_clone()?).stdout(output);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut guest = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let group = guest.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let is_over = tokio::select! {
            ended = guest.wait() => ended.map(|_| true)?,
            () = cancel.cancelled() => false,
            () = tokio::time::sleep(bound) => false,
        };
        if let Some(group) = group.filter(|_| !is_over) {
            _ = killpg(group, Signal::SIGKILL);
            guest.wait().await?;
        }
        Ok(is_over)
    })
}

fn read(file: &Path) -> io::Result<Answer> {
    Ok(serde_json::from_reader(BufReader::new(File::open(file)?))?)
}

/// The last lines that the guest printed, each on a line of its own.
fn last(console: &Path) -> String {
    let text = fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // Addresses of a stack say nothing without the kernel's symbols.
    let says = |line: &&str| !line.trim().is_empty() && !line.contains(" [<");
    let lines: Vec<&str> = text.lines().filter(says).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LAST_LINES));
    last.map(|line| format!("\n  {line}")).collect()
}
