//! Many listeners on one link, each with a kernel of its own: the model of a Linux host for each;
//! shared values are stored once.
//!
//! Hosts have the addresses that follow the port's. A packet is read once for all who hear it, and
//! only members of its group hear it. Their clocks do not tick together, like those of different
//! machines. Hosts hear each other's messages. A datagram is delivered if any host reads it, and
//! the number of reads is counted.

mod churn;
mod members;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use castnet::rng::Rng;
use castnet::time::Instant;

use super::actor::{Actor, Context, Sounds, Token};
use super::frame::{Frame, UNDER_WAY};
use super::listener::{of, own_address, wish};
use super::model::host::{Host, HostInet, HostInput, HostOut, Wish};
use super::model::jiffies::TICK;
use crate::capture::ethernet::multicast_mac;
use crate::plan::{Action, NodeId, Plan, PortId, SourceFilter};
use crate::recording::Delivery;
use churn::Churning;
use members::Members;

/// What a token means: the upper half is one of these, the lower half the host.
const TIMER: Token = 0;
/// A message of a host reaches the other hosts.
const OVERHEARD: Token = 1;
/// From here on two for each churn: a host comes, and a host goes.
const CHURN: Token = 2;

/// The number of bits of a token that identify the host.
const HOST_BITS: u32 = 32;

pub(super) struct Population<A> {
    node: NodeId,
    port: PortId,
    hosts: Vec<Kernel<A>>,
    groups: BTreeMap<A, Members>,
    /// What members want, each once: a membership names it by its position.
    wishes: Vec<(SourceFilter, Rc<Wish<A>>)>,
    churning: Vec<Churning<A>>,
    rng: Rng,
    said: Vec<HostOut<A>>,
    /// Messages on their way from a host to the others.
    overheard: VecDeque<(u32, HostInput<A>)>,
}

/// One host.
struct Kernel<A> {
    kernel: Host<A>,
    /// When its timers are looked at next, by the reminders asked for.
    wake: Instant,
    /// The number of datagrams that its sockets have read.
    read: u32,
}

impl<A> Kernel<A> {
    /// Its timers are looked at by then, on its own clock, which is ahead by its phase.
    fn wake_by(&mut self, deadline: Option<Instant>, host: u32, cx: &mut Context<'_>) {
        let deadline = deadline.map_or(REST, |at| at - phase(host));
        if deadline < self.wake {
            self.wake = deadline;
            cx.remind(deadline, token(TIMER, host));
        }
    }
}

/// Never.
const REST: Instant = Instant::from_nanos(u64::MAX);

impl<A: HostInet> Population<A> {
    pub(super) fn new(
        plan: &Plan,
        node: NodeId,
        igmp_version: Option<u8>,
        count: u32,
    ) -> Result<Self, String> {
        // The plan puts a population on exactly one link.
        let port = plan.nodes[node].ports[0];
        let address: A = own_address(&plan.ports[port])?;
        let host =
            |n| Kernel { kernel: Host::new(address.of_host(n), igmp_version), wake: REST, read: 0 };
        Ok(Self {
            node,
            port,
            hosts: (0..count).map(host).collect(),
            groups: BTreeMap::new(),
            wishes: Vec::new(),
            churning: Vec::new(),
            rng: Rng::for_node(plan.seed, &plan.nodes[node].name),
            said: Vec::new(),
            overheard: VecDeque::new(),
        })
    }

    /// The Ethernet address of a host; the first host has the port's.
    fn mac(&self, cx: &Context<'_>, host: u32) -> [u8; 6] {
        if host == 0 {
            return cx.plan.ports[self.port].mac;
        }
        let [_, h2, h1, h0] = host.to_be_bytes();
        let [.., p1, p0] = (self.port as u64).to_be_bytes();
        // A locally administered address that no port has.
        [0x06, p1, p0, h2, h1, h0]
    }

    /// Calls one host's kernel, sends its messages, and schedules its next call.
    fn on<T>(
        &mut self,
        cx: &mut Context<'_>,
        host: u32,
        act: impl FnOnce(&mut Host<A>, Instant, &mut Rng, &mut Vec<HostOut<A>>) -> T,
    ) -> T {
        *cx.events += 1;
        let kernel = &mut self.hosts[host as usize];
        let answer = act(&mut kernel.kernel, cx.now + phase(host), &mut self.rng, &mut self.said);
        kernel.wake_by(kernel.kernel.deadline(), host, cx);
        if !self.said.is_empty() {
            self.transmit(cx, host);
        }
        answer
    }

    fn transmit(&mut self, cx: &mut Context<'_>, host: u32) {
        let source = self.mac(cx, host);
        for HostOut { to, packet } in std::mem::take(&mut self.said) {
            if let Some(heard) = HostInput::read(&packet) {
                self.overheard.push_back((host, heard));
                cx.remind(cx.now + UNDER_WAY, token(OVERHEARD, host));
            }
            // On an interface that is down the kernel's own messages are lost silently.
            _ = cx.pass(self.port, Frame::to(source, to.into(), packet));
        }
    }

    /// The number of what members want.
    fn wish(&mut self, filter: &SourceFilter) -> Result<u32, String> {
        let known = self.wishes.iter().position(|(known, _)| known == filter);
        if known.is_none() {
            self.wishes.push((filter.clone(), Rc::new(wish(filter)?)));
        }
        Ok(known.unwrap_or(self.wishes.len() - 1) as u32)
    }

