//! The laboratory's side of a router that is a process of its own.

use std::cell::Cell;
use std::io::{self, PipeWriter, Write as _, pipe};
use std::rc::Rc;
use std::time::Duration;

use castnet::router::config::Config;
use tokio::sync::Notify;

use super::child::{AS_ROUTER, FromChild, Setup, ToChild};
use crate::lab::{Lines, Process, Program, Streams, Ward};
use crate::plan::NodeId;
use crate::role::Stage;

/// How long the start of a process may take; it usually takes some milliseconds.
const START_BOUND: Duration = Duration::from_secs(10);

/// How long it may take to answer at the end of the run.
const ACCOUNT_BOUND: Duration = Duration::from_secs(10);

/// A router's process, from its start to its death.
pub(super) struct Child {
    process: Rc<Process>,
    orders: PipeWriter,
    /// Its output, until it serves.
    unheard: Option<Unheard>,
    /// Whether the laboratory itself has killed it.
    killed: Rc<Cell<bool>>,
    /// Told when it has reported all of its delays, or will report nothing more.
    accounted: Rc<Notify>,
}

/// Output that no task reads yet.
struct Unheard {
    stdout: Lines,
    stderr: Lines,
}

impl Child {
    /// Starts this program once more in the ward, to be the router of the node with this name.
    pub(super) fn start(ward: &Ward, name: &str, setup: Setup) -> io::Result<Self> {
        let program = Program::again(AS_ROUTER)?.arg(name);
        let ((stdin, orders), (stdout, its_stdout), (stderr, its_stderr)) =
            (pipe()?, pipe()?, pipe()?);
        let streams =
            Streams { stdin: stdin.into(), stdout: its_stdout.into(), stderr: its_stderr.into() };
        let process = ward.start(&program, streams)?;
        let (stdout, stderr) = (Lines::of(stdout.into())?, Lines::of(stderr.into())?);
        let unheard = Some(Unheard { stdout, stderr });
        let (process, killed, accounted) = (Rc::new(process), Rc::default(), Rc::default());
        let mut child = Self { process, orders, unheard, killed, accounted };
        child.order(&ToChild::Own(setup))?;
        Ok(child)
    }

    /// Sends an order.
    fn order(&mut self, order: &ToChild) -> io::Result<()> {
        self.orders.write_all((serde_json::to_string(order)? + "\n").as_bytes())
    }

    /// Waits until it owns multicast routing in its namespace, or runs if it serves already.
    pub(super) async fn owns(&mut self) -> Result<(), String> {
        let Some(mut unheard) = self.unheard.take() else {
            return self.process.started().await.map_err(|error| error.to_string());
        };
        let said = tokio::time::timeout(START_BOUND, unheard.stdout.next()).await;
        let said = said.map_err(|_| format!("its daemon has not started after {START_BOUND:?}"))?;
        match said.map_err(|error| error.to_string())? {
            Some(line) if matches!(serde_json::from_str(&line), Ok(FromChild::Owns)) => {
                self.unheard = Some(unheard);
                Ok(())
            }
            Some(line) => Err(format!("its daemon said {line}")),
            None => Err(died(&self.process, unheard.stderr.last_words().await).await),
        }
    }

    /// Starts routing, and logs everything that the process reports.
    pub(super) fn serve(&mut self, stage: &Stage, node: NodeId) -> Result<(), String> {
        let Unheard { stdout, stderr } = self.unheard.take().ok_or("started twice")?;
        let ordered = self.order(&ToChild::Serve { clock: stage.clock, at: stage.clock.now() });
        let (process, killed, stage) = (self.process.clone(), self.killed.clone(), stage.clone());
        let accounted = self.accounted.clone();
        tokio::task::spawn_local(async move {
            let listened = listen(&stage, stdout, &accounted);
            let (heard, last_words) = tokio::join!(listened, stderr.last_words());
            let death = died(&process, last_words).await;
            match heard {
                Err(why) => stage.broken(node, &why),
                Ok(()) if killed.get() => {}
                Ok(()) => stage.broken(node, &death),
            }
        });
        unless_dead(ordered)
    }

    /// Replaces the configuration.
    pub(super) fn configure(&mut self, config: Config) -> Result<(), String> {
        unless_dead(self.order(&ToChild::Configure(config)))
    }

    /// Waits until every delay of the process until now is recorded.
    pub(super) async fn account(&mut self) -> Result<(), String> {
        unless_dead(self.order(&ToChild::Account))?;
        let accounted = tokio::time::timeout(ACCOUNT_BOUND, self.accounted.notified()).await;
        accounted.map_err(|_| format!("its daemon has not answered after {ACCOUNT_BOUND:?}"))
    }

    /// Sends it SIGKILL.
    pub(super) fn kill(&self) -> io::Result<()> {
        self.killed.set(true);
        self.process.kill()
    }

    /// Whether the laboratory has killed it.
    pub(super) fn was_killed(&self) -> bool {
        self.killed.get()
    }

    /// Waits until it is dead.
    pub(super) async fn dead(&self) -> io::Result<()> {
        self.process.dead().await
    }
}

impl Drop for Child {
    /// A process whose owner is gone is no longer wanted.
    fn drop(&mut self) {
        _ = self.kill();
    }
}

/// An order to a dead process is no error here: its death is reported by the task that waits for
/// it.
fn unless_dead(ordered: io::Result<()>) -> Result<(), String> {
    ordered.or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error.to_string()),
    })
}

/// Logs everything that the process reports, until its output ends.
async fn listen(stage: &Stage, stdout: Lines, accounted: &Notify) -> Result<(), String> {
    let heard = hear(stage, stdout, accounted).await;
    accounted.notify_one();
    heard
}

async fn hear(stage: &Stage, mut stdout: Lines, accounted: &Notify) -> Result<(), String> {
    while let Some(line) = stdout.next().await.map_err(|error| error.to_string())? {
        match serde_json::from_str(&line) {
            Ok(FromChild::Event(event)) => stage.log.borrow_mut().events.push(event),
            Ok(FromChild::Late(lateness)) => stage.late(lateness),
            Ok(FromChild::Accounted) => accounted.notify_one(),
            Ok(FromChild::Owns) => {}
            Err(why) => return Err(format!("its daemon said {line}: {why}")),
        }
    }
    Ok(())
}

/// How it ended, and its last words.
async fn died(process: &Process, last_words: String) -> String {
    let ended = match process.ended().await {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let colon = if last_words.is_empty() { "" } else { ": " };
    format!("its daemon ended by itself: {ended}{colon}{last_words}")
}
