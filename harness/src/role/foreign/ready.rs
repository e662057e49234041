//! Waits until a program is ready, by the event that its recipe names.

use std::io;
use std::path::Path;
use std::time::Duration;

use castnet::addr::Family;
use castnet::kernel::readable;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::os::fd::AsFd as _;

use super::{Started, died};
use crate::lab::{Netns, VifMonitor, Ward};
use crate::recipe::Ready;

/// How long a program may take to be ready: several take some seconds.
const BOUND: Duration = Duration::from_secs(60);

/// The node of a program, as far as its readiness shows there.
pub(super) struct Place {
    pub(super) netns: Netns,
    pub(super) family: Family,
    /// The interfaces between which multicast is to be routed.
    pub(super) vifs: Vec<String>,
}

impl Place {
    /// Why nothing routes multicast on the node; `None` if something does. Whoever routes has two interfaces as VIFs,
    /// and only a program of the node's own can have made them.
    ///
    /// # Errors
    /// Errors of reading the kernel's list.
    pub(super) fn unrouted(&self) -> io::Result<Option<String>> {
        let vifs = VifMonitor::open(&self.netns, self.family)?.count(&self.vifs)?;
        let wanted = self.vifs.len().min(2);
        let of = self.vifs.len();
        let why = || {
            format!("it is not what routes: {vifs} of its {of} interfaces are VIFs of the kernel")
        };
        Ok((vifs < wanted).then(why))
    }

    /// Waits until the program is ready.
    ///
    /// # Errors
    /// That it ended before, or was not ready in time.
    pub(super) async fn until(
        &self,
        ready: &Ready,
        ward: &Ward,
        program: &Started,
    ) -> Result<(), String> {
        let is_ready = async {
            match ready {
                Ready::Started => Ok(()),
                Ready::Interfaces => {
                    VifMonitor::open(&self.netns, self.family)?.has_all(&self.vifs).await
                }
                Ready::File(path) => exists(&ward.inside(path)?).await,
                Ready::Log(text) => match program.output.says(text).await {
                    true => Ok(()),
                    // The end of the program tells more.
                    false => std::future::pending().await,
                },
            }
        };
        tokio::select! {
            biased;
            became = is_ready => became.map_err(|error: io::Error| format!("{}: {error}", program.name)),
            ended = program.process.ended() => {
                Err(died(program, ended.map(|status| status.to_string())))
            }
            () = tokio::time::sleep(BOUND) => {
                Err(format!("{} was not ready ({}) in {BOUND:?}", program.name, words(ready)))
            }
        }
    }
}

fn words(ready: &Ready) -> String {
    match ready {
        Ready::Started => "it runs".to_owned(),
        Ready::Interfaces => "each interface is a VIF".to_owned(),
        Ready::File(path) => format!("{} is there", path.display()),
        Ready::Log(text) => format!("it writes `{text}`"),
    }
}

/// Waits until there is such a file.
async fn exists(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
    inotify.add_watch(folder, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO)?;
    while !path.exists() {
        readable(inotify.as_fd()).await?;
        _ = inotify.read_events();
    }
    Ok(())
}
