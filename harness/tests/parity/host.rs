//! IGMP and MLD as a host speaks them, on the kernel and on `sim::model::host`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet_lab::lab::{Membership, Netlink};
use castnet_lab::sim::model::host::{Host, HostInet, HostInput, HostOut, Wish};

use crate::ground::Ground;
use crate::script::{Model, Steps, compare, describe, is_noise};

pub(crate) const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// Sockets of a host that may join groups.
const SOCKETS: usize = 2;

#[derive(Clone, Debug)]
pub(crate) enum Stimulus<A = Ipv4Addr> {
    /// A socket joins a group.
    Join(usize, A),
    Leave(usize, A),
    /// A socket wants these sources of a group from now on.
    Listen(usize, A, Wish<A>),
    /// A packet comes in.
    Hear(Vec<u8>),
    Down,
    Up,
}

/// A family on the kernel's side.
pub(crate) trait Side: HostInet {
    /// The address of the inner end of link 0 from which the kernel speaks.
    const OWN: Self;

    /// The sysctl that fixes a version, and its value for the version.
    fn fixed(version: u8) -> (&'static str, u8);
    fn join(self, socket: &UdpSocket, ifindex: u32);
    fn leave(self, socket: &UdpSocket, ifindex: u32);
}

impl Side for Ipv4Addr {
    const OWN: Self = OWN;

    fn fixed(version: u8) -> (&'static str, u8) {
        ("net/ipv4/conf/all/force_igmp_version", version)
    }

    fn join(self, socket: &UdpSocket, _ifindex: u32) {
        socket.join_multicast_v4(&self, &OWN).unwrap();
    }

    fn leave(self, socket: &UdpSocket, _ifindex: u32) {
        socket.leave_multicast_v4(&self, &OWN).unwrap();
    }
}

impl Side for Ipv6Addr {
    const OWN: Self = Self::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

    fn fixed(version: u8) -> (&'static str, u8) {
        ("net/ipv6/conf/all/force_mld_version", version - 1)
    }

    fn join(self, socket: &UdpSocket, ifindex: u32) {
        socket.join_multicast_v6(&self, ifindex).unwrap();
    }

    fn leave(self, socket: &UdpSocket, ifindex: u32) {
        socket.leave_multicast_v6(&self, ifindex).unwrap();
    }
}

/// Plays the script on the kernel, with a fixed version if one is given, and compares.
pub(crate) async fn check<A: Side>(forced: Option<u8>, steps: Steps<Stimulus<A>>, end: u64) {
    let ground = Ground::of_family(A::FAMILY, 1, async |netns, _| {
        if let Some(version) = forced {
            let (sysctl, value) = A::fixed(version);
            netns[1].write_sysctl(sysctl, &value.to_string()).unwrap();
        }
        netns[1].write_sysctl("net/ipv4/igmp_max_msf", "1000").unwrap();
    })
    .await;
    let netlink = Netlink::open(&ground.netns[1]).unwrap();
    let open = || UdpSocket::bind((A::NOBODY.into(), 0)).unwrap();
    let sockets = ground.netns[1].run(|| [(); SOCKETS].map(|()| open())).unwrap();
    let ifindex = ground.built.ifindex[0][1];
    let (mut stimuli, mut joined) = (Vec::new(), BTreeSet::new());
    for (ms, stimulus) in steps {
        ground.until(ms).await;
        let begun = ground.now();
        match &stimulus {
            Stimulus::Join(socket, group) => {
                joined.insert((*socket, *group));
                group.join(&sockets[*socket], ifindex);
            }
            Stimulus::Listen(socket, group, wish) => {
                let membership = Membership::of(&sockets[*socket], ifindex, (*group).into());
                let is_new = joined.insert((*socket, *group));
                listen(membership, is_new, wish);
            }
            Stimulus::Leave(socket, group) => {
                joined.remove(&(*socket, *group));
                group.leave(&sockets[*socket], ifindex);
            }
            Stimulus::Hear(packet) => ground.send(0, packet),
            Stimulus::Down => netlink.down(ifindex).await.unwrap(),
            Stimulus::Up => netlink.up(ifindex).await.unwrap(),
        }
        stimuli.push((begun, ground.now(), stimulus));
    }
    ground.until(end).await;
    let played = ground.finish(stimuli, Vec::new()).await;
    compare(&played, |seed| Subject {
        host: Host::new(A::OWN, forced),
        rng: Rng::for_node(seed, "host"),
        wishes: BTreeMap::new(),
    });
}

/// The calls of the laboratory's listeners.
fn listen<A: Side>(membership: Membership<'_>, is_new: bool, wish: &Wish<A>) {
    let sources: BTreeSet<IpAddr> = wish.sources.iter().map(|&source| source.into()).collect();
    let is_done = match (is_new, wish.excluded) {
        (true, true) => {
            membership.join().unwrap();
            sources.is_empty()
        }
        (true, false) => {
            membership.join_source(wish.sources[0].into()).unwrap();
            sources.len() == 1
        }
        (false, _) => false,
    };
    if !is_done {
        membership.filter(wish.excluded, &sources).unwrap();
    }
}

struct Subject<A> {
    host: Host<A>,
    rng: Rng,
    /// What each socket wants, as the kernel keeps it.
    wishes: BTreeMap<(usize, A), Wish<A>>,
}

impl<A: Side> Model<Stimulus<A>> for Subject<A> {
    fn deadline(&self) -> Option<Instant> {
        self.host.deadline()
    }

    fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut out = Vec::new();
        self.host.expire(now, &mut self.rng, &mut out);
        tell(&out)
    }

    fn stimulate(&mut self, now: Instant, stimulus: &Stimulus<A>) -> Vec<String> {
        let mut out = Vec::new();
        match stimulus {
            Stimulus::Join(socket, group) => {
                let all = Wish { excluded: true, sources: Vec::new() };
                self.wishes.insert((*socket, *group), all);
                self.host.join(now, *group, &mut self.rng, &mut out);
            }
            Stimulus::Listen(socket, group, wish) => {
                match self.wishes.insert((*socket, *group), wish.clone()) {
                    Some(before) => self.host.change(now, *group, &before, wish),
                    None => self.host.listen(now, *group, wish, &mut self.rng, &mut out),
                }
            }
            Stimulus::Leave(socket, group) => {
                let wish = self.wishes.remove(&(*socket, *group)).unwrap();
                self.host.leave_as(now, *group, &wish, &mut out);
            }
            Stimulus::Hear(packet) => {
                if let Some(heard) = HostInput::read(packet) {
                    self.host.receive(now, &heard, &mut self.rng);
                }
            }
            Stimulus::Down => self.host.down(now),
            Stimulus::Up => self.host.up(now, &mut self.rng, &mut out),
        }
        tell(&out)
    }
}

fn tell<A>(out: &[HostOut<A>]) -> Vec<String> {
    let told = out.iter().filter(|out| !is_noise(&out.packet));
    told.map(|out| format!("link 0: {}", describe(&out.packet))).collect()
}