    /// The socket of a host wants this from now on: it joins, or changes its sources.
    fn join(&mut self, cx: &mut Context<'_>, group: A, wish: u32, host: u32) {
        let members = self.groups.entry(group).or_insert_with(|| Members::new(self.hosts.len()));
        if members.is_empty() {
            cx.hear(self.port, Sounds::To(multicast_mac(group.into())), true);
        }
        let before = members.put(host, wish);
        if before == Some(wish) {
            return;
        }
        let of = |wish: u32| Rc::clone(&self.wishes[wish as usize].1);
        let (before, after) = (before.map(of), of(wish));
        self.on(cx, host, |kernel, now, rng, out| match before {
            None => kernel.listen(now, group, &after, rng, out),
            Some(before) => kernel.change(now, group, &before, &after),
        });
    }

    fn leave(&mut self, cx: &mut Context<'_>, group: A, host: u32) {
        let Some(members) = self.groups.get_mut(&group) else { return };
        let Some(wish) = members.remove(host) else { return };
        if members.is_empty() {
            cx.hear(self.port, Sounds::To(multicast_mac(group.into())), false);
        }
        let wish = Rc::clone(&self.wishes[wish as usize].1);
        self.on(cx, host, |kernel, now, _, out| kernel.leave_as(now, group, &wish, out));
    }

    /// Every host that listens to this address, except the sender, hears the message.
    fn hear(&mut self, cx: &mut Context<'_>, heard: &HostInput<A>, to: A, from: Option<u32>) {
        let everybody = to == A::ALL_HOSTS;
        let members = self.groups.get(&to);
        let count = match members {
            _ if everybody => self.hosts.len() as u32,
            Some(members) => members.len() as u32,
            None => return,
        };
        for nth in 0..count {
            let host = members.filter(|_| !everybody).map_or(nth, |members| members.nth(nth));
            if Some(host) != from {
                *cx.events += 1;
                let kernel = &mut self.hosts[host as usize];
                let set = kernel.kernel.take_in(cx.now + phase(host), heard, &mut self.rng);
                kernel.wake_by(set, host, cx);
            }
        }
    }
}

/// How far the clock of a host is ahead: less than a tick, and spread like random values.
fn phase(host: u32) -> Duration {
    let spread = u64::from(host.wrapping_mul(0x9e37_79b1));
    Duration::from_nanos((spread * TICK.as_nanos() as u64) >> 32)
}

const fn token(what: Token, host: u32) -> Token {
    what << HOST_BITS | host as Token
}

impl<A: HostInet> Actor for Population<A> {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        cx.hear(self.port, Sounds::To(multicast_mac(A::ALL_HOSTS.into())), true);
        Ok(())
    }

    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String> {
        let all = 0..self.hosts.len() as u32;
        match action {
            Action::Join(_, group, filter) => {
                let (group, wish) = (of(group.addr())?, self.wish(filter)?);
                all.for_each(|host| self.join(cx, group, wish, host));
            }
            Action::Leave(_, group) => {
                let group = of(group.addr())?;
                all.for_each(|host| self.leave(cx, group, host));
            }
            Action::Churn(churn) => self.begin(cx, churn)?,
            _ => return Err("a population joins and leaves".to_owned()),
        }
        Ok(())
    }

    fn receive(&mut self, cx: &mut Context<'_>, _port: PortId, frame: &Frame) {
        if let Some(&(source, group, number)) = cx.receiver.receive(&frame.packet) {
            let members = A::of(group.addr()).and_then(|to| self.groups.get(&to));
            let Some(members) = members else { return };
            let wants = |(filter, _): &(SourceFilter, _)| filter.wants(source);
            let wanted: Vec<bool> = self.wishes.iter().map(wants).collect();
            let readers = members.with_wishes().filter(|(_, wish)| wanted[*wish as usize]);
            let mut reads = 0;
            for (host, _) in readers {
                let read = &mut self.hosts[host as usize].read;
                *read = read.saturating_add(1);
                reads += 1;
            }
            if reads == 0 {
                return;
            }
            *cx.events += reads;
            cx.recording.unkept.reads += reads;
            let (at, node) = (cx.now, self.node);
            cx.recording.deliveries.push(Delivery { at, node, source, group, number });
        } else if let Some(heard) = HostInput::read(&frame.packet) {
            self.hear(cx, &heard, heard.destination(), None);
        }
    }

    fn interface(&mut self, cx: &mut Context<'_>, _port: PortId, up: bool) {
        for host in 0..self.hosts.len() as u32 {
            self.on(cx, host, |kernel, now, rng, out| match up {
                true => kernel.up(now, rng, out),
                false => kernel.down(now),
            });
        }
    }

    fn token(&mut self, cx: &mut Context<'_>, token: Token) {
        let (what, host) = (token >> HOST_BITS, token as u32);
        match what {
            TIMER => {
                // A reminder is stale if the host has since asked for another time.
                if self.hosts[host as usize].wake == cx.now {
                    self.hosts[host as usize].wake = REST;
                    self.on(cx, host, |kernel, now, rng, out| kernel.expire(now, rng, out));
                }
            }
            OVERHEARD => {
                if let Some((from, heard)) = self.overheard.pop_front() {
                    self.hear(cx, &heard, heard.destination(), Some(from));
                }
            }
            churn => self.churn(cx, churn - CHURN, host),
        }
    }

    fn quiet(&mut self, _cx: &mut Context<'_>) {
        self.churning.clear();
    }
}
