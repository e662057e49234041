//! `castnet`: write a multicast scenario, run it, read the verdict.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::execute(cli::Cli::parse())
}
