//! A router as a process of its own: this very program, started once more in the node's namespace.
//!
//! The laboratory and its child exchange lines of JSON. The child reads [`ToChild`]s from standard
//! input, and writes [`FromChild`]s to standard output. Its input ends when the laboratory does, and
//! then the child ends too. It ends with an error at a line that it does not understand.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use castnet::daemon::Opened;
use castnet::event::Event;
use castnet::kernel;
use castnet::rng::Rng;
use castnet::router::config::Config;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use crate::device::castnet::events::EventRecorder;
use crate::lab::{Lines, serve_if};
use crate::recording::{Lateness, NodeEvent};
use crate::role::{Clock, watch_lateness};

/// The first argument of a program that is to be a router. It is no command for users.
pub(super) const AS_ROUTER: &str = "as-router";

/// The laboratory's orders to its child, in this order; the last two any number of times.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToChild {
    /// Become the owner of multicast routing in this namespace.
    Own(Setup),
    /// Route from now on.
    Serve {
        /// The clock of the run.
        clock: Clock,
        /// When the order was given.
        at: Instant,
    },
    /// Go on with another configuration.
    Configure(Config),
    /// Say [`FromChild::Accounted`] once every delay until now is reported.
    Account,
}

/// What a router needs for its start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) config: Config,
    /// The kernel's indexes of its interfaces, in their order.
    pub(super) ifindexes: Vec<u32>,
    /// The seed of its random numbers, and the name that they are forked by.
    pub(super) rng: (u64, String),
    pub(super) events: EventRecorder,
}

/// The child's reports.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromChild {
    /// It owns multicast routing and waits for [`ToChild::Serve`].
    Owns,
    /// Its thread was late.
    Late(Lateness),
    /// An event of the router.
    Event(NodeEvent),
    /// All delays until [`ToChild::Account`] are reported.
    Accounted,
}

crate::lab::sys::before_main!(serve_if_router);

fn serve_if_router() {
    serve_if(AS_ROUTER, serve);
}

/// Routes until the laboratory ends.
fn serve() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(text)?.block_on(async {
        let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(text)?;
        let mut orders = Lines::of(stdin).map_err(text)?;
        let Some(ToChild::Own(Setup { config, ifindexes, rng: (seed, name), events })) =
            next(&mut orders).await?
        else {
            return Err("it has to be told first what it is".to_owned());
        };
        let opened = Opened::open(config.family, None).map_err(text)?;
        say(&FromChild::Owns);
        let (clock, at) = match next(&mut orders).await? {
            Some(ToChild::Serve { clock, at }) => (clock, at),
            Some(other) => return Err(format!("{other:?} comes too early or too late")),
            None => return Ok(()),
        };
        let observe = move |at, event: Event| say(&FromChild::Event(events.record(at, &event)));
        let shown = kernel::Clock::showing(clock.now());
        let rng = Rng::for_node(seed, &name);
        let mut daemon = opened.start(config, ifindexes, rng, shown, observe).map_err(text)?;
        let is_asked = Cell::new(false);
        let route = async {
            loop {
                match daemon.run(next(&mut orders)).await.map_err(text)?? {
                    Some(ToChild::Configure(config)) => daemon.configure(config),
                    Some(ToChild::Account) => is_asked.set(true),
                    Some(other) => return Err(format!("{other:?} comes too early or too late")),
                    None => return Ok(()),
                }
            }
        };
        // A check accounts for every delay before it.
        let watched = watch_lateness(clock, at, |late| {
            late.into_iter().for_each(|late| say(&FromChild::Late(late)));
            if is_asked.take() {
                say(&FromChild::Accounted);
            }
        });
        tokio::select! {
            routed = route => routed,
            () = watched => Ok(()),
        }
    })
}

/// The next order; `None` if the laboratory is gone.
async fn next(orders: &mut Lines) -> Result<Option<ToChild>, String> {
    let line = orders.next().await.map_err(text)?;
    let read = |line: String| serde_json::from_str(&line).map_err(|why| format!("{line}: {why}"));
    line.map(read).transpose()
}

/// Standard output is flushed with each line. If its reader is gone, standard input has ended too.
fn say(word: &FromChild) {
    let line = serde_json::to_string(word).unwrap_or_default() + "\n";
    _ = io::stdout().write_all(line.as_bytes());
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
