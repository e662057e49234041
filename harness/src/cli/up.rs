//! `castnet up`

use std::path::PathBuf;

use castnet_lab::backend::netns::{self, Held};
use castnet_lab::backend::{Cancel, RunError};
use castnet_lab::lab::privilege;
use castnet_lab::runner::standing::{Standing, StandingNode, StandingPort};
use clap::Args;

use super::files::Templates;
use super::{Ending, Failure, UNSUPPORTED, complain, interrupt, say};

#[derive(Args)]
pub(super) struct UpArgs {
    /// The scenario; its routers serve, but nothing of its timeline is done.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Only the combination of the matrix with this in its name.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    templates: Templates,
}

/// Ends with 0 at Ctrl-C.
pub(super) fn up(args: &UpArgs) -> Ending {
    let unsupported = |why: String| Failure { code: UNSUPPORTED, message: why };
    let plan = args.templates.load_one(&args.scenario, args.filter.as_deref())?;
    privilege::enter().map_err(|refusal| unsupported(refusal.to_string()))?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let mut announced = None;
    let held = netns::hold(&plan, &cancel, |held| match held {
        Held::Ready(rooms) => {
            let standing = Standing::own(&plan, &rooms);
            match standing.announce() {
                Ok(file) => announced = Some(file),
                Err(error) => complain(&format!("`castnet exec` will not find it: {error}")),
            }
            say(&lines(&standing));
            say(&invitation(&standing));
        }
        Held::Told(event) => {
            let at = event.at.to_string();
            say(&format!("{at:>10}  {}  {}\n", plan.nodes[event.node].name, event.text));
        }
        Held::Broken(what) => complain(&what),
    });
    drop(announced);
    match held {
        Ok(()) => Ok(0),
        Err(error @ RunError::Unsupported(..)) => Err(unsupported(error.to_string())),
        Err(error) => Err(Failure::broken(error)),
    }
}

/// A line for each node: its name, its namespace, its interfaces.
pub(super) fn lines(standing: &Standing) -> String {
    let width = standing.nodes.iter().map(|node| node.name.len()).max().unwrap_or_default();
    let line = |node: &StandingNode| {
        let port = |StandingPort { link, addresses }: &StandingPort| {
            std::iter::once(link).chain(addresses).cloned().collect::<Vec<_>>().join(" ")
        };
        let ports: Vec<String> = node.ports.iter().map(port).collect();
        format!("{:<width$}  {}  {}\n", node.name, node.netns, ports.join(", "))
    };
    standing.nodes.iter().map(line).collect()
}

/// The commands that the user can try on the topology.
pub(super) fn invitation(standing: &Standing) -> String {
    let Some(node) = standing.nodes.first() else { return String::new() };
    let (name, nsenter) = (&node.name, standing.nsenter(&node.netns));
    format!("castnet exec {name} -- ip addr    or    {nsenter} ip addr\n")
}
