//! `castnet capture`

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use castnet_lab::backend::Cancel;
use castnet_lab::output;
use castnet_lab::runner::live::{self, Count, Live};
use castnet_lab::runner::standing;
use clap::Args;

use super::{Ending, FAILED, Failure, complain, destination, interrupt};

#[derive(Args)]
pub(super) struct CaptureArgs {
    /// A link: each of its frames once, at the port that sent it. Or a port, as in r1:lan: what it
    /// sends and receives. Or else every link.
    #[arg(value_name = "LINK|NODE:LINK")]
    place: Option<String>,
    /// The process that holds the topology, if there are several.
    #[arg(long)]
    pid: Option<u32>,
    /// Write into a file instead of to standard output.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// A live pcapng until Ctrl-C, until nobody reads it, or until the topology is gone.
pub(super) fn capture(args: &CaptureArgs) -> Ending {
    if args.write.is_none() && io::stdout().is_terminal() {
        let ways = "| wireshark -k -i -, | castnet show -, or -w FILE";
        return Err(Failure::usage(format!("a capture is nothing to read on a terminal: {ways}")));
    }
    let place = args.place.as_deref();
    let what = place.map_or("node".to_owned(), |place| format!("link or port {place}"));
    args.write.as_ref().map_or(Ok(()), |file| destination::file("-w", file))?;
    let found = standing::find(args.pid, &what, |one| !live::ports(one, place).is_empty());
    let standing = found.map_err(Failure::usage)?;
    let live = Live::enter(&standing, place).map_err(Failure::broken)?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let out: Box<dyn Write> = match &args.write {
        Some(file) => Box::new(
            output::stream(file)
                .map_err(|error| Failure::broken(format!("{}: {error}", file.display())))?,
        ),
        None => Box::new(io::stdout().lock()),
    };
    match live.write(out, &cancel) {
        Ok(Count { written: 0, lost: 0 }) => {
            complain("no frame was captured: nothing was sent meanwhile");
            Ok(0)
        }
        Ok(Count { lost: 0, .. }) => Ok(0),
        Ok(Count { lost, .. }) => {
            complain(&format!("{lost} frames found no room and are missing"));
            Ok(FAILED)
        }
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(Failure::broken(error)),
    }
}
