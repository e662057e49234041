//! A program that routes, from its configuration to its end: what castnetd and smcrouted have in common.
//!
//! It opens its sockets, enters service, gives up its privileges, and then serves and answers until it is
//! told to end. What a program has of its own stands in its [`Setup`]. Refuses to serve where the first
//! configuration cannot be carried out; a later one that cannot changes nothing.

mod pidfile;
mod sockets;
mod told;

use std::cell::RefCell;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Interval;

use super::Daemon;
use super::config::ConfigFile;
use super::confine::{Needs, User, confine};
use super::control::{self, Asked, Control, Journal, Loaded};
use super::log::{WINDOW, Weight};
use super::notice::Notice;
use super::service::{Names, Service};
use super::smcroute::Wish;
use super::smcroute::desk::{self, Desk, Place};
use super::supervised;
use crate::addr::{Family, PerFamily};
use crate::event::Event;
use crate::kernel::Clock;
use crate::mfc::entry::Flow;
use crate::rng::Rng;
use crate::router::config::Config;
use crate::time::Instant;
pub use pidfile::PidFile;
pub use sockets::{Sockets, open};
use told::Log;

/// What a program that routes has of its own.
pub struct Setup<'a> {
    /// The configuration to begin with.
    pub loaded: Loaded,
    /// Reads the configuration again; the error is in words.
    pub load: &'a dyn Fn() -> Result<Loaded, String>,
    /// The configuration's files: the first one gives it its name, and all of them are read again.
    pub paths: Vec<PathBuf>,
    /// Whether every event is logged.
    pub verbose: bool,
    /// The user to become.
    pub user: Option<User>,
    /// The control socket, in place of the one that the configuration names.
    pub control: Option<PathBuf>,
    /// The control socket of smcroute.
    pub desk: Option<Place>,
    /// The file with its process number.
    pub pid_file: Option<PidFile>,
    /// Hears of what others may want to act on.
    pub hook: Option<Box<dyn FnMut(Hooked)>>,
}

/// What a [`Setup::hook`] hears of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hooked {
    /// A configuration is in force.
    Configured,
    /// The kernel has asked for the flow, and it is forwarded.
    Learned(Flow),
}

/// A hook that several tell.
type Hook = Rc<RefCell<Option<Box<dyn FnMut(Hooked)>>>>;

fn call(hook: &Hook, hooked: Hooked) {
    if let Some(hook) = &mut *hook.borrow_mut() {
        hook(hooked);
    }
}

/// An observer of a router's events.
type Observer = Box<dyn FnMut(Instant, Event)>;

/// Routes until a signal ends it. `open` claims the sockets, or has done so.
///
/// # Errors
/// The first thing that keeps it from serving.
pub fn run(
    setup: Setup<'_>,
    open: impl FnOnce(&ConfigFile) -> anyhow::Result<Sockets>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(setup, open))
}

async fn serve(
    setup: Setup<'_>,
    open: impl FnOnce(&ConfigFile) -> anyhow::Result<Sockets>,
) -> anyhow::Result<()> {
    // Set up before the kernel is claimed: a signal from now on ends the daemon cleanly.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let Setup { loaded: (text, file), load, paths, verbose, user, .. } = setup;
    let (mut pid_file, mut desk) = (setup.pid_file, setup.desk.map(Desk::open).transpose()?);
    let journal = Rc::new(RefCell::new(Journal::default()));
    let place = control::Place {
        path: setup.control.or_else(|| file.control.clone()),
        owner: user.as_ref().map(User::uid),
        group: file.control_group.clone(),
        metrics: file.metrics,
    };
    let named = paths.first().cloned().unwrap_or_default();
    let mut control = Control::open(&place, (named, text), Rc::clone(&journal)).await?;
    let log = Rc::new(RefCell::new(Log::new(verbose, journal)));
    let opened = open(&file)?;
    let are_kept = opened.are_kept;
    let hook: Hook = Rc::new(RefCell::new(setup.hook));
    let mut service = start(file, opened, &log, &hook)?;
    if let Some(file) = &mut pid_file {
        let shown = file.path().display().to_string();
        file.write().with_context(|| format!("writing {shown}"))?;
    }
    call(&hook, Hooked::Configured);
    // No packet has been read, and no request.
    let removed = pid_file.iter().map(PidFile::path).chain(place.path.as_deref());
    let removed = removed.chain(desk.as_ref().map(Desk::path)).map(Path::to_owned);
    let needs = Needs { configs: &paths, removed: &removed.collect::<Vec<_>>() };
    for lack in confine(&needs, user.as_ref())? {
        tracing::warn!("{lack}");
    }
    let status = status(&service);
    tracing::info!("{status}");
    supervised::ready(&status);
    let mut windows = tokio::time::interval(WINDOW);
    let mut heartbeat = supervised::heartbeat().map(tokio::time::interval);
    loop {
        let order = async {
            tokio::select! {
                _ = terminate.recv() => Order::End,
                _ = interrupt.recv() => Order::End,
                _ = hangup.recv() => Order::Reload,
                _ = windows.tick() => Order::TellHeld,
                () = tick(heartbeat.as_mut()) => Order::Live,
                asked = control.next() => Order::Answer(asked),
                asked = next(desk.as_mut()) => Order::Serve(asked),
            }
        };
        let clock = service.daemon().clock();
        let warn = |notice: &Notice| {
            log.borrow_mut().line(clock.now(), Weight::Warning, &notice.to_string());
        };
        let mut reload = |service: &mut Service<Observer>, control: &mut Control| {
            supervised::reloading();
            let taken = control.reload(service, load);
            match &taken {
                Ok(()) => {
                    tracing::info!("configured anew");
                    call(&hook, Hooked::Configured);
                }
                Err(why) => tracing::error!("{why}; the old configuration stays in force"),
            }
            if let (Ok(()), Some(Err(why))) = (&taken, pid_file.as_mut().map(PidFile::write)) {
                tracing::warn!("the file with the process number: {why}");
            }
            supervised::ready("serving");
            taken
        };
        match service.run(order, warn).await? {
            Order::End => break,
            Order::Live => supervised::alive(),
            Order::Answer(asked) => {
                if let Some(line) = control.answer(asked, &mut service, load) {
                    log.borrow().line(service.daemon().now(), Weight::Warning, &line);
                }
            }
            Order::Serve(asked) => {
                let again = |service: &mut Service<Observer>| reload(service, &mut control);
                let wish = desk.as_mut().map(|desk| desk.answer(asked, &mut service, again));
                if wish == Some(Wish::End) {
                    break;
                }
            }
            Order::TellHeld => {
                let now = service.daemon().now();
                log.borrow_mut().tell_held(Some(now));
            }
            Order::Reload => _ = reload(&mut service, &mut control),
        }
    }
    if let Some(desk) = &mut desk {
        desk.finish().await;
    }
    supervised::stopping();
    if !are_kept {
        service.end();
    }
    log.borrow_mut().tell_held(None);
    for family in service.daemon().families() {
        report_counters(&service, family);
    }
    Ok(())
}

