//! Commands from standard input, one a line, up to the first one that fails.
//!
//! `#` begins a comment. The changes between `begin` and `commit` are one request, so that they are made
//! together or not at all; nothing else can stand between the two.

use std::io;

use castnet::daemon::control::wire::{Ask, Change};
use clap::Parser as _;

use crate::ask;
use crate::failure::Failure;
use crate::print::Printer;
use crate::talk::Connection;
use crate::words::{Line, Verb};

/// Carries out the lines.
pub(crate) fn run(
    connection: &mut Connection,
    lines: impl Iterator<Item = io::Result<String>>,
    printer: &Printer,
) -> Result<(), Failure> {
    // Each change of a transaction with its line.
    let mut begun: Option<Vec<(usize, Change)>> = None;
    let mut last = 0;
    for (number, line) in (1..).zip(lines) {
        last = number;
        let line = line.map_err(|why| Failure::input(&why).at(number))?;
        let line = line.split('#').next().unwrap_or_default();
        match (line.trim(), begun.take()) {
            ("", open) => begun = open,
            ("begin", None) => begun = Some(Vec::new()),
            ("begin", Some(_)) => {
                return Err(Failure::usage("begin stands within a transaction").at(number));
            }
            ("commit", Some(changes)) => commit(connection, &changes, printer)?,
            ("commit", None) => {
                return Err(Failure::usage("commit without begin").at(number));
            }
            (line, Some(mut changes)) => {
                let verb = parsed(line).map_err(|why| why.at(number))?;
                let change = verb.change().map_err(|why| why.at(number))?;
                let change = change.ok_or_else(|| {
                    Failure::usage("only join, leave and route stand in a transaction").at(number)
                })?;
                changes.push((number, change));
                begun = Some(changes);
            }
            (line, None) => {
                let verb = parsed(line).map_err(|why| why.at(number))?;
                ask(connection, &verb, printer).map_err(|why| why.at(number))?;
            }
        }
    }
    match begun {
        None => Ok(()),
        Some(_) => Err(Failure::usage("begin without commit, and nothing was changed").at(last)),
    }
}

fn commit(
    connection: &mut Connection,
    changes: &[(usize, Change)],
    printer: &Printer,
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let all = changes.iter().map(|(_, change)| change.clone()).collect();
    let answer = connection.ask(&Ask::Change(all)).map_err(|why| {
        let line = why.change.and_then(|at| changes.get(at)).map(|(line, _)| *line);
        match line {
            Some(line) => why.at(line),
            None => why,
        }
    })?;
    printer.answer(&answer)
}

/// The command of a line.
pub(crate) fn parsed(line: &str) -> Result<Verb, Failure> {
    match Line::try_parse_from(line.split_whitespace()) {
        Ok(Line { verb }) => Ok(verb),
        Err(why) => Err(Failure::usage(why.to_string().trim_start_matches("error: "))),
    }
}
