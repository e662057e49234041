//! PIM on one link: Hellos, neighbours, and the election of the Designated Router.
//!
//! Owns RFC 7761 sections 4.3.1 to 4.3.4. A Hello that is due at random leaves the periodic ones as
//! they are, and one is sent at once where another message must not go first. Refuses nothing of a
//! Hello but what its sender may not say: which options there are is for the codec.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::params::LinkParams;
use super::{Cx, News, Say, show};
use crate::mfc::vif::Vif;
use crate::time::{Instant, Timers};
use crate::wire::pim::{Hello, HelloOption, Message};

/// How long a neighbour lives whose Hello does not say it (RFC7761-4.3.2-01).
const DEFAULT_HOLDTIME: u16 = 105;

/// When a message is sent again that could not be sent, as while an address is tentative: nothing of RFC
/// 7761, whose periods are too long for that.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// `t_suppressed` lies between 11 and 14 tenths of the period of Joins (RFC7761-4.11-01).
const SUPPRESSED_TENTHS: (u32, u32) = (11, 14);

/// PIM on a link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    vif: Vif,
    params: LinkParams,
    own: IpAddr,
    secondary: Vec<IpAddr>,
    generation: u32,
    /// Whether a Hello with the present address was sent.
    has_spoken: bool,
    neighbours: BTreeMap<IpAddr, Neighbour>,
    dr: IpAddr,
    timers: Timers<Timer>,
}

/// A router of the link that says Hello.
#[derive(Clone, Debug, Default)]
struct Neighbour {
    dr_priority: Option<u32>,
    generation: Option<u32>,
    delay: Option<Delay>,
    secondary: BTreeSet<IpAddr>,
}

/// The LAN Prune Delay of a neighbour.
#[derive(Clone, Copy, Debug)]
struct Delay {
    can_track: bool,
    propagation: Duration,
    override_interval: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The periodic Hello.
    Hello,
    /// A Hello for a new neighbour.
    Triggered,
    /// The Neighbor Liveness Timer.
    Liveness(IpAddr),
}

/// What a Hello has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing that others go by.
    Known,
    /// The neighbour is new, or has other addresses.
    New,
    /// The neighbour has started again (RFC7761-4.3.1-10).
    Restarted,
    /// The neighbour says goodbye.
    Gone,
}

impl Link {
    /// Starts PIM on a link: the first Hello follows at random.
    pub(super) fn start(
        cx: &mut Cx<'_>,
        vif: Vif,
        params: LinkParams,
        own: IpAddr,
        secondary: Vec<IpAddr>,
    ) -> Self {
        let mut timers = Timers::new();
        // RFC7761-4.3.1-02
        timers.set(Timer::Hello, cx.now + cx.rng.delay(params.triggered_hello_delay));
        // RFC7761-4.3.1-06: a router that starts again draws the same numbers, so that the time counts, too.
        let generation = cx.rng.number().wrapping_add(cx.now.as_nanos() as u32);
        cx.say(Say::News(vif, News::Dr(own)));
        Self {
            vif,
            params,
            own,
            secondary,
            generation,
            has_spoken: false,
            neighbours: BTreeMap::new(),
            dr: own,
            timers,
        }
    }

    /// The address that the router speaks from.
    pub(super) const fn own(&self) -> IpAddr {
        self.own
    }

    /// Whether the router is the Designated Router of the link.
    pub(super) fn is_dr(&self) -> bool {
        self.dr == self.own
    }

    /// Whether more than one other router is on the link.
    pub(super) fn has_several(&self) -> bool {
        self.neighbours.len() > 1
    }

    /// Whether Hellos have come from this address.
    pub(super) fn knows(&self, address: IpAddr) -> bool {
        self.neighbours.contains_key(&address)
    }

    /// NBR(I, A): the primary address of the neighbour that has this address, primary or secondary
    /// (RFC 7761 section 4.1.6).
    pub(super) fn neighbour_with(&self, address: IpAddr) -> Option<IpAddr> {
        let has = |(&primary, neighbour): (&IpAddr, &Neighbour)| {
            (primary == address || neighbour.secondary.contains(&address)).then_some(primary)
        };
        self.neighbours.iter().find_map(has)
    }

    /// Whether the address is the router's own on this link.
    pub(super) fn is_own(&self, address: IpAddr) -> bool {
        self.own == address || self.secondary.contains(&address)
    }

    /// `J/P_Override_Interval(I)`: how long a Prune waits for a Join (RFC7761-4.3.3-01).
    pub(super) fn override_delay(&self) -> Duration {
        self.effective(|delay| delay.propagation) + self.override_interval()
    }

    /// `t_override`: a delay of the Join that overrides a Prune.
    pub(super) fn until_override(&self, cx: &mut Cx<'_>) -> Duration {
        cx.rng.delay(self.override_interval())
    }

