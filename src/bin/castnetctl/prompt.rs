//! The prompt on a terminal: history, Tab, and `?` for what can come next.
//!
//! Both follow from the grammar of arguments, and from the names of the interfaces that castnetd serves.

use std::borrow::Cow;

use castnet::daemon::control::wire::{Answer, Ask, What};
use clap::{Command, CommandFactory as _};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Context, Editor, Event, EventContext, EventHandler,
    Helper, Highlighter, Hinter, KeyEvent, RepeatCount, Validator,
};

use crate::ask;
use crate::batch::parsed;
use crate::failure::Failure;
use crate::print::{Printer, printable};
use crate::talk::Connection;
use crate::words::Line;

/// What can come next: a word, and what it does.
type Candidate = (String, String);

/// Reads commands and carries them out until the end of input. A command that fails ends nothing.
pub(crate) fn run(connection: &mut Connection, printer: &Printer) -> Result<(), Failure> {
    let words = Words { interfaces: interfaces(connection)? };
    let config = Config::builder().auto_add_history(true).build();
    let failed = |why: ReadlineError| Failure::input(&std::io::Error::other(why));
    let mut editor: Editor<Words, MemHistory> =
        Editor::with_history(config, MemHistory::new()).map_err(failed)?;
    let explain = EventHandler::Conditional(Box::new(words.clone()));
    editor.bind_sequence(KeyEvent::from('?'), explain);
    editor.set_helper(Some(words));
    loop {
        let line = match editor.readline("castnet> ") {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(why) => return Err(failed(why)),
        };
        let done = match line.trim() {
            "" => continue,
            "exit" | "quit" => return Ok(()),
            line => parsed(line).and_then(|verb| ask(connection, &verb, printer)),
        };
        if let Err(why) = done {
            eprintln!("{why}");
        }
    }
}

/// The names of the interfaces that are served.
fn interfaces(connection: &mut Connection) -> Result<Vec<String>, Failure> {
    let Answer::Interfaces(shown) = connection.ask(&Ask::Show(What::Interfaces))? else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> = shown.interfaces.into_iter().map(|own| own.name).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The grammar, with the names that are known now.
#[derive(Clone, Helper, Highlighter, Hinter, Validator)]
struct Words {
    interfaces: Vec<String>,
}

impl Words {
    /// What the last word of the line can become, and where it begins.
    fn candidates(&self, line: &str) -> (usize, Vec<Candidate>) {
        let start = line.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        let (before, last) = line.split_at(start);
        let mut all = self.next(before);
        all.retain(|(word, _)| word.starts_with(last) || word.starts_with('<'));
        (start, all)
    }

    /// What can follow these words; a word in angle brackets stands for a value.
    fn next(&self, before: &str) -> Vec<Candidate> {
        let mut command = Line::command();
        command.build();
        let mut values = 0;
        for word in before.split_whitespace() {
            match within(&command, word) {
                Some(inner) => command = inner,
                None => values += 1,
            }
        }
        let about = |help: Option<&clap::builder::StyledStr>| {
            help.map(ToString::to_string).unwrap_or_default()
        };
        let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help");
        let verbs = verbs.map(|verb| (verb.get_name().to_owned(), about(verb.get_about())));
        let mut found: Vec<Candidate> = if values == 0 { verbs.collect() } else { Vec::new() };
        // A positional argument that takes several values is the last one.
        let positional = command.get_positionals().nth(values).or(command.get_positionals().last());
        let Some(arg) = positional else { return found };
        let what = about(arg.get_help());
        let possible = arg.get_possible_values();
        match arg.get_id().as_str() {
            "interface" => {
                found.extend(self.interfaces.iter().map(|name| (name.clone(), what.clone())));
            }
            _ if !possible.is_empty() => {
                let words = possible.iter().map(|value| value.get_name().to_owned());
                found.extend(words.map(|word| (word, what.clone())));
            }
            name => found.push((format!("<{name}>"), what)),
        }
        found
    }
}

/// The command behind a word, which may be shortened as long as it is clear.
fn within(command: &Command, word: &str) -> Option<Command> {
    if let Some(exact) = command.find_subcommand(word) {
        return Some(exact.clone());
    }
    let mut fitting = command.get_subcommands().filter(|verb| verb.get_name().starts_with(word));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, found) = self.candidates(&line[..at]);
        let words = found.into_iter().filter(|(word, _)| !word.starts_with('<'));
        let pairs = words
            .map(|(word, _)| Pair { display: printable(&word), replacement: format!("{word} ") });
        Ok((start, pairs.collect()))
    }
}

impl ConditionalEventHandler for Words {
    /// Prints what can come next below the line.
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, cx: &EventContext<'_>) -> Option<Cmd> {
        let (_, found) = self.candidates(&cx.line()[..cx.pos()]);
        let width = found.iter().map(|(word, _)| word.chars().count()).max().unwrap_or_default();
        let lines = found
            .iter()
            .map(|(word, what)| format!("\r\n  {:<width$}  {}", printable(word), printable(what)));
        let text: Cow<'_, str> = match found.is_empty() {
            true => "\r\n  nothing".into(),
            false => lines.collect::<String>().into(),
        };
        // The terminal is raw while a line is edited.
        print!("{text}\r\n");
        Some(Cmd::Repaint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &str) -> Vec<String> {
        let words = Words { interfaces: vec!["eth0".into(), "eth1".into(), "wlan0".into()] };
        words.candidates(line).1.into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn the_grammar_and_the_interfaces_say_what_can_come_next() {
        assert_eq!(after("sh"), ["show"]);
        assert_eq!(after("r"), ["route", "reload"]);
        assert_eq!(after("show "), ["routes", "groups", "interfaces", "config", "log"]);
        assert_eq!(after("sh g"), ["groups"]);
        assert_eq!(after("sh gr w"), ["wlan0"]);
        assert_eq!(after("join "), ["eth0", "eth1", "wlan0"]);
        assert_eq!(after("join eth"), ["eth0", "eth1"]);
        assert_eq!(after("join eth0 "), ["<channel>"]);
        assert_eq!(after("route add 10.0.0.0/8 e"), ["eth0", "eth1"]);
        assert_eq!(after("explain "), ["<source>"]);
        assert_eq!(after("explain 10.0.0.1 "), ["<group>"]);
        assert_eq!(after("monitor q"), ["queriers"]);
        assert_eq!(after("flush "), Vec::<String>::new());
        assert!(after("").contains(&"explain".to_owned()));
    }
}
