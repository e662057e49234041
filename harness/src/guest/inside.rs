//! The first process of a guest: furnishes the machine, runs the plan, leaves the answer, powers off.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};

use super::{ANSWER, Answer, FOLDER, GUEST, IN_MACHINE, MODULES, ORDER, Order, SEED};
use crate::backend::{Cancel, RunError, netns};
use crate::lab::{Workers, hooked, privilege, sys};
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
    let Some(kind) = std::env::var_os(GUEST) else { return };
    hooked();
    let place = if kind == IN_MACHINE { Place::Machine } else { Place::Process };
    if let Err(why) = serve(place) {
        _ = writeln!(io::stderr(), "castnet in the guest: {why}");
    }
    power_off();
}

/// Where the kernel runs.
#[derive(Clone, Copy)]
enum Place {
    /// In a process of the host, whose files it sees.
    Process,
    /// In a machine of its own.
    Machine,
}

fn serve(place: Place) -> io::Result<()> {
    furnish(place)?;
    // A kernel that takes the seed itself makes no variable of it.
    let is_seeded = std::env::var_os(SEED).is_none();
    let order = io::BufReader::new(File::open(place.order())?);
    let Order { plan, here, environment } = serde_json::from_reader(order)?;
    // A folder below /tmp is not seen here.
    _ = std::env::set_current_dir(here);
    sys::add_to_environment(&environment)?;
    Workers::rest();
    let bound = plan.end * 2 + SPARE;
    let (over, watched) = mpsc::channel::<()>();
    thread::spawn(move || {
        if watched.recv_timeout(bound) == Err(RecvTimeoutError::Timeout) {
            let why = format!("the run is not over after {bound:?} of virtual time");
            _ = place.leave(&Answer::Broken(why));
            power_off();
        }
    });
    let said = match (place, is_seeded) {
        (Place::Machine, _) => " (QEMU, in virtual time, that takes no seed)",
        (Place::Process, true) => " (User-Mode Linux, in virtual time)",
        (Place::Process, false) => " (User-Mode Linux, in virtual time, that takes no seed)",
    };
    let answer = answer(&plan, said);
    drop(over);
    place.leave(&answer)
}

fn answer(plan: &Plan, said: &str) -> Answer {
    if let Err(refusal) = privilege::enter() {
        return Answer::Broken(refusal.to_string());
    }
    match catch_unwind(AssertUnwindSafe(|| netns::run(plan, &Cancel::new()))) {
        Ok(Ok(mut recording)) => {
            recording.kernel.push_str(said);
            Answer::Recorded(Box::new(recording))
        }
        Ok(Err(RunError::Unsupported(node, what))) => Answer::Unsupported(node, what),
        Ok(Err(error)) => Answer::Broken(error.to_string()),
        Err(_) => Answer::Broken("the laboratory panicked".to_owned()),
    }
}

/// The file systems that programs expect, and what the place has of its own: the folder of the host, or
/// devices and modules.
fn furnish(place: Place) -> io::Result<()> {
    let (nothing, none) = (None::<&str>, MsFlags::empty());
    for (kind, place) in
        [("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/tmp"), ("tmpfs", "/run")]
    {
        mount(Some(kind), place, Some(kind), none, nothing)?;
    }
    // Tunnels that a namespace begins with would have the numbers of the laboratory's interfaces.
    fs::write("/proc/sys/net/core/fb_tunnels_only_for_init_net", "1")?;
    match place {
        Place::Process => mount(nothing, SHARED, Some("hostfs"), none, Some(FOLDER))?,
        Place::Machine => {
            mount(Some("devtmpfs"), "/dev", Some("devtmpfs"), none, nothing)?;
            let mut modules = Vec::new();
            for entry in fs::read_dir(MODULES)? {
                modules.push(entry?.path());
            }
            modules.sort();
            for module in modules {
                finit_module(File::open(&module)?, c"", ModuleInitFlags::empty())
                    .map_err(|error| io::Error::other(format!("{}: {error}", module.display())))?;
            }
        }
    }
    Ok(())
}

impl Place {
    /// The file with the order.
    fn order(self) -> PathBuf {
        match self {
            Self::Process => Path::new(SHARED).join(ORDER),
            Self::Machine => Path::new("/").join(ORDER),
        }
    }

    /// Leaves the answer whole: a file has its name once it is complete, and what goes over the port ends
    /// with its last bracket.
    fn leave(self, answer: &Answer) -> io::Result<()> {
        let unfinished = match self {
            Self::Process => Path::new(SHARED).join("unfinished"),
            Self::Machine => port()?,
        };
        let file = File::create(&unfinished)?;
        let mut file = io::BufWriter::new(file);
        serde_json::to_writer(&mut file, answer)?;
        file.flush()?;
        drop(file);
        match self {
            Self::Process => fs::rename(unfinished, Path::new(SHARED).join(ANSWER)),
            Self::Machine => Ok(()),
        }
    }
}

/// The device of the only port of virtio.
fn port() -> io::Result<PathBuf> {
    let none = || io::Error::other("there is no port for the answer");
    let entry = fs::read_dir("/sys/class/virtio-ports")?.next().ok_or_else(none)??;
    Ok(Path::new("/dev").join(entry.file_name()))
}

fn power_off() -> ! {
    // The answer is a file of the host already: nothing is left to be written.
    _ = reboot(RebootMode::RB_POWER_OFF);
    process::exit(1)
}
