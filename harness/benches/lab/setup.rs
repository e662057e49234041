//! Building and removing chains: castnet next to its peers, one after the other in every round.
//!
//! Three times are measured: until the chain stands, until the tool returns from removing it, and
//! from the start of the removal until the kernel has removed the last namespace.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::Watch;
use crate::canary::Canaries;
use crate::castnet::{STEPS, Standing};
use crate::chain::Chain;
use crate::peers::Peer;
use crate::table::{self, median, ms};

/// What to build, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Lengths of the chains.
    #[arg(long, value_delimiter = ',', default_values_t = [3, 10, 50, 200])]
    nodes: Vec<usize>,
    /// How often each tool builds each chain; one more comes before and does not count.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// A Python in which pyroute2 is installed.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Leave the peers out: for profiles.
    #[arg(long)]
    alone: bool,
}

enum Tool {
    Castnet { captured: bool },
    Peer(Peer),
}

impl Tool {
    fn name(&self) -> &'static str {
        match self {
            Self::Castnet { captured: false } => "castnet",
            Self::Castnet { captured: true } => "castnet, routed, captured and proved",
            Self::Peer(peer) => peer.name(),
        }
    }
}

/// The times of one round of one tool, in milliseconds.
#[derive(Default)]
struct Times {
    setup: Vec<f64>,
    returned: Vec<f64>,
    gone: Vec<f64>,
    steps: [Vec<f64>; 5],
}

/// Prints a table for each length.
pub(crate) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut tools = vec![Tool::Castnet { captured: false }, Tool::Castnet { captured: true }];
    if !options.alone {
        tools.push(Tool::Peer(Peer::IpBatch));
        tools.push(Tool::Peer(Peer::Shell));
        tools.push(Tool::Peer(Peer::Pyroute2(options.python.clone())));
    }
    for &nodes in &options.nodes {
        let chain = Chain::new(nodes);
        let mut times: Vec<_> =
            tools.iter().map(|tool| installed(tool).then(Times::default)).collect();
        for round in 0..=options.rounds {
            for (tool, times) in tools.iter().zip(&mut times) {
                let Some(times) = times else { continue };
                let mut discarded = Times::default();
                let kept = if round == 0 { &mut discarded } else { times };
                runtime
                    .block_on(once(tool, &chain, kept))
                    .with_context(|| format!("{} with {nodes} nodes", tool.name()))?;
            }
        }
        report(nodes, options.rounds, &tools, &times);
    }
    Ok(())
}

fn installed(tool: &Tool) -> bool {
    match tool {
        Tool::Castnet { .. } => true,
        Tool::Peer(peer) => peer.installed(),
    }
}

async fn once(tool: &Tool, chain: &Chain, times: &mut Times) -> Result<()> {
    let (setup, returned, canaries) = match tool {
        Tool::Castnet { captured } => {
            let standing = Standing::up(chain, *captured).await?;
            let setup = standing.steps.iter().sum();
            for (times, step) in times.steps.iter_mut().zip(standing.steps) {
                times.push(step.as_secs_f64() * 1e3);
            }
            let canaries = Canaries::let_in(&standing.paths())?;
            (setup, standing.down(), canaries)
        }
        Tool::Peer(peer) => {
            let setup = peer.up(chain)?;
            let names: Vec<_> =
                chain.nodes.iter().map(|node| format!("/run/netns/{node}")).collect();
            let canaries = Canaries::let_in(&names)?;
            (setup, peer.down(chain)?, canaries)
        }
    };
    let mut watch = Watch::start();
    canaries.gone().await?;
    // The start and the end of an interpreter count in neither time.
    let gone = returned + watch.lap();
    times.setup.push(setup.as_secs_f64() * 1e3);
    times.returned.push(returned.as_secs_f64() * 1e3);
    times.gone.push(gone.as_secs_f64() * 1e3);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the benchmark's result")]
fn report(nodes: usize, rounds: usize, tools: &[Tool], times: &[Option<Times>]) {
    println!("{nodes} nodes, medians of {rounds} rounds, ms (ratio to the best)\n");
    let best = |of: fn(&Times) -> &[f64]| {
        times.iter().flatten().map(|times| median(of(times))).fold(f64::INFINITY, f64::min)
    };
    let columns: [fn(&Times) -> &[f64]; 3] =
        [|times| &times.setup, |times| &times.returned, |times| &times.gone];
    let rows = tools.iter().zip(times).map(|(tool, times)| {
        let cells = columns.iter().map(|&of| match times {
            Some(times) => {
                let value = median(of(times));
                format!("{} ({:.1}x)", ms(value), value / best(of))
            }
            None => "not installed".to_owned(),
        });
        std::iter::once(tool.name().to_owned()).chain(cells).collect()
    });
    table::print(&["tool", "set-up", "removal returns", "all gone"], &rows.collect::<Vec<_>>());
    for (tool, times) in tools.iter().zip(times) {
        let (Tool::Castnet { .. }, Some(times)) = (tool, times) else { continue };
        let steps = STEPS.iter().zip(&times.steps);
        let steps: Vec<_> = steps.map(|(step, ms)| format!("{step} {:.2}", median(ms))).collect();
        println!("{}: {}", tool.name(), steps.join(", "));
    }
    println!();
}