    /// `t_suppressed`, if a Join of another router suppresses the own one (RFC7761-4.3.3-02).
    pub(super) fn suppression(&self, cx: &mut Cx<'_>, period: Duration) -> Option<Duration> {
        let tracked = |neighbour: &Neighbour| neighbour.delay.is_some_and(|delay| delay.can_track);
        // The router itself never sets the T bit, so that nobody can rely on all being tracked.
        let is_enabled = !self.neighbours.values().all(tracked) || !CAN_TRACK;
        let (least, most) = SUPPRESSED_TENTHS;
        is_enabled.then(|| period * least / 10 + cx.rng.delay(period * (most - least) / 10))
    }

    fn override_interval(&self) -> Duration {
        self.effective(|delay| delay.override_interval)
    }

    /// The largest of the delays that all routers of the link announce, or the default where one
    /// announces none (RFC7761-4.3.3-01).
    fn effective(&self, of: impl Fn(&Delay) -> Duration) -> Duration {
        let given = |params: &LinkParams| Delay {
            can_track: CAN_TRACK,
            propagation: params.propagation_delay,
            override_interval: params.override_interval,
        };
        let theirs: Option<Vec<Duration>> =
            self.neighbours.values().map(|neighbour| neighbour.delay.as_ref().map(&of)).collect();
        match theirs {
            Some(theirs) => theirs.into_iter().fold(of(&given(&self.params)), Duration::max),
            None => of(&given(&LinkParams::default())),
        }
    }

    /// Sends a Hello now, if none has been sent with the present address: another message is about
    /// to go (RFC7761-4.3.1-04).
    pub(super) fn introduce(&mut self, cx: &mut Cx<'_>) {
        if !self.has_spoken {
            self.speak(cx);
        }
    }

    /// Takes other parameters and other secondary addresses, of which the neighbours learn at once.
    pub(super) fn change(&mut self, cx: &mut Cx<'_>, params: LinkParams, secondary: Vec<IpAddr>) {
        if (&self.params, &self.secondary) == (&params, &secondary) {
            return;
        }
        (self.params, self.secondary) = (params, secondary);
        self.speak(cx);
        self.timers.set(Timer::Hello, cx.now + self.params.hello_period);
        self.elect(cx);
    }

    /// A message could not be sent: the next one is preceded by a Hello, which is tried again soon.
    pub(super) fn send_failed(&mut self, now: Instant) {
        self.has_spoken = false;
        self.timers.lower(Timer::Hello, now + RETRY);
    }

    /// The Designated Router, which may be the router itself.
    pub(super) const fn dr(&self) -> IpAddr {
        self.dr
    }

    /// The neighbours, with what they say.
    pub(super) fn shown(&self) -> impl Iterator<Item = show::Neighbour> {
        self.neighbours.iter().map(|(&address, said)| show::Neighbour {
            vif: self.vif,
            address,
            secondary: said.secondary.clone(),
            dr_priority: said.dr_priority,
            generation: said.generation,
            expires: self.timers.expiry(Timer::Liveness(address)),
            is_dr: self.dr == address,
        })
    }

