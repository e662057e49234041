//! `castnetd`: a multicast router on real interfaces.

#[cfg(not(target_os = "linux"))]
compile_error!("castnetd needs Linux; the routing core builds with `--lib --no-default-features`");

#[path = "castnetd/convert.rs"]
mod convert;
#[path = "castnetd/keep.rs"]
mod keep;

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use castnet::addr::{Family, PerFamily};
use castnet::daemon::config::{self, ConfigFile};
use castnet::daemon::confine::User;
use castnet::daemon::control::Loaded;
use castnet::daemon::links::Links;
use castnet::daemon::notice::notices;
use castnet::daemon::program::{self, Setup, open};
use castnet::daemon::served::Served;
use castnet::daemon::supervised::Handed;
use castnet::gmp::message::Version;
use castnet::manual::{self, ManArgs, Section, Shell};
use castnet::router::config::InterfaceConfig;
use clap::{CommandFactory as _, Parser, Subcommand};
use nix::sys::signal::Signal;

/// An IP multicast router: IGMP and MLD querier, and kernel multicast forwarding of IPv4 and IPv6.
///
/// It runs in the foreground, in the network namespace that it is started in, and logs to standard
/// error. SIGHUP has it read its configuration again. SIGTERM and SIGINT end it; the kernel then forgets
/// every forwarding entry. Once its sockets are open it has no privilege any more.
#[derive(Parser)]
#[command(name = "castnetd", version, arg_required_else_help = true)]
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
    /// Write what a configuration of smcroute means as one of castnetd, to standard output. To keep the file,
    /// run smcrouted.
    Convert {
        /// The configuration of smcroute.
        config: PathBuf,
        /// Refuse what smcroute passes over or takes by accident, too.
        #[arg(long)]
        strict: bool,
    },
    /// Print or write the manual.
    Man(ManArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
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
        Command::Man(ManArgs { out }) => {
            let pages = manual::pages(Cli::command(), Section::Daemons);
            manual::write(&pages, out.as_deref()).context("writing the manual")
        }
        Command::Completions { shell } => {
            let script = manual::completions(Cli::command(), shell);
            std::io::stdout().write_all(&script).context("writing to standard output")
        }
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
    for (count, what) in
        [(file.rule.len(), "static rules"), (file.membership.len(), "memberships of this machine")]
    {
        if count > 0 {
            writeln!(lines, "{count} {what}")?;
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
    let setup = Setup {
        loaded: (text, file),
        load: &|| reread(path),
        paths: vec![path.to_owned()],
        verbose,
        user,
        control,
        desk: None,
        pid_file: None,
        hook: None,
    };
    program::run(setup, |file| open(file, handed))
}

/// The file as a reload takes it, with its error in words.
fn reread(path: &Path) -> Result<Loaded, String> {
    load(path).map_err(|why| format!("{why:#}"))
}
