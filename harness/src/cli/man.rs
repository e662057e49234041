//! `castnet man`

use std::io::Write as _;
use std::path::Path;

use castnet::manual::{ManArgs, Section, pages};
use castnet_lab::output::Folder;
use clap::Command;

use super::{Ending, Failure, say};

pub(super) fn man(args: &ManArgs, command: Command) -> Ending {
    let pages = pages(command, Section::Commands);
    let Some(folder) = &args.out else {
        say(&String::from_utf8_lossy(&pages[0].text));
        return Ok(0);
    };
    let refused = |path: &Path, error| Failure::usage(format!("{}: {error}", path.display()));
    let out = Folder::make(folder).map_err(|error| refused(folder, error))?;
    for page in pages {
        let path = folder.join(&page.name);
        let written = out.publish(Path::new(&page.name), |mut file| file.write_all(&page.text));
        written.map_err(|error| refused(&path, error))?;
        say(&format!("{}\n", path.display()));
    }
    Ok(0)
}
