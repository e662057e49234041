//! What can be typed for smcroutectl, as arguments or as lines of standard input.

use std::path::PathBuf;

use castnet::manual::{ManArgs, Shell};
use clap::{Parser, Subcommand};

/// Looks into a running smcrouted, and changes its routes and memberships until it reads its
/// configuration again.
///
/// Words may be shortened as long as they are clear: `s g` is `show groups`. Without a command it shows the
/// routes. An interface may be a pattern: `eth+` stands for eth0, eth15 and so on.
///
/// Exit codes: 0 done, 1 not done; with -b the number of lines that failed.
#[derive(Debug, Parser)]
#[command(
    name = "smcroutectl",
    infer_subcommands = true,
    disable_version_flag = true,
    args_override_self = true
)]
pub(crate) struct Cli {
    /// Read commands from standard input, one a line
    #[arg(short = 'b', global = true)]
    pub(crate) batch: bool,
    /// Show datagrams and octets, and what the kernel has joined
    #[arg(short = 'd', global = true)]
    pub(crate) details: bool,
    /// Show JSON
    #[arg(short = 'j', global = true)]
    pub(crate) json: bool,
    /// The name of the daemon
    #[arg(
        short = 'i',
        short_alias = 'I',
        value_name = "NAME",
        default_value = "smcroute",
        global = true
    )]
    ident: String,
    /// Plain headings, without control characters
    #[arg(short = 'p', global = true)]
    pub(crate) plain: bool,
    /// No headings
    #[arg(short = 't', global = true)]
    pub(crate) no_headings: bool,
    /// The socket of the daemon; /run/NAME.sock unless given
    #[arg(short = 'u', short_alias = 'S', value_name = "FILE", global = true)]
    socket: Option<PathBuf>,
    /// The version
    #[arg(short = 'v', global = true)]
    /// The version
    #[arg(short = 'v', global = true)]
    pub(crate) version: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// A line of standard input.
#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, infer_subcommands = true, disable_version_flag = true)]
pub(crate) struct Line {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Verb {
    /// Add a route, or outgoing interfaces to one: IIF [SOURCE[/LEN]] GROUP[/LEN] OIF...
    #[command(override_usage = "smcroutectl add IIF [SOURCE[/LEN]] GROUP[/LEN] OIF...")]
    Add {
        /// The incoming interface, the sources (all unless given), the groups, the outgoing interfaces
        #[arg(required = true, num_args = 2..)]
        words: Vec<String>,
    },
    /// Remove a route, or outgoing interfaces of one: IIF [SOURCE[/LEN]] GROUP[/LEN] [OIF...]
    #[command(
        aliases = ["del", "rem"],
        override_usage = "smcroutectl remove IIF [SOURCE[/LEN]] GROUP[/LEN] [OIF...]"
    )]
    Remove {
        /// The incoming interface, the sources, the groups, the outgoing interfaces (all unless given)
        #[arg(required = true, num_args = 2..)]
        words: Vec<String>,
    },
    /// Join a group on an interface: IIF [SOURCE[/LEN]] GROUP[/LEN]
    #[command(override_usage = "smcroutectl join IIF [SOURCE[/LEN]] GROUP[/LEN]")]
    Join {
        /// The interface, the sources (all unless given), the groups
        #[arg(required = true, num_args = 2..=3)]
        words: Vec<String>,
    },
    /// Leave a group that was joined: IIF [SOURCE[/LEN]] GROUP[/LEN]
    #[command(override_usage = "smcroutectl leave IIF [SOURCE[/LEN]] GROUP[/LEN]")]
    Leave {
        /// The interface, the sources, the groups
        #[arg(required = true, num_args = 2..=3)]
        words: Vec<String>,
    },
    /// Flush the routes that the kernel has asked for
    Flush,
    /// Have the daemon read its configuration again; a wrong one changes nothing
    #[command(alias = "restart")]
    Reload,
    /// End the daemon
    Kill,
    /// Show routes, groups, interfaces, or what waits for its interfaces
    #[command(infer_subcommands = true)]
    Show {
        #[command(subcommand)]
        what: Option<Shown>,
    },
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print or write the manual
    Man(ManArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Shown {
    /// Rules and entries of the kernel
    Routes,
    /// The groups that the machine has joined
    Groups,
    /// The devices, with their numbers in multicast routing
    #[command(alias = "ifaces")]
    Interfaces,
    /// Routes and memberships of interfaces that are not there
    Pending,
}

impl Default for Verb {
    fn default() -> Self {
        Self::Show { what: None }
    }
}

impl Verb {
    /// Whether its answer is shown; that of others is an error.
    pub(crate) const fn is_shown(&self) -> bool {
        matches!(self, Self::Show { .. })
    }

    /// The letter of its request, and the words.
    pub(crate) fn request(&self) -> (char, Vec<String>) {
        match self {
            Self::Add { words } => ('a', words.clone()),
            Self::Remove { words } => ('r', words.clone()),
            Self::Join { words } => ('j', words.clone()),
            Self::Leave { words } => ('l', words.clone()),
            Self::Flush => ('F', Vec::new()),
            Self::Reload => ('H', Vec::new()),
            Self::Kill => ('k', Vec::new()),
            Self::Show { what } => ('s', what.iter().map(|what| what.word().to_owned()).collect()),
            Self::Version | Self::Completions { .. } | Self::Man(_) => ('?', Vec::new()),
        }
    }
}

impl Shown {
    const fn word(self) -> &'static str {
        match self {
            Self::Routes => "routes",
            Self::Groups => "groups",
            Self::Interfaces => "interfaces",
            Self::Pending => "pending",
        }
    }
}

impl Cli {
    /// The socket of the daemon.
    pub(crate) fn socket(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| format!("/run/{}.sock", self.ident).into())
    }
}
