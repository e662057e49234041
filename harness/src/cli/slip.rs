//! Slips of the pen in commands and options, where clap itself sees no likeness.

use castnet_lab::scenario::diagnostic::closest;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};

/// Adds what was probably meant to an error about an unknown command or option.
pub(super) fn suggest(error: &mut Error, command: &Command) {
    let (wrong, right) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand)
        }
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        _ => return,
    };
    let Some(ContextValue::String(written)) = error.get(wrong) else { return };
    if error.get(right).is_some() {
        return;
    }
    let meant = match wrong {
        ContextKind::InvalidSubcommand => {
            let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            closest(written, names).map(|name| ContextValue::Strings(vec![name.to_owned()]))
        }
        _ => {
            let word = written.trim_start_matches('-').split('=').next().unwrap_or_default();
            let of = called(command);
            let names: Vec<&str> = of.get_arguments().filter_map(Arg::get_long).collect();
            closest(word, names).map(|name| ContextValue::String(format!("--{name}")))
        }
    };
    if let Some(meant) = meant {
        error.insert(right, meant);
    }
}

/// The command that was called, or castnet itself.
fn called(command: &Command) -> &Command {
    let word = std::env::args().nth(1).unwrap_or_default();
    command.find_subcommand(word).unwrap_or(command)
}
