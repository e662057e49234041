//! `castnetd`: a multicast router on real interfaces.

#[cfg(not(target_os = "linux"))]
compile_error!("castnetd needs Linux; the routing core builds with `--lib --no-default-features`");

#[path = "castnetd/convert.rs"]
mod convert;
#[path = "castnetd/keep.rs"]
mod keep;
#[path = "castnetd/sockets.rs"]
mod sockets;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context as _;
use castnet::addr::{Family, PerFamily};
use castnet::daemon::Daemon;
use castnet::daemon::config::{self, ConfigFile};
use castnet::daemon::confine::{Needs, User, confine};
use castnet::daemon::control::shown::Level;
use castnet::daemon::control::{Asked, Control, Journal, Loaded, Place};
use castnet::daemon::links::Links;
use castnet::daemon::log::{Held, Kind, Limiter, WINDOW, Weight, weight, words};
use castnet::daemon::notice::{Notice, notices};
use castnet::daemon::served::Served;
use castnet::daemon::service::{Names, Service};
use castnet::daemon::supervised::{self, Handed};
use castnet::event::Event;
use castnet::gmp::message::Version;
use castnet::kernel::Clock;
use castnet::mfc::vif::Vif;
use castnet::rng::Rng;
use castnet::router::config::{Config, InterfaceConfig};
use castnet::time::Instant;
use clap::{Parser, Subcommand};
use nix::sys::signal::Signal;
use sockets::{Sockets, open};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Interval;

