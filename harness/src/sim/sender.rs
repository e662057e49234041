//! Who sends by the clock: a source its streams, an injector or a querier its messages.

use castnet::time::Instant;

use super::actor::{Actor, Cx};
use super::datagram;
use crate::plan::{Action, Injection, NodeId, Stream};

pub(super) struct Sender {
    node: NodeId,
    /// What it sends from the start of the run.
    periodic: Option<Injection>,
    series: Vec<Series>,
}

/// Something that is sent again and again.
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
        Self { node, periodic, series: Vec::new() }
    }

    fn begin(&mut self, cx: &mut Cx<'_>, what: Sent) {
        self.series.push(Series { began: cx.now, next: 0, what });
        self.wake(cx);
    }
}

impl Series {
    fn due(&self) -> Option<Instant> {
        match &self.what {
            Sent::Stream(stream) => stream.due(self.began, self.next),
            Sent::Injection(injection) => injection.due(self.began, self.next),
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        let sequence = self.next;
        self.next += 1;
        match &self.what {
            Sent::Stream(stream) => {
                let source = cx.plan.ports[stream.port].address;
                let group = stream.group.v4().ok_or("not an IPv4 group")?;
                let packet = datagram::encode(stream, source, group, sequence, cx.now)
                    .map_err(|unfit| unfit.to_string())?;
                let sent = cx.send(stream.port, group, packet);
                sent.map_err(|error| format!("sending to {group}: {error}"))
            }
            Sent::Injection(injection) => {
                cx.send(injection.port, injection.to, injection.packet.as_slice())
            }
        }
    }
}

impl Actor for Sender {
    fn start(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        if let Some(periodic) = self.periodic.take() {
            self.begin(cx, Sent::Injection(periodic));
        }
        Ok(())
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: &Action) -> Result<(), String> {
        match action {
            Action::Send(stream) => self.begin(cx, Sent::Stream(stream.clone())),
            Action::Inject(injection) => self.begin(cx, Sent::Injection(injection.clone())),
            Action::Stop => self.series.clear(),
            _ => return Err("it sends and stops".to_owned()),
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.series.iter().filter_map(Series::due).min()
    }

    fn wake(&mut self, cx: &mut Cx<'_>) {
        let (now, node) = (cx.now, self.node);
        // What fails once is not tried again.
        self.series.retain_mut(|series| {
            while let Some(due) = series.due() {
                if due > now {
                    return true;
                }
                if let Err(why) = series.send(cx) {
                    cx.broken(node, &why);
                    return false;
                }
            }
            false
        });
    }

    fn quiet(&mut self, _cx: &mut Cx<'_>) {
        self.series.clear();
    }
}
