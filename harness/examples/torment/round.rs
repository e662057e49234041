//! One round: castnet is started, struck by a signal at some moment, and whatever it leaves is listed.
//!
//! Everything that castnet starts inherits a mark in its environment, by which what is left of it is
//! found. What its processes live in and hold open is noted right before the blow.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The name of the mark.
const MARK: &str = "CASTNET_TORMENT";
/// How soon everything must be gone.
const GONE: Duration = Duration::from_secs(5);
/// How long castnet may take to end by itself.
const ENDS: Duration = Duration::from_secs(60);
/// The pace of looking.
const PACE: Duration = Duration::from_millis(5);

/// What strikes castnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    /// SIGINT.
    Interrupt,
    /// SIGKILL.
    Kill,
    /// SIGSTOP, and SIGCONT after this time.
    Stop(Duration),
}

/// What is to be done in a round.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// `run` or `up`.
    pub(crate) command: &'static str,
    pub(crate) scenario: PathBuf,
    pub(crate) blow: Blow,
    /// How long after its start it is struck.
    pub(crate) after: Duration,
}

/// What came of a round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aftermath {
    /// Whether it had ended before it was struck.
    pub(crate) was_over: bool,
    /// Its verdict, if it gave one: `pass`, `fail`, ...
    pub(crate) outcome: Option<String>,
    /// Why it was not a pass.
    pub(crate) reasons: Vec<String>,
    /// What must not be: processes, namespaces and files that are left, false verdicts, odd ends.
    pub(crate) faults: Vec<String>,
}

/// Plays a round in an empty folder of its own; `mark` must be unique on the machine.
pub(crate) async fn play(
    castnet: &Path,
    folder: &Path,
    mark: &str,
    round: &Round,
) -> io::Result<Aftermath> {
    fs::create_dir_all(folder.join("runtime"))?;
    let mut child = start(castnet, folder, mark, round)?;
    let mut result = Aftermath::default();
    let mut homes = Homes::new();
    if timeout(round.after, child.wait()).await.is_ok() {
        result.was_over = true;
    } else if let Some(pid) = child.id() {
        homes = homes_of(mark);
        let pid = Pid::from_raw(pid.cast_signed());
        strike(pid, round.blow).await?;
    }
    let status = match timeout(ENDS, child.wait()).await {
        Ok(status) => status?,
        Err(_) if matches!(round.blow, Blow::Stop(_)) && round.command == "up" => {
            child.kill().await?;
            child.wait().await?
        }
        Err(_) => {
            result.faults.push(format!("it has not ended after {ENDS:?}"));
            child.kill().await?;
            child.wait().await?
        }
    };
    let fine = match (round.blow, round.command) {
        (Blow::Kill, _) if !result.was_over => status.signal() == Some(9),
        (Blow::Stop(_), "up") => true,
        // Before it watches signals it has nothing to clean up.
        (Blow::Interrupt, _) if status.signal() == Some(2) => true,
        _ => matches!(status.code(), Some(0 | 3 | 4 | 130)),
    };
    if !fine {
        result.faults.push(format!("it ended with {status}"));
    }
    result.faults.extend(left(mark, &homes).await);
    result.faults.extend(files(castnet, folder)?);
    judged(folder, &mut result)?;
    Ok(result)
}

fn start(castnet: &Path, folder: &Path, mark: &str, round: &Round) -> io::Result<Child> {
    let output = |name| File::create(folder.join(name));
    let mut command = Command::new(castnet);
    command.arg(round.command).arg(&round.scenario).current_dir(folder).env(MARK, mark);
    command.env("XDG_RUNTIME_DIR", folder.join("runtime"));
    if round.command == "run" {
        command.args(["--backend", "netns", "--json", "--out", "out"]);
    }
    command.stdin(Stdio::null()).stdout(output("stdout")?).stderr(output("stderr")?);
    command.process_group(0).kill_on_drop(true).spawn()
}

async fn strike(pid: Pid, blow: Blow) -> io::Result<()> {
    match blow {
        Blow::Interrupt => kill(pid, Signal::SIGINT)?,
        Blow::Kill => kill(pid, Signal::SIGKILL)?,
        Blow::Stop(time) => {
            kill(pid, Signal::SIGSTOP)?;
            sleep(time).await;
            kill(pid, Signal::SIGCONT)?;
        }
    }
    Ok(())
}

/// Everything that is left of the processes with the mark and of where they lived, once it has had its
/// time to go.
async fn left(mark: &str, homes: &Homes) -> Vec<String> {
    let waiting = async {
        while !still(mark, homes).is_empty() {
            sleep(PACE).await;
        }
    };
    match timeout(GONE, waiting).await {
        Ok(()) => Vec::new(),
        Err(_) => {
            let found = still(mark, homes);
            end_all(mark);
            found
        }
    }
}

