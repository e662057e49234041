//! Whether the laboratory sent what the scenario promises: load that was not there proves nothing.
//!
//! A stream or an injection promises packets at instants; what left the port is in the recording. A
//! laboratory that was a little late is forgiven: one tolerance, or one packet in ten.

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::time::Instant;

use super::Evidence;
use super::window::Purpose;
use crate::capture::decode::Content;
use crate::capture::encode::injected;
use crate::capture::ethernet;
use crate::plan::{Act, Action, Check, Claim, Injection, LinkId, PortId, Stream, Window};
use crate::scenario::PacketKind;

/// How long a link may take to carry again once it is up.
const CARRIER: Duration = Duration::from_secs(1);

/// A stream, and what came of it.
struct Flow<'a> {
    stream: &'a Stream,
    act: &'a Act,
    began: Instant,
    ended: Instant,
    /// When the link could not carry anything, in the order of time.
    cuts: Vec<(Instant, Instant)>,
    /// When its datagrams left, in the order of time.
    sent: Vec<Instant>,
}

/// How many packets were promised, and how many left.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Balance {
    promised: u64,
    sent: u64,
    /// How many may be missing at the end.
    allowed: u64,
}

impl Balance {
    fn is_short(self) -> bool {
        let Self { promised, sent, allowed } = self;
        let most = u128::from(sent) * 10 >= u128::from(promised) * 9;
        sent.saturating_add(allowed) < promised && !most
    }
}

impl Flow<'_> {
    /// The number of datagrams due before this instant.
    fn due_before(&self, at: Instant) -> u64 {
        let interval = self.stream.interval.max(Duration::from_nanos(1)).as_nanos();
        let until =
            at.min(self.ended).since(self.began).min(self.stream.during.unwrap_or(Duration::MAX));
        u64::try_from(until.as_nanos().div_ceil(interval)).unwrap_or(u64::MAX)
    }

    fn sent_before(&self, at: Instant) -> u64 {
        self.sent.partition_point(|sent| *sent < at) as u64
    }

    /// What was promised and sent from one instant on until before another one, while the link carried.
    fn between(&self, from: Instant, to: Instant, tolerance: Duration) -> Balance {
        let count = |before: &dyn Fn(Instant) -> u64| {
            let all = before(to).saturating_sub(before(from));
            let cut = self.cuts.iter().map(|&(begun, ended)| {
                before(ended.min(to)).saturating_sub(before(begun.max(from)))
            });
            all.saturating_sub(cut.sum())
        };
        let interval = self.stream.interval.max(Duration::from_nanos(1)).as_nanos();
        let allowed = u64::try_from(tolerance.as_nanos() / interval).unwrap_or(u64::MAX);
        Balance {
            promised: count(&|at| self.due_before(at)),
            sent: count(&|at| self.sent_before(at)),
            allowed: allowed.saturating_add(1),
        }
    }
}

