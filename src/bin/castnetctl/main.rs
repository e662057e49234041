//! `castnetctl`: asks a running castnetd, over its control socket.

#[cfg(not(target_os = "linux"))]
compile_error!("castnetctl needs Linux");

mod batch;
mod failure;
mod print;
mod prompt;
mod talk;
mod words;

use std::io::{IsTerminal as _, stdin};
use std::process::ExitCode;

use castnet::daemon::control::wire::Ask;
use castnet::manual::{self, ManArgs, Section};
use clap::{CommandFactory as _, Parser as _};
use failure::Failure;
use print::Printer;
use talk::Connection;
use words::{Cli, Verb};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("castnetctl: {failure}");
            failure.code()
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let printer = Printer { json: cli.json };
    match &cli.verb {
        Some(Verb::Completions { shell }) => {
            printer.raw(&manual::completions(Cli::command(), *shell))
        }
        Some(Verb::Man(ManArgs { out })) => {
            let pages = manual::pages(Cli::command(), Section::Commands);
            manual::write(&pages, out.as_deref()).map_err(|why| Failure::output(&why))
        }
        Some(verb) => ask(&mut Connection::open(&cli.socket)?, verb, &printer),
        None if stdin().is_terminal() => prompt::run(&mut Connection::open(&cli.socket)?, &printer),
        None => batch::run(&mut Connection::open(&cli.socket)?, stdin().lines(), &printer),
    }
}

/// Asks what the verb says, and prints the answer.
fn ask(connection: &mut Connection, verb: &Verb, printer: &Printer) -> Result<(), Failure> {
    let ask = verb.ask()?;
    let answer = connection.ask(&ask)?;
    printer.answer(&answer)?;
    let Verb::Monitor { count, .. } = verb else { return Ok(()) };
    debug_assert!(matches!(ask, Ask::Monitor { .. }));
    let mut left = *count;
    while left != Some(0) {
        printer.answer(&connection.event()?)?;
        left = left.map(|left| left - 1);
    }
    Ok(())
}
