//! A daemon of either make in the network of these tests, and whoever asks it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use crate::rig::{Member, Node};
use crate::serving::BOUND;

pub(crate) const SMCROUTED: &str = env!("CARGO_BIN_EXE_smcrouted");
pub(crate) const SMCROUTECTL: &str = env!("CARGO_BIN_EXE_smcroutectl");

/// How often something is looked at that nobody tells of.
const LOOK: Duration = Duration::from_millis(10);

/// smcroute's own program, if it is there.
pub(crate) fn theirs(program: &str) -> Option<PathBuf> {
    let listed = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&listed).chain(["/usr/sbin".into()]);
    let built = PathBuf::from(SMCROUTED);
    let own = built.parent();
    let mut others = folders.filter(|folder| Some(folder.as_path()) != own);
    others.find_map(|folder| Some(folder.join(program)).filter(|path| path.is_file()))
}

/// A daemon in the background, known by its name; it ends with the value.
pub(crate) struct Daemon<'a> {
    pub(crate) node: &'a Node,
    pub(crate) ident: String,
}

/// What a program has done: its exit code, and all that it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done(pub(crate) i32, pub(crate) String);

/// source, r1 and host, connected.
pub(crate) fn connected() -> Result<[Node; 3], Failed> {
    let nodes = Node::all(["source", "r1", "host"])?;
    let [source, r1, _] = &nodes;
    r1.wire(("e0", "10.0.1.1/24"), source, ("eth0", "10.0.1.10/24"))?;
    lan(&nodes)?;
    Ok(nodes)
}

pub(crate) fn lan([_, r1, host]: &[Node; 3]) -> Result<(), Failed> {
    r1.wire(("e1", "10.0.2.1/24"), host, ("eth0", "10.0.2.10/24"))
}

/// Runs a program in the namespace to its end.
pub(crate) fn run(node: &Node, program: &str, words: &[&str]) -> Result<Done, Failed> {
    run_with(node, program, words, "")
}

/// Runs a program that reads this text.
pub(crate) fn run_with(
    node: &Node,
    program: &str,
    words: &[&str],
    input: &str,
) -> Result<Done, Failed> {
    // A daemon keeps the files that it is started with until it serves.
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{:p}.out", &input));
    let file = fs::File::create(&out)?;
    let typed = out.with_extension("in");
    fs::write(&typed, input)?;
    let status = node.0.run(|| {
        let mut command = Command::new(program);
        command.args(words).stdin(fs::File::open(&typed)?).stdout(file.try_clone()?);
        command.stderr(file).status()
    })??;
    let text = String::from_utf8_lossy(&fs::read(&out)?).into_owned();
    fs::remove_file(&out)?;
    fs::remove_file(&typed)?;
    Ok(Done(status.code().unwrap_or(-1), text))
}

impl<'a> Daemon<'a> {
    /// The configuration of a daemon that is not there yet.
    pub(crate) fn named(node: &'a Node, name: &str, text: &str) -> Result<Self, Failed> {
        let ident = format!("castnet-{}-{name}", std::process::id());
        let daemon = Self { node, ident };
        daemon.write(text)?;
        Ok(daemon)
    }

    /// Starts it with these options besides, and waits until it serves.
    pub(crate) async fn start(&self, program: &str, more: &[&str]) -> Result<(), Failed> {
        let paths = [self.config(), self.pid_file(), self.socket()];
        let paths = paths.map(|path| path.display().to_string());
        let [config, pid_file, socket] = &paths;
        let words = ["-N", "-i", &self.ident, "-f", config, "-P", pid_file, "-u", socket];
        let words = [&words[..], more].concat();
        let Done(code, text) = run(self.node, program, &words)?;
        if code != 0 {
            return Err(format!("{program}: exit {code}:\n{text}").into());
        }
        let is_there = || fs::read_to_string(self.pid_file()).is_ok_and(|pid| pid.ends_with('\n'));
        until("it serves", is_there).await
    }

    pub(crate) fn write(&self, text: &str) -> Result<(), Failed> {
        Ok(fs::write(self.config(), text)?)
    }

    pub(crate) fn path(&self, kind: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.{kind}", self.ident))
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("conf")
    }

    pub(crate) fn pid_file(&self) -> PathBuf {
        self.path("pid")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("sock")
    }

    pub(crate) fn pid(&self) -> Result<Pid, Failed> {
        let pid = fs::read_to_string(self.pid_file())?;
        Ok(Pid::from_raw(pid.trim().parse()?))
    }

    /// Asks it.
    pub(crate) fn ctl(&self, program: &str, words: &[&str]) -> Result<Done, Failed> {
        let socket = self.socket().display().to_string();
        run(self.node, program, &[&["-u", &socket, "-p"], words].concat())
    }

    /// Waits until it has ended, and left nothing.
    pub(crate) async fn is_gone(&self, pid: Pid) -> Result<(), Failed> {
        until("it has ended", || kill(pid, None).is_err() || is_zombie(pid)).await?;
        until("nothing is left", || !self.pid_file().exists() && !self.socket().exists()).await
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        if let Ok(pid) = self.pid() {
            _ = kill(pid, Signal::SIGKILL);
        }
        for path in [self.pid_file(), self.socket(), self.config()] {
            _ = fs::remove_file(path);
        }
    }
}

/// Whether the process has ended, and nobody has asked how. A daemon is a child of whoever adopts orphans.
fn is_zombie(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(") ").next().is_none_or(|rest| rest.starts_with('Z'))
}

/// Looks again and again until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), Failed> {
    let end = Instant::now() + BOUND;
    while !is_so() {
        if Instant::now() > end {
            return Err(format!("{what}: not within {BOUND:?}").into());
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Waits until no datagram has come for a while.
pub(crate) async fn is_silent(member: &Member) -> Result<(), Failed> {
    let end = Instant::now() + BOUND;
    while !member.during(Duration::from_millis(300)).await?.is_empty() {
        if Instant::now() > end {
            return Err("datagrams still come".into());
        }
    }
    Ok(())
}
