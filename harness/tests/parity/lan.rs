//! Two hosts that hear each other: which one's Report is sent, and which one sends the Leave.
//!
//! What both do in one tick of their common kernel, they do before either hears of it.

use std::net::{Ipv4Addr, UdpSocket};

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet_lab::lab::{Netlink, SwitchSpec, switch};
use castnet_lab::sim::model::host::{Host, HostInput, HostOut};

use crate::bridge;
use crate::ground::Ground;
use crate::packets::{NOBODY, group, older_query};
use crate::script::{Model, Steps, compare, describe};

/// The two hosts are on the first two links, and the querier on the last one.
const HOSTS: usize = 2;

#[derive(Clone, Debug)]
enum Stimulus {
    Join(usize, Ipv4Addr),
    Leave(usize, Ipv4Addr),
    Query(Vec<u8>),
}

fn address(host: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 0, host as u8 + 1)
}

pub(crate) async fn joining_together() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, Stimulus::Join(0, a)),
        (0, Stimulus::Join(1, a)),
        // Each has heard the other one's Report, so neither sends a Leave.
        (300, Stimulus::Leave(0, a)),
        (400, Stimulus::Leave(1, a)),
        (600, Stimulus::Join(0, b)),
        (700, Stimulus::Join(1, b)),
        // The host that reported last sends a Leave.
        (900, Stimulus::Leave(0, b)),
        (1_000, Stimulus::Leave(1, b)),
    ];
    check(steps, 1_200).await;
}

pub(crate) async fn joining_shortly_after() {
    // The second host hears the first one's Report before its own is due.
    let steps = vec![(0, Stimulus::Join(0, group(1))), (6, Stimulus::Join(1, group(1)))];
    check(steps, 500).await;
}

pub(crate) async fn answering() {
    let a = group(1);
    let query = |ms, tenths| (ms, Stimulus::Query(older_query(NOBODY, tenths)));
    let steps = vec![
        (0, Stimulus::Join(0, a)),
        (0, Stimulus::Join(1, a)),
        query(300, 5),
        query(1_200, 5),
        query(2_100, 5),
        (3_000, Stimulus::Leave(0, a)),
        (3_100, Stimulus::Leave(1, a)),
    ];
    check(steps, 3_300).await;
}

async fn check(steps: Steps<Stimulus>, end: u64) {
    let ground = Ground::build(HOSTS + 1, async |netns, built| {
        let ports: Vec<u32> = built.ifindex.iter().map(|link| link[1]).collect();
        let mut settings = bridge::settings(2);
        settings.knobs.snooping = false;
        let spec = SwitchSpec { address: None, ..bridge::spec(&settings, ports) };
        switch::build(&netns[HOSTS + 1], &spec).await.unwrap();
        built.segments = vec![(0..=HOSTS).map(|link| (link, 0)).collect()];
        for (host, netns) in netns[..HOSTS].iter().enumerate() {
            netns.write_sysctl("net/ipv4/conf/all/force_igmp_version", "2").unwrap();
            let netlink = Netlink::open(netns).unwrap();
            let address = format!("{}/24", address(host)).parse().unwrap();
            netlink.add_address(built.ifindex[host][0], address).await.unwrap();
            netlink.close().await;
        }
    })
    .await;
    let open = || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let sockets: Vec<_> = (0..HOSTS).map(|host| ground.netns[host].run(open).unwrap()).collect();
    let mut stimuli = Vec::new();
    for (ms, stimulus) in steps {
        ground.until(ms).await;
        let begun = ground.now();
        match &stimulus {
            Stimulus::Join(host, group) => {
                sockets[*host].join_multicast_v4(group, &address(*host)).unwrap();
            }
            Stimulus::Leave(host, group) => {
                sockets[*host].leave_multicast_v4(group, &address(*host)).unwrap();
            }
            Stimulus::Query(packet) => ground.send(HOSTS, packet),
        }
        stimuli.push((begun, ground.now(), stimulus));
    }
    ground.until(end).await;
    let played = ground.finish(stimuli, Vec::new()).await;
    compare(&played, |seed| Subject {
        hosts: [0, 1].map(|host| Host::new(address(host), Some(2))),
        rng: Rng::for_node(seed, "hosts"),
    });
}

struct Subject {
    hosts: [Host; HOSTS],
    rng: Rng,
}

impl Subject {
    /// Carries the hosts' messages to each other, and to the querier's link.
    fn carry(&mut self, now: Instant, said: [Vec<HostOut>; HOSTS]) -> Vec<String> {
        let mut told = Vec::new();
        for (from, out) in said.iter().enumerate() {
            for HostOut { packet, .. } in out {
                let other = 1 - from;
                if let Some(heard) = HostInput::read(packet) {
                    self.hosts[other].receive(now, &heard, &mut self.rng);
                }
                let told_on = [other, HOSTS].map(|to| format!("link {to}: {}", describe(packet)));
                told.extend(told_on);
            }
        }
        told
    }
}

impl Model<Stimulus> for Subject {
    fn deadline(&self) -> Option<Instant> {
        self.hosts.iter().filter_map(Host::deadline).min()
    }

    fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut said = [Vec::new(), Vec::new()];
        for (host, out) in self.hosts.iter_mut().zip(&mut said) {
            host.expire(now, &mut self.rng, out);
        }
        self.carry(now, said)
    }

    fn stimulate(&mut self, now: Instant, stimulus: &Stimulus) -> Vec<String> {
        let mut said = [Vec::new(), Vec::new()];
        let mut told = Vec::new();
        match stimulus {
            Stimulus::Join(host, group) => {
                self.hosts[*host].join(now, *group, &mut self.rng, &mut said[*host]);
            }
            Stimulus::Leave(host, group) => {
                self.hosts[*host].leave(now, *group, &mut said[*host]);
            }
            Stimulus::Query(packet) => {
                let heard = HostInput::read(packet).unwrap();
                for (link, host) in self.hosts.iter_mut().enumerate() {
                    host.receive(now, &heard, &mut self.rng);
                    told.push(format!("link {link}: {}", describe(packet)));
                }
            }
        }
        told.extend(self.carry(now, said));
        told
    }
}
