//! `castnet`: write a multicast scenario, run it, read the verdict.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    castnet_lab::role::serve_if_child().unwrap_or_else(|| cli::execute(cli::Cli::parse()))
}
