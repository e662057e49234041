//! `castnet mroute`: a shell over the kernel's multicast routing.

mod calls;
mod shell;
mod words;

use std::fs::File;
use std::io::{BufRead as _, IsTerminal as _, stdin};

use castnet::addr::Family;
use castnet::prompt::{self, Grammar};
use clap::{CommandFactory as _, Parser as _};
use nix::sched::{CloneFlags, setns};
use shell::Shell;
use words::{Line, Verb};

pub(super) use words::MrouteArgs;

use super::{BROKEN, Ending, FAILED, Failure};

/// Exit code 1 if the kernel refuses something, 2 for what cannot be understood, 3 without the right.
pub(super) fn mroute(args: MrouteArgs) -> Ending {
    let family = if args.is_ipv6 { Family::V6 } else { Family::V4 };
    if let Some(name) = &args.netns {
        enter(name)?;
    }
    let mut shell = Shell::new(family, args.table, args.show);
    match args.verb {
        Some(verb) => shell.obey(verb)?,
        None if stdin().is_terminal() => at_prompt(&mut shell)?,
        None => batch(&mut shell)?,
    }
    Ok(0)
}

/// Enters the network namespace; the process has no other thread.
fn enter(name: &str) -> Result<(), Failure> {
    let path = match name {
        pid if pid.parse::<u32>().is_ok() => format!("/proc/{pid}/ns/net"),
        path if path.contains('/') => path.to_owned(),
        name => format!("/run/netns/{name}"),
    };
    let failed = |why: String| Failure::usage(format!("the network namespace {name}: {why}"));
    let file = File::open(&path).map_err(|why| failed(format!("{path}: {why}")))?;
    setns(&file, CloneFlags::CLONE_NEWNET).map_err(|why| failed(why.to_string()))
}

/// Commands from standard input up to the first one that fails; `#` begins a comment.
fn batch(shell: &mut Shell) -> Result<(), Failure> {
    for (number, line) in (1..).zip(stdin().lock().lines()) {
        let at =
            |why: Failure| Failure { message: format!("line {number}: {}", why.message), ..why };
        let line = line.map_err(|why| at(Failure::usage(why)))?;
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match parsed(line).map_err(at)? {
            Verb::Bye => return Ok(()),
            verb => shell.obey(verb).map_err(at)?,
        }
    }
    Ok(())
}

fn at_prompt(shell: &mut Shell) -> Result<(), Failure> {
    let names = Shell::interfaces();
    let values = [("interface", names.clone()), ("vif", names.clone()), ("vifs", names)];
    let values = values.map(|(argument, names)| (argument.to_owned(), names));
    let grammar = Grammar::new(Line::command(), values.into());
    let read = prompt::run(&grammar, "mroute> ", |line| {
        let done = parsed(line).and_then(|verb| match verb {
            Verb::Bye => Ok(false),
            verb => shell.obey(verb).map(|()| true),
        });
        done.unwrap_or_else(|why| {
            super::complain(&why.message);
            true
        })
    });
    read.map_err(|why| Failure { code: BROKEN, message: format!("reading the terminal: {why}") })
}

fn parsed(line: &str) -> Result<Verb, Failure> {
    let parsed = Line::try_parse_from(line.split_whitespace());
    parsed
        .map(|line| line.verb)
        .map_err(|why| Failure::usage(why.to_string().trim_start_matches("error: ").trim_end()))
}

/// The kernel refuses it.
fn refused(why: impl ToString) -> Failure {
    Failure { code: FAILED, message: why.to_string() }
}
