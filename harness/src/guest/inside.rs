//! The first process of a guest: furnishes the machine, runs the plan, leaves the answer, powers off.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};

use super::{ANSWER, Answer, FOLDER, GUEST, ORDER, Order, SEED};
use crate::backend::{Cancel, RunError, netns};
use crate::lab::{hooked, privilege, sys};
use crate::plan::Plan;

/// Where the folder that is shared with the host appears.
const SHARED: &str = "/mnt";

/// How much longer than its plan a run may take, in virtual time, which a run that waits for nothing
/// any more soon reaches.
const SPARE: Duration = Duration::from_secs(300);

sys::before_main!(serve_if_guest);

/// Never returns in the first process of a guest.
fn serve_if_guest() {
    // The first process of a PID namespace in the guest, too, is number 1, and has the guest's own /proc.
    if process::id() != 1 || Path::new("/proc/exitcode").exists() {
        return;
    }
    if std::env::var_os(GUEST).is_none() {
        return;
    }
    hooked();
    if let Err(why) = serve() {
        _ = writeln!(io::stderr(), "castnet in the guest: {why}");
    }
    power_off();
}

fn serve() -> io::Result<()> {
    furnish()?;
    // A kernel that takes the seed itself makes no variable of it.
    let is_seeded = std::env::var_os(SEED).is_none();
    let order = io::BufReader::new(File::open(shared(ORDER))?);
    let Order { plan, here, environment } = serde_json::from_reader(order)?;
    // A folder below /tmp is not seen here.
    _ = std::env::set_current_dir(here);
    sys::add_to_environment(&environment)?;
    let bound = plan.end * 2 + SPARE;
    let (over, watched) = mpsc::channel::<()>();
    thread::spawn(move || {
        if watched.recv_timeout(bound) == Err(RecvTimeoutError::Timeout) {
            let why = format!("the run is not over after {bound:?} of virtual time");
            _ = leave(&Answer::Broken(why));
            power_off();
        }
    });
    let answer = answer(&plan, is_seeded);
    drop(over);
    leave(&answer)
}

fn answer(plan: &Plan, is_seeded: bool) -> Answer {
    if let Err(refusal) = privilege::enter() {
        return Answer::Broken(refusal.to_string());
    }
    match catch_unwind(AssertUnwindSafe(|| netns::run(plan, &Cancel::new()))) {
        Ok(Ok(mut recording)) => {
            recording.kernel.push_str(" (User-Mode Linux, in virtual time");
            recording.kernel.push_str(if is_seeded { ")" } else { ", that takes no seed)" });
            Answer::Recorded(Box::new(recording))
        }
        Ok(Err(RunError::Unsupported(node, what))) => Answer::Unsupported(node, what),
        Ok(Err(error)) => Answer::Broken(error.to_string()),
        Err(_) => Answer::Broken("the laboratory panicked".to_owned()),
    }
}

/// The file systems that programs expect, and the folder of the host.
fn furnish() -> io::Result<()> {
    let (nothing, none) = (None::<&str>, MsFlags::empty());
    for (kind, place) in
        [("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/tmp"), ("tmpfs", "/run")]
    {
        mount(Some(kind), place, Some(kind), none, nothing)?;
    }
    // Tunnels that a namespace begins with would have the numbers of the laboratory's interfaces.
    fs::write("/proc/sys/net/core/fb_tunnels_only_for_init_net", "1")?;
    mount(nothing, SHARED, Some("hostfs"), none, Some(FOLDER))?;
    Ok(())
}

fn shared(file: &str) -> std::path::PathBuf {
    Path::new(SHARED).join(file)
}

/// Leaves the answer whole: it has its name once it is complete.
fn leave(answer: &Answer) -> io::Result<()> {
    let (unfinished, finished) = (shared("unfinished"), shared(ANSWER));
    let mut file = io::BufWriter::new(File::create(&unfinished)?);
    serde_json::to_writer(&mut file, answer)?;
    file.flush()?;
    drop(file);
    fs::rename(unfinished, finished)
}

fn power_off() -> ! {
    // The answer is a file of the host already: nothing is left to be written.
    _ = reboot(RebootMode::RB_POWER_OFF);
    process::exit(1)
}
