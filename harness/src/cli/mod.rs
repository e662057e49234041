//! The command line: its words and its exit codes. One module for each command.

mod annotations;
mod capture;
mod check;
mod clauses;
mod clock;
mod color;
mod conformance;
mod destination;
mod diff;
mod diff_backends;
mod doctor;
mod exec;
mod explain;
mod files;
mod interrupt;
mod judge;
mod kernel;
mod list;
mod man;
mod memory;
mod mroute;
mod new;
mod output;
mod progress;
mod review;
mod run;
mod schema;
mod selection;
mod show;
mod slip;
mod swarm;
mod trace;
mod up;
mod which_kernel;

use std::io;
use std::process::ExitCode;

use castnet::manual::{ManArgs, Shell, completions};
use castnet_lab::judge::Outcome;
use castnet_lab::report::text::Style;
use clap::{CommandFactory as _, Parser, Subcommand};
use color::Color;
use output::{complain, remark, say, say_coloured, say_document, say_json};

/// A laboratory for IP multicast routing.
///
/// A scenario is one TOML file: a topology, a timeline and what must come true. castnet builds the
/// topology on the real Linux kernel, in network namespaces of its own, runs the timeline, and
/// answers with a verdict that explains itself and one merged capture (pcapng).
#[derive(Parser)]
#[command(name = "castnet", version, arg_required_else_help = true)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Whether output is coloured.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a first scenario, which passes as it stands.
    New(new::NewArgs),
    /// Run scenarios and judge them.
    Run(run::RunArgs),
    /// Run scenarios on the simulator and on the kernel, and compare what happened.
    DiffBackends(diff_backends::DiffBackendsArgs),
    /// Try random scenarios in the simulator, and make what fails as small as it gets.
    Swarm(swarm::SwarmArgs),
    /// Check scenarios without running them.
    Check(check::CheckArgs),
    /// Say which clauses of the RFCs the scenarios prove, and which ones nothing speaks of.
    Clauses(clauses::ClausesArgs),
    /// Say which clauses of the RFCs a router or a host conforms to, and from which ones it deviates.
    Conformance(conformance::ConformanceArgs),
    /// Print the JSON Schema of scenario files, from which editors complete keys.
    Schema,
    /// Build the topology of a scenario, and hold it until Ctrl-C.
    Up(up::UpArgs),
    /// Run a command in a node of a topology that stands.
    Exec(exec::ExecArgs),
    /// Capture live in a topology that stands.
    Capture(capture::CaptureArgs),
    /// Say whether scenarios can run on this machine, and what to do if not.
    Doctor(doctor::DoctorArgs),
    /// Print the frames of a capture, one to a line.
    Show(show::ShowArgs),
    /// Say who asks, who wants what and what flows in a capture, and what is wrong there.
    Explain(explain::ExplainArgs),
    /// Review runs that differ from their goldens; accept or reject each.
    Review(review::ReviewArgs),
    /// Judge a capture by a scenario's packet expectations.
    Judge(judge::JudgeArgs),
    /// Compare two captures packet by packet and field by field.
    Diff(diff::DiffArgs),
    /// Run a scenario and print its trace: what happened and because of what.
    Trace(trace::TraceArgs),
    /// Build a kernel that runs in virtual time, for `--kernel uml`, or list those that there are.
    Kernel(kernel::KernelArgs),
    Mroute(mroute::MrouteArgs),
    /// Print or write the manual.
    Man(ManArgs),
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// The exit codes, for help and manual.
const EXIT_CODES: &str = "Exit codes: 0 all passed, 1 a check failed or proved nothing, 2 usage or a \
                          bad scenario, 3 not supported here, 4 the laboratory itself broke or could \
                          not write what it had to, 130 interrupted. Where several apply, 1 comes \
                          before 2, 2 before 4, and 4 before 3.";

/// A check failed or proved nothing; or a file could not be read to its end.
const FAILED: u8 = 1;
/// A scenario or the command line is wrong.
const USAGE: u8 = 2;
/// This machine cannot run it.
const UNSUPPORTED: u8 = 3;
/// The laboratory itself broke, or its output is lost.
const BROKEN: u8 = 4;
/// The user ended it: 128 and the number of SIGINT, as shells count.
const INTERRUPTED: u8 = 130;

/// The exit code for several runs with this worst outcome. The order of outcomes is that of
/// [`EXIT_CODES`].
const fn exit_code(worst: Outcome) -> u8 {
    match worst {
        Outcome::Pass => 0,
        Outcome::Vacuous | Outcome::Fail => FAILED,
        Outcome::Unsupported => UNSUPPORTED,
        // Broken, or an outcome that these codes do not know yet.
        _ => BROKEN,
    }
}

/// Executes the command line. The process must have no other thread yet: commands that build a
/// laboratory may have to enter a user namespace first.
pub(crate) fn execute() -> ExitCode {
    let code = match Cli::try_parse() {
        Ok(cli) => {
            cli.color.choose();
            obey(cli.command)
        }
        Err(mut told) => {
            slip::suggest(&mut told, &Cli::command());
            // Help and the version are no errors, and go to standard output.
            let written = told.print();
            if !told.use_stderr() {
                output::note(written);
            }
            Ok(told.exit_code() as u8)
        }
    };
    let code = code.unwrap_or_else(|Failure { code, message }| {
        complain(&message);
        code
    });
    ExitCode::from(match output::lost() {
        None => code,
        Some(why) => {
            complain(&format!("standard output: {why}"));
            without_output(code)
        }
    })
}

fn obey(command: Command) -> Ending {
    match command {
        Command::New(args) => new::new(&args),
        Command::Run(args) => run::run(&args),
        Command::DiffBackends(args) => diff_backends::diff(&args),
        Command::Swarm(args) => swarm::swarm(&args),
        Command::Check(args) => check::check(&args),
        Command::Clauses(args) => clauses::clauses(&args),
        Command::Conformance(args) => conformance::conformance(&args),
        Command::Schema => schema::print(),
        Command::Up(args) => up::up(&args),
        Command::Exec(args) => exec::exec(&args),
        Command::Capture(args) => capture::capture(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Show(args) => show::show(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Review(args) => review::review(&args),
        Command::Judge(args) => judge::judge_capture(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Trace(args) => trace::trace_run(&args),
        Command::Kernel(args) => kernel::kernel(&args),
        Command::Mroute(args) => mroute::mroute(args),
        Command::Man(args) => man::man(&args, Cli::command()),
        Command::Completions { shell } => {
            say(&String::from_utf8_lossy(&completions(Cli::command(), shell)));
            Ok(0)
        }
    }
}

/// The exit code of a command that would have ended with `code`, but could not write what it had to.
const fn without_output(code: u8) -> u8 {
    match code {
        0 | UNSUPPORTED => BROKEN,
        code => code,
    }
}

/// Why a command failed.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn usage(message: impl ToString) -> Self {
        Self { code: USAGE, message: message.to_string() }
    }

    fn broken(message: impl ToString) -> Self {
        Self { code: BROKEN, message: message.to_string() }
    }
}

/// A command's exit code, or its failure.
type Ending = Result<u8, Failure>;

/// The terminal's columns, from the shell's variable or from the terminal itself.
fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| Some(terminal_size::terminal_size()?.0.0.into())).unwrap_or(WIDTH)
}

/// The width of a file, and of a terminal that does not report its width.
const WIDTH: usize = 120;

fn stdout_style() -> Style {
    color::style(&io::stdout())
}

fn stderr_style() -> Style {
    color::style(&io::stderr())
}
