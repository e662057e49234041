//! The control socket and castnetctl, against a castnetd that routes.
//!
//! The network: source - (e0) r1 (e1) - host.

mod asking;
mod changing;
mod explaining;
#[path = "../../../../harness/tests/privileged/mod.rs"]
mod privileged;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../live/rig.rs"]
mod rig;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../serving.rs"]
mod serving;
mod strangers;
mod trees;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output, Stdio};

use libtest_mimic::{Arguments, Failed};
use privileged::fallible as trial;
use rig::{Node, TWO, config};
use serving::Castnetd;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const CASTNETCTL: &str = env!("CARGO_BIN_EXE_castnetctl");

fn main() -> ExitCode {
    let trials = vec![
        trial("the_groups_of_a_host_are_shown", asking::groups),
        trial("flows_and_interfaces_are_shown_with_their_counters", asking::flows),
        trial("who_monitors_hears_what_happens", asking::monitor),
        trial("the_log_and_the_configuration_are_shown", asking::log_and_config),
        trial("counters_are_there_for_prometheus", asking::metrics),
        trial("joins_and_routes_are_made_and_undone", changing::changes),
        trial("a_batch_stops_at_the_first_line_that_fails", changing::batch),
        trial("a_reload_takes_a_whole_file_or_nothing", changing::reload),
        trial("a_reload_that_nobody_confirms_is_taken_back", changing::on_trial),
        trial("a_flush_costs_entries_and_not_members", changing::flush),
        trial("why_a_source_is_not_forwarded_is_named", explaining::sources),
        trial("why_members_get_nothing_is_named", explaining::members),
        trial("what_strikes_datagrams_is_named", explaining::datagrams),
        trial("what_is_wrong_with_frames_is_named", explaining::frames),
        trial("what_is_wrong_with_interfaces_is_named", explaining::interfaces),
        trial("limits_and_tables_without_rules_are_named", explaining::limits),
        trial("neighbours_and_trees_of_pim_are_shown", trees::trees),
        trial("a_keeper_hands_over_the_socket_of_pim", trees::kept),
        trial("clients_that_misbehave_cost_no_datagram", strangers::misbehaving),
        trial("the_socket_is_one_daemons_and_goes_with_it", strangers::one_owner),
        trial("who_only_looks_changes_nothing", strangers::readers),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

/// source, r1 and host, with a castnetd on r1 that listens.
pub(crate) struct Lab {
    pub(crate) nodes: [Node; 3],
    pub(crate) castnetd: Castnetd,
    pub(crate) socket: PathBuf,
}

impl Lab {
    /// With this configuration; `name` is the test's alone.
    pub(crate) async fn serving(name: &str, text: &str) -> Result<Self, Failed> {
        let nodes = Node::all(["source", "r1", "host"])?;
        let [source, r1, host] = &nodes;
        r1.wire(("e0", "10.0.1.1/24"), source, ("eth0", "10.0.1.10/24"))?;
        r1.wire(("e1", "10.0.2.1/24"), host, ("eth0", "10.0.2.20/24"))?;
        let socket = socket(name);
        let mut castnetd = start(r1, &socket, &config(name, text))?;
        castnetd.says(&["multicast between"]).await?;
        Ok(Self { nodes, castnetd, socket })
    }

    /// Runs castnetctl with these words.
    pub(crate) async fn ctl(&self, words: &str) -> Result<Said, Failed> {
        ctl(&self.socket, words, None).await
    }

    /// What it prints of these words, which must be done.
    pub(crate) async fn shows(&self, words: &str) -> Result<String, Failed> {
        let said = self.ctl(words).await?;
        match said.code {
            0 => Ok(said.out),
            code => Err(format!("castnetctl {words}: exit {code}: {}", said.err).into()),
        }
    }
}

/// The path of a socket; `name` is the test's alone.
pub(crate) fn socket(name: &str) -> PathBuf {
    // The path of a socket has at most 107 octets.
    std::env::temp_dir().join(format!("castnet-{}-{name}", std::process::id()))
}

pub(crate) fn start(node: &Node, socket: &Path, config: &PathBuf) -> Result<Castnetd, Failed> {
    let socket = socket.to_str().ok_or("the path is no text")?;
    Castnetd::start(&node.0, &["-v", "--control", socket], config)
}

/// What castnetctl came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs castnetctl with these words, and lines for its standard input.
pub(crate) async fn ctl(socket: &Path, words: &str, lines: Option<&str>) -> Result<Said, Failed> {
    let mut ctl = Command::new(CASTNETCTL);
    ctl.arg("--socket").arg(socket).args(words.split_whitespace());
    ctl.stdin(if lines.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = ctl.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let (Some(lines), Some(mut stdin)) = (lines, child.stdin.take()) {
        // It may have ended at an earlier line.
        _ = stdin.write_all(lines.as_bytes()).await;
    }
    let Output { status, stdout, stderr } = child.wait_with_output().await?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Ok(Said { code: status.code().unwrap_or(-1), out: text(&stdout), err: text(&stderr) })
}
