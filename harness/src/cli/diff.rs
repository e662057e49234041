//! `castnet diff`

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use castnet_lab::snapshot::diff::text::{Marks, render};
use castnet_lab::snapshot::diff::{self, Capture, json};
use clap::Args;

use super::{Ending, FAILED, Failure, USAGE, complain, say_coloured, say_json, stdout_style};

#[derive(Args)]
pub(super) struct DiffArgs {
    /// A capture of any tool, pcapng or pcap.
    #[arg(value_name = "A")]
    one: PathBuf,
    /// The capture that it is compared with.
    #[arg(value_name = "B")]
    other: PathBuf,
    /// Times since the first frame count, too, if they differ by more than this.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    within: Option<Duration>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Ends with 0 if nothing differs, with 1 if something does or nothing was compared, with 2 if a capture
/// cannot be read whole.
pub(super) fn diff(args: &DiffArgs) -> Ending {
    let (one, one_is_whole) = load(&args.one)?;
    let (other, other_is_whole) = load(&args.other)?;
    let diff = diff::diff(&one, &other, args.within);
    let names = [&args.one, &args.other].map(|path| path.display().to_string());
    if args.json {
        say_json(&json::document(&diff, &names[0], &names[1]).map_err(Failure::broken)?);
    } else {
        say_coloured(&render(&diff, Marks { color: stdout_style().color }));
    }
    let is_empty = one.packets == 0 && other.packets == 0;
    if is_empty {
        complain("neither capture has a packet, so that nothing was compared");
    }
    Ok(match (one_is_whole && other_is_whole, diff.is_equal() && !is_empty) {
        (false, _) => USAGE,
        (true, true) => 0,
        (true, false) => FAILED,
    })
}

/// The capture, and whether that is all of it.
fn load(path: &Path) -> Result<(Capture, bool), Failure> {
    let named = |what: &dyn ToString| format!("{}: {}", path.display(), what.to_string());
    let file = File::open(path).map_err(|error| Failure::usage(named(&error)))?;
    let (capture, reading) =
        Capture::read(file).map_err(|broken| Failure::usage(named(&broken)))?;
    for remark in reading.remarks(capture.packets) {
        complain(&named(&remark));
    }
    Ok((capture, reading.is_whole()))
}
