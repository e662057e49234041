//! Odd packets at a snooping switch: lists that announce more or fewer entries than there are, auxiliary
//! data, unknown types, groups that are none, cut and padded messages, and damaged IP headers.
//!
//! The packets are drawn from a seed. No timer ends in a script, so that each reaction follows from
//! a packet, and a data packet now and then shows what the switch has learned.

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet::rng::Rng;
use castnet::wire::igmp::Query;
use etherparse::checksum::Sum16BitWords;

use crate::bridge::Stimulus::{self, Packet, Querier};
use crate::bridge::{PORTS, check, settings};
use crate::packets::*;
use crate::script::Steps;

/// How many odd packets a script has, and how far apart they are in milliseconds.
const PACKETS: u64 = 250;
const APART: u64 = 12;

/// The time until the switch snoops, in milliseconds.
const READY: u64 = 500;

/// A switch that hears another querier: Leaves change nothing except on the port with fast leave.
pub(crate) async fn version_2() {
    odd(2, 1, false).await;
}

/// A switch that asks for itself, so that Leaves make Queries.
pub(crate) async fn version_2_as_querier() {
    odd(2, 2, true).await;
}

pub(crate) async fn version_3() {
    odd(3, 3, false).await;
}

async fn odd(igmp_version: u8, seed: u64, is_querier: bool) {
    let mut settings = settings(igmp_version);
    let never = Duration::from_secs(200);
    settings.knobs.membership_interval = never;
    settings.knobs.last_member_interval = never;
    settings.knobs.querier_interval = never;
    settings.knobs.query_interval = never;
    settings.knobs.startup_query_count = 1;
    let begin = match is_querier {
        true => Querier(true),
        false => {
            let query = Query { max_resp_code: 2, group: NOBODY, v3: None };
            Packet(0, query_from(Ipv4Addr::new(10, 0, 0, 1), query))
        }
    };
    let mut dice = Dice { rng: Rng::for_node(seed, "odd"), igmp_version };
    let odd = (0..PACKETS).map(|n| (READY + n * APART, dice.stimulus()));
    let steps: Steps<Stimulus> = std::iter::once((0, begin)).chain(odd).collect();
    check(settings, steps, READY + PACKETS * APART + 200).await;
}

/// What a packet is drawn from.
struct Dice {
    rng: Rng,
    igmp_version: u8,
}

impl Dice {
    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        // A delay is uniform in (0, limit], to the nanosecond.
        u64::from(self.rng.delay(Duration::from_nanos(limit)).subsec_nanos()) - 1
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn octet(&mut self, limit: u64) -> u8 {
        self.below(limit) as u8
    }

    fn stimulus(&mut self) -> Stimulus {
        let port = self.below(PORTS as u64) as usize;
        let from = Ipv4Addr::new(10, 0, 0, 60 + self.octet(3));
        let group = self.group();
        if self.below(4) == 0 {
            return Packet(port, datagram(from, destination(group), 9, self.octet(200).into()));
        }
        let mut message = match self.below(8) {
            0..4 => self.v3_report(),
            4..6 => self.query(),
            _ => {
                let kind = self.one(&[0x12, 0x16, 0x16, 0x17, 0x17, 0x13, 0x22, 0x99]);
                [&[kind, self.octet(3), 0, 0], &group.octets()[..]].concat()
            }
        };
        match self.below(10) {
            0 => message.truncate(self.below(message.len() as u64 + 1) as usize),
            1 => message.extend(vec![self.octet(255); 1 + self.below(9) as usize]),
            _ => {}
        }
        seal(&mut message, 2);
        if self.below(12) == 0 && message.len() > 3 {
            message[3] ^= 1;
        }
        let to = match self.below(4) {
            0 => destination(group),
            1 => Ipv4Addr::new(224, 0, 0, 22),
            2 => ALL_ROUTERS,
            _ => ALL_HOSTS,
        };
        let mut packet = raw(from, to, &message);
        self.damage(&mut packet);
        Packet(port, packet)
    }

