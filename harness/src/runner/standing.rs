//! Held topologies, as other processes of the same user find them.
//!
//! A process that holds a topology announces it in a small file, and removes the file at the end. A
//! file whose process is gone (by its start time, since numbers are reused) is ignored and removed.
//! A file of another user is ignored.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, setns};
use serde::{Deserialize, Serialize};

use super::UsageError;
use crate::backend::netns::Room;
use crate::lab::Netns;
use crate::plan::Plan;

/// A held topology.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// The process that holds it.
    pub pid: u32,
    /// When the process was started, in the kernel's ticks since boot.
    started: u64,
    /// The scenario's name.
    pub scenario: String,
    /// The nodes, in the order of the plan.
    pub nodes: Vec<StandingNode>,
}

/// A node of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StandingNode {
    /// The node's name.
    pub name: String,
    /// The path of its namespace: `/proc/<pid>/fd/<n>`
    pub netns: String,
    /// The first process of its PID namespace: what runs in the node ends with the topology.
    pub pid: u32,
    /// Its interfaces.
    pub ports: Vec<StandingPort>,
}

/// An interface of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StandingPort {
    /// The name of the link, and of the interface.
    pub link: String,
    /// The addresses, each with the length of its prefix; a port of a switch has none.
    pub addresses: Vec<String>,
}

/// The file that announces a topology; dropping this removes the file.
#[derive(Debug)]
pub struct Announced {
    file: PathBuf,
}

impl Drop for Announced {
    fn drop(&mut self) {
        _ = fs::remove_file(&self.file);
    }
}

impl Standing {
    /// A topology of this process.
    #[must_use]
    pub fn own(plan: &Plan, rooms: &[Room]) -> Self {
        let ports = |node: usize| {
            plan.nodes[node].ports.iter().map(|&port| {
                let port = &plan.ports[port];
                let link = &plan.links[port.link];
                let addresses = port.networks(link.subnet).into_iter();
                let addresses = addresses.map(|address| address.to_string());
                StandingPort { link: link.name.clone(), addresses: addresses.collect() }
            })
        };
        let nodes = rooms.iter().enumerate().map(|(node, room)| StandingNode {
            name: room.node.clone(),
            netns: room.netns.clone(),
            pid: room.pid,
            ports: ports(node).collect(),
        });
        let pid = std::process::id();
        let started = start_of(pid).unwrap_or_default();
        Self { pid, started, scenario: plan.name.clone(), nodes: nodes.collect() }
    }

    /// Makes the topology known to other processes of the same user.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn announce(&self) -> io::Result<Announced> {
        let file = folder().join(format!("castnet-{}.json", self.pid));
        let write = || {
            // Removes the files of processes that were killed.
            all(&folder());
            // Removes the file of an earlier process with this number.
            _ = fs::remove_file(&file);
            let mut out =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
            out.write_all(&serde_json::to_vec(self)?)
        };
        write().map_err(|error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", file.display()))
        })?;
        Ok(Announced { file })
    }

    /// The `nsenter` command that enters the namespace of a node without castnet.
    #[must_use]
    pub fn nsenter(&self, netns: &str) -> String {
        // From inside its own user namespace this process may not inspect the first process.
        match same_user_namespace(1).unwrap_or(false) {
            true => format!("nsenter --net={netns}"),
            false => {
                let user = format!("--user=/proc/{}/ns/user --preserve-credentials", self.pid);
                format!("nsenter {user} --net={netns}")
            }
        }
    }

    /// Whether its process still exists.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        start_of(self.pid) == Some(self.started)
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&StandingNode> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Moves this process into the network and mount namespaces of a node, and the programs that it
    /// starts into its PID namespace, with which they end. The process must have no other thread.
    ///
    /// # Errors
    /// A namespace cannot be opened (open(2)) or entered (setns(2)).
    pub fn enter_node(&self, node: &StandingNode) -> io::Result<()> {
        let open = |what| File::open(format!("/proc/{}/ns/{what}", node.pid));
        let (pids, mounts) = (open("pid")?, open("mnt")?);
        let here = std::env::current_dir();
        for netns in self.enter(&[node])? {
            setns(netns, CloneFlags::CLONE_NEWNET)?;
        }
        setns(pids, CloneFlags::CLONE_NEWPID)?;
        setns(mounts, CloneFlags::CLONE_NEWNS)?;
        // Whoever enters a mount namespace stands at its root.
        here.and_then(std::env::set_current_dir)
    }

    /// Enters the user namespace of the topology, and opens the network namespaces of `nodes`. The
    /// process must have no other thread.
    ///
    /// # Errors
    /// A namespace cannot be opened (open(2)) or entered (setns(2)).
    pub fn enter(&self, nodes: &[&StandingNode]) -> io::Result<Vec<Netns>> {
        let user = format!("/proc/{}/ns/user", self.pid);
        let user = if same_user_namespace(self.pid)? { None } else { Some(File::open(user)?) };
        let open = |node: &&StandingNode| {
            Ok(Netns::adopt(File::open(&node.netns)?.into(), node.name.clone()))
        };
        let opened = nodes.iter().map(open).collect::<io::Result<Vec<Netns>>>()?;
        if let Some(user) = user {
            setns(user, CloneFlags::CLONE_NEWUSER)?;
        }
        Ok(opened)
    }
}

