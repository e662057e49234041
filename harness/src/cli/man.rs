//! `castnet man`

use std::io::Write as _;
use std::path::{Path, PathBuf};

use castnet_lab::output::Folder;
use clap::{Args, Command};

use super::{Ending, Failure, say};

#[derive(Args)]
pub(super) struct ManArgs {
    /// Write a page for each command into this folder, instead of the first page to standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn man(args: &ManArgs, mut command: Command) -> Ending {
    command.build();
    let Some(folder) = &args.out else {
        say(&String::from_utf8_lossy(&page(command)?));
        return Ok(0);
    };
    let refused = |path: &Path, error| Failure::usage(format!("{}: {error}", path.display()));
    let out = Folder::make(folder).map_err(|error| refused(folder, error))?;
    let commands: Vec<Command> = command.get_subcommands().cloned().collect();
    for command in std::iter::once(command).chain(commands) {
        // The display name of `castnet run` is castnet-run; `help` is clap's own and has no page.
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        if name.ends_with("-help") {
            continue;
        }
        let name = format!("{name}.1");
        let path = folder.join(&name);
        let page = page(command)?;
        let written = out.publish(Path::new(&name), |mut file| file.write_all(&page));
        written.map_err(|error| refused(&path, error))?;
        say(&format!("{}\n", path.display()));
    }
    Ok(0)
}

fn page(command: Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(Failure::broken)?;
    Ok(page)
}
