//! castnetd below a service manager, whose part the test plays: sd_notify(3), sd_watchdog_enabled(3) and
//! the store of descriptors.

use std::io::{ErrorKind, IoSliceMut};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

use crate::keeping::Stream;
use crate::rig::{R1, Rig, config};
use crate::serving::{BOUND, CASTNETD, Castnetd};
use crate::{FAMILIES, QUICK};

/// The manager's socket, and what it stores.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    stored: Vec<(String, RawFd)>,
}

impl Manager {
    fn new() -> Result<Self, Failed> {
        let path = std::env::temp_dir().join(format!("castnetd-manager-{}", std::process::id()));
        _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(BOUND))?;
        Ok(Self { socket, path, stored: Vec::new() })
    }

    /// Takes messages until one has a line that begins so, and returns that message.
    fn hears(&mut self, wanted: &str) -> Result<String, Failed> {
        loop {
            let mut octets = [0; 1000];
            let mut space = nix::cmsg_space!([RawFd; 4]);
            let mut slices = [IoSliceMut::new(&mut octets)];
            let fd = self.socket.as_raw_fd();
            let message = recvmsg::<()>(fd, &mut slices, Some(&mut space), MsgFlags::empty());
            let message = match message.map_err(std::io::Error::from) {
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    return Err(format!("nobody has said {wanted} in {BOUND:?}").into());
                }
                other => other?,
            };
            // They are open on exec, for the next daemon.
            let mut fds = Vec::new();
            for control in message.cmsgs()? {
                if let ControlMessageOwned::ScmRights(given) = control {
                    fds.extend(given);
                }
            }
            let length = message.bytes;
            let text = String::from_utf8_lossy(&octets[..length]).into_owned();
            let name = text.lines().find_map(|line| line.strip_prefix("FDNAME="));
            self.stored.extend(name.map(str::to_owned).into_iter().zip(fds));
            if text.lines().any(|line| line.starts_with(wanted)) {
                return Ok(text);
            }
        }
    }

    /// Starts a daemon as the manager does, with what is stored as its descriptors from 3 on.
    fn starts(&self, rig: &Rig, config: &Path) -> Result<Castnetd, Failed> {
        let moves = self.stored.iter().zip(3..).map(|((_, fd), to)| format!("{to}<&{fd}"));
        let names: Vec<&str> = self.stored.iter().map(|(name, _)| name.as_str()).collect();
        // The manager says nothing of descriptors if it has none.
        let listens = match names.len() {
            0 => String::new(),
            count => format!("LISTEN_PID=$$ LISTEN_FDS={count} LISTEN_FDNAMES={}", names.join(":")),
        };
        let script = format!(
            "exec {}; export NOTIFY_SOCKET={} WATCHDOG_USEC=400000 {listens}; exec {CASTNETD} run -v {}",
            moves.collect::<Vec<_>>().join(" "),
            self.path.display(),
            config.display()
        );
        Castnetd::by_shell(&rig.netns[R1], &script)
    }
}

/// It is ready once it has queried, alive in between, and told of a reload with its time. What it has
/// stored lets the next one go on without a gap, after kill -9 and after a stop.
pub(crate) async fn manager() -> Result<(), Failed> {
    let (rig, path) = (Rig::new().await?, config("managed", QUICK));
    let mut manager = Manager::new()?;
    let castnetd = manager.starts(&rig, &path)?;
    let ready = manager.hears("READY=1")?;
    assert!(ready.contains("STATUS=routing IPv4 and IPv6 multicast between up, lan"), "{ready}");
    let names: Vec<&str> = manager.stored.iter().map(|(name, _)| name.as_str()).collect();
    let [v4, v6] = ["castnet-IPv4-253", "castnet-IPv6-254"];
    assert_eq!(names, [v4, &format!("{v4}-pim"), v6, &format!("{v6}-pim")]);
    for _ in 0..3 {
        manager.hears("WATCHDOG=1")?;
    }
    let streams = FAMILIES.map(|family| Stream::start(&rig, family));
    let streams = streams.into_iter().collect::<Result<Vec<_>, _>>()?;
    castnetd.hang_up()?;
    let reloading = manager.hears("RELOADING=1")?;
    let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(time.is_some_and(|time| time.parse::<u64>().is_ok_and(|time| time > 0)), "{reloading}");
    manager.hears("READY=1")?;
    kill(castnetd.pid()?, Signal::SIGKILL)?;
    // Nobody serves for a while, and the kernel forwards on.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut castnetd = manager.starts(&rig, &path)?;
    manager.hears("READY=1")?;
    castnetd.says(&["IPv6: 2 interfaces and 1 entries are inherited"]).await?;
    let (code, heard) = castnetd.end().await?;
    assert_eq!(code, Some(0), "{heard}");
    manager.hears("STOPPING=1")?;
    let castnetd = manager.starts(&rig, &path)?;
    manager.hears("READY=1")?;
    assert_eq!(manager.stored.len(), 4, "what is stored is not stored again");
    Stream::all_came(streams, &castnetd.heard)?;
    castnetd.has_no_privilege()?;
    for (_, fd) in manager.stored {
        nix::unistd::close(fd)?;
    }
    Ok(std::fs::remove_file(&manager.path)?)
}
