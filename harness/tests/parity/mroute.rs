//! Multicast forwarding of a namespace, on the kernel and on `sim::model::mroute`.

use std::net::Ipv4Addr;
use std::rc::Rc;

use castnet::addr::{Group, Source};
use castnet::kernel::{MAX_PACKET, Mroute as Socket, Received, readable};
use castnet::mfc::entry::{Flow, MfcEntry};
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::Vif;
use castnet::time::Instant;
use castnet::wire::ipv4;
use castnet_lab::lab::{MfcMessage, MfcMonitor, Netlink};
use castnet_lab::sim::model::mroute::{Mroute, MrouteOut, Reader, Taken};
use std::os::fd::AsFd as _;

use crate::ground::Ground;
use crate::packets::{ALL_HOSTS, ALL_ROUTERS, QUERIER, datagram};
use crate::script::{Model, Reaction, Steps, compare, describe};

/// The links of the namespace, each of them a virtual interface once it is added.
const LINKS: usize = 3;

#[derive(Clone, Debug)]
pub(crate) enum Stimulus {
    Open,
    Close,
    AddVif(usize),
    /// The group comes in on the first interface and leaves on the others, each with a threshold.
    Set(Ipv4Addr, usize, Vec<(usize, u8)>),
    Delete(Ipv4Addr),
    /// Reports the counters of the group and of each interface.
    Count(Ipv4Addr),
    /// The owner joins 224.0.0.2 on the link.
    Listen(usize),
    /// A datagram comes in: link, group, TTL, mark.
    Data(usize, Ipv4Addr, u8, u16),
    /// Any packet comes in.
    Packet(usize, Vec<u8>),
    Down(usize),
    Up(usize),
}

/// The interfaces 0 to 2, open.
pub(crate) fn opened() -> Steps<Stimulus> {
    let added = (0..LINKS).map(|link| (0, Stimulus::AddVif(link)));
    std::iter::once((0, Stimulus::Open)).chain(added).collect()
}

/// Plays the script on the kernel, and compares.
pub(crate) async fn check(steps: Steps<Stimulus>, end: u64) {
    let ground = Ground::build(LINKS, async |_, _| {}).await;
    let mut lab = Lab::open(ground);
    let mut stimuli = Vec::new();
    for (ms, stimulus) in steps {
        lab.listen_until(ms).await;
        let begun = lab.ground.now();
        lab.stimulate(&stimulus).await;
        stimuli.push((begun, lab.ground.now(), stimulus));
    }
    lab.listen_until(end).await;
    let played = lab.ground.finish(stimuli, lab.reactions).await;
    compare(&played, |_| Subject { mroute: Mroute::new(), listens: [false; LINKS] });
}

/// The kernel with the owner's socket.
struct Lab {
    ground: Ground,
    netlink: Netlink,
    monitor: MfcMonitor,
    socket: Option<Socket>,
    reactions: Vec<Reaction>,
}

impl Lab {
    fn open(ground: Ground) -> Self {
        let netlink = Netlink::open(&ground.netns[LINKS]).unwrap();
        let monitor = MfcMonitor::open(&ground.netns[LINKS]).unwrap();
        Self { ground, netlink, monitor, socket: None, reactions: Vec::new() }
    }

    fn note(&mut self, what: String) {
        self.reactions.push(self.ground.seen(what));
    }

    async fn listen_until(&mut self, ms: u64) {
        let (monitor, socket) = (&mut self.monitor, self.socket.as_ref());
        let mut come = async || {
            tokio::select! {
                change = monitor.next() => Some(change.unwrap()),
                () = ready(socket) => None,
            }
        };
        while let Some(change) = self.ground.next(ms, &mut come).await {
            let what = match change {
                Some(change) => tell_change(&self.ground, &change),
                None => match hear(&self.ground, socket) {
                    Some(heard) => heard,
                    None => continue,
                },
            };
            self.reactions.push(self.ground.seen(what));
        }
    }

    async fn stimulate(&mut self, stimulus: &Stimulus) {
        let ifindex = |link: usize| self.ground.built.ifindex[link][1];
        match stimulus {
            Stimulus::Open => {
                let opened = self.ground.netns[LINKS].run(|| Socket::open(None));
                self.socket = Some(opened.unwrap().unwrap());
            }
            Stimulus::Close => self.socket = None,
            Stimulus::AddVif(link) => {
                let ifindex = ifindex(*link);
                self.socket.as_mut().unwrap().add_vif(vif(*link), ifindex, 1).unwrap();
            }
            Stimulus::Set(group, iif, oifs) => {
                self.socket.as_ref().unwrap().add_mfc(&entry(*group, *iif, oifs)).unwrap();
            }
            Stimulus::Delete(group) => {
                self.socket.as_ref().unwrap().delete_mfc(flow(*group)).unwrap();
            }
            Stimulus::Count(group) => {
                let socket = self.socket.as_ref().unwrap();
                let of_flow = socket.flow_counters(flow(*group)).unwrap();
                let of_vifs = (0..LINKS).map(|n| socket.vif_counters(vif(n)).unwrap());
                let what = format!("{of_flow:?} {:?}", of_vifs.collect::<Vec<_>>());
                self.note(what);
            }
            Stimulus::Listen(link) => {
                self.socket.as_ref().unwrap().join(ifindex(*link), ALL_ROUTERS).unwrap();
            }
            Stimulus::Data(link, group, ttl, mark) => {
                self.ground.send(*link, &datagram(QUERIER, *group, *ttl, *mark));
            }
            Stimulus::Packet(link, packet) => self.ground.send(*link, packet),
            Stimulus::Down(link) => self.netlink.down(ifindex(*link)).await.unwrap(),
            Stimulus::Up(link) => self.netlink.up(ifindex(*link)).await.unwrap(),
        }
    }
}

