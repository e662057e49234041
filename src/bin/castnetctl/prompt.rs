//! The prompt on a terminal, with the names of the interfaces that castnetd serves.

use castnet::daemon::control::wire::{Answer, Ask, What};
use castnet::prompt::{self, Grammar};
use clap::CommandFactory as _;

use crate::ask;
use crate::batch::parsed;
use crate::failure::Failure;
use crate::print::Printer;
use crate::talk::Connection;
use crate::words::Line;

/// Reads commands and carries them out until the end of input. A command that fails ends nothing.
pub(crate) fn run(connection: &mut Connection, printer: &Printer) -> Result<(), Failure> {
    let grammar = grammar(interfaces(connection)?);
    let read = prompt::run(&grammar, "castnet> ", |line| {
        if matches!(line, "exit" | "quit") {
            return false;
        }
        if let Err(why) = parsed(line).and_then(|verb| ask(connection, &verb, printer)) {
            eprintln!("{why}");
        }
        true
    });
    read.map_err(|why| Failure::input(&why))
}

fn grammar(interfaces: Vec<String>) -> Grammar {
    Grammar::new(Line::command(), [("interface".to_owned(), interfaces)].into())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &str) -> Vec<String> {
        let grammar = grammar(vec!["eth0".into(), "eth1".into(), "wlan0".into()]);
        grammar.candidates(line).1.into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn the_grammar_and_the_interfaces_say_what_can_come_next() {
        assert_eq!(after("sh"), ["show"]);
        assert_eq!(after("r"), ["route", "reload"]);
        assert_eq!(after("co"), ["confirm", "completions"]);
        assert_eq!(after("m"), ["monitor", "metrics", "man"]);
        assert_eq!(
            after("show "),
            ["routes", "groups", "interfaces", "neighbours", "joins", "rp", "config", "log"]
        );
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
