//! The datagrams of one flow as they pass the devices of the machine, before the kernel judges them.
//!
//! A packet socket, which is opened while the privileges last and receives nothing until a flow is
//! watched. It sees what comes in and what goes out on every device, and decides nothing. What does not
//! fit into the socket's buffer is lost, so that a fast flow is only sampled.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, OwnedFd};

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::sys;
use crate::mfc::entry::Flow;

/// `ETH_P_ALL`: only then are outgoing packets seen as well.
const ALL: u16 = 3;

/// The octets of a datagram that are looked at: the longest IPv4 header.
const HEADER: u32 = 60;

/// The most datagrams of one look.
const MOST: usize = 4096;

/// A packet socket.
#[derive(Debug)]
pub struct Sampler(OwnedFd);

/// Where a datagram was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// It came in.
    In,
    /// It came in for another machine, by its link-layer address.
    InForOther,
    /// It went out.
    Out,
}

/// One datagram on one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The device.
    pub ifindex: u32,
    /// Which way it went.
    pub seen: Seen,
    /// Its TTL or hop limit there.
    pub ttl: u8,
    /// Whether the checksum of its IPv4 header is right; IPv6 has none.
    pub is_sound: bool,
}

impl Sampler {
    /// A socket that receives nothing yet, in the calling thread's network namespace.
    ///
    /// # Errors
    /// A missing privilege (`CAP_NET_RAW`).
    pub fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        Ok(Self(socket(AddressFamily::Packet, SockType::Datagram, flags, None)?))
    }

    /// From now on the datagrams of the flow are kept.
    ///
    /// # Errors
    /// Errors of the socket.
    pub fn watch(&self, flow: Flow) -> io::Result<()> {
        sys::attach_filter(self.0.as_fd(), &mut program(flow))?;
        sys::bind_packets(self.0.as_fd(), ALL)
    }

    /// The datagrams that were kept; no more are from now on.
    ///
    /// # Errors
    /// Errors of the socket.
    pub fn end(&self) -> io::Result<Vec<Sample>> {
        sys::bind_packets(self.0.as_fd(), 0)?;
        let mut samples = Vec::new();
        let mut space = [0; HEADER as usize];
        // The socket holds no more than its buffer, and what is beyond the most is read as well.
        loop {
            let (length, ifindex, kind) = match sys::receive_packet(self.0.as_fd(), &mut space) {
                Ok(received) => received,
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return Ok(samples),
                // A device that went down meanwhile.
                Err(why) if why.raw_os_error() == Some(libc::ENETDOWN) => continue,
                Err(why) => return Err(why),
            };
            let seen = match kind {
                libc::PACKET_OUTGOING => Seen::Out,
                libc::PACKET_OTHERHOST => Seen::InForOther,
                _ => Seen::In,
            };
            if let Some((ttl, is_sound)) = header(&space[..length])
                && samples.len() < MOST
            {
                samples.push(Sample { ifindex, seen, ttl, is_sound });
            }
        }
    }
}

/// The TTL of a datagram, and whether the checksum of its header is right.
fn header(octets: &[u8]) -> Option<(u8, bool)> {
    let first = *octets.first()?;
    if first >> 4 == 6 {
        return Some((*octets.get(7)?, true));
    }
    let header = octets.get(..usize::from(first & 0xf) * 4)?;
    let words = header.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    Some((*header.get(8)?, sum == 0xffff))
}

/// A program that accepts the datagrams of the flow: their IP header is the first that it reads.
fn program(flow: Flow) -> Vec<sock_filter> {
    let words = |addr: IpAddr| match addr {
        IpAddr::V4(addr) => vec![addr.to_bits()],
        IpAddr::V6(addr) => addr
            .octets()
            .chunks_exact(4)
            .map(|w| u32::from_be_bytes([w[0], w[1], w[2], w[3]]))
            .collect(),
    };
    let (source, group) = (flow.source.addr(), flow.group.addr());
    let start = if source.is_ipv4() { 12 } else { 8 };
    let compared: Vec<u32> = [words(source), words(group)].concat();
    // The version stands in the first octet: an IPv4 datagram is none of IPv6, whatever it holds.
    let version = if source.is_ipv4() { 4 << 4 } else { 6 << 4 };
    let steps = compared.len();
    let op = |code: u32, jt: u8, jf: u8, k: u32| sock_filter { code: code as u16, jt, jf, k };
    let mut program = vec![
        op(BPF_LD | libc::BPF_B | BPF_ABS, 0, 0, 0),
        op(libc::BPF_ALU | libc::BPF_AND | BPF_K, 0, 0, 0xf0),
        op(BPF_JMP | BPF_JEQ | BPF_K, 0, (2 * steps + 1) as u8, version),
    ];
    for (step, word) in compared.iter().enumerate() {
        let to_refusal = (2 * (steps - step) - 1) as u8;
        program.push(op(BPF_LD | BPF_W | BPF_ABS, 0, 0, start + 4 * step as u32));
        program.push(op(BPF_JMP | BPF_JEQ | BPF_K, 0, to_refusal, *word));
    }
    program.push(op(BPF_RET | BPF_K, 0, 0, HEADER));
    program.push(op(BPF_RET | BPF_K, 0, 0, 0));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ttl_is_read_and_the_header_summed() {
        // RFC 791: version 4, 5 words, TTL 3, UDP, 10.0.1.10 to 239.1.1.1.
        let mut octets =
            [0x45, 0, 0, 32, 0, 1, 0, 0, 3, 17, 0, 0, 10, 0, 1, 10, 239, 1, 1, 1, 9, 9, 9, 9];
        assert_eq!(header(&octets), Some((3, false)));
        // The complement of 4500+20+1+311+a00+10a+ef01+101 = 1433e, so of 433f.
        octets[10..12].copy_from_slice(&[0xbc, 0xc0]);
        assert_eq!(header(&octets), Some((3, true)), "{octets:x?}");
        assert_eq!(header(&octets[..12]), None);
        let mut six = [0; 40];
        (six[0], six[7]) = (0x60, 9);
        assert_eq!(header(&six), Some((9, true)));
    }
}
