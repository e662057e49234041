//! Detects when a lab is really gone: the kernel removes namespaces long after they were closed.
//!
//! Each node gets a veth whose other end stays with the benchmark, and vanishes when the kernel has
//! removed the node. Canaries are added and read outside of the timed part, but the kernel has to
//! remove them with the rest; that adds the same work to every tool.

use std::time::Duration;

use anyhow::{Result, ensure};
use nix::net::if_::if_nametoindex;

use crate::peers::batch;

/// Longer than the slowest tool needs to remove the longest chain.
const BOUND: Duration = Duration::from_secs(60);

/// One canary in each node.
#[derive(Debug)]
pub(crate) struct Canaries(Vec<String>);

impl Canaries {
    /// Adds one to each of the namespaces that are open at these paths.
    pub(crate) fn let_in(netns: &[String]) -> Result<Self> {
        let names: Vec<_> = (0..netns.len()).map(|number| format!("canary{number}")).collect();
        let add = |(name, netns): (&String, &String)| {
            format!(
                "link add {name} numtxqueues 1 numrxqueues 1 \
                 type veth peer name canary netns {netns} numtxqueues 1 numrxqueues 1\n"
            )
        };
        batch(&[], &names.iter().zip(netns).map(add).collect::<String>())?;
        Ok(Self(names))
    }

    /// Returns when the last one has vanished.
    pub(crate) async fn gone(mut self) -> Result<()> {
        let mut pace = tokio::time::interval(Duration::from_micros(500));
        let watch = async {
            while let Some(name) = self.0.last() {
                match if_nametoindex(name.as_str()) {
                    Ok(_) => _ = pace.tick().await,
                    Err(_) => _ = self.0.pop(),
                }
            }
        };
        let seen = tokio::time::timeout(BOUND, watch).await;
        ensure!(seen.is_ok(), "{} namespaces are still there after {BOUND:?}", self.0.len());
        Ok(())
    }
}