/// An IP multicast router: IGMP and MLD querier, and kernel multicast forwarding of IPv4 and IPv6.
///
/// It runs in the foreground, in the network namespace that it is started in, and logs to standard
/// error. SIGHUP has it read its configuration again. SIGTERM and SIGINT end it; the kernel then forgets
/// every forwarding entry. Once its sockets are open it has no privilege any more.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Route multicast as the configuration says, until SIGTERM or SIGINT.
    Run {
        /// The configuration (TOML).
        config: PathBuf,
        /// Also log each upcall, each forwarding entry and each ignored packet.
        #[arg(short, long)]
        verbose: bool,
        /// Become this user once the sockets are open, as NAME, NAME:GROUP, or numbers; overrides the
        /// key `user` of the configuration.
        #[arg(long)]
        user: Option<String>,
        /// Listen for castnetctl on this socket, whatever the configuration says.
        #[arg(long, value_name = "PATH")]
        control: Option<PathBuf>,
        /// A socket that a keeper holds, as NAME=DESCRIPTOR.
        #[arg(long, hide = true)]
        kept: Vec<String>,
    },
    /// Run castnetd, and start it again when it dies, without a gap in what is forwarded.
    ///
    /// The keeper holds the multicast routing sockets, reads no packet and has no privilege. SIGHUP has
    /// the daemon read its configuration again. SIGUSR2 is an upgrade: if the program that is now in the
    /// file takes the configuration, it serves in place of the old one. SIGTERM and SIGINT end both.
    Keep {
        /// The configuration (TOML).
        config: PathBuf,
        /// Also log each upcall, each forwarding entry and each ignored packet.
        #[arg(short, long)]
        verbose: bool,
        /// Become this user once the sockets are open, as NAME, NAME:GROUP, or numbers; overrides the
        /// key `user` of the configuration.
        #[arg(long)]
        user: Option<String>,
    },
    /// Check a configuration against itself. Its interfaces need not be there.
    Check {
        /// The configuration (TOML).
        config: PathBuf,
        /// Also list what on this machine keeps its interfaces from being served.
        #[arg(long)]
        here: bool,
    },
    /// Write what a configuration of smcroute means as one of castnetd, to standard output.
    Convert {
        /// The configuration of smcroute.
        config: PathBuf,
        /// Refuse what smcroute passes over or takes by accident, too.
        #[arg(long)]
        strict: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run { config, verbose, user, control, kept } => {
            run(&config, verbose, (user, control), &kept)
        }
        Command::Keep { config, verbose, user } => keep::keep(&config, verbose, user),
        Command::Check { config, here } => check(&config, here),
        Command::Convert { config, strict } => convert::convert(&config, strict),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("castnetd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The file with its text, if it does not contradict itself.
fn load(path: &Path) -> anyhow::Result<Loaded> {
    let name = path.display();
    let text = config::read(path).with_context(|| format!("reading {name}"))?;
    let file = ConfigFile::parse(&text).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    file.check().with_context(|| name.to_string())?;
    Ok((text, file))
}

fn check(path: &Path, here: bool) -> anyhow::Result<()> {
    let (_, file) = load(path)?;
    let mut lines = String::new();
    for config in file.check()?.present() {
        for interface in &config.interfaces {
            writeln!(lines, "{}", described(config.family, interface))?;
        }
    }
    for interface in file.interface.iter().filter(|interface| interface.ttl_threshold > 1) {
        if file.is_routed(Family::V6) {
            let name = &interface.name;
            writeln!(lines, "{name}: ttl-threshold holds for IPv4, the kernel has none of IPv6")?;
        }
    }
    if here {
        let links = Links::open().context("looking at the interfaces of this machine")?;
        let served = Served::choose(&file, links.devices(), &Served::default());
        for notice in notices(&file, &served, &links) {
            writeln!(lines, "here: {notice}")?;
        }
    }
    writeln!(lines, "{}: ok", path.display())?;
    std::io::stdout().write_all(lines.as_bytes()).context("writing to standard output")
}

/// What an interface does in a family, in a line.
fn described(family: Family, interface: &InterfaceConfig) -> String {
    let gmp = match &interface.igmp {
        None => format!("no {}", PerFamily { v4: "IGMP", v6: "MLD" }.of(family)),
        Some(params) => format!(
            "{}, a Query every {}",
            protocol(family, params.version),
            humantime::format_duration(params.query_interval)
        ),
    };
    format!("{}: {gmp}, {} static joins", interface.name, interface.static_joins.len())
}

const fn protocol(family: Family, version: Version) -> &'static str {
    match (family, version) {
        (Family::V4, Version::V1) => "IGMPv1",
        (Family::V4, Version::V2) => "IGMPv2",
        (Family::V4, Version::V3) => "IGMPv3",
        (Family::V6, Version::V1 | Version::V2) => "MLDv1",
        (Family::V6, Version::V3) => "MLDv2",
    }
}

fn log_to_stderr(verbose: bool) {
    let level = if verbose { tracing::Level::DEBUG } else { tracing::Level::INFO };
    // Colours are for people who watch; a file or a journal gets none.
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_max_level(level).with_ansi(colours);
    log.with_writer(std::io::stderr).init();
}

/// The user that is asked for: by option, or else by the file.
fn find_user(option: Option<String>, file: &ConfigFile) -> anyhow::Result<Option<User>> {
    Ok(option.as_ref().or(file.user.as_ref()).map(|user| User::find(user)).transpose()?)
}

fn run(
    path: &Path,
    verbose: bool,
    (user, control): (Option<String>, Option<PathBuf>),
    kept: &[String],
) -> anyhow::Result<()> {
    log_to_stderr(verbose);
    let (text, file) = load(path)?;
    let user = find_user(user, &file)?;
    let handed = match kept {
        [] => Handed::by_manager(),
        kept => Handed::by_keeper(kept),
    };
    let handed = handed.context("taking over sockets")?;
    if !kept.is_empty() {
        // Without its keeper nobody would end it.
        nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Set up before the kernel is claimed: a signal from now on ends the daemon cleanly.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let journal = Rc::new(RefCell::new(Journal::default()));
        let place = Place {
            path: control.or_else(|| file.control.clone()),
            owner: user.as_ref().map(User::uid),
            group: file.control_group.clone(),
            metrics: file.metrics,
        };
        let config = (path.to_owned(), text);
        let mut control = Control::open(&place, config, Rc::clone(&journal)).await?;
        let log = Log { limiter: Limiter::default(), verbose, journal };
        let log = Rc::new(RefCell::new(log));
        let opened = open(&file, handed)?;
        let needs = Needs { config: path, socket: place.path.as_deref() };
        for lack in confine(&needs, user.as_ref())? {
            tracing::warn!("{lack}");
        }
        let mut service = start(file, opened, &log)?;
        let families = service.daemon().families().map(|family| family.to_string());
        let families = families.collect::<Vec<_>>().join(" and ");
        let served = service.served().names.join(", ");
        let status = format!("routing {families} multicast between {served}");
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
                }
            };
            let clock = service.daemon().clock();
            let warn = |notice: &Notice| {
                log.borrow_mut().line(clock.now(), Weight::Warning, &notice.to_string());
            };
            match service.run(order, warn).await? {
                Order::End => break,
                Order::Live => supervised::alive(),
                Order::Answer(asked) => control.answer(asked, &mut service, || reread(path)),
                Order::TellHeld => {
                    let now = service.daemon().now();
                    log.borrow_mut().tell_held(Some(now));
                }
                Order::Reload => {
                    supervised::reloading();
                    match control.reload(&mut service, || reread(path)) {
                        Ok(()) => tracing::info!("configured anew"),
                        Err(why) => tracing::error!("{why}; the old configuration stays in force"),
                    }
                    supervised::ready("serving");
                }
            }
        }
        supervised::stopping();
        log.borrow_mut().tell_held(None);
        for family in service.daemon().families() {
            report_counters(&service, family);
        }
        anyhow::Ok(())
    })
}