    fn group(&mut self) -> Ipv4Addr {
        let odd = [[224, 0, 0, 9], [10, 1, 1, 1], [0, 0, 0, 0], [255, 255, 255, 255]];
        match self.below(12) {
            0 => self.one(&odd).into(),
            1 => Ipv4Addr::new(232, 1, 1, 1),
            n => group(1 + (n % 4) as u8),
        }
    }

    fn query(&mut self) -> Vec<u8> {
        // No answer is due within the script.
        let code = 100 + self.octet(155);
        let group = if self.below(3) == 0 { NOBODY } else { self.group() };
        let mut message = [&[0x11, code, 0, 0], &group.octets()[..]].concat();
        if self.below(2) == 0 {
            let announced = self.one(&[0, 0, 0, 1, 9]);
            message.extend([self.octet(16), 100, 0, announced]);
            message.extend(vec![10; 4 * self.below(3) as usize]);
        }
        message
    }

    fn v3_report(&mut self) -> Vec<u8> {
        let records = self.below(4);
        let announced = self.one(&[records, records, records, records + 1, records / 2, 300]);
        let mut message = vec![0x22, self.octet(3), 0, 0, 0, 0];
        message.extend((announced as u16).to_be_bytes());
        for _ in 0..records {
            self.record(&mut message);
        }
        message
    }

    fn record(&mut self, message: &mut Vec<u8>) {
        // What version 3 makes of sources the model leaves out, and with it changes of sources.
        let kind = match self.igmp_version {
            2 => self.octet(9),
            _ => self.one(&[0, 1, 2, 3, 4, 7, 8]),
        };
        let aux = self.one(&[0, 0, 0, 1, 2]);
        let of_sources = self.igmp_version == 2 && self.below(3) == 0;
        let sources = if of_sources { self.below(3) } else { 0 };
        let announced = if of_sources { self.one(&[sources, sources, sources + 1]) } else { 0 };
        message.extend([kind, aux, 0, announced as u8]);
        message.extend(self.group().octets());
        (0..sources).for_each(|n| message.extend([192, 0, 2, n as u8]));
        if self.below(2) == 0 {
            // What the auxiliary data looks like where a record would begin.
            let looks_like = [self.octet(8), 0, 0, 0, 239, 1, 1, 5];
            message.extend(looks_like.iter().take(4 * usize::from(aux)));
        }
    }

    /// Spoils the IP header, or leaves it alone.
    fn damage(&mut self, packet: &mut [u8]) {
        let header = usize::from(packet[0] & 0x0f) * 4;
        match self.below(24) {
            0 => packet[10] ^= 1,
            1 => packet[0] = 0x65,
            2 => packet[0] = 0x44,
            3 => packet[3] = packet[3].wrapping_add(8),
            4 => packet[3] -= 4,
            5 => packet[8] = 64,
            // A fragment, whatever it carries.
            6 => packet[6] = 0x20,
            7 => packet[7] = 3,
            // Options of other kinds.
            8 => packet[20] = 7,
            _ => return,
        }
        if packet[0] == 0x46 && self.below(4) > 0 {
            seal(&mut packet[..header], 10);
        }
    }
}

/// The address, unless a frame to it would be one to the switch itself, which the model leaves out.
fn destination(address: Ipv4Addr) -> Ipv4Addr {
    if address.is_multicast() || address.is_broadcast() { address } else { group(1) }
}

/// Writes the checksum that is right, if there is room (RFC 1071).
fn seal(octets: &mut [u8], at: usize) {
    if octets.len() < at + 2 {
        return;
    }
    octets[at..at + 2].fill(0);
    let sum = Sum16BitWords::new().add_slice(octets).ones_complement();
    octets[at..at + 2].copy_from_slice(&sum.to_ne_bytes());
}
