//! What can be typed: as arguments, at the prompt, or as lines of standard input.

use std::net::IpAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Own a multicast routing table of the kernel by hand: virtual interfaces, entries, memberships, upcalls.
///
/// Without a command it reads commands from standard input, one a line, and stops at the first one that
/// fails; on a terminal it is a prompt, with Tab and `?`. The table is taken over with the first command that
/// needs it, and given back at the end, with everything in it.
#[derive(Args)]
#[command(infer_subcommands = true)]
pub(in super::super) struct MrouteArgs {
    /// The table, if not the kernel's default (`ip mrule` says which packets it routes).
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=99_999_999))]
    pub(super) table: Option<u32>,
    /// IPv6 in place of IPv4.
    #[arg(short = '6', long = "ipv6")]
    pub(super) is_ipv6: bool,
    /// The network namespace: a name of `ip netns`, a path, or the number of a process.
    #[arg(long, value_name = "NAME")]
    pub(super) netns: Option<String>,
    /// Print each system call that is made on the routing socket.
    #[arg(long)]
    pub(super) show: bool,
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

/// A line at the prompt or of standard input.
#[derive(Parser)]
#[command(name = "", no_binary_name = true, infer_subcommands = true, disable_version_flag = true)]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Verb {
    /// The virtual interfaces: the devices that take part.
    #[command(infer_subcommands = true)]
    Vif {
        #[command(subcommand)]
        verb: VifVerb,
    },
    /// The forwarding entries.
    #[command(infer_subcommands = true)]
    Mfc {
        #[command(subcommand)]
        verb: MfcVerb,
    },
    /// What this machine itself has joined, as a host.
    #[command(infer_subcommands = true)]
    Member {
        #[command(subcommand)]
        verb: MemberVerb,
    },
    /// Print upcalls, and packets of IGMP or MLD, as they come.
    Upcalls {
        /// End after so many.
        #[arg(long)]
        count: Option<u64>,
        /// End after this time, as in 10s.
        #[arg(long = "for", value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
        time: Duration,
    },
    /// Have the kernel do what PIM needs, or no longer; assert is set to the same.
    Pim { switch: Switch },
    /// Have the kernel tell of datagrams on wrong interfaces, or no longer.
    Assert { switch: Switch },
    /// Remove parts of the table; everything without a part.
    Flush { parts: Vec<Part> },
    /// The tables that rules and entries name.
    Tables,
    /// The version of the kernel's interface, and what is in the table.
    Status,
    /// Say what octets in hexadecimal are: an IP packet, a frame of Ethernet, or an upcall.
    Decode {
        #[arg(required = true)]
        hex: Vec<String>,
    },
    /// Give the table back.
    Done,
    /// End.
    #[command(alias = "exit", alias = "quit")]
    Bye,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

impl From<Switch> for bool {
    fn from(switch: Switch) -> Self {
        matches!(switch, Switch::On)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Entries of this socket.
    Entries,
    /// Entries that another socket has added.
    StaticEntries,
    /// Virtual interfaces of this socket.
    Vifs,
    /// Virtual interfaces that another socket has added.
    StaticVifs,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum VifVerb {
    /// Have a device take part.
    Add {
        /// The device.
        interface: String,
        /// Its number, 0 to 31; the lowest free one unless given.
        number: Option<u8>,
        /// Its TTL threshold, of IPv4.
        #[arg(long, default_value_t = 1)]
        threshold: u8,
    },
    /// The opposite of add.
    Del {
        /// The device, or its number.
        vif: String,
    },
    /// Print them.
    List,
    /// Print the counters of one or all.
    Stats {
        /// The device, or its number.
        vif: Option<String>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum MfcVerb {
    /// Forward a flow, in place of any earlier entry for it.
    Add {
        /// The source of its datagrams.
        source: IpAddr,
        /// Their group.
        group: IpAddr,
        /// The device, or its number, where they come in.
        vif: String,
        /// Where they leave, as DEVICE or DEVICE:THRESHOLD; without any they are dropped.
        vifs: Vec<String>,
    },
    /// Delete the entry of a flow.
    Del {
        /// The source of its datagrams.
        source: IpAddr,
        /// Their group.
        group: IpAddr,
    },
    /// Print the entries; of the default table also those that wait for one.
    List,
    /// Print the counters of a flow's entry.
    Stats {
        /// The source of its datagrams.
        source: IpAddr,
        /// Their group.
        group: IpAddr,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum MemberVerb {
    /// Join a group, or sources of it.
    Add {
        /// The device.
        interface: String,
        /// The group.
        group: IpAddr,
        /// Only these sources.
        sources: Vec<IpAddr>,
    },
    /// The opposite of add.
    Drop {
        /// The device.
        interface: String,
        /// The group.
        group: IpAddr,
        /// Only these sources.
        sources: Vec<IpAddr>,
    },
    /// Print them.
    List,
}
