//! Starts tcpdump in a namespace, ends it, and reads how many frames it lost.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use anyhow::{Context, Result, ensure};
use castnet_lab::lab::Netns;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A tcpdump that writes to a file in memory.
pub(crate) struct Tcpdump {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Tcpdump {
    /// Returns when tcpdump listens.
    pub(crate) fn start(netns: &Netns, ifname: &str) -> Result<Self> {
        let file = format!("/run/{}.pcap", netns.name());
        let mut tcpdump = Command::new("tcpdump");
        tcpdump.args(["-Z", "root", "-n", "-i", ifname, "-w", &file]).stderr(Stdio::piped());
        let mut child = netns.run(|| tcpdump.spawn())??;
        let mut said = BufReader::new(child.stderr.take().context("a pipe was asked for")?);
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            ensure!(said.read_line(&mut line)? > 0, "tcpdump does not listen");
        }
        Ok(Self { child, said })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(Pid::from_raw(i32::try_from(self.child.id())?), signal)?)
    }

    /// The number of frames that its kernel buffer had no room for.
    pub(crate) fn stop(mut self) -> Result<u64> {
        self.signal(Signal::SIGINT)?;
        let mut said = String::new();
        self.said.read_to_string(&mut said)?;
        self.child.wait()?;
        let dropped = said.lines().find_map(|line| line.strip_suffix(" packets dropped by kernel"));
        let dropped = dropped.or_else(|| {
            said.lines().find_map(|line| line.strip_suffix(" packet dropped by kernel"))
        });
        dropped.context("tcpdump did not say what it dropped")?.parse().context("a number")
    }
}
