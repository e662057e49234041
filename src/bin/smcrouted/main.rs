//! `smcrouted`: a static multicast router with smcroute's command line, files and control socket.

#[cfg(not(target_os = "linux"))]
compile_error!("smcrouted needs Linux");

mod failure;
mod hook;
mod logging;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use castnet::daemon::config::ConfigFile;
use castnet::daemon::confine::User;
use castnet::daemon::control::Loaded;
use castnet::daemon::program::{self, Hooked, PidFile, Setup, open};
use castnet::daemon::smcroute::Smcroute;
use castnet::daemon::smcroute::desk::Place;
use castnet::daemon::supervised::Handed;
use castnet::manual::{self, Section};
use clap::CommandFactory as _;
use failure::{Failure, failed};
use words::Cli;

fn main() -> ExitCode {
    let cli = match words::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !cli.foreground || cli.syslog || cli.check.is_some() {
                eprintln!("smcrouted: {failure}");
            }
            failure.code()
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    if let Some(shell) = cli.completions {
        let script = manual::completions(Cli::command(), shell);
        return std::io::stdout().write_all(&script).map_err(|why| failed(why.into()));
    }
    if let Some(folder) = &cli.man {
        let pages = manual::pages(Cli::command(), Section::Daemons);
        return manual::write(&pages, folder.as_deref()).map_err(|why| failed(why.into()));
    }
    if let Some(command) = &cli.run_hook {
        hook::run(command);
        return Ok(());
    }
    if let Some(file) = &cli.check {
        return check(cli, file.as_deref().unwrap_or(&cli.config()));
    }
    logging::start(cli).map_err(failed)?;
    if let Some(delay) = cli.delay {
        // Whoever started it does not wait so long.
        to_background(cli)?;
        #[expect(clippy::disallowed_methods, reason = "the time itself is asked for")]
        std::thread::sleep(Duration::from_secs(delay));
    }
    let outcome = serve(cli);
    if let Err(failure) = &outcome {
        tracing::error!("{failure}");
    }
    outcome
}

/// Leaves the terminal and the folder, unless it is to stay: from now on only syslog hears of it.
fn to_background(cli: &Cli) -> Result<(), Failure> {
    if cli.foreground {
        return Ok(());
    }
    nix::unistd::daemon(false, false).map_err(|why| failed(why.into()))
}

/// Reads the file and says what is wrong with it; whether it can be used is the exit code.
fn check(cli: &Cli, path: &Path) -> Result<(), Failure> {
    let unusable = |why: String| Failure::config(format!("{}: {why}", path.display()));
    let file = Smcroute::load(path, cli.explicit).map_err(|why| unusable(why.to_string()))?;
    for problem in &file.problems {
        eprintln!("{problem}");
    }
    if file.problems.iter().any(|problem| problem.is_error || cli.strict) {
        return Err(unusable("it cannot be used".to_owned()));
    }
    let made = file.to_toml(&head(cli), cli.router_discovery).map_err(unusable)?;
    match cli.to_toml {
        true => std::io::stdout().write_all(made.as_bytes()).map_err(|why| failed(why.into())),
        false => Ok(()),
    }
}

/// The keys of castnetd's configuration that stand in the command line here.
fn head(cli: &Cli) -> String {
    // An entry that is never flushed may be idle for ten years.
    let idle = if cli.cache == 0 { 10 * 365 * 24 * 3600 } else { cli.cache };
    let table = cli.table.filter(|table| *table > 0);
    let table = table.map(|table| format!("table = {table}\n")).unwrap_or_default();
    format!("keepalive = \"{idle}s\"\n{table}\n")
}

/// Reads the configuration as a reload takes it: nothing of it may be wrong.
fn reread(cli: &Cli, path: &Path) -> Result<Loaded, String> {
    let unread = |why: std::io::Error| format!("{}: {why}", path.display());
    let file = Smcroute::load(path, cli.explicit).map_err(unread)?;
    if let Some(problem) = file.problems.iter().find(|problem| problem.is_error || cli.strict) {
        return Err(problem.to_string());
    }
    taken(cli, &file)
}

fn taken(cli: &Cli, file: &Smcroute) -> Result<Loaded, String> {
    let text = file.to_toml(&head(cli), cli.router_discovery)?;
    let made = ConfigFile::parse(&text).map_err(|why| why.to_string())?;
    Ok((text, made))
}

/// Reads the configuration to begin with: what of it is right, and the files that it is in. Without the
/// file the router waits for smcroutectl.
fn read(cli: &Cli, path: &Path) -> Result<(Loaded, Vec<PathBuf>), Failure> {
    let file = match Smcroute::load(path, cli.explicit) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound && !cli.strict => {
            tracing::warn!("the configuration {} is not there", path.display());
            Smcroute::default()
        }
        file => file.map_err(|why| Failure::config(format!("{}: {why}", path.display())))?,
    };
    for problem in &file.problems {
        match problem.is_error {
            true => tracing::error!("{problem}"),
            false => tracing::warn!("{problem}"),
        }
    }
    if cli.strict && !file.problems.is_empty() {
        return Err(Failure::config(format!("{} cannot be used", path.display())));
    }
    let loaded =
        taken(cli, &file).map_err(|why| Failure::config(format!("{}: {why}", path.display())))?;
    let others = file.files().filter(|other| *other != path).map(Path::to_owned);
    Ok((loaded, [path.to_owned()].into_iter().chain(others).collect()))
}

/// Serves until it is told to end. What could fail does so before it goes to the background, so that whoever
/// started it learns of it.
fn serve(cli: &Cli) -> Result<(), Failure> {
    let path = cli.config();
    let (loaded, paths) = read(cli, &path)?;
    let user = cli.user.as_ref().map(|user| User::find(user)).transpose();
    let user = user.map_err(|why| Failure::config(why.to_string()))?;
    let sockets = open(&loaded.1, Handed::default()).map_err(failed)?;
    let place = bind(cli, user.as_ref()).map_err(failed)?;
    if cli.delay.is_none() {
        to_background(cli)?;
    }
    let hook = cli.hook.as_ref().map(|command| hook::start(command)).transpose();
    let hook = hook.map_err(failed)?;
    let setup = Setup {
        loaded,
        load: &|| reread(cli, &path),
        paths,
        verbose: cli.is_verbose(),
        user,
        control: cli.control.clone(),
        desk: Some(place),
        pid_file: Some(PidFile::new(cli.pid_file())),
        hook: hook.map(|hook| Box::new(hook) as Box<dyn FnMut(Hooked)>),
    };
    program::run(setup, |_| Ok(sockets)).map_err(failed)
}

/// Binds the socket for smcroutectl, in a runtime of its own: the one that serves must not be there yet when
/// the process goes to the background.
fn bind(cli: &Cli, user: Option<&User>) -> anyhow::Result<Place> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let owner = user.map(User::uid);
    Ok(runtime.block_on(Place::bind(&cli.socket(), owner, cli.explicit))?)
}
