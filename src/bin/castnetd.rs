//! `castnetd`: a multicast router on real interfaces.

#[cfg(not(target_os = "linux"))]
compile_error!("castnetd needs Linux; the routing core builds with `--lib --no-default-features`");

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use castnet::daemon::Opened;
use castnet::daemon::config::ConfigFile;
use castnet::daemon::interfaces::interfaces;
use castnet::event::Event;
use castnet::kernel::Clock;
use castnet::mfc::vif::Vif;
use castnet::rng::Rng;
use castnet::router::config::Config;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// An IP multicast router: IGMPv1, v2 and v3 querier and kernel multicast forwarding.
///
/// It runs in the foreground, in the network namespace that it is started in, and logs to standard
/// error. SIGHUP has it read its configuration again. SIGTERM and SIGINT end it; the kernel then forgets
/// every forwarding entry.
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
    },
    /// Check a configuration against itself and against the interfaces of this machine.
    Check {
        /// The configuration (TOML).
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run { config, verbose } => run(&config, verbose),
        Command::Check { config } => check(&config),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("castnetd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The file together with the kernel's interfaces.
struct Loaded {
    table: Option<u32>,
    config: Config,
    ifindexes: Vec<u32>,
}

fn load(path: &Path) -> anyhow::Result<Loaded> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {name}"))?;
    let file = ConfigFile::parse(&text).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    let known = interfaces().context("listing the interfaces")?;
    for interface in file.interface_names() {
        if !known.contains_key(interface) {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            let names = names.join(", ");
            anyhow::bail!("{name}: there is no interface {interface} here, only {names}");
        }
    }
    let addresses = |interface: &str| known.get(interface).map_or(&[][..], |i| &i.addresses);
    let config = file.router(addresses).with_context(|| name.to_string())?;
    let ifindexes = config.interfaces.iter().map(|i| known[&i.name].ifindex).collect();
    Ok(Loaded { table: file.table, config, ifindexes })
}

fn check(path: &Path) -> anyhow::Result<()> {
    let Loaded { config, .. } = load(path)?;
    let mut lines = String::new();
    for interface in &config.interfaces {
        let igmp = match &interface.igmp {
            None => "no IGMP".to_owned(),
            Some(params) => format!(
                "IGMP {:?}, a Query every {}",
                params.version,
                humantime::format_duration(params.query_interval)
            ),
        };
        let joins = interface.static_joins.len();
        writeln!(lines, "{}: {igmp}, {joins} static joins", interface.name)?;
    }
    writeln!(lines, "{}: ok", path.display())?;
    std::io::stdout().write_all(lines.as_bytes()).context("writing to standard output")
}

fn run(path: &Path, verbose: bool) -> anyhow::Result<()> {
    let level = if verbose { tracing::Level::DEBUG } else { tracing::Level::INFO };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
    let Loaded { table, config, ifindexes } = load(path)?;
    let names: Vec<String> = config.interfaces.iter().map(|i| i.name.clone()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Set up before the kernel is claimed: a signal from now on ends the daemon cleanly.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let observe = |_, event: Event| {
            let name = |vif: Vif| names.get(vif.index()).cloned().unwrap_or_default();
            log(&event, &event.describe(name));
        };
        let opened = Opened::open(config.family, table)?;
        let rng = Rng::for_node(RandomState::new().hash_one(std::process::id()), "castnetd");
        let mut daemon = opened.start(config, ifindexes.clone(), rng, Clock::start(), observe)?;
        tracing::info!("routing multicast between {}", names.join(", "));
        loop {
            let reload = async {
                tokio::select! {
                    _ = terminate.recv() => false,
                    _ = interrupt.recv() => false,
                    _ = hangup.recv() => true,
                }
            };
            if !daemon.run(reload).await? {
                break;
            }
            match reloaded(path, table, &ifindexes) {
                Ok(config) => daemon.configure(config),
                Err(error) => tracing::error!("{error:#}; the old configuration stays in force"),
            }
        }
        for (n, name) in names.iter().enumerate() {
            let counters = Vif::new(n).and_then(|vif| daemon.plane().vif_counters(vif));
            let counters = counters.unwrap_or_default();
            tracing::info!(
                "{name}: {} datagrams in, {} out",
                counters.packets_in,
                counters.packets_out
            );
        }
        anyhow::Ok(())
    })
}

/// The configuration as the file has it now, if a running router can take it.
fn reloaded(path: &Path, table: Option<u32>, ifindexes: &[u32]) -> anyhow::Result<Config> {
    let loaded = load(path)?;
    anyhow::ensure!(
        loaded.table == table && loaded.ifindexes == ifindexes,
        "{}: the table and the interfaces cannot change while the router serves",
        path.display()
    );
    Ok(loaded.config)
}

fn log(event: &Event, words: &str) {
    match event {
        Event::Gmp(..) | Event::Link { .. } | Event::Configured => tracing::info!("{words}"),
        Event::NoRoute(_) | Event::NotConfigured(_) | Event::Refused(_) | Event::Unusable(_) => {
            tracing::warn!("{words}")
        }
        _ => tracing::debug!("{words}"),
    }
}
