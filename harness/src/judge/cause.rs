//! Which frames that faults struck are the likely cause of a failure: they are about the claim's
//! group or its link, they were struck before the claim's time was over, and no equal frame of the
//! same port got through between then and the beginning of that time.
//!
//! A cause is likely and not certain: it explains, and judges nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::addr::Group;
use castnet::time::Instant;

use super::{Evidence, Judged, Outcome, Seen};
use crate::capture::decode::{Content, Packet, decode};
use crate::plan::{ActId, Claim, LinkId, PortId, Quality};
use crate::recording::{Number, Strike, Struck};

/// How the line of a likely cause begins.
pub const LIKELY: &str = "likely cause: ";
/// How many causes a failure names.
const SHOWN: usize = 3;
/// How far the time of a frame at its sender may be from that at which a link struck it.
const APART: Duration = Duration::from_millis(20);

/// What a failure is about.
struct Concern {
    /// The segments whose messages matter.
    segments: Vec<LinkId>,
    /// The groups; empty if no group matters in particular.
    groups: Vec<Group>,
    from: Instant,
    until: Instant,
    /// If datagrams to these groups matter, wherever they were struck: how often each arrived, and
    /// when those that matter end.
    datagrams: Option<(BTreeMap<Number, usize>, Instant)>,
}

