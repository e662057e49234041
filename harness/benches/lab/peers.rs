//! Other tools that build the same chain: `ip -batch`, a shell script of `ip` commands, pyroute2.
//!
//! They do less than castnet: no sysctls, no chosen Ethernet addresses, checksums left to the
//! receiver, no capture and no proof.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::chain::Chain;
use crate::timed;

/// A way to build a chain with names under /run/netns.
#[derive(Debug)]
pub(crate) enum Peer {
    /// One process for namespaces and links, then one for each node.
    IpBatch,
    /// A shell and a process for each command.
    Shell,
    /// `chain.py` in this Python interpreter.
    Pyroute2(PathBuf),
}

impl Peer {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::IpBatch => "ip -batch",
            Self::Shell => "sh + ip",
            Self::Pyroute2(_) => "pyroute2",
        }
    }

    /// Whether it can be run here.
    pub(crate) fn installed(&self) -> bool {
        let run = |program: &str, words: &[&str]| {
            let quiet = Command::new(program)
                .args(words)
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .status();
            quiet.is_ok_and(|status| status.success())
        };
        match self {
            Self::IpBatch | Self::Shell => run("ip", &["-Version"]),
            Self::Pyroute2(python) => run(&python.to_string_lossy(), &["-c", "import pyroute2"]),
        }
    }

    /// Builds the chain; returns the time that it took.
    pub(crate) fn up(&self, chain: &Chain) -> Result<Duration> {
        let (make, configure) = chain.commands();
        match self {
            Self::IpBatch => {
                let (took, done) = timed(|| {
                    batch(&[], &make)?;
                    let mut nodes = chain.nodes.iter().zip(&configure);
                    nodes.try_for_each(|(node, commands)| batch(&["-netns", node], commands))
                });
                done.map(|()| took)
            }
            Self::Shell => {
                let inside = |(node, commands): (&String, &String)| {
                    commands
                        .lines()
                        .map(|line| format!("ip -n {node} {line}\n"))
                        .collect::<String>()
                };
                let configure = chain.nodes.iter().zip(&configure).map(inside);
                let make = make.lines().map(|line| format!("ip {line}\n"));
                shell(&make.chain(configure).collect::<String>())
            }
            Self::Pyroute2(python) => script(python, "up", chain),
        }
    }

    /// Removes the chain; returns the time until the tool returns.
    pub(crate) fn down(&self, chain: &Chain) -> Result<Duration> {
        let removal = chain.removal();
        match self {
            Self::IpBatch => {
                let (took, done) = timed(|| batch(&[], &removal));
                done.map(|()| took)
            }
            Self::Shell => {
                shell(&removal.lines().map(|line| format!("ip {line}\n")).collect::<String>())
            }
            Self::Pyroute2(python) => script(python, "down", chain),
        }
    }
}

/// One `ip` process with these options, for all these commands.
pub(crate) fn batch(options: &[&str], commands: &str) -> Result<()> {
    let mut ip = Command::new("ip");
    feed(ip.args(options).args(["-batch", "-"]), commands)
}

fn shell(script: &str) -> Result<Duration> {
    let (took, done) = timed(|| feed(Command::new("sh").arg("-e"), script));
    done.map(|()| took)
}

/// The script reports its own time: an interpreter's start and end are not compared.
fn script(python: &PathBuf, way: &str, chain: &Chain) -> Result<Duration> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/lab/chain.py");
    let mut child = start(Command::new(python).args([script, way]), &chain.lines())?;
    let mut seconds = String::new();
    let stdout = child.stdout.take().context("a pipe was asked for")?;
    BufReader::new(stdout).read_line(&mut seconds)?;
    // Another thread waits for its end: meanwhile the canaries are watched.
    thread::spawn(move || child.wait());
    let seconds: f64 = seconds.trim().parse().context("what chain.py printed")?;
    Ok(Duration::from_secs_f64(seconds))
}

/// Runs a command on this input, to its end. Its errors go to standard error.
fn feed(command: &mut Command, input: &str) -> Result<()> {
    let status = start(command, input)?.wait()?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

fn start(command: &mut Command, input: &str) -> Result<Child> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("a pipe was asked for")?;
    stdin.write_all(input.as_bytes())?;
    Ok(child)
}
