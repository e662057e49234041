//! Multicast forwarding of a namespace, on the kernel and on `sim::model::mroute`.

use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use castnet::addr::{Group, Source};
use castnet::drive::DataPlane as _;
use castnet::event::Event;
use castnet::kernel::{
    MAX_PACKET, Mroute as Socket4, Mroute6, PimSocket, Plane, Received, RoutingSocket,
};
use castnet::mfc::entry::{Flow, MfcEntry};
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::{Vif, VifKind};
use castnet::time::Instant;
use castnet::wire::ip::Packet;
use castnet::wire::ipv6::Ipv6Header;
use castnet_lab::lab::{MfcMessage, MfcMonitor, Netlink};
use castnet_lab::sim::model::inet::Inet;
use castnet_lab::sim::model::mroute::{Mroute, MrouteOut, Reader, Taken};

use crate::ground::Ground;
use crate::packets::{QUERIER, datagram};
use crate::script::{Model, Reaction, Steps, compare, describe};

/// The links of the namespace, each of them a virtual interface once it is added.
const LINKS: usize = 3;

#[derive(Clone, Debug)]
pub(crate) enum Stimulus<A = Ipv4Addr> {
    Open,
    Close,
    AddVif(usize),
    /// The group comes in on the first interface and leaves on the others, each with a threshold.
    Set(A, usize, Vec<(usize, u8)>),
    Delete(A),
    /// Reports the counters of the group and of each interface.
    Count(A),
    /// The owner joins the group of all routers on the link.
    Listen(usize),
    /// A datagram comes in: link, group, TTL, mark.
    Data(usize, A, u8, u16),
    /// Any packet comes in.
    Packet(usize, Vec<u8>),
    Down(usize),
    Up(usize),
}

/// A family that is routed.
pub(crate) trait Routed: Inet {
    /// The source of datagrams.
    const SOURCE: Self;
    /// What the namespace itself speaks from, in case the owner hears it.
    const OWN: Option<Self>;

    /// The address of the namespace on a link.
    fn own(link: usize) -> Self;
    fn open() -> RoutingSocket;
    fn datagram(to: Self, ttl: u8, mark: u16) -> Vec<u8>;
}

impl Routed for Ipv4Addr {
    const SOURCE: Self = QUERIER;
    const OWN: Option<Self> = None;

    fn own(link: usize) -> Self {
        Self::new(10, 0, link as u8, 1)
    }

    fn open() -> RoutingSocket {
        Socket4::open(None).unwrap().into()
    }

    fn datagram(to: Self, ttl: u8, mark: u16) -> Vec<u8> {
        datagram(QUERIER, to, ttl, mark)
    }
}

impl Routed for Ipv6Addr {
    const SOURCE: Self = Self::new(0xfd00, 0, 0, 0, 0, 0, 0, 9);
    const OWN: Option<Self> = Some(Self::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));

    fn own(_link: usize) -> Self {
        Self::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)
    }

    fn open() -> RoutingSocket {
        Mroute6::open(None).unwrap().into()
    }

    fn datagram(to: Self, hop_limit: u8, mark: u16) -> Vec<u8> {
        let header = Ipv6Header { protocol: 17, hop_limit, ..Ipv6Header::mld(Self::SOURCE, to) };
        let [high, low] = mark.to_be_bytes();
        let udp = [0x13, 0x88, 0x13, 0x88, 0, 10, 0, 0, high, low];
        Ipv6Header { router_alert: false, ..header }.encode(&udp).unwrap()
    }
}

/// The interfaces 0 to 2, open.
pub(crate) fn opened<A>() -> Steps<Stimulus<A>> {
    let added = (0..LINKS).map(|link| (0, Stimulus::AddVif(link)));
    std::iter::once((0, Stimulus::Open)).chain(added).collect()
}

/// Plays the script on the kernel, and compares.
pub(crate) async fn check<A: Routed>(steps: Steps<Stimulus<A>>, end: u64) {
    let ground = Ground::of_family(A::FAMILY, LINKS, async |_, _| {}).await;
    let mut lab = Lab::open(ground);
    let own = A::OWN.map(Into::into);
    let mut stimuli = Vec::new();
    for (ms, stimulus) in steps {
        lab.listen_until(ms, own).await;
        let begun = lab.ground.now();
        lab.stimulate(&stimulus).await;
        stimuli.push((begun, lab.ground.now(), stimulus));
    }
    lab.listen_until(end, own).await;
    let played = lab.ground.finish(stimuli, lab.reactions).await;
    compare(&played, |_| Subject::<A> {
        mroute: Mroute::new(),
        listens: [false; LINKS],
        family: PhantomData,
    });
}

/// The kernel's multicast routing, as its owner has it.
type Kernel = Plane<fn(Instant, Event)>;

/// The kernel with the owner's socket.
struct Lab {
    ground: Ground,
    netlink: Netlink,
    monitor: MfcMonitor,
    socket: Option<Kernel>,
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

