//! `castnet`: write a multicast scenario, run it, read the verdict.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::execute()
}
