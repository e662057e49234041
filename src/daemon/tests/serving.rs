//! castnetd as a process of a test: started in a namespace, read by its log, signalled and ended.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use castnet_lab::lab::Netns;
use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

pub(crate) const CASTNETD: &str = env!("CARGO_BIN_EXE_castnetd");
/// How long anything may take that is to happen at once, on a busy machine.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// A castnetd that runs; it is killed when this is dropped.
pub(crate) struct Castnetd {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    /// All of its log so far.
    pub(crate) heard: String,
}

impl Castnetd {
    /// Starts it in the namespace with these options.
    pub(crate) fn start(netns: &Netns, options: &[&str], config: &PathBuf) -> Result<Self, Failed> {
        Self::spawn(netns, &[&["run"], options].concat(), config)
    }

    /// Starts a keeper in the namespace, which logs everything.
    #[allow(dead_code, reason = "not every suite has one")]
    pub(crate) fn kept(netns: &Netns, config: &PathBuf) -> Result<Self, Failed> {
        Self::spawn(netns, &["keep", "-v"], config)
    }

    /// The process that serves for the keeper from now on.
    #[allow(dead_code, reason = "not every suite has a keeper")]
    pub(crate) async fn serving(&mut self) -> Result<Pid, Failed> {
        let line = self.says(&["process", "serves"]).await?;
        let number = line.split_whitespace().rev().nth(1).ok_or("no number")?;
        Ok(Pid::from_raw(number.parse()?))
    }

    fn spawn(netns: &Netns, words: &[&str], config: &PathBuf) -> Result<Self, Failed> {
        let mut castnetd = Command::new(CASTNETD);
        castnetd.args(words).arg(config);
        Self::command(netns, castnetd)
    }

    /// Starts it in the namespace by a line of bash, which ends in `exec`; other shells know only ten
    /// descriptors.
    #[allow(dead_code, reason = "not every suite needs one")]
    pub(crate) fn by_shell(netns: &Netns, line: &str) -> Result<Self, Failed> {
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(line);
        Self::command(netns, shell)
    }

    fn command(netns: &Netns, mut castnetd: Command) -> Result<Self, Failed> {
        let runtime = tokio::runtime::Handle::current();
        let spawn = || {
            let _inside_runtime = runtime.enter();
            castnetd.stderr(Stdio::piped()).kill_on_drop(true);
            castnetd.spawn()
        };
        let mut child = netns.run(spawn)??;
        let stderr = child.stderr.take().ok_or("no standard error")?;
        Ok(Self { child, log: BufReader::new(stderr).lines(), heard: String::new() })
    }

    /// Reads its log until a line has all these parts, and returns the line.
    pub(crate) async fn says(&mut self, parts: &[&str]) -> Result<String, Failed> {
        let said = async {
            while let Some(line) = self.log.next_line().await? {
                self.heard += &format!("{line}\n");
                if parts.iter().all(|part| line.contains(part)) {
                    return Ok(line);
                }
            }
            Err(Failed::from("it has ended"))
        };
        let why = match timeout(BOUND, said).await {
            Ok(Ok(line)) => return Ok(line),
            Ok(Err(why)) => why.message().unwrap_or_default().to_owned(),
            Err(_) => format!("{BOUND:?} have passed"),
        };
        Err(format!("it did not say {parts:?}, {why}:\n{}", self.heard).into())
    }

    /// The process.
    pub(crate) fn pid(&self) -> Result<Pid, Failed> {
        Ok(Pid::from_raw(self.child.id().ok_or("it has ended")?.try_into()?))
    }

    /// Whether the process can gain or use any privilege, as the kernel says.
    pub(crate) fn has_no_privilege(&self) -> Result<(), Failed> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let is = |key: &str, value: &str| {
            let row = status.lines().find_map(|row| row.strip_prefix(key));
            row.is_some_and(|found| found.trim() == value)
        };
        let sets = ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"];
        let none = sets.iter().all(|set| is(set, "0000000000000000"));
        match none && is("NoNewPrivs:", "1") && is("Seccomp:", "2") {
            true => Ok(()),
            false => Err(format!("it has privileges:\n{status}").into()),
        }
    }

    /// Has it read its configuration again, sooner or later.
    pub(crate) fn hang_up(&self) -> Result<(), Failed> {
        Ok(kill(self.pid()?, Signal::SIGHUP)?)
    }

    /// Has it end, sooner or later.
    pub(crate) fn terminate(&self) -> Result<(), Failed> {
        Ok(kill(self.pid()?, Signal::SIGTERM)?)
    }

    /// Ends it: its exit code, and all of its log.
    pub(crate) async fn end(mut self) -> Result<(Option<i32>, String), Failed> {
        self.terminate()?;
        while let Some(line) = timeout(BOUND, self.log.next_line()).await?? {
            self.heard += &format!("{line}\n");
        }
        Ok((self.child.wait().await?.code(), self.heard))
    }
}

/// A file with this configuration; `name` is the test's alone.
pub(crate) fn config(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    // An earlier run may have left a link or a pipe there.
    _ = fs::remove_file(&path);
    fs::write(&path, text).unwrap();
    path
}
