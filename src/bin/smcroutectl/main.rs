//! `smcroutectl`: asks a running smcrouted, castnet's or smcroute's own, over its control socket.

#[cfg(not(target_os = "linux"))]
compile_error!("smcroutectl needs Linux");

mod draw;
mod talk;
mod words;

use std::io::{IsTerminal as _, Write as _, stdin, stdout};
use std::process::ExitCode;

use castnet::daemon::smcroute::wire::Message;
use castnet::manual::{self, ManArgs, Section};
use clap::{CommandFactory as _, Parser as _};
use words::{Cli, Line, Verb};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let failed = if cli.batch { batch(&cli) } else { single(&cli) };
    ExitCode::from(u8::try_from(failed).unwrap_or(u8::MAX))
}

/// Does what the command line says: how many commands failed.
fn single(cli: &Cli) -> usize {
    let verb = if cli.version { Verb::Version } else { cli.verb.clone().unwrap_or_default() };
    match carry_out(cli, &verb) {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("smcroutectl: {}", why.trim_end());
            1
        }
    }
}

/// Does what standard input says, one command a line: how many commands failed.
fn batch(cli: &Cli) -> usize {
    let mut failed = 0;
    for (number, line) in (1..).zip(stdin().lines()) {
        let line = match line {
            Ok(line) => line,
            Err(why) => {
                eprintln!("smcroutectl: line {number}: {why}");
                return failed + 1;
            }
        };
        let words = line.split('#').next().unwrap_or_default().split_whitespace();
        let mut words = words.peekable();
        if words.peek().is_none() {
            continue;
        }
        let done = Line::try_parse_from(words).map_err(|why| why.to_string());
        if let Err(why) = done.and_then(|Line { verb }| carry_out(cli, &verb)) {
            let why = why.trim_start_matches("error: ").trim_end();
            eprintln!("smcroutectl: line {number}: {why}");
            failed += 1;
        }
    }
    failed
}

fn carry_out(cli: &Cli, verb: &Verb) -> Result<(), String> {
    let mut out = Vec::new();
    match verb {
        Verb::Version => {
            out.extend(format!("smcroutectl of castnet {}\n", env!("CARGO_PKG_VERSION")).bytes());
        }
        Verb::Completions { shell } => {
            out.extend(manual::completions(Cli::command(), *shell));
        }
        Verb::Man(ManArgs { out: folder }) => {
            let pages = manual::pages(Cli::command(), Section::Commands);
            let written = manual::write(&pages, folder.as_deref());
            return written.map_err(|why| format!("writing the manual: {why}"));
        }
        verb => {
            let is_shown = verb.is_shown();
            let answer = talk::ask(&cli.socket(), &request(cli, verb))?;
            if !is_shown && !answer.is_empty() {
                return Err(answer);
            }
            if cli.json {
                // smcroute 2.5 knows no such request, and says so in words.
                let value = answer.trim_start().starts_with(['{', '[']);
                if !value {
                    return Err(answer);
                }
                out.extend(answer.bytes());
            } else if is_shown && !is_table(&answer) {
                return Err(answer);
            } else if is_shown {
                let is_plain = cli.plain || !stdout().is_terminal();
                out.extend(draw::drawn(&answer, is_plain, cli.no_headings).bytes());
            }
        }
    }
    stdout().write_all(&out).map_err(|why| format!("writing to standard output: {why}"))
}

/// Whether the answer is lines of tables, and not one of an error.
fn is_table(answer: &str) -> bool {
    answer.is_empty() || answer.ends_with('\n')
}

/// The request for a verb.
fn request(cli: &Cli, verb: &Verb) -> Message {
    let (letter, words) = verb.request();
    let letter = match (letter, cli.json, cli.details) {
        ('s', true, _) => 'J',
        ('s', false, true) => 'S',
        (letter, ..) => letter,
    };
    Message { verb: letter, words }
}
