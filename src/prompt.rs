//! A prompt on a terminal over a grammar of clap: history, Tab, and `?` for what can come next.
//!
//! Whatever is proposed follows from the grammar, and from names that the program knows. What a line means
//! is the program's affair.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use clap::Command;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Context, Editor, Event, EventContext, EventHandler,
    Helper, Highlighter, Hinter, KeyEvent, RepeatCount, Validator,
};

/// What can come next: a word, and what it does.
type Candidate = (String, String);

/// A grammar, with the names that are known now.
#[derive(Clone, Helper, Highlighter, Hinter, Validator)]
pub struct Grammar {
    command: Command,
    /// The names that an argument can be, by its identifier.
    names: BTreeMap<String, Vec<String>>,
}

/// Reads lines and hands those that are not blank to `obey`, until the end of input or until it returns
/// `false`.
///
/// # Errors
/// The terminal cannot be read.
pub fn run(grammar: &Grammar, prompt: &str, mut obey: impl FnMut(&str) -> bool) -> io::Result<()> {
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Grammar, MemHistory> =
        Editor::with_history(config, MemHistory::new()).map_err(io::Error::other)?;
    let explain = EventHandler::Conditional(Box::new(grammar.clone()));
    editor.bind_sequence(KeyEvent::from('?'), explain);
    editor.set_helper(Some(grammar.clone()));
    loop {
        match editor.readline(prompt) {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) if obey(line.trim()) => {}
            Ok(_) | Err(ReadlineError::Eof) => return Ok(()),
            Err(ReadlineError::Interrupted) => {}
            Err(why) => return Err(io::Error::other(why)),
        }
    }
}

impl Grammar {
    /// A grammar whose subcommands are the first words of a line.
    #[must_use]
    pub fn new(mut command: Command, names: BTreeMap<String, Vec<String>>) -> Self {
        command.build();
        Self { command, names }
    }

    /// What the last word of the line can become, and where it begins.
    #[must_use]
    pub fn candidates(&self, line: &str) -> (usize, Vec<(String, String)>) {
        let start = line.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        let (before, last) = line.split_at(start);
        let mut all = self.next(before);
        all.retain(|(word, _)| word.starts_with(last) || word.starts_with('<'));
        (start, all)
    }

    /// What can follow these words; a word in angle brackets stands for a value.
    fn next(&self, before: &str) -> Vec<Candidate> {
        let mut command = self.command.clone();
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
        let words: Vec<String> = match self.names.get(arg.get_id().as_str()) {
            Some(names) => names.clone(),
            None if !possible.is_empty() => {
                possible.iter().map(|value| value.get_name().to_owned()).collect()
            }
            None => vec![format!("<{}>", arg.get_id())],
        };
        found.extend(words.into_iter().map(|word| (word, what.clone())));
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

/// The text without characters that a terminal would obey.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

impl Completer for Grammar {
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

impl ConditionalEventHandler for Grammar {
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
