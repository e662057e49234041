//! `castnetd keep`: what is typed and signalled becomes the keeper's wishes, and its turns lines of the log.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context as _;
use castnet::daemon::confine::surrender;
use castnet::daemon::keep::{Keeper, Turn, Wish};
use castnet::daemon::program::open;
use castnet::daemon::supervised::{Handed, name};
use tokio::signal::unix::{SignalKind, signal};

use super::{find_user, load, log_to_stderr};

/// Keeps a daemon serving with this configuration, until SIGTERM or SIGINT.
pub(super) fn keep(path: &Path, verbose: bool, user: Option<String>) -> anyhow::Result<()> {
    log_to_stderr(verbose);
    let (_, file) = load(path)?;
    let user = find_user(user, &file)?;
    // Now, because the kernel names it otherwise once the file has been exchanged.
    let program = std::env::current_exe().context("finding this program")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut upgrade = signal(SignalKind::user_defined2())?;
        let claims = open(&file, Handed::default())?.claims.into_iter();
        let sockets = claims.map(|(config, socket)| (name(config.family, file.table), socket));
        let sockets = sockets.collect();
        surrender(user.as_ref())?;
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let with_path = |mut words: Vec<OsString>| {
            words.push(path.into());
            words
        };
        let run = with_path(words(if verbose { &["run", "-v"] } else { &["run"] }));
        let keeper = Keeper { program, run, check: with_path(words(&["check"])), sockets };
        let wish = async || {
            tokio::select! {
                _ = terminate.recv() => Wish::End,
                _ = interrupt.recv() => Wish::End,
                _ = hangup.recv() => Wish::Reload,
                _ = upgrade.recv() => Wish::Upgrade,
            }
        };
        let ended = keeper.keep(wish, |turn| match turn {
            Turn::Serves(pid) => tracing::info!("process {pid} serves"),
            Turn::Died(how) => tracing::warn!("the daemon has ended: {how}"),
            Turn::NoUpgrade(how) => tracing::error!("no upgrade, the new program says: {how}"),
        });
        match ended.await? {
            ended if ended.success() => Ok(()),
            ended => anyhow::bail!("the daemon has ended: {ended}"),
        }
    })
}
