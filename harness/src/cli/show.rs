//! `castnet show`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use castnet::addr::Family;
use castnet_lab::capture::decode::Packet;
use castnet_lab::capture::file::{Broken, CapturedFrame, read};
use castnet_lab::capture::inspected::{FrameContent, InspectedFrame};
use castnet_lab::capture::said::{AFTER, Said};
use castnet_lab::capture::value::View;
use castnet_lab::report::ladder::{Columns, Ladder, Stamps as _};
use castnet_lab::vocabulary::field::Value;
use clap::Args;
use serde_json::json;
use tz::TimeZone;

use super::clock::{Clock, Time, zone};
use super::output::is_read;
use super::{Ending, FAILED, Failure, complain, say, width};

/// What `castnet show --help` teaches below the options.
const HELP: &str = "\
In castnet's own captures times count from time zero of the run, as in its verdict; acts and failures \
stand in lines of their own, and a frame that a fault dropped, delayed or changed is marked. In a \
ladder an arrow ends at each node that got the packet; `x` is a copy that a fault took, `~` one that \
arrived later, `!` one that arrived changed. A long stream is one line, with its rate and its longest \
gap, until the next packet of IGMP, MLD or PIM.

Examples:
  castnet show run.pcapng --ladder                 who sent what to whom, and what was lost
  castnet show stall.pcap --igmp --time absolute   to match a ticket that says 20:14:33
  castnet show stall.pcap --ladder --filter 239.1.1.7
  castnet show run.pcapng --json | jq .claim       what an expectation could say of each packet";

#[derive(Args)]
#[command(after_help = HELP)]
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
    /// How times are written.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    time: Time,
    /// Print one JSON object for each line: `at` in seconds, `time` in UTC, what is in the frame, and
    /// `claim`, what an expectation could say of it.
    #[arg(long, conflicts_with_all = ["ladder", "addresses"])]
    json: bool,
}

/// The state while reading the file.
struct Seen {
    zone: TimeZone,
    /// Known from the first frame on.
    clock: Option<Clock>,
    /// Whether castnet wrote the capture of a run.
    is_own: bool,
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
    let mut seen = Seen::new(zone().map_err(Failure::usage)?);
    let columns = args.columns();
    let mut ladder = Ladder::default();
    let reading = read(file, |shot| {
        let lines = seen.lines(&shot, args.time, args.only());
        let (Some(clock), is_own) = (&mut seen.clock, seen.is_own) else { return true };
        for line in lines.iter().filter(|line| args.wants(line)) {
            seen.shown += usize::from(matches!(line.what, What::Frame(..)));
            match (columns, &line.what) {
                (Some(columns), What::Frame(frame, said)) => {
                    ladder.add_frame(line.at.unwrap_or_default(), frame, said, columns, is_own);
                }
                (Some(_), What::Said(said)) => ladder.add_remark(said),
                (None, _) if !is_read(&format!("{}\n", line.text(args, clock))) => return false,
                (None, _) => {}
            }
        }
        true
    });
    if let Some(clock) = &mut seen.clock {
        if seen.is_own && args.ladder {
            ladder.arrange(&reading.interfaces);
        }
        say(&ladder.render(width(), clock));
    }
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

/// A file, or standard input for `-`.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Box::new(file))
}

/// A line of the output.
struct Line {
    /// In nanoseconds from time zero; `None` without a stamp.
    at: Option<i64>,
    /// Where it happened, or what kind of remark it is.
    place: String,
    /// What happened.
    words: String,
    what: What,
}

enum What {
    /// A frame, and what comments say of its way.
    Frame(Box<InspectedFrame>, Vec<Said>),
    /// A comment that is of no frame.
    Said(Said),
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
        let mut only = self.only().peekable();
        let is_wanted = match &line.what {
            What::Frame(frame, _) => {
                only.peek().is_none() || only.any(|(_, family)| frame.is_gmp_of(family))
            }
            What::Said(_) => true,
        };
        let named = |text: &String| format!("{}  {}", line.place, line.words).contains(text);
        is_wanted && (self.filter.is_empty() || self.filter.iter().any(named))
    }
}

impl Line {
    fn of(said: Said, clock: &Clock) -> Self {
        let (at, place, words) = match &said {
            Said::Act { at, words, name } => {
                let name = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
                (*at, "act", format!("{words}{name}"))
            }
            Said::Failed { at, what } => (*at, "FAIL", what.clone()),
            other => (Duration::ZERO, "remark", other.to_string()),
        };
        let at = clock.at(at).checked_sub(clock.at(Duration::ZERO));
        Self { at, place: place.to_owned(), words, what: What::Said(said) }
    }

