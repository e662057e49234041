//! What can be typed: as arguments, at the prompt, or as lines of standard input.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use castnet::addr::{Channel, Group, Source};
use castnet::daemon::control::shown::Topic;
use castnet::daemon::control::wire::{Ask, Change, LONGEST_LOOK_MS, LONGEST_TRIAL_S, What};
use castnet::manual::{ManArgs, Shell};
use clap::{Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::failure::Failure;

/// Looks into a running castnetd, changes it, and asks it why a stream is not forwarded.
///
/// Without a command it reads commands from standard input, one a line, and stops at the first one that
/// fails. The changes between `begin` and `commit` are made together or not at all.
///
/// Exit codes: 0 done, 1 refused, 2 not understood, 3 what is named is not there, 4 no castnetd answers.
#[derive(Parser)]
#[command(name = "castnetctl", version, infer_subcommands = true)]
pub(crate) struct Cli {
    /// The control socket of castnetd.
    #[arg(long, value_name = "PATH", default_value = "/run/castnet/control", global = true)]
    pub(crate) socket: PathBuf,
    /// Print JSON, one value a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// A line at the prompt or of standard input.
#[derive(Parser)]
#[command(name = "", no_binary_name = true, infer_subcommands = true, disable_version_flag = true)]
pub(crate) struct Line {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show the state.
    #[command(infer_subcommands = true)]
    Show {
        #[command(subcommand)]
        what: Shown,
    },
    /// Print what happens, as it happens.
    Monitor {
        /// Only events about these.
        topics: Vec<TopicName>,
        /// End after so many events.
        #[arg(long)]
        count: Option<u64>,
    },
    /// Forward a group, or one source of it, on an interface whether or not it has members there.
    Join {
        /// The interface.
        interface: String,
        /// The group; or the source, and then the group.
        #[arg(required = true, num_args = 1..=2, value_names = ["SOURCE", "GROUP"])]
        channel: Vec<IpAddr>,
    },
    /// The opposite of join.
    Leave {
        /// The interface.
        interface: String,
        /// The group; or the source, and then the group.
        #[arg(required = true, num_args = 1..=2, value_names = ["SOURCE", "GROUP"])]
        channel: Vec<IpAddr>,
    },
    /// Routes towards sources.
    #[command(infer_subcommands = true)]
    Route {
        #[command(subcommand)]
        change: RouteChange,
    },
    /// Have castnetd forget all flows; the next datagram of each is asked for anew.
    Flush,
    /// Have castnetd read its configuration again; a wrong one changes nothing.
    Reload {
        /// Go back to the present configuration unless `confirm` comes within this time, in minutes or as
        /// in 90s.
        #[arg(long, value_name = "MINUTES", value_parser = minutes)]
        confirm: Option<Duration>,
    },
    /// Keep the configuration of `reload --confirm`.
    Confirm,
    /// Print what a reload would change: `-` what is in force, `+` what the file has.
    Diff,
    /// Say why a stream does or does not leave, and what mends it.
    Explain {
        /// The source of the datagrams.
        source: IpAddr,
        /// Their group.
        group: IpAddr,
        /// How long to count datagrams, as in 1s or 500ms.
        #[arg(long = "for", value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
        look: Duration,
    },
    /// Print counters in the text format of Prometheus.
    Metrics,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print or write the manual.
    Man(ManArgs),
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Shown {
    /// The known flows, and where they go.
    Routes {
        /// Only those of this source, or of this group; or of both.
        #[arg(num_args = 0..=2, value_names = ["SOURCE", "GROUP"])]
        only: Vec<IpAddr>,
    },
    /// The groups with members.
    Groups {
        /// Only those on this interface.
        interface: Option<String>,
    },
    /// The interfaces, and what keeps any from being served.
    Interfaces,
    /// The neighbours of PIM, and the Designated Router of each link.
    Neighbours,
    /// The branches of PIM's trees: (S,G), and (*,G) over the RP.
    #[command(visible_alias = "tree")]
    Joins {
        /// Only those of this group.
        group: Option<IpAddr>,
    },
    /// The RPs of PIM.
    Rp {
        /// Only that of this group.
        group: Option<IpAddr>,
    },
    /// The configuration in force.
    Config,
    /// The last lines of the log.
    Log,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RouteChange {
    /// Have datagrams from a network come in on an interface.
    Add {
        /// The network of the sources.
        prefix: IpNet,
        /// The interface.
        interface: String,
    },
    /// The opposite of add.
    Del {
        /// The network of the sources.
        prefix: IpNet,
        /// The interface.
        interface: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TopicName {
    Groups,
    Routes,
    Upcalls,
    Queriers,
    Interfaces,
    Refusals,
    Config,
}

impl From<TopicName> for Topic {
    fn from(name: TopicName) -> Self {
        match name {
            TopicName::Groups => Self::Groups,
            TopicName::Routes => Self::Routes,
            TopicName::Upcalls => Self::Upcalls,
            TopicName::Queriers => Self::Queriers,
            TopicName::Interfaces => Self::Interfaces,
            TopicName::Refusals => Self::Refusals,
            TopicName::Config => Self::Config,
        }
    }
}

impl Verb {
    /// The request that it stands for.
    pub(crate) fn ask(&self) -> Result<Ask, Failure> {
        Ok(match self {
            Self::Show { what } => Ask::Show(what.what()?),
            Self::Monitor { topics, .. } => {
                Ask::Monitor { topics: topics.iter().copied().map(Topic::from).collect() }
            }
            Self::Flush => Ask::Flush,
            Self::Reload { confirm: None } => Ask::Reload,
            Self::Reload { confirm: Some(time) } => match time.as_secs() {
                within_s @ 1..=LONGEST_TRIAL_S => Ask::Trial { within_s },
                _ => return Err(Failure::usage("--confirm is 1s to 24h")),
            },
            Self::Confirm => Ask::Confirm,
            Self::Diff => Ask::Diff,
            Self::Explain { source: from, group: to, look } => Ask::Explain {
                source: source(*from)?,
                group: group(*to)?,
                look_ms: match u64::try_from(look.as_millis()) {
                    Ok(ms @ 1..=LONGEST_LOOK_MS) => ms,
                    _ => return Err(Failure::usage("--for is 1ms to 10s")),
                },
            },
            Self::Metrics => Ask::Metrics,
            Self::Completions { .. } | Self::Man(_) => {
                return Err(Failure::usage("completions and man stand alone: they ask nobody"));
            }
            Self::Join { .. } | Self::Leave { .. } | Self::Route { .. } => {
                Ask::Change(self.change()?.into_iter().collect())
            }
        })
    }

    /// The change that it stands for, if it is one.
    pub(crate) fn change(&self) -> Result<Option<Change>, Failure> {
        Ok(Some(match self {
            Self::Join { interface, channel: given } => {
                Change::Join { interface: interface.clone(), channel: channel(given)? }
            }
            Self::Leave { interface, channel: given } => {
                Change::Leave { interface: interface.clone(), channel: channel(given)? }
            }
            Self::Route { change } => match change.clone() {
                RouteChange::Add { prefix, interface } => Change::RouteAdd { prefix, interface },
                RouteChange::Del { prefix, interface } => Change::RouteDel { prefix, interface },
            },
            _ => return Ok(None),
        }))
    }
}

impl Shown {
    fn what(&self) -> Result<What, Failure> {
        Ok(match self {
            Self::Routes { only } => match only[..] {
                [] => What::Routes { source: None, group: None },
                [one] if one.is_multicast() => {
                    What::Routes { source: None, group: Some(group(one)?) }
                }
                [one] => What::Routes { source: Some(source(one)?), group: None },
                [from, to, ..] => {
                    What::Routes { source: Some(source(from)?), group: Some(group(to)?) }
                }
            },
            Self::Groups { interface } => What::Groups { interface: interface.clone() },
            Self::Interfaces => What::Interfaces,
            Self::Neighbours => What::Neighbours,
            Self::Joins { group: of } => What::Joins { group: of.map(group).transpose()? },
            Self::Rp { group: of } => What::Rps { group: of.map(group).transpose()? },
            Self::Config => What::Config,
            Self::Log => What::Log,
        })
    }
}

/// A time that is written as minutes, or with its unit.
fn minutes(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(minutes) => Ok(Duration::from_secs(60) * minutes),
        Err(_) => humantime::parse_duration(text).map_err(|why| why.to_string()),
    }
}

/// A group, or a source and then a group.
fn channel(given: &[IpAddr]) -> Result<Channel, Failure> {
    match *given {
        [to] => Ok(Channel { source: None, group: group(to)? }),
        [from, to] => Ok(Channel { source: Some(source(from)?), group: group(to)? }),
        _ => Err(Failure::usage("a group is missing")),
    }
}

fn source(addr: IpAddr) -> Result<Source, Failure> {
    Source::try_from(addr).map_err(|why| Failure::usage(why.to_string()))
}

fn group(addr: IpAddr) -> Result<Group, Failure> {
    Group::try_from(addr).map_err(|why| Failure::usage(why.to_string()))
}
