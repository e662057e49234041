//! `castnet review`

use std::fs::File;
use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::Command;

use castnet_lab::printable;
use castnet_lab::snapshot::diff::text::{Marks, render};
use castnet_lab::snapshot::diff::{Capture, diff};
use castnet_lab::snapshot::golden::pending;
use castnet_lab::snapshot::review::{Item, State, items};
use castnet_lab::snapshot::sides;
use clap::Args;

use super::{Ending, FAILED, Failure, complain, say, say_coloured, stdout_style, width};

/// The verdicts that a trace may end with.
const OUTCOMES: [&str; 5] = ["PASS", "VACUOUS", "FAIL", "UNSUPPORTED", "BROKEN"];

#[derive(Args)]
pub(super) struct ReviewArgs {
    /// The folder with `scenarios` and `fixtures` in it.
    #[arg(value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Only list what waits; ends with 1 if something does.
    #[arg(long)]
    list: bool,
    /// Show what waits, and ask nothing.
    #[arg(long, conflicts_with = "list")]
    show: bool,
    /// Accept what has this name, or matches this pattern; may be given more than once.
    #[arg(long, value_name = "NAME")]
    accept: Vec<String>,
    /// Reject what has this name, or matches this pattern; may be given more than once.
    #[arg(long, value_name = "NAME")]
    reject: Vec<String>,
    /// What captures are opened with.
    #[arg(long, value_name = "PROGRAM", default_value = "wireshark")]
    viewer: PathBuf,
}

pub(super) fn review(args: &ReviewArgs) -> Ending {
    let items = items(&args.root).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(error),
        _ => Failure::broken(error),
    })?;
    if args.list {
        say(&listed(&items));
        return Ok(if items.is_empty() { 0 } else { FAILED });
    }
    if !args.accept.is_empty() || !args.reject.is_empty() {
        decide(&items, &args.accept, Item::accept, "accepted")?;
        decide(&items, &args.reject, Item::reject, "rejected")?;
        return Ok(0);
    }
    if items.is_empty() {
        say("nothing waits to be reviewed\n");
        return Ok(0);
    }
    for (index, item) in items.iter().enumerate() {
        say(&format!("{} of {}  ", index + 1, items.len()));
        say_coloured(&shown(item).map_err(Failure::broken)?);
        if !args.show && !ask(item, args).map_err(Failure::broken)? {
            break;
        }
    }
    Ok(0)
}

fn listed(items: &[Item]) -> String {
    let width = items.iter().map(|item| item.name.len()).max().unwrap_or(0);
    let lines = items.iter().map(|item| {
        let why = match &item.state {
            State::Changed => "a run was otherwise: castnet review".to_owned(),
            State::New => "a run has made it: castnet review".to_owned(),
            State::Missing => format!("nothing is kept of it yet: castnet run {}", item.source),
            State::Orphaned(why) => why.clone(),
        };
        format!("{:<8}  {:<width$}  {why}\n", word(&item.state), item.name)
    });
    lines.collect()
}

const fn word(state: &State) -> &'static str {
    match state {
        State::Changed => "changed",
        State::New => "new",
        State::Missing => "missing",
        State::Orphaned(_) => "orphaned",
    }
}

fn decide(
    items: &[Item],
    names: &[String],
    act: impl Fn(&Item) -> io::Result<()>,
    done: &str,
) -> Result<(), Failure> {
    for name in names {
        let pattern = glob::Pattern::new(name).map_err(|error| Failure::usage(error.msg))?;
        let mut matching: Vec<&Item> =
            items.iter().filter(|it| it.name == *name || pattern.matches(&it.name)).collect();
        if matching.is_empty() {
            return Err(Failure::usage(format!("{name}: nothing with this name waits")));
        }
        // A name that several items match means those that can be decided.
        if matching.len() > 1 {
            matching.retain(|item| item.state != State::Missing);
        }
        for item in matching {
            act(item).map_err(|error| Failure::broken(format!("{}: {error}", item.name)))?;
            say(&format!("{done}  {}\n", item.name));
        }
    }
    Ok(())
}

/// Everything that a reviewer needs before deciding.
fn shown(item: &Item) -> io::Result<String> {
    let marks = Marks { color: stdout_style().color };
    let mut text = format!("{}  {}\n", item.name, word(&item.state));
    let [kept, made] = item.traces()?.map(|text| Some(printable::lines(&text?).into_owned()));
    let heading = made.as_ref().or(kept.as_ref());
    for line in heading.iter().flat_map(|trace| trace.lines().take_while(|line| !line.is_empty())) {
        if !OUTCOMES.contains(&line) {
            text.push_str(&format!("        {line}\n"));
        }
    }
    let [before, after] = [&kept, &made].map(|trace| verdict(trace.as_deref()));
    match &item.state {
        State::Changed | State::New => {
            text.push_str(&format!("        verdict {before} -> {after}\n\n"));
            let (kept, made) = (kept.unwrap_or_default(), made.unwrap_or_default());
            text.push_str(&sides::render(&kept, &made, width(), marks));
            text.push_str(&packets(item, marks));
        }
        State::Missing => {
            let source = &item.source;
            text.push_str(&format!("        nothing is kept of it yet: castnet run {source}\n"));
        }
        State::Orphaned(why) => text.push_str(&format!("        {why}; accepting removes it\n")),
    }
    Ok(text + "\n")
}

/// The packets that differ, if every packet is compared.
fn packets(item: &Item, marks: Marks) -> String {
    // A run on a real machine never has the same packets twice.
    let is_exact = !item.name.ends_with(".netns");
    let read = |path| File::open(path).ok().and_then(|file| Capture::read(file).ok());
    let pair = read(item.shelf.pcapng.clone()).zip(read(pending(&item.shelf.pcapng)));
    match pair.filter(|_| is_exact) {
        Some(((kept, _), (made, _))) => format!("\n{}", render(&diff(&kept, &made, None), marks)),
        None => String::new(),
    }
}

fn verdict(trace: Option<&str>) -> &str {
    let Some(trace) = trace else { return "none" };
    trace.lines().find(|line| OUTCOMES.contains(line)).unwrap_or("none")
}

/// Asks until the item is decided or skipped; returns false to end the review.
fn ask(item: &Item, args: &ReviewArgs) -> io::Result<bool> {
    loop {
        say("[a]ccept  [r]eject  [s]kip  [o]pen in Wireshark  [q]uit? ");
        io::stdout().flush()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer)? == 0 {
            say("\n");
            return Ok(false);
        }
        let done = match answer.trim() {
            "a" | "accept" => item.accept().map(|()| "accepted"),
            "r" | "reject" => item.reject().map(|()| "rejected"),
            "s" | "skip" => Ok("skipped"),
            "q" | "quit" => return Ok(false),
            "o" | "open" => {
                let capture = item.capture();
                let opened = Command::new(&args.viewer).arg(&capture).status();
                if let Err(error) = opened {
                    complain(&format!("{} {}: {error}", args.viewer.display(), capture.display()));
                }
                continue;
            }
            _ => continue,
        };
        match done {
            Ok(done) => {
                say(&format!("{done}  {}\n\n", item.name));
                return Ok(true);
            }
            Err(error) => complain(&error.to_string()),
        }
    }
}
