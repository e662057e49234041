//! castnet's rows of the set-up table, with the time of each step.

use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use anyhow::Result;
use castnet_lab::lab::{Built, Capture, Ears, Netns, PROOF_BOUND, link, unicast};

use crate::chain::Chain;
use crate::{Watch, timed};

/// The steps, in order; the last three only with a capture.
pub(crate) const STEPS: [&str; 5] = ["namespaces", "links", "unicast", "open capture", "prove"];

/// A chain that stands.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The duration of each of [`STEPS`].
    pub(crate) steps: [Duration; 5],
    capture: Option<Capture>,
    built: Built,
    netns: Vec<Netns>,
}

impl Standing {
    /// Builds the chain; if `captured`, with unicast routes and a capture that is proved.
    pub(crate) async fn up(chain: &Chain, captured: bool) -> Result<Self> {
        let mut steps = [Duration::ZERO; 5];
        let (took, netns) = timed(|| Netns::create_all(chain.nodes(captured)));
        steps[0] = took;
        let netns = netns?;
        let mut watch = Watch::start();
        let ears = captured.then(|| Ears::open(&netns)).transpose()?;
        let built = link::build(&netns, &chain.links).await?;
        steps[1] = watch.lap();
        let mut capture = None;
        if let Some(ears) = ears {
            let routes = chain.unicast(&built)?;
            watch.lap();
            unicast::install(&netns, &routes)?;
            steps[2] = watch.lap();
            let started = Capture::listen(ears, &chain.links, &built)?;
            steps[3] = watch.lap();
            let running = capture.insert(started);
            running.prove(PROOF_BOUND).await?;
            steps[4] = watch.lap();
        }
        Ok(Self { steps, capture, built, netns })
    }

    /// The paths by which other programs enter the namespaces.
    pub(crate) fn paths(&self) -> Vec<String> {
        let path = |netns: &Netns| {
            format!("/proc/{}/fd/{}", std::process::id(), netns.as_fd().as_raw_fd())
        };
        self.netns.iter().map(path).collect()
    }

    /// Closes everything; returns the time that it took.
    pub(crate) fn down(self) -> Duration {
        let Self { capture, built, netns, .. } = self;
        timed(|| drop((capture, built, netns))).0
    }
}
