//! `castnet exec`

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use castnet_lab::runner::standing;
use clap::Args;

use super::{Ending, Failure};

/// castnet itself failed: 125 to 127 are the codes of other programs that start programs.
const OWN_FAULT: u8 = 125;
/// The command cannot be started.
const NOT_STARTED: u8 = 126;
/// There is no such command.
const NOT_FOUND: u8 = 127;

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

/// Replaces this process by the command, so that signals and the exit code are the command's.
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
    let error = Command::new(program).args(arguments).exec();
    let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_STARTED };
    Err(Failure { code, message: format!("{}: {error}", program.display()) })
}