/// What interrupts the router's loop.
enum Order {
    End,
    Reload,
    /// The service manager is to hear that the loop goes round.
    Live,
    Answer(Asked),
    Serve(desk::Asked),
    /// A window of the log may have ended.
    TellHeld,
}

/// Waits for the next tick; for ever without an interval.
async fn tick(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => _ = interval.tick().await,
        None => std::future::pending().await,
    }
}

/// The next request at the desk; for ever without one.
async fn next(desk: Option<&mut Desk>) -> desk::Asked {
    match desk {
        Some(desk) => desk.next().await,
        None => std::future::pending().await,
    }
}

/// Enters service.
fn start(
    file: ConfigFile,
    Sockets { links, claims, .. }: Sockets,
    log: &Rc<RefCell<Log>>,
    hook: &Hook,
) -> anyhow::Result<Service<Observer>> {
    let (clock, seed) = (Clock::start(), RandomState::new().hash_one(std::process::id()));
    let mut daemon = Daemon::new(clock);
    let names = PerFamily { v4: Names::default(), v6: Names::default() };
    let observer = |family: Family| -> Observer {
        let (names, log) = (names.of(family).clone(), Rc::clone(log));
        let (hook, mut asked) = (Rc::clone(hook), None);
        Box::new(move |now: Instant, event: Event| {
            match &event {
                Event::Upcall(upcall) => asked = Some(upcall.flow),
                // Right after an upcall it is the answer.
                Event::Forwarding(entry)
                    if asked.take() == Some(entry.flow) && !entry.oifs.is_empty() =>
                {
                    call(&hook, Hooked::Learned(entry.flow));
                }
                _ => {}
            }
            log.borrow_mut().event(now, family, &event, |vif| names.of(vif));
        })
    };
    for (config, opened) in claims {
        let family = config.family;
        let rng = Rng::for_node(seed, &format!("castnetd {family}"));
        // The interfaces follow, as they are on this machine.
        let (interfaces, routes) = (Vec::new(), Vec::new());
        let rules = Vec::new();
        let config = Config { interfaces, routes, rules, ..config };
        daemon.join(opened.start(config, Vec::new(), rng, clock, observer(family))?);
    }
    Ok(Service::enter(daemon, names, (file, links))?)
}

/// What it does, in a line.
fn status(service: &Service<Observer>) -> String {
    let families = service.daemon().families().map(|family| family.to_string());
    let families = families.collect::<Vec<_>>().join(" and ");
    format!("routing {families} multicast between {}", service.served().names.join(", "))
}

fn report_counters(service: &Service<Observer>, family: Family) {
    let (router, plane) = (service.daemon().router(family), service.daemon().plane(family));
    for (vif, interface, _) in router.into_iter().flat_map(|router| router.interfaces()) {
        let counters = plane.and_then(|plane| plane.vif_counters(vif)).unwrap_or_default();
        let (came, left) = (counters.packets_in, counters.packets_out);
        tracing::info!("{family} {}: {came} datagrams in, {left} out", interface.name);
    }
}