    /// What comes from `own` is not told.
    async fn listen_until(&mut self, ms: u64, own: Option<IpAddr>) {
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
                None => match hear(&self.ground, socket, own) {
                    Some(heard) => heard,
                    None => continue,
                },
            };
            self.reactions.push(self.ground.seen(what));
        }
    }

    const fn owner(&mut self) -> &mut Kernel {
        self.socket.as_mut().expect("a script opens it first")
    }

    async fn stimulate<A: Routed>(&mut self, stimulus: &Stimulus<A>) {
        let ifindex = |link: usize| self.ground.built.ifindex[link][1];
        match stimulus {
            Stimulus::Open => {
                let opened = self.ground.netns[LINKS].run(A::open).unwrap();
                let ifindexes = (0..LINKS).map(ifindex).collect();
                let pim = self.ground.netns[LINKS].run(|| PimSocket::open(opened.family()));
                let pim = pim.unwrap().unwrap();
                self.socket = Some(Plane::new(opened, pim, ifindexes, |_, _| {}));
            }
            Stimulus::Close => self.socket = None,
            Stimulus::AddVif(link) => self.owner().add_vif(vif(*link), VifKind::Device, 1).unwrap(),
            Stimulus::Set(group, iif, oifs) => {
                let entry = entry(*group, *iif, oifs);
                self.owner().set_entry(Instant::ZERO, &entry).unwrap();
            }
            Stimulus::Delete(group) => self.owner().delete_entry(flow(*group)).unwrap(),
            Stimulus::Count(group) => {
                let of_flow = self.owner().count(flow(*group)).unwrap();
                let of_vifs: Vec<_> =
                    (0..LINKS).map(|n| self.owner().vif_counters(vif(n))).collect();
                self.note(format!("{of_flow:?} {of_vifs:?}"));
            }
            Stimulus::Listen(link) => {
                let group = Group::new(A::ALL_ROUTERS.into()).unwrap();
                self.owner().listen(vif(*link), group).unwrap();
            }
            Stimulus::Data(link, group, ttl, mark) => {
                self.ground.send(*link, &A::datagram(*group, *ttl, *mark));
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

/// The messages of the owner's socket, except those from `own`.
fn hear(ground: &Ground, socket: Option<&Kernel>, own: Option<IpAddr>) -> Option<String> {
    let mut space = vec![0; MAX_PACKET];
    Some(match socket?.receive(&mut space).unwrap()? {
        Received::Upcall(upcall) => tell_upcall(&upcall),
        Received::Packet { ifindex, packet, .. } => {
            let packet = packet.unwrap();
            if Some(packet.header.source) == own {
                return None;
            }
            tell_heard(link(ground, ifindex), &packet)
        }
        other => format!("{other:?}"),
    })
}

/// Waits until the socket, if there is one, is readable.
async fn ready(socket: Option<&Kernel>) {
    match socket {
        Some(socket) => socket.readable().await.unwrap(),
        None => std::future::pending().await,
    }
}

struct Subject<A> {
    mroute: Mroute,
    listens: [bool; LINKS],
    family: PhantomData<A>,
}

impl<A: Routed> Subject<A> {
    fn packet(
        &mut self,
        now: Instant,
        link: usize,
        bytes: &[u8],
        out: &mut Vec<MrouteOut>,
    ) -> Vec<String> {
        let Ok(packet) = Packet::decode(bytes) else { return Vec::new() };
        let to = A::of(packet.header.destination);
        let is_local = to == Some(A::ALL_HOSTS)
            || to == Some(A::own(link))
            || to == Some(A::ALL_ROUTERS) && self.listens[link];
        self.mroute.forward(now, vif(link), &Rc::from(bytes), &mut Reader::default(), out);
        let taken = self.mroute.takes_in(vif(link), &packet, is_local);
        let hears = taken == Taken::ByTheOwner;
        hears.then(|| tell_heard(link, &packet)).into_iter().collect()
    }
}

impl<A: Routed> Model<Stimulus<A>> for Subject<A> {
    fn deadline(&self) -> Option<Instant> {
        self.mroute.deadline()
    }

    fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut out = Vec::new();
        self.mroute.expire(now, &mut out);
        out.iter().map(tell).collect()
    }

    fn stimulate(&mut self, now: Instant, stimulus: &Stimulus<A>) -> Vec<String> {
        let (mut out, mut told) = (Vec::new(), Vec::new());
        match stimulus {
            Stimulus::Open => self.mroute.open(),
            Stimulus::Close => {
                self.mroute.close(&mut out);
                self.listens = [false; LINKS];
            }
            Stimulus::AddVif(link) => self.mroute.add_vif(vif(*link), VifKind::Device).unwrap(),
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
                let packet = A::datagram(*group, *ttl, *mark);
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
        MrouteOut::Upcall(upcall) | MrouteOut::WholePacket { upcall, .. } => tell_upcall(upcall),
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

fn tell_heard(link: usize, packet: &Packet<'_>) -> String {
    format!("heard on link {link}: {packet:?}")
}

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

fn flow<A: Routed>(group: A) -> Flow {
    let source = Source::new(A::SOURCE.into()).unwrap();
    Flow { source, group: Group::new(group.into()).unwrap() }
}

fn entry<A: Routed>(group: A, iif: usize, oifs: &[(usize, u8)]) -> MfcEntry {
    let oifs = oifs.iter().map(|&(oif, threshold)| (vif(oif), threshold)).collect();
    MfcEntry { flow: flow(group), iif: vif(iif), oifs }
}
