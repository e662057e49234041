//! When a lab is really gone: the kernel takes namespaces apart long after they were let go.
//!
//! Each node is given a veth whose other end stays with the benchmark. When the kernel has taken
//! the node apart, that end has vanished too. Canaries are let in and read outside of what is
//! timed, but the kernel has to remove them with the rest; it is the same for all tools.

use std::time::Duration;

use anyhow::{Result, ensure};
use nix::net::if_::if_nametoindex;

use crate::peers::batch;

/// More than the slowest tool's teardown of the longest chain.
const BOUND: Duration = Duration::from_secs(60);

/// One canary in each node.
#[derive(Debug)]
pub(crate) struct Canaries(Vec<String>);

impl Canaries {
    /// Lets one into each of the namespaces that are open at these paths.
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