    fn text(&self, args: &ShowArgs, clock: &mut Clock) -> String {
        let Self { at, place, words, what } = self;
        if args.json {
            let (seconds, time) = (at.map(|at| at as f64 / 1e9), at.map(|at| clock.utc(at)));
            let mut object = json!({ "at": seconds, "time": time, "text": words });
            match what {
                What::Said(Said::Act { .. }) => object["kind"] = "act".into(),
                What::Said(_) => object["kind"] = "failure".into(),
                What::Frame(frame, _) => {
                    object["kind"] = "frame".into();
                    object["interface"] = place.as_str().into();
                    object["fields"] = json!(frame.fields());
                    if let Some(packet) = frame.packet() {
                        object["claim"] = claim(packet);
                    }
                }
            }
            return object.to_string();
        }
        let at = at.map_or_else(|| "-".to_owned(), |at| clock.row(at));
        format!("{at:>12}  {place}  {words}")
    }
}

/// What an expectation could say of the packet, in the words of a scenario.
fn claim(packet: &Packet) -> serde_json::Value {
    let of = |view: View<'_>| {
        let group = view.group().map(|group| ("group", json!(group.to_string())));
        let fields = view.values().map(|(key, value)| (key, written(&value)));
        let fields = group.into_iter().chain(fields);
        fields.map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>()
    };
    let mut views = View::all(packet, |_| true).map(of);
    let mut claim = views.next().unwrap_or_default();
    let family = Family::of(packet.source);
    let kinds = packet.kinds().filter_map(|row| row.word_in(family));
    claim.insert("kind".to_owned(), kinds.collect());
    if let Some(group) = packet.group() {
        claim.insert("group".to_owned(), group.to_string().into());
    }
    let records: Vec<_> = views.collect();
    if !records.is_empty() {
        claim.insert("records".to_owned(), json!(records));
    }
    claim.into()
}

fn written(value: &Value) -> serde_json::Value {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Whole(number) => json!(number),
        Value::Addresses(all) => json!(all),
        Value::Word(word) => json!(word),
        Value::Address(_) | Value::Length(_) => json!(value.to_string()),
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

    const fn new(zone: TimeZone) -> Self {
        let hidden = BTreeMap::new();
        let (clock, why) = (None, None);
        Self { zone, clock, is_own: false, frames: 0, shown: 0, unread: 0, why, hidden }
    }

    /// The frame, and the comments before and after it that are of no frame.
    fn lines(
        &mut self,
        shot: &CapturedFrame,
        time: Time,
        only: impl Iterator<Item = (&'static str, Family)>,
    ) -> Vec<Line> {
        self.frames += 1;
        let frame = InspectedFrame::of(shot);
        if let FrameContent::Unread(why, _) = frame.content {
            self.unread += 1;
            self.why.get_or_insert_with(|| why.to_string());
        }
        self.hide(&frame, only);
        let said = |comment: &String| Some((comment.starts_with(AFTER), Said::read(comment)?));
        let said: Vec<(bool, Said)> = shot.comments.iter().filter_map(said).collect();
        let zero = said.iter().find_map(|(_, said)| match said {
            Said::Zero(zero) => Some(*zero),
            _ => None,
        });
        self.is_own |= zero.is_some();
        let first = zero.or(shot.stamp).unwrap_or_default();
        let clock = self.clock.get_or_insert_with(|| Clock::new(time, first, self.zone.clone()));
        let is_way = |said: &Said| matches!(said, Said::Missed { .. } | Said::Struck { .. });
        let way: Vec<Said> =
            said.iter().map(|(_, said)| said).filter(|said| is_way(said)).cloned().collect();
        let told: String = way.iter().map(|said| format!(", {said}")).collect();
        let (mut lines, mut after) = (Vec::new(), Vec::new());
        for (is_after, said) in said {
            if matches!(said, Said::Act { .. } | Said::Failed { .. }) {
                let lines = if is_after { &mut after } else { &mut lines };
                lines.push(Line::of(said, clock));
            }
        }
        let (at, place) = (shot.stamp.map(|stamp| clock.at(stamp)), frame.interface.clone());
        let words = format!("{frame}{told}");
        lines.push(Line { at, place, words, what: What::Frame(Box::new(frame), way) });
        lines.append(&mut after);
        lines
    }
}
