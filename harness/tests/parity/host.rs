//! IGMP as a host speaks it, on the kernel and on `sim::model::host`.

use std::net::{Ipv4Addr, UdpSocket};

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet_lab::lab::Netlink;
use castnet_lab::sim::model::host::{Host, HostInput, HostOut};

use crate::ground::Ground;
use crate::script::{Model, Steps, compare, describe};

pub(crate) const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// Sockets of a host that may join groups.
const SOCKETS: usize = 2;

#[derive(Clone, Debug)]
pub(crate) enum Stimulus {
    /// A socket joins a group.
    Join(usize, Ipv4Addr),
    Leave(usize, Ipv4Addr),
    /// A packet comes in.
    Hear(Vec<u8>),
    Down,
    Up,
}

/// Plays the script on the kernel, with a fixed version if one is given, and compares.
pub(crate) async fn check(forced: Option<u8>, steps: Steps<Stimulus>, end: u64) {
    let ground = Ground::build(1, async |netns, _| {
        if let Some(version) = forced {
            let sysctl = "net/ipv4/conf/all/force_igmp_version";
            netns[1].write_sysctl(sysctl, &version.to_string()).unwrap();
        }
    })
    .await;
    assert_eq!(ground.address(0), OWN);
    let netlink = Netlink::open(&ground.netns[1]).unwrap();
    let open = || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let sockets = ground.netns[1].run(|| [(); SOCKETS].map(|()| open())).unwrap();
    let ifindex = ground.built.ifindex[0][1];
    let mut stimuli = Vec::new();
    for (ms, stimulus) in steps {
        ground.until(ms).await;
        let begun = ground.now();
        match &stimulus {
            Stimulus::Join(socket, group) => {
                sockets[*socket].join_multicast_v4(group, &OWN).unwrap();
            }
            Stimulus::Leave(socket, group) => {
                sockets[*socket].leave_multicast_v4(group, &OWN).unwrap();
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
        host: Host::new(OWN, forced),
        rng: Rng::for_node(seed, "host"),
    });
}

struct Subject {
    host: Host,
    rng: Rng,
}

impl Model<Stimulus> for Subject {
    fn deadline(&self) -> Option<Instant> {
        self.host.deadline()
    }

    fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut out = Vec::new();
        self.host.expire(now, &mut self.rng, &mut out);
        tell(&out)
    }

    fn stimulate(&mut self, now: Instant, stimulus: &Stimulus) -> Vec<String> {
        let mut out = Vec::new();
        match stimulus {
            Stimulus::Join(_, group) => self.host.join(now, *group, &mut self.rng, &mut out),
            Stimulus::Leave(_, group) => self.host.leave(now, *group, &mut out),
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

fn tell(out: &[HostOut]) -> Vec<String> {
    out.iter().map(|out| format!("link 0: {}", describe(&out.packet))).collect()
}
