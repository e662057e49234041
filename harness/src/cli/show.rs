//! `castnet show`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use castnet::addr::Family;
use castnet::time::Seconds;
use castnet_lab::capture::file::{Broken, CapturedFrame, read};
use castnet_lab::capture::inspected::{FrameContent, InspectedFrame};
use castnet_lab::report::ladder::{Columns, Ladder};
use clap::Args;

use super::output::is_read;
use super::{Ending, FAILED, Failure, complain, say, width};

#[derive(Args)]
pub(super) struct ShowArgs {
    /// A capture of any tool, pcapng or pcap; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only IGMP messages; with --mld those of either.
    #[arg(long)]
    igmp: bool,
    /// Only MLD messages; with --igmp those of either.
    #[arg(long)]
    mld: bool,
    /// Draw a ladder: a column for each interface, and for each node of castnet's own captures.
    #[arg(long)]
    ladder: bool,
    /// Draw a ladder with a column for each sender's IP address.
    #[arg(long, conflicts_with = "ladder")]
    addresses: bool,
    /// Only lines with this in them; may be given more than once, for any of them.
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
}

/// The state while reading the file.
#[derive(Default)]
struct Seen {
    /// The stamp of the first frame.
    first: Option<Duration>,
    frames: usize,
    /// The number of frames that were shown.
    shown: usize,
    /// The number of frames that could not be decoded, and the reason for the first of them.
    unread: u64,
    why: Option<String>,
    /// Frames that may be IGMP or MLD although nobody can tell, by the protocol and the reason.
    hidden: BTreeMap<(&'static str, &'static str), u64>,
}

/// Exit code 1 if the file could not be read to its end, or nothing in it is to be shown.
pub(super) fn show(args: &ShowArgs) -> Ending {
    let file = open(&args.file);
    let named = |what: &dyn ToString| format!("{}: {}", args.file.display(), what.to_string());
    let file = file.map_err(|error| Failure::usage(named(&error)))?;
    let mut seen = Seen::default();
    let columns = args.columns();
    let mut ladder = Ladder::default();
    let reading = read(file, |shot| {
        let line = seen.line(&shot);
        seen.hide(&line.frame, args.only());
        if !args.wants(&line) {
            return true;
        }
        seen.shown += 1;
        match columns {
            Some(columns) => {
                ladder.add_frame(line.at, &line.frame, columns);
                true
            }
            None => is_read(&format!("{}\n", line.text)),
        }
    });
    say(&ladder.render(width()));
    let Seen { frames, shown, unread, why, hidden, .. } = seen;
    for ((protocol, why), count) in hidden {
        complain(&named(&format!("{count} frames are not shown and may be {protocol}: {why}")));
    }
    if let Some(why) = why {
        complain(&named(&format!("{unread} of {frames} frames could not be read: {why}")));
    }
    if let Err(broken @ Broken::NotACapture(_)) = &reading.ended {
        return Err(Failure::usage(named(broken)));
    }
    for remark in reading.remarks(frames) {
        complain(&named(&remark));
    }
    if shown == 0 {
        complain(&named(&format!("none of its {frames} frames is to be shown")));
    }
    Ok(if shown == 0 || unread > 0 || !reading.is_whole() { FAILED } else { 0 })
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Box::new(file))
}

/// A frame in a line.
struct Line {
    frame: InspectedFrame,
    at: Duration,
    text: String,
}

impl ShowArgs {
    fn columns(&self) -> Option<Columns> {
        match (self.ladder, self.addresses) {
            (true, _) => Some(Columns::Interfaces),
            (_, true) => Some(Columns::Addresses),
            _ => None,
        }
    }

    /// The protocols to which the frames are narrowed, and the families that they manage; empty for
    /// all frames.
    fn only(&self) -> impl Iterator<Item = (&'static str, Family)> + Clone {
        let igmp = self.igmp.then_some(("IGMP", Family::V4));
        igmp.into_iter().chain(self.mld.then_some(("MLD", Family::V6)))
    }

    fn wants(&self, line: &Line) -> bool {
        let named = |text: &String| line.text.contains(text.as_str());
        let mut only = self.only().peekable();
        (only.peek().is_none() || only.any(|(_, family)| line.frame.is_gmp_of(family)))
            && (self.filter.is_empty() || self.filter.iter().any(named))
    }
}

impl Seen {
    /// Counts a frame that may be of one of the protocols although nobody can tell.
    fn hide(&mut self, frame: &InspectedFrame, only: impl Iterator<Item = (&'static str, Family)>) {
        for (protocol, family) in only {
            if let Some(why) = frame.hides(family) {
                *self.hidden.entry((protocol, why)).or_default() += 1;
            }
        }
    }

    fn line(&mut self, shot: &CapturedFrame) -> Line {
        self.frames += 1;
        let first = *self.first.get_or_insert(shot.stamp.unwrap_or_default());
        let at = match shot.stamp {
            None => "-".to_owned(),
            Some(stamp) if stamp < first => format!("-{}", Seconds(first - stamp, 6)),
            Some(stamp) => Seconds(stamp - first, 6).to_string(),
        };
        let frame = InspectedFrame::of(shot);
        if let FrameContent::Unread(why, _) = frame.content {
            self.unread += 1;
            self.why.get_or_insert_with(|| why.to_string());
        }
        let text = format!("{at:>12}  {}  {frame}", frame.interface);
        Line { frame, at: shot.stamp.unwrap_or(first).saturating_sub(first), text }
    }
}