/// The link with this index at its inner end.
fn link(ground: &Ground, ifindex: u32) -> usize {
    ground.built.ifindex.iter().position(|ports| ports[1] == ifindex).unwrap()
}

fn tell_change(ground: &Ground, change: &MfcMessage) -> String {
    match change {
        MfcMessage::Entry { source, group, iif: Some(iif), oifs } => {
            let mut oifs: Vec<_> = oifs.iter().map(|&oif| link(ground, oif)).collect();
            oifs.sort_unstable();
            format!("({source}, {group}) in {} out {oifs:?}", link(ground, *iif))
        }
        MfcMessage::Entry { source, group, .. } | MfcMessage::Deleted { source, group } => {
            format!("({source}, {group}) none")
        }
        MfcMessage::Overrun => panic!("changes were lost"),
    }
}

/// The messages of the owner's socket.
fn hear(ground: &Ground, socket: Option<&Socket>) -> Option<String> {
    let mut space = vec![0; MAX_PACKET];
    Some(match socket?.receive(&mut space).unwrap()? {
        Received::Upcall(upcall) => tell_upcall(&upcall),
        Received::Packet { ifindex, packet: bytes, .. } => tell_heard(link(ground, ifindex), bytes),
        other => format!("{other:?}"),
    })
}

/// Waits until the socket, if there is one, is readable.
async fn ready(socket: Option<&Socket>) {
    match socket {
        Some(socket) => readable(socket.as_fd()).await.unwrap(),
        None => std::future::pending().await,
    }
}

struct Subject {
    mroute: Mroute,
    listens: [bool; LINKS],
}

impl Subject {
    fn packet(
        &mut self,
        now: Instant,
        link: usize,
        packet: &[u8],
        out: &mut Vec<MrouteOut>,
    ) -> Vec<String> {
        let Ok(ip) = ipv4::decode(packet) else { return Vec::new() };
        let is_local = ip.destination == ALL_HOSTS
            || ip.destination == Ipv4Addr::new(10, 0, link as u8, 1)
            || ip.destination == ALL_ROUTERS && self.listens[link];
        self.mroute.forward(now, vif(link), &Rc::from(packet), &mut Reader::default(), out);
        let taken = self.mroute.takes_in(vif(link), &ip.into(), is_local);
        let hears = taken == Taken::ByTheOwner;
        hears.then(|| tell_heard(link, packet)).into_iter().collect()
    }
}

impl Model<Stimulus> for Subject {
    fn deadline(&self) -> Option<Instant> {
        self.mroute.deadline()
    }

    fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut out = Vec::new();
        self.mroute.expire(now, &mut out);
        out.iter().map(tell).collect()
    }

    fn stimulate(&mut self, now: Instant, stimulus: &Stimulus) -> Vec<String> {
        let (mut out, mut told) = (Vec::new(), Vec::new());
        match stimulus {
            Stimulus::Open => self.mroute.open(),
            Stimulus::Close => {
                self.mroute.close(&mut out);
                self.listens = [false; LINKS];
            }
            Stimulus::AddVif(link) => self.mroute.add_vif(vif(*link)).unwrap(),
            Stimulus::Set(group, iif, oifs) => {
                self.mroute.set_mfc(now, &entry(*group, *iif, oifs), &mut out).unwrap();
            }
            Stimulus::Delete(group) => self.mroute.delete_mfc(flow(*group), &mut out),
            Stimulus::Count(group) => {
                let of_vifs = (0..LINKS).map(|n| self.mroute.vif_counters(vif(n)));
                let of_vifs: Vec<_> = of_vifs.collect();
                told.push(format!("{:?} {of_vifs:?}", self.mroute.flow_counters(flow(*group))));
            }
            Stimulus::Listen(link) => self.listens[*link] = true,
            Stimulus::Data(link, group, ttl, mark) => {
                let packet = datagram(QUERIER, *group, *ttl, *mark);
                told = self.packet(now, *link, &packet, &mut out);
            }
            Stimulus::Packet(link, packet) => told = self.packet(now, *link, packet, &mut out),
            Stimulus::Down(link) => self.mroute.interface(vif(*link), false),
            Stimulus::Up(link) => self.mroute.interface(vif(*link), true),
        }
        told.extend(out.iter().map(tell));
        told
    }
}

fn tell(out: &MrouteOut) -> String {
    match out {
        MrouteOut::Forward { vif, packet, .. } => {
            format!("link {}: {}", vif.index(), describe(packet))
        }
        MrouteOut::Upcall(upcall) => tell_upcall(upcall),
        MrouteOut::Mfc { flow, entry: None } => format!("{flow} none"),
        MrouteOut::Mfc { flow, entry: Some(entry) } => {
            let oifs: Vec<_> = entry.oifs.keys().map(|oif| oif.index()).collect();
            format!("{flow} in {} out {oifs:?}", entry.iif.index())
        }
    }
}

fn tell_upcall(Upcall { kind, vif, flow }: &Upcall) -> String {
    format!("{kind} on {vif} for {flow}")
}

fn tell_heard(link: usize, packet: &[u8]) -> String {
    format!("heard on link {link}: {}", describe(packet))
}

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

fn flow(group: Ipv4Addr) -> Flow {
    Flow { source: Source::new(QUERIER.into()).unwrap(), group: Group::new(group.into()).unwrap() }
}

fn entry(group: Ipv4Addr, iif: usize, oifs: &[(usize, u8)]) -> MfcEntry {
    let oifs = oifs.iter().map(|&(oif, threshold)| (vif(oif), threshold)).collect();
    MfcEntry { flow: flow(group), iif: vif(iif), oifs }
}