    /// The neighbours, by their primary addresses.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = IpAddr> {
        self.neighbours.keys().copied()
    }

    /// Says goodbye, because PIM stops here (RFC7761-4.3.1-11).
    pub(super) fn leave(&self, cx: &mut Cx<'_>) {
        cx.say(Say::Link(self.vif, self.hello(0)));
    }

    fn speak(&mut self, cx: &mut Cx<'_>) {
        self.has_spoken = true;
        cx.say(Say::Link(self.vif, self.hello(self.params.hello_holdtime())));
    }

    fn hello(&self, holdtime: u16) -> Message {
        let millis = |delay: Duration| u16::try_from(delay.as_millis()).unwrap_or(u16::MAX);
        let mut options = vec![
            HelloOption::Holdtime(holdtime),
            // RFC7761-4.3.1-07
            HelloOption::LanPruneDelay {
                can_track: CAN_TRACK,
                propagation_delay: millis(self.params.propagation_delay),
                override_interval: millis(self.params.override_interval),
            },
            HelloOption::DrPriority(self.params.dr_priority), // RFC7761-4.3.1-05
            HelloOption::GenerationId(self.generation),       // RFC7761-4.3.1-06
        ];
        // RFC7761-4.3.1-08
        if !self.secondary.is_empty() {
            options.push(HelloOption::AddressList(self.secondary.clone()));
        }
        Message::Hello(Hello { options })
    }

    /// Takes a Hello from this address.
    pub(super) fn hear(&mut self, cx: &mut Cx<'_>, from: IpAddr, hello: &Hello) -> Heard {
        let mut holdtime = DEFAULT_HOLDTIME;
        let mut said = Neighbour::default();
        for option in &hello.options {
            match option {
                HelloOption::Holdtime(seconds) => holdtime = *seconds,
                HelloOption::LanPruneDelay { can_track, propagation_delay, override_interval } => {
                    said.delay = Some(Delay {
                        can_track: *can_track,
                        propagation: Duration::from_millis((*propagation_delay).into()),
                        override_interval: Duration::from_millis((*override_interval).into()),
                    });
                }
                HelloOption::DrPriority(priority) => said.dr_priority = Some(*priority),
                HelloOption::GenerationId(id) => said.generation = Some(*id),
                // RFC7761-4.3.4-01
                HelloOption::AddressList(all) => said.secondary = all.iter().copied().collect(),
                HelloOption::Unknown { .. } => {} // RFC7761-4.9.2-01
            }
        }
        if holdtime == 0 {
            // RFC7761-4.9.2-02
            return if self.forget(cx, from) { Heard::Gone } else { Heard::Known };
        }
        let heard = self.compare(from, &said);
        if matches!(heard, Heard::New | Heard::Restarted) {
            self.answer(cx);
        }
        // RFC7761-4.3.4-02: of two mappings of an address the latest one counts.
        for other in self.neighbours.values_mut() {
            other.secondary.retain(|address| !said.secondary.contains(address));
        }
        let is_new = self.neighbours.insert(from, said).is_none();
        match holdtime {
            u16::MAX => self.timers.cancel(Timer::Liveness(from)), // RFC7761-4.9.2-02
            seconds => {
                let until = cx.now + Duration::from_secs(seconds.into());
                self.timers.set(Timer::Liveness(from), until);
            }
        }
        if is_new {
            cx.say(Say::News(self.vif, News::Neighbour(from)));
        }
        self.elect(cx);
        heard
    }

    fn compare(&self, from: IpAddr, said: &Neighbour) -> Heard {
        match self.neighbours.get(&from) {
            None => Heard::New,
            Some(known) if known.generation != said.generation => Heard::Restarted,
            Some(known) if known.secondary != said.secondary => Heard::New,
            Some(_) => Heard::Known,
        }
    }

    /// A Hello for a neighbour that does not know the router yet (RFC7761-4.3.1-09).
    fn answer(&mut self, cx: &mut Cx<'_>) {
        let at = cx.now + cx.rng.delay(self.params.triggered_hello_delay);
        let is_sooner = self.timers.expiry(Timer::Triggered).is_none_or(|due| at < due);
        if is_sooner {
            self.timers.set(Timer::Triggered, at);
        }
        // It must get a Hello before the next Join to it.
        self.has_spoken = false;
    }

    /// Forgets a neighbour; returns whether it was known.
    fn forget(&mut self, cx: &mut Cx<'_>, neighbour: IpAddr) -> bool {
        self.timers.cancel(Timer::Liveness(neighbour));
        let was_known = self.neighbours.remove(&neighbour).is_some();
        if was_known {
            cx.say(Say::News(self.vif, News::NoNeighbour(neighbour)));
            self.elect(cx);
        }
        was_known
    }

    /// The election of the Designated Router (RFC7761-4.3.2-02, RFC7761-4.3.2-03).
    fn elect(&mut self, cx: &mut Cx<'_>) {
        let all_say = self.neighbours.values().all(|neighbour| neighbour.dr_priority.is_some());
        let priority = |own: Option<u32>| if all_say { own.unwrap_or_default() } else { 0 };
        let others = self.neighbours.iter().map(|(&at, n)| (priority(n.dr_priority), at));
        let own = (priority(Some(self.params.dr_priority)), self.own);
        let dr = others.fold(own, Ord::max).1;
        if std::mem::replace(&mut self.dr, dr) != dr {
            cx.say(Say::News(self.vif, News::Dr(dr)));
        }
    }

    /// When [`Link::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.next().map(|deadline| deadline.at)
    }

    /// Serves the timers that are due; returns whether a neighbour is gone.
    pub(super) fn expire(&mut self, cx: &mut Cx<'_>) -> bool {
        let mut is_lost = false;
        while let Some(timer) = self.timers.pop_expired(cx.now) {
            match timer {
                Timer::Hello => {
                    self.speak(cx);
                    // RFC7761-4.3.1-03
                    self.timers.set(Timer::Hello, cx.now + self.params.hello_period);
                }
                Timer::Triggered => self.speak(cx),
                Timer::Liveness(neighbour) => is_lost |= self.forget(cx, neighbour),
            }
        }
        is_lost
    }
}

/// The T bit of the router's own Hellos: it does not track who has joined on a link.
const CAN_TRACK: bool = false;
