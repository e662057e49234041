//! `castnet new`: a first scenario, which passes as it stands, to be changed from there.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use castnet_lab::output;
use clap::Args;

use super::{Ending, Failure, remark, say};

/// The first scenario.
const FIRST: &str = include_str!("first.toml");
/// The schema's file name, if it is beside the scenario.
const SCHEMA: &str = "castnet.schema.json";

#[derive(Args)]
pub(super) struct NewArgs {
    /// The file to write, which must not exist yet; - is standard output.
    #[arg(value_name = "FILE", default_value = "scenario.toml")]
    file: PathBuf,
}

pub(super) fn new(args: &NewArgs) -> Ending {
    if args.file == Path::new("-") {
        say(FIRST);
        return Ok(0);
    }
    let file = args.file.display();
    // An editor complains about a schema that does not exist.
    let has_schema = args.file.with_file_name(SCHEMA).is_file();
    let line = if has_schema { format!("#:schema ./{SCHEMA}\n") } else { String::new() };
    let text = format!("{line}{FIRST}");
    let written = output::create_new(&args.file, |mut to| to.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::usage(match error.kind() {
            io::ErrorKind::AlreadyExists => format!("{file}: is there already, and stays so"),
            _ => format!("{file}: {error}"),
        })
    })?;
    let hint = format!("wrote {file}; now run it:\n\n    castnet run {file}\n\n");
    remark(&hint);
    Ok(0)
}