impl Evidence<'_> {
    /// The result with the likely causes of a failure before all else that it says.
    pub(super) fn with_causes(&self, claim: &Claim, judged: Judged) -> Judged {
        let mut why = match judged.outcome {
            Outcome::Fail | Outcome::Vacuous => self.likely_causes(claim, judged.at),
            _ => Vec::new(),
        };
        why.extend(judged.why);
        Judged { why, ..judged }
    }

    /// The likely causes of the failure of a claim, a line each; `at` is its moment, if it has one.
    fn likely_causes(&self, claim: &Claim, at: Option<Instant>) -> Vec<String> {
        let Some((from, until)) = claim.time(|act: ActId| self.done(act)) else {
            return Vec::new();
        };
        let end = Instant::ZERO + self.plan.end;
        let links = claim.links(self.plan);
        let over = until.unwrap_or(end);
        self.causes(&Concern {
            segments: links.into_iter().map(|link| self.plan.links[link].segment).collect(),
            groups: claim.groups(),
            from,
            until: at.unwrap_or(over).max(from) + self.tolerance,
            datagrams: claim.wants_datagrams().then(|| (self.arrived(claim), over)),
        })
    }

    /// The likely causes why a rule of every run was broken first by this packet.
    pub(super) fn causes_of_breach(&self, first: &Seen) -> Vec<String> {
        let link = self.plan.ports[first.port].link;
        self.causes(&Concern {
            segments: vec![self.plan.links[link].segment],
            groups: first.group().into_iter().collect(),
            from: first.at,
            until: first.at,
            datagrams: None,
        })
    }

    /// How often each datagram arrived where the claim looks for it.
    fn arrived(&self, claim: &Claim) -> BTreeMap<Number, usize> {
        let receiver = match claim {
            Claim::Received(receiver, ..)
            | Claim::ExactlyOnce(receiver, _)
            | Claim::Ttl(receiver, ..)
            | Claim::Quality(Quality { receiver, .. }) => Some(receiver),
            Claim::Latency(latency) => Some(&latency.receiver),
            _ => None,
        };
        let sent = self.seen.iter().filter_map(|seen| match seen.packet.content {
            Content::Data(number) => Some((number, 0)),
            _ => None,
        });
        let mut arrived: BTreeMap<Number, usize> = sent.collect();
        let mut add = |number: Number| *arrived.entry(number).or_default() += 1;
        if let Some(receiver) = receiver {
            self.deliveries(receiver).for_each(|delivery| add(delivery.number));
            return arrived;
        }
        let links = claim.links(self.plan);
        let sent = self.seen.iter().filter(|seen| seen.outgoing);
        for seen in sent.filter(|seen| links.contains(&self.plan.ports[seen.port].link)) {
            if let Content::Data(number) = seen.packet.content {
                add(number);
            }
        }
        arrived
    }

    fn causes(&self, concern: &Concern) -> Vec<String> {
        let mut all = BTreeMap::<(bool, String), Vec<&Struck>>::new();
        for struck in self.recording.struck.iter().filter(|struck| is_harm(struck.strike)) {
            let Some(packet) = decode(&struck.bytes) else { continue };
            let Some(what) = self.concerned(concern, struck, &packet) else { continue };
            let is_later = !struck.strike.is_loss();
            all.entry((is_later, what)).or_default().push(struck);
        }
        all.retain(|_, struck| {
            struck.retain(|one| !self.is_made_good(one, concern.from));
            !struck.is_empty()
        });
        let mut all: Vec<_> = all.into_iter().collect();
        // Of those that were lost, and then of others, the last one before the failure comes first.
        all.sort_by_key(|((is_later, _), struck)| {
            (*is_later, std::cmp::Reverse(struck.iter().map(|one| one.at).max()))
        });
        let more = all.len().saturating_sub(SHOWN);
        let lines = all.into_iter().take(SHOWN).map(|((_, what), struck)| cause(&what, &struck));
        let mut lines: Vec<String> = lines.collect();
        if more > 0 {
            lines.push(format!("and {more} other kinds of frames that faults struck"));
        }
        lines
    }

    /// What the struck frame is and what was done to it, if it matters.
    fn concerned(&self, concern: &Concern, struck: &Struck, packet: &Packet) -> Option<String> {
        let Concern { segments, groups, from, until, datagrams } = concern;
        let names = |packet: &Packet| groups.iter().any(|group| packet.names(*group));
        let what = match &packet.content {
            Content::Data(number) => {
                let (arrived, over) = datagrams.as_ref()?;
                let is_in_time = (*from..=*over).contains(&struck.at);
                let matters = is_in_time
                    && names(packet)
                    && arrived.get(number).is_some_and(|times| *times != 1);
                matters.then(|| format!("datagram of stream {}", number.stream))
            }
            Content::Gmp(message) => {
                let segment = self.plan.links[self.plan.ports[struck.port].link].segment;
                // Every member answers a General Query.
                let is_general = packet.group().is_none();
                let matters = struck.at <= *until
                    && segments.contains(&segment)
                    && (groups.is_empty() || is_general || names(packet));
                matters.then(|| message.to_string())
            }
            _ => None,
        }?;
        let to = struck.to.map(|to| format!(" on its way to {}", self.plan.port_name(to)));
        let (port, to) = (self.plan.port_name(struck.port), to.unwrap_or_default());
        Some(format!("{what} from {port} {}{to}", struck.text()))
    }

    /// Whether an equal frame of the same port got through after this one and before that time.
    fn is_made_good(&self, struck: &Struck, by: Instant) -> bool {
        let is_alike = |at: Instant, port: PortId, bytes: &[u8]| {
            port == struck.port && at > struck.at + APART && at < by && bytes == struck.bytes
        };
        let sent = self.recording.frames.iter().filter(|frame| frame.outgoing);
        let mut sent = sent.filter(|frame| is_alike(frame.at, frame.port, &frame.bytes));
        sent.any(|frame| {
            let mut others = self.recording.struck.iter();
            !others.any(|other| {
                is_harm(other.strike)
                    && other.port == frame.port
                    && other.at <= frame.at + APART
                    && frame.at <= other.at + APART
                    && other.bytes == frame.bytes
            })
        })
    }
}

/// Whether the frame did not simply arrive.
const fn is_harm(strike: Strike) -> bool {
    !matches!(strike, Strike::Unharmed | Strike::UnderWay)
}

fn cause(what: &str, struck: &[&Struck]) -> String {
    let instants = struck.iter().map(|one| one.at);
    match (instants.clone().min(), instants.max()) {
        (Some(first), Some(last)) if struck.len() > 1 => {
            format!("{LIKELY}{} x {what}, from {first} to {last}", struck.len())
        }
        (Some(at), _) => format!("{LIKELY}{what} at {at}"),
        (None, _) => String::new(),
    }
}