/// The file as a reload takes it, with its error in words.
fn reread(path: &Path) -> Result<Loaded, String> {
    load(path).map_err(|why| format!("{why:#}"))
}

/// Waits for the next tick; for ever without an interval.
async fn tick(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => _ = interval.tick().await,
        None => std::future::pending().await,
    }
}

/// Enters service.
fn start(
    file: ConfigFile,
    Sockets { links, claims }: Sockets,
    log: &Rc<RefCell<Log>>,
) -> anyhow::Result<Service<impl FnMut(Instant, Event) + use<>>> {
    let (clock, seed) = (Clock::start(), RandomState::new().hash_one(std::process::id()));
    let mut daemon = Daemon::new(clock);
    let names = PerFamily { v4: Names::default(), v6: Names::default() };
    let observer = |family: Family| {
        let (names, log) = (names.of(family).clone(), Rc::clone(log));
        move |now: Instant, event: Event| {
            log.borrow_mut().event(now, family, &event, |vif| names.of(vif));
        }
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

fn report_counters<F: FnMut(Instant, Event)>(service: &Service<F>, family: Family) {
    let (router, plane) = (service.daemon().router(family), service.daemon().plane(family));
    for (vif, interface, _) in router.into_iter().flat_map(|router| router.interfaces()) {
        let counters = plane.and_then(|plane| plane.vif_counters(vif)).unwrap_or_default();
        let (came, left) = (counters.packets_in, counters.packets_out);
        tracing::info!("{family} {}: {came} datagrams in, {left} out", interface.name);
    }
}

/// What interrupts the router's loop.
enum Order {
    End,
    Reload,
    /// The service manager is to hear that the loop goes round.
    Live,
    Answer(Asked),
    /// A window of the log may have ended.
    TellHeld,
}

/// The log: every event if it is verbose, else some of each kind.
struct Log {
    limiter: Limiter,
    verbose: bool,
    journal: Rc<RefCell<Journal>>,
}

impl Log {
    fn event(&mut self, now: Instant, family: Family, event: &Event, name: impl Fn(Vif) -> String) {
        self.journal.borrow_mut().event(now, family, event, &name);
        let weight = weight(event);
        if weight == Weight::Detail && !self.verbose {
            return;
        }
        let line = || format!("{family} {}", words(now, event, name));
        let line = match self.verbose {
            true => Some(line()),
            false => self.limiter.line(now, Kind::of(family, event), line),
        };
        if let Some(line) = line {
            self.line(now, weight, &line);
        }
    }

    fn line(&self, now: Instant, weight: Weight, line: &str) {
        match weight {
            Weight::Warning => tracing::warn!("{line}"),
            Weight::News => tracing::info!("{line}"),
            Weight::Detail => return tracing::debug!("{line}"),
        }
        let level = if weight == Weight::Warning { Level::Warning } else { Level::Info };
        self.journal.borrow_mut().line(now, level, line);
    }

    fn tell_held(&mut self, now: Option<Instant>) {
        for Held { count, all, example } in self.limiter.held(now) {
            tracing::warn!("{count} more such events, {all} since the start: {example}");
        }
    }
}
