//! What a program says of itself: pages of the manual, and completions for shells.
//!
//! Both follow from the program's grammar, so that they cannot lack an option.

use std::fs;
use std::io::{self, Write as _, stdout};
use std::path::{Path, PathBuf};

use clap::Command;
pub use clap_complete::Shell;

/// The manual's sections (man(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Commands of users: 1.
    Commands,
    /// Daemons: 8.
    Daemons,
}

impl Section {
    const fn number(self) -> &'static str {
        match self {
            Self::Commands => "1",
            Self::Daemons => "8",
        }
    }
}

/// A page of the manual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its file, as in `castnetd-run.8`.
    pub name: String,
    /// Its text in roff.
    pub text: Vec<u8>,
}

/// The page of a program, and then one for each of its commands. A program whose grammar has no version
/// gets that of this crate.
#[must_use]
pub fn pages(program: Command, section: Section) -> Vec<Page> {
    let mut program = match program.get_version() {
        None => program.version(env!("CARGO_PKG_VERSION")),
        Some(_) => program,
    };
    program.build();
    let commands: Vec<Command> = program.get_subcommands().cloned().collect();
    let all = std::iter::once(program).chain(commands);
    // `help` is clap's own command. Its page would say nothing.
    let all = all.filter(|command| command.get_name() != "help");
    all.map(|command| page(command, section)).collect()
}

fn page(command: Command, section: Section) -> Page {
    // The display name of `castnet run` is castnet-run.
    let name = command.get_display_name().unwrap_or(command.get_name());
    let name = format!("{name}.{}", section.number());
    let mut text = Vec::new();
    let written = clap_mangen::Man::new(command).section(section.number()).render(&mut text);
    written.expect("a vector takes all");
    Page { name, text }
}

/// The completion script of a program for a shell.
#[must_use]
pub fn completions(mut program: Command, shell: Shell) -> Vec<u8> {
    let (name, mut script) = (program.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut program, name, &mut script);
    script
}

/// Where a manual goes.
#[derive(Clone, Debug, clap::Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder, instead of the first page to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Writes the pages into the folder, which is made if need be, or the first one to standard output.
///
/// # Errors
/// Errors of writing, with the path.
pub fn write(pages: &[Page], folder: Option<&Path>) -> io::Result<()> {
    let Some(folder) = folder else {
        return stdout().write_all(pages.first().map_or(&[], |page| page.text.as_slice()));
    };
    let at = |path: &Path, why: io::Error| {
        io::Error::new(why.kind(), format!("{}: {why}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|why| at(folder, why))?;
    for page in pages {
        let path = folder.join(&page.name);
        fs::write(&path, &page.text).map_err(|why| at(&path, why))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let run = Command::new("run").about("Runs it").arg(clap::Arg::new("fast").long("fast"));
        Command::new("prog").about("A program").subcommand(run)
    }

    #[test]
    fn each_command_has_a_page_of_the_programs_section() {
        let pages = pages(program(), Section::Daemons);
        let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        assert_eq!(names, ["prog.8", "prog-run.8"]);
        let run = String::from_utf8_lossy(&pages[1].text).into_owned();
        assert!(run.contains(".TH prog-run 8") && run.contains("fast"), "{run}");
    }

    #[test]
    fn completions_know_the_commands_and_options() {
        let script = String::from_utf8(completions(program(), Shell::Bash)).unwrap();
        assert!(script.contains("prog__run") || script.contains("prog__subcmd__run"), "{script}");
        assert!(script.contains("--fast"), "{script}");
    }
}
