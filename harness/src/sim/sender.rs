//! Nodes that send by the clock: a source its streams, an injector or a querier its messages.

use castnet::time::Instant;

use super::actor::{Actor, Context};
use super::datagram;
use crate::capture::encode::injected;
use crate::plan::{Action, Injection, NodeId, Setting, Stream};

pub(super) struct Sender {
    node: NodeId,
    /// What it sends periodically from the start of the run.
    periodic: Option<Injection>,
    /// The periodic series under way, until an act replaces it.
    asking: Option<Series>,
    series: Vec<Series>,
}

/// A message that is sent again and again.
struct Series {
    began: Instant,
    next: u64,
    what: Sent,
}

enum Sent {
    Stream(Stream),
    Injection(Injection),
}

impl Sender {
    pub(super) const fn new(node: NodeId, periodic: Option<Injection>) -> Self {
        Self { node, periodic, asking: None, series: Vec::new() }
    }

    fn begin(&mut self, cx: &mut Context<'_>, what: Sent) {
        self.series.push(Series { began: cx.now, next: 0, what });
        self.wake(cx);
    }

    /// Sends this from now on, in place of its own periodic message.
    fn ask(&mut self, cx: &mut Context<'_>, injection: Injection) {
        self.asking = Some(Series { began: cx.now, next: 0, what: Sent::Injection(injection) });
        self.wake(cx);
    }

    fn stop(&mut self) {
        self.asking = None;
        self.series.clear();
    }
}

impl Series {
    /// Sends what is due; returns whether there is more to come. A message that fails is not tried
    /// again.
    fn serve(&mut self, node: NodeId, cx: &mut Context<'_>) -> bool {
        while let Some(due) = self.due() {
            if due > cx.now {
                return true;
            }
            if let Err(why) = self.send(cx) {
                cx.broken(node, &why);
                return false;
            }
        }
        false
    }

    fn due(&self) -> Option<Instant> {
        match &self.what {
            Sent::Stream(stream) => stream.due(self.began, self.next),
            Sent::Injection(injection) => injection.due(self.began, self.next),
        }
    }

    fn send(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        let sequence = self.next;
        self.next += 1;
        match &self.what {
            Sent::Stream(stream) => {
                let group = stream.group;
                let packet = datagram::encode(stream, sequence, cx.now);
                let packet = packet.map_err(|unfit| unfit.to_string())?;
                let sent = cx.send(stream.port, group, packet);
                sent.map_err(|error| format!("sending to {group}: {error}"))
            }
            Sent::Injection(injection) => {
                let packet = injected(injection).map_err(|unfit| unfit.to_string())?;
                cx.send(injection.port, injection.to, packet)
            }
        }
    }
}

impl Actor for Sender {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        if let Some(periodic) = self.periodic.take() {
            self.ask(cx, periodic);
        }
        Ok(())
    }

    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String> {
        match action {
            Action::Send(stream) => self.begin(cx, Sent::Stream(stream.clone())),
            Action::Inject(injection) => self.begin(cx, Sent::Injection(injection.clone())),
            Action::Stop => self.stop(),
            Action::Set(Setting::Querier(injection)) => self.ask(cx, injection.clone()),
            _ => return Err("it sends and stops".to_owned()),
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.asking.iter().chain(&self.series).filter_map(Series::due).min()
    }

    fn wake(&mut self, cx: &mut Context<'_>) {
        let node = self.node;
        self.asking.take_if(|series| !series.serve(node, cx));
        self.series.retain_mut(|series| series.serve(node, cx));
    }

    fn quiet(&mut self, _cx: &mut Context<'_>) {
        self.stop();
    }
}