/// The held topology for which `wanted` is true; `what` names it in messages.
///
/// # Errors
/// No such topology is held, or several are and `pid` does not choose one.
pub fn find(
    pid: Option<u32>,
    what: &str,
    wanted: impl Fn(&Standing) -> bool,
) -> Result<Standing, UsageError> {
    let (mut standing, mut ended) = all(&folder());
    standing.retain(|one| pid.is_none_or(|pid| one.pid == pid));
    ended.retain(|one| pid.is_none_or(|pid| one.pid == pid));
    if standing.is_empty() {
        let ended = ended
            .iter()
            .map(|one| format!("; that of process {} ({}) ended with it", one.pid, one.scenario));
        let ended: String = ended.collect();
        let why = format!("no topology stands{ended}; `castnet up SCENARIO` builds one");
        return Err(UsageError(why));
    }
    let names: Vec<String> = standing
        .iter()
        .flat_map(|one| &one.nodes)
        .flat_map(|node| {
            let ports = node.ports.iter().map(|port| format!("{}:{}", node.name, port.link));
            std::iter::once(node.name.clone()).chain(ports)
        })
        .collect();
    standing.retain(wanted);
    match standing.as_slice() {
        [] => Err(UsageError(format!("there is no {what}; there is {}", names.join(", ")))),
        [one] => Ok(one.clone()),
        several => {
            let each = several.iter().map(|one| format!("--pid {} ({})", one.pid, one.scenario));
            let each: Vec<String> = each.collect();
            let each = each.join(" or ");
            Err(UsageError(format!("several topologies have a {what}; say {each}")))
        }
    }
}

/// Every held topology, and those whose process is gone; their files are removed.
fn all(folder: &Path) -> (Vec<Standing>, Vec<Standing>) {
    let (mut found, mut ended) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let ours = fs::symlink_metadata(&path)
            .is_ok_and(|file| file.is_file() && file.uid() == nix::unistd::geteuid().as_raw());
        if !ours || !name.starts_with("castnet-") || !name.ends_with(".json") {
            continue;
        }
        let text = fs::read(&path).unwrap_or_default();
        match serde_json::from_slice::<Standing>(&text) {
            Ok(standing) if standing.is_alive() => found.push(standing),
            Ok(standing) => {
                _ = fs::remove_file(&path);
                ended.push(standing);
            }
            // A file that is half written, or of another version.
            Err(_) => {}
        }
    }
    found.sort_by_key(|standing| standing.pid);
    (found, ended)
}

/// The folder in which the user's processes announce topologies.
fn folder() -> PathBuf {
    let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let usual = user().map(|user| PathBuf::from(format!("/run/user/{user}")));
    let folders = given.into_iter().chain(usual);
    folders.filter(|path| path.is_dir()).take(1).next().unwrap_or_else(std::env::temp_dir)
}

/// The user's number outside of any user namespace.
fn user() -> Option<u32> {
    let inside = nix::unistd::geteuid().as_raw();
    let map = fs::read_to_string("/proc/self/uid_map").ok()?;
    map.lines().find_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let (first, outside, count) =
            (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        let offset = inside.checked_sub(first).filter(|offset| *offset < count)?;
        outside.checked_add(offset)
    })
}

fn same_user_namespace(pid: u32) -> io::Result<bool> {
    let of = |who: &str| fs::read_link(format!("/proc/{who}/ns/user"));
    Ok(of(&pid.to_string())? == of("self")?)
}

/// When a process was started (proc_pid_stat(5), field 22).
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name, and may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(pid: u32, started: u64) -> Standing {
        Standing { pid, started, scenario: "a".to_owned(), nodes: Vec::new() }
    }

    #[test]
    fn only_what_is_alive_stands_and_what_is_left_of_the_dead_is_removed() {
        let folder = std::env::temp_dir().join(format!("castnet-test-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, text: &[u8]| fs::write(folder.join(name), text).unwrap();
        let own = std::process::id();
        let alive = standing(own, start_of(own).unwrap());
        write("castnet-1.json", &serde_json::to_vec(&alive).unwrap());
        // An equal number, but another start time.
        write("castnet-2.json", &serde_json::to_vec(&standing(own, 1)).unwrap());
        write("castnet-3.json", &serde_json::to_vec(&standing(u32::MAX, 1)).unwrap());
        write("castnet-4.json", b"{");
        write("other.json", &serde_json::to_vec(&standing(own, 1)).unwrap());
        let (found, ended) = all(&folder);
        let found: Vec<u32> = found.iter().map(|one| one.pid).collect();
        assert!(!ended.is_empty() && ended.iter().all(|one| !one.is_alive()));
        let mut left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, [own]);
        assert_eq!(left, ["castnet-1.json", "castnet-4.json", "other.json"]);
    }

    #[test]
    fn the_user_is_the_one_outside() {
        // In the first user namespace both numbers are equal; elsewhere the map translates.
        assert!(user().is_some());
    }
}