impl Evidence<'_> {
    /// What the laboratory promised and did not send: of the whole run, and in the time of each check that
    /// is about datagrams.
    pub(super) fn not_sent(&self) -> Vec<String> {
        let tolerance = self.plan.tolerance;
        let mut told = self.not_injected();
        for flow in self.flows() {
            let balance = flow.between(Instant::ZERO, self.end(), tolerance);
            if balance.is_short() {
                told.push(short(&flow.act.words, balance, ""));
                continue;
            }
            told.extend(self.plan.checks.iter().filter_map(|check| {
                let window = about(check, &flow)?;
                let span = self.span(window, Purpose::Selection)?;
                let balance = flow.between(span.from, span.to, tolerance);
                let when = format!(" from {} to {}, for line {}", span.from, span.to, check.line);
                balance.is_short().then(|| short(&flow.act.words, balance, &when))
            }));
        }
        told
    }

    fn end(&self) -> Instant {
        Instant::ZERO + self.plan.end
    }

    /// When an act of the node that ends what was begun by act `id` was done; the end of the run if none
    /// was.
    fn ended(&self, id: usize, node: usize, ends: impl Fn(&Action) -> bool) -> Instant {
        let later = self.plan.acts.iter().enumerate().skip(id);
        let ended = later.filter(|(_, act)| act.node == node && ends(&act.action));
        ended.filter_map(|(id, _)| self.done(id)).min().unwrap_or_else(|| self.end())
    }

    fn flows(&self) -> Vec<Flow<'_>> {
        let mut sent = BTreeMap::<(u32, PortId), Vec<Instant>>::new();
        for seen in self.seen.iter().filter(|seen| seen.outgoing) {
            if let Content::Data(number) = seen.packet.content {
                sent.entry((number.stream, seen.port)).or_default().push(seen.at);
            }
        }
        let flows = self.plan.acts.iter().enumerate().filter_map(|(id, act)| {
            let Action::Send(stream) = &act.action else { return None };
            let began = self.done(id)?;
            let ended = self.ended(id, act.node, |action| matches!(action, Action::Stop));
            let cuts = self.cuts(self.plan.ports[stream.port].link);
            let mut sent = sent.remove(&(stream.id, stream.port)).unwrap_or_default();
            sent.sort_unstable();
            Some(Flow { stream, act, began, ended, cuts, sent })
        });
        flows.collect()
    }

    /// When a port of the link was down, with time for the link to carry again.
    fn cuts(&self, link: LinkId) -> Vec<(Instant, Instant)> {
        let (mut cuts, mut down) = (Vec::new(), BTreeMap::new());
        for (id, act) in self.plan.acts.iter().enumerate() {
            let Action::Interface { port, up } = act.action else { continue };
            let Some(done) = self.done(id).filter(|_| self.plan.ports[port].link == link) else {
                continue;
            };
            let begun = Instant::ZERO + done.since(Instant::ZERO + self.plan.tolerance);
            let planned = Instant::ZERO + act.at;
            match up {
                true => cuts.extend(down.remove(&port).map(|since| (since, done + CARRIER))),
                false => _ = down.entry(port).or_insert(begun.min(planned)),
            }
        }
        cuts.extend(down.into_values().map(|since| (since, self.end())));
        cuts.sort_unstable();
        // Where cuts overlap, the later one begins when the earlier one ends.
        let mut covered = Instant::ZERO;
        for (begun, ended) in &mut cuts {
            *begun = (*begun).max(covered);
            *ended = (*ended).max(*begun);
            covered = *ended;
        }
        cuts
    }

    /// Injected packets that did not leave.
    fn not_injected(&self) -> Vec<String> {
        let kept = self.plan.kept_links();
        let mut promised = BTreeMap::<(PortId, Vec<u8>), (u64, &str)>::new();
        for (id, act) in self.plan.acts.iter().enumerate() {
            let Action::Inject(injection) = &act.action else { continue };
            let link = self.plan.ports[injection.port].link;
            if !kept[link] || !self.cuts(link).is_empty() {
                continue;
            }
            let (Some(began), Ok(packet)) = (self.done(id), injected(injection)) else { continue };
            let ended = self.ended(id, act.node, |action| matches!(action, Action::Stop));
            let mac = self.plan.ports[injection.port].mac;
            let frame = ethernet::frame(mac, injection.to, &packet);
            let (count, _) = promised.entry((injection.port, frame)).or_insert((0, &act.words));
            *count += due(injection, began, ended, self.plan.tolerance);
        }
        let mut sent = BTreeMap::<(PortId, &[u8]), u64>::new();
        for frame in self.recording.frames.iter().filter(|frame| frame.outgoing) {
            *sent.entry((frame.port, frame.bytes.as_slice())).or_default() += 1;
        }
        let told = promised.into_iter().filter_map(|((port, frame), (promised, words))| {
            let sent = sent.get(&(port, frame.as_slice())).copied().unwrap_or_default();
            let balance = Balance { promised, sent, allowed: 0 };
            balance.is_short().then(|| short(words, balance, ""))
        });
        told.collect()
    }
}

/// How many packets are due a tolerance before the end.
fn due(injection: &Injection, began: Instant, ended: Instant, tolerance: Duration) -> u64 {
    let time = ended.since(began + tolerance);
    let most = u64::from(injection.times);
    match injection.every.as_nanos() {
        0 => most,
        every => most.min(u64::try_from(time.as_nanos().div_ceil(every)).unwrap_or(u64::MAX)),
    }
}

/// The time of a check that is about the datagrams of the flow.
fn about<'c>(check: &'c Check, flow: &Flow<'_>) -> Option<&'c Window> {
    let (group, window) = match &check.claim {
        Claim::Packet { filter, window, .. } if filter.kind == PacketKind::Data => {
            (filter.group, window)
        }
        Claim::Received(receiver, _, window)
        | Claim::ExactlyOnce(receiver, window)
        | Claim::NoneAfter(receiver, window)
        | Claim::Ttl(receiver, _, window) => (Some(receiver.group), window),
        _ => return None,
    };
    group.is_none_or(|group| group == flow.stream.group).then_some(window)
}

fn short(words: &str, balance: Balance, when: &str) -> String {
    let Balance { promised, sent, .. } = balance;
    format!(
        "the laboratory did not send what it was to: `{words}` means {promised} packets{when}, and {sent} left"
    )
}