/// Ends what is left, once it is known: a later round must not suffer from it.
fn end_all(mark: &str) {
    for process in processes().filter(|process| has_mark(process, mark)) {
        let pid = process.file_name().and_then(|name| name.to_str()?.parse().ok());
        _ = pid.map(|pid| kill(Pid::from_raw(pid), Signal::SIGKILL));
    }
}

fn still(mark: &str, homes: &Homes) -> Vec<String> {
    let mut found = Vec::new();
    let own = std::process::id().to_string();
    // This process holds all of them open itself.
    for process in processes().filter(|process| !process.ends_with(&own)) {
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        let (path, name) = (process.display(), name.trim_end());
        match mark_of(&process) {
            Some(own) if own == mark => found.push(format!("the process {path} ({name})")),
            // Another round looks at its own.
            Some(_) => continue,
            None => {}
        }
        let homes = homes_at(&process).into_keys().filter(|home| homes.contains_key(home));
        found.extend(homes.map(|home| format!("the namespace {home} of {path} ({name})")));
    }
    found
}

/// The folders of all processes in /proc.
fn processes() -> impl Iterator<Item = PathBuf> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    all.filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.bytes().all(|octet| octet.is_ascii_digit()))
    })
}

/// The mark that the process has inherited; a zombie has none, and only waits for its parent.
fn mark_of(process: &Path) -> Option<String> {
    let environment = fs::read(process.join("environ")).ok()?;
    let mut words = environment.split(|octet| *octet == 0);
    let mark = words.find_map(|word| word.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))?;
    String::from_utf8(mark.to_vec()).ok()
}

fn has_mark(process: &Path, mark: &str) -> bool {
    mark_of(process).is_some_and(|own| own == mark)
}

/// Namespaces by their names, each held open: the number of one that is gone would be used again.
type Homes = BTreeMap<String, File>;

/// The namespaces in which the marked processes live, or which they hold open, except this process' own.
fn homes_of(mark: &str) -> Homes {
    let own = homes_at(Path::new("/proc/self"));
    let marked = processes().filter(|process| has_mark(process, mark));
    let all = marked.flat_map(|process| homes_at(&process));
    let homes = all.filter(|(home, _)| !own.contains_key(home));
    homes.filter_map(|(home, path)| Some((home, File::open(path).ok()?))).collect()
}

/// The namespaces of a process, and those that it holds open, with where they can be opened.
fn homes_at(process: &Path) -> BTreeMap<String, PathBuf> {
    let links = ["ns", "fd"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(process.join(folder)).into_iter().flatten().flatten());
    let targets = links.filter_map(|link| {
        let target = fs::read_link(link.path()).ok()?.into_os_string().into_string().ok()?;
        Some((target, link.path()))
    });
    let is_home =
        |target: &str| ["net:[", "pid:[", "mnt:["].iter().any(|kind| target.starts_with(kind));
    targets.filter(|(target, _)| is_home(target)).collect()
}

/// Files without a name of a result, and announcements of topologies that do not stand.
fn files(castnet: &Path, folder: &Path) -> io::Result<Vec<String>> {
    // Whoever looks for topologies removes what is left of dead ones.
    let mut command = std::process::Command::new(castnet);
    command.args(["exec", "nobody", "--", "true"]).current_dir(folder);
    command.env("XDG_RUNTIME_DIR", folder.join("runtime")).output()?;
    let mut found = Vec::new();
    let mut folders = vec![folder.join("runtime"), folder.join("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry?.path();
            let is_result = path.extension().is_some_and(|end| end == "pcapng" || end == "log");
            match path.is_dir() {
                true => folders.push(path),
                false if is_result => {}
                false => found.push(format!("the file {}", path.display())),
            }
        }
    }
    Ok(found)
}

/// Reads the verdict. A run that was struck may be a pass or Broken, and never accuses.
fn judged(folder: &Path, result: &mut Aftermath) -> io::Result<()> {
    let text = fs::read(folder.join("stdout"))?;
    let Ok(document) = serde_json::from_slice::<Value>(&text) else { return Ok(()) };
    for run in document["runs"].as_array().into_iter().flatten() {
        let outcome = run["outcome"].as_str().unwrap_or_default();
        if outcome != "pass" {
            let reasons = run["reasons"].as_array().into_iter().flatten();
            result.reasons.extend(reasons.filter_map(Value::as_str).map(str::to_owned));
        }
        if !["pass", "broken", "unsupported"].contains(&outcome) {
            let why = run["findings"].as_array().into_iter().flatten();
            let why = why.filter(|finding| finding["outcome"] != "pass").map(Value::to_string);
            let why: Vec<String> = why.collect();
            result.faults.push(format!("the verdict {outcome}: {}", why.join("; ")));
        }
        result.outcome = Some(outcome.to_owned());
    }
    Ok(())
}
