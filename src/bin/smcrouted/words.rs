//! What can be typed for smcrouted: the options of smcroute 2.4 to 2.6, and some of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use castnet::manual::Shell;
use castnet::mrd;
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

/// The exit code of what cannot be understood (`EX_USAGE`).
const USAGE: u8 = 64;

/// A static multicast router: what smcroute's daemon does, with its command line, files and socket.
///
/// It forwards by the routes of its configuration and of smcroutectl, with or without members. SIGHUP has it
/// read its configuration again; a file with an error changes nothing. SIGTERM and SIGINT end it. Once it
/// serves it has no privilege any more.
#[derive(Debug, Parser)]
#[command(
    name = "smcrouted",
    disable_help_flag = true,
    disable_version_flag = true,
    args_override_self = true
)]
pub(crate) struct Cli {
    /// Flush routes that the kernel has asked for after SEC idle seconds; 0 for never
    #[arg(short = 'c', value_name = "SEC", default_value_t = 60)]
    pub(crate) cache: u64,
    /// Wait before interfaces are looked at
    #[arg(short = 'd', value_name = "SEC")]
    pub(crate) delay: Option<u64>,
    /// Run `CMD reload` after each load, and `CMD install` with the variables source and group for a flow that
    /// a route of several has forwarded
    #[arg(short = 'e', value_name = "CMD")]
    pub(crate) hook: Option<String>,
    /// What the process of -e is started with
    #[arg(long, hide = true)]
    pub(crate) run_hook: Option<String>,
    /// The configuration; /etc/NAME.conf unless given
    #[arg(short = 'f', value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check the configuration: exit code 78, with line and caret, if it has an error
    #[arg(short = 'F', value_name = "FILE", num_args = 0..=1)]
    #[allow(clippy::option_option, reason = "the option may stand without a file")]
    pub(crate) check: Option<Option<PathBuf>>,
    /// With -F: write what it means as a configuration of castnetd
    #[arg(long, requires = "check")]
    pub(crate) to_toml: bool,
    /// Also refuse what smcroute takes by accident or passes over
    #[arg(long)]
    pub(crate) strict: bool,
    /// This help
    #[arg(short = 'h', long, action = ArgAction::Help)]
    help: Option<bool>,
    /// The name for the configuration, the socket, the process file and syslog
    #[arg(short = 'i', short_alias = 'I', value_name = "NAME", default_value = "smcroute")]
    pub(crate) ident: String,
    /// What is logged: none, err, notice, info, debug
    #[arg(short = 'l', short_alias = 'L', value_name = "LVL", default_value = "notice")]
    pub(crate) level: Level,
    /// Seconds from one Advertisement of a router to the next, where a phyint says mrdisc: 4 to 180
    #[arg(short = 'm', value_name = "SEC", default_value_t = mrd::INTERVAL,
        value_parser = clap::value_parser!(u8)
            .range(i64::from(*mrd::INTERVALS.start())..=i64::from(*mrd::INTERVALS.end())))]
    pub(crate) router_discovery: u8,
    /// Stay in the foreground, and log to standard error
    #[arg(short = 'n')]
    pub(crate) foreground: bool,
    /// Use only interfaces that a phyint of the configuration enables
    #[arg(short = 'N')]
    pub(crate) explicit: bool,
    /// Become this user once the sockets are open
    #[arg(short = 'p', value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,
    /// The file with the process number, there once it serves; /run/NAME.pid unless given
    #[arg(short = 'P', value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// Log to syslog in the foreground, too
    #[arg(short = 's')]
    pub(crate) syslog: bool,
    /// The multicast routing table; that of the kernel unless given, or if 0
    #[arg(short = 't', value_name = "ID")]
    pub(crate) table: Option<u32>,
    /// The socket for smcroutectl; /run/NAME.sock unless given
    #[arg(short = 'u', short_alias = 'S', value_name = "FILE")]
    socket: Option<PathBuf>,
    /// The version
    #[arg(short = 'v', short_alias = 'V', long)]
    version: bool,
    /// A socket for castnetctl as well, which explains why a stream is not forwarded
    #[arg(long, value_name = "FILE")]
    pub(crate) control: Option<PathBuf>,
    /// Print a completion script for a shell
    #[arg(long, value_name = "SHELL")]
    pub(crate) completions: Option<Shell>,
    /// Print the manual, or write it into this folder
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    #[allow(clippy::option_option, reason = "the option may stand without a folder")]
    pub(crate) man: Option<Option<PathBuf>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    None,
    #[value(alias = "error")]
    Err,
    #[value(alias = "warning")]
    Notice,
    Info,
    Debug,
}

/// What was typed, or the exit code of a program that has nothing more to do.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    let command = Cli::command();
    let help = help(&command);
    let matches = command.override_help(help).try_get_matches();
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| {
        _ = error.print();
        match error.kind() {
            ErrorKind::DisplayHelp => ExitCode::SUCCESS,
            _ => ExitCode::from(USAGE),
        }
    })?;
    if cli.version {
        println!("smcrouted of castnet {}", env!("CARGO_PKG_VERSION"));
        return Err(ExitCode::SUCCESS);
    }
    Ok(cli)
}

/// The help in the form of smcroute's, because scripts look there for the options that it has.
fn help(command: &clap::Command) -> String {
    let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{about}\n\nUsage:\n  smcrouted [OPTIONS]\n\nOptions:\n");
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let name = match (arg.get_short(), arg.get_long()) {
            (Some(short), _) => format!("-{short}"),
            (None, long) => format!("--{}", long.unwrap_or_default()),
        };
        let value = arg.get_value_names().filter(|_| arg.get_action().takes_values());
        let value = value.and_then(|names| names.first()).map(ToString::to_string);
        let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let name = [name, value.unwrap_or_default()].join(" ");
        text += &format!("  {name:15} {about}\n");
    }
    text
}

impl Cli {
    /// The configuration.
    pub(crate) fn config(&self) -> PathBuf {
        let named = || PathBuf::from(format!("/etc/{}.conf", self.ident));
        let path = self.config.clone().unwrap_or_else(named);
        // A daemon has no folder of its own.
        std::path::absolute(&path).unwrap_or(path)
    }

    /// The file with the process number: a name alone is one in /run.
    pub(crate) fn pid_file(&self) -> PathBuf {
        match &self.pid_file {
            None => PathBuf::from(format!("/run/{}.pid", self.ident)),
            Some(path) if path.is_absolute() => path.clone(),
            Some(name) => Path::new("/run").join(format!("{}.pid", name.display())),
        }
    }

    /// The socket for smcroutectl.
    pub(crate) fn socket(&self) -> PathBuf {
        let named = || PathBuf::from(format!("/run/{}.sock", self.ident));
        let path = self.socket.clone().unwrap_or_else(named);
        std::path::absolute(&path).unwrap_or(path)
    }

    /// Whether every event is logged.
    pub(crate) const fn is_verbose(&self) -> bool {
        matches!(self.level, Level::Debug)
    }
}
