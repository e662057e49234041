//! `castnet kernel`

use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use castnet::kernel::Clock;
use castnet_lab::kernel::build::{Order, Source, VERSION, build};
use castnet_lab::kernel::{self, Built, CONFIG, PATCHES, Progress};
use clap::{Args, Subcommand};

use super::{Ending, Failure, UNSUPPORTED, complain, say};

#[derive(Args)]
pub(super) struct KernelArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build a kernel, or go on with a build that was interrupted: 10 to 15 minutes on two CPUs, and 2 GB
    /// meanwhile.
    Build(BuildArgs),
    /// List the kernels that were built.
    List,
    /// Print the path of the kernel that `--kernel uml` means.
    Path,
    /// Print the configuration and the patches with which kernels are built.
    Config,
}

#[derive(Args)]
struct BuildArgs {
    /// The version of the distribution's package, `linux-source-VERSION`.
    #[arg(long = "linux", value_name = "VERSION", default_value = VERSION, value_parser = version)]
    version: String,
    /// Take the source from this archive, as kernel.org has them (linux-6.18.tar.xz), instead of the
    /// distribution's package.
    #[arg(long, value_name = "FILE", conflicts_with = "version")]
    source: Option<PathBuf>,
    /// How many compilers run at a time; by default one for each CPU.
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

pub(super) fn kernel(args: &KernelArgs) -> Ending {
    match &args.command {
        Command::Build(args) => build_one(args),
        Command::List => list(),
        Command::Path => path(),
        Command::Config => {
            say(CONFIG);
            PATCHES.iter().for_each(|(name, text)| say(&format!("\n# {name}\n{text}")));
            Ok(0)
        }
    }
}

/// Reads the version of a package.
fn version(text: &str) -> Result<String, String> {
    let is_version = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    is_version.then(|| text.to_owned()).ok_or_else(|| "a version is such as 6.12".to_owned())
}

/// How often the terminal is told how far the compilers are.
const PACE: Duration = Duration::from_millis(250);

fn build_one(args: &BuildArgs) -> Ending {
    let folder = kernel::folder().map_err(Failure::broken)?;
    let source = match &args.source {
        Some(archive) if !archive.is_file() => {
            return Err(Failure::usage(format!("{}: there is no such file", archive.display())));
        }
        Some(archive) => Source::Archive(archive.clone()),
        None => Source::Package(args.version.clone()),
    };
    let jobs = args.jobs.or_else(|| available_parallelism().ok()).map_or(1, NonZero::get);
    let (clock, terminal) = (Clock::start(), io::stderr().is_terminal());
    let mut due = clock.now();
    let mut tell = |progress| match progress {
        Progress::Step(step) => {
            clear(terminal);
            complain(&step);
        }
        Progress::Compiled(files) if terminal && clock.now() >= due => {
            due = clock.now() + PACE;
            let seconds = clock.now().since_start().as_secs();
            _ = write!(io::stderr(), "\r\x1b[K{files} files compiled, {seconds} s");
        }
        Progress::Compiled(_) => {}
    };
    let built = build(&folder, &Order { source, jobs }, &mut tell);
    clear(terminal);
    let program = built.map_err(|failure| match failure {
        kernel::Failure::Missing(_) => {
            Failure { code: UNSUPPORTED, message: format!("no kernel is built: {failure}") }
        }
        failure => Failure::broken(format!("no kernel is built: {failure}")),
    })?;
    say(&format!("{}\n", program.display()));
    Ok(0)
}

/// Clears the line about the compilers.
fn clear(terminal: bool) {
    if terminal {
        _ = write!(io::stderr(), "\r\x1b[K");
    }
}

fn list() -> Ending {
    let folder = kernel::folder().map_err(Failure::broken)?;
    let built = kernel::built(&folder)
        .map_err(|error| Failure::broken(format!("{}: {error}", folder.display())))?;
    for Built { version, program, is_current } in &built {
        let state = if *is_current {
            ""
        } else {
            "  (not of this castnet: other configuration or patches)"
        };
        say(&format!("{version:<8} {}{state}\n", program.display()));
    }
    if built.is_empty() {
        complain(&format!("no kernel in {}: `{}` makes one", folder.display(), kernel::COMMAND));
    }
    Ok(0)
}

fn path() -> Ending {
    let newest = kernel::newest();
    let program =
        newest.map_err(|error| Failure { code: UNSUPPORTED, message: error.to_string() })?;
    say(&format!("{}\n", program.display()));
    Ok(0)
}
