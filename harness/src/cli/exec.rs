//! `castnet exec`

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};

use castnet_lab::runner::standing;
use clap::Args;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::unistd::Pid;

use super::{Ending, Failure};

/// castnet itself failed: 125 to 127 are the codes of other programs that start programs.
const OWN_FAULT: u8 = 125;
/// The command cannot be started.
const NOT_STARTED: u8 = 126;
/// There is no such command.
const NOT_FOUND: u8 = 127;
/// A signal that ended the command adds its number to this, as in shells.
const SIGNALLED: i32 = 128;

/// Signals that another process sends to castnet, but means for the command.
const FORWARDED: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTERM,
];

#[derive(Args)]
#[command(after_help = "Exit code: that of the command; 125 if there is no such node, 126 if the \
                        command cannot be started, 127 if there is none.")]
pub(super) struct ExecArgs {
    /// The node of a topology that stands: of `castnet up`, or of a run that --pause-on-fail or
    /// --keep holds.
    node: String,
    /// The process that holds the topology, if there are several.
    #[arg(long)]
    pid: Option<u32>,
    /// What to run in the node's namespace, with its arguments.
    #[arg(required = true, last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs the command in the node, where it ends with the topology at the latest. Signals and the exit
/// code are the command's.
pub(super) fn exec(args: &ExecArgs) -> Ending {
    let failed = |message: String| Failure { code: OWN_FAULT, message };
    let what = format!("node {}", args.node);
    let found = standing::find(args.pid, &what, |one| one.node(&args.node).is_some());
    let standing = found.map_err(|error| failed(error.to_string()))?;
    let entered = standing.node(&args.node).map_or(Ok(()), |node| standing.enter_node(node));
    entered.map_err(|error| failed(format!("{what}: {error}")))?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(failed("no command".to_owned()));
    };
    let signals = watch_signals().map_err(|error| failed(error.to_string()))?;
    // Only a child is in the node's PID namespace.
    let child = Command::new(program).args(arguments).spawn().map_err(|error| {
        let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_STARTED };
        Failure { code, message: format!("{}: {error}", program.display()) }
    })?;
    let status = attend(child, &signals).map_err(|error| failed(error.to_string()))?;
    let signal = || status.signal().map_or(OWN_FAULT.into(), |signal| SIGNALLED + signal);
    Ok(status.code().unwrap_or_else(signal).try_into().unwrap_or(u8::MAX))
}

fn watch_signals() -> io::Result<SignalFd> {
    let mut mask = SigSet::from_iter(FORWARDED);
    mask.add(Signal::SIGCHLD);
    mask.thread_block()?;
    Ok(SignalFd::new(&mask)?)
}

/// Waits for the command, and sends on to it what other processes send to castnet. What the terminal
/// sends has reached it already.
fn attend(mut child: Child, signals: &SignalFd) -> io::Result<ExitStatus> {
    let pid = Pid::from_raw(child.id().try_into().map_err(io::Error::other)?);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let Some(told) = signals.read_signal()? else { continue };
        let signal = FORWARDED.into_iter().find(|signal| *signal as u32 == told.ssi_signo);
        if let Some(signal) = signal.filter(|_| told.ssi_code <= libc::SI_USER) {
            // The command has not been waited for, so its number is its own.
            _ = kill(pid, signal);
        }
    }
}
