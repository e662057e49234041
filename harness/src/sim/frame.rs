//! A frame under way: its Ethernet addresses, and an IP packet that all copies share.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::capture::ethernet::{self, ADDRESSES, HEADER, destination_mac};

/// How long a frame is under way. A veth takes about half a microsecond; zero would make cause and
/// effect simultaneous.
pub(super) const UNDER_WAY: Duration = Duration::from_micros(1);

/// An Ethernet frame with an IP packet in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) source: [u8; 6],
    pub(super) destination: [u8; 6],
    pub(super) packet: Rc<[u8]>,
}

impl Frame {
    /// The frame that carries a packet to a group, or to a machine.
    pub(super) fn to(source: [u8; 6], to: IpAddr, packet: impl Into<Rc<[u8]>>) -> Self {
        Self { source, destination: destination_mac(to), packet: packet.into() }
    }

    /// The frame that carries a packet to one port.
    pub(super) fn to_port(source: [u8; 6], destination: [u8; 6], packet: Rc<[u8]>) -> Self {
        Self { source, destination, packet }
    }

    /// Decodes a frame from octets.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (addresses, rest) = octets.split_first_chunk::<ADDRESSES>()?;
        let packet = rest.get(HEADER - ADDRESSES..)?;
        let [d0, d1, d2, d3, d4, d5, source @ ..] = *addresses;
        Some(Self { source, destination: [d0, d1, d2, d3, d4, d5], packet: packet.into() })
    }

    pub(super) fn octets(&self) -> Vec<u8> {
        ethernet::frame_to(self.source, self.destination, &self.packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_and_back() {
        let group = IpAddr::from([239, 1, 2, 3]);
        let frame = Frame::to([2, 0, 0, 0, 0, 9], group, [7, 8, 9]);
        let octets = frame.octets();
        assert_eq!(octets[..6], [1, 0, 0x5e, 1, 2, 3]);
        assert_eq!(octets[14..], [7, 8, 9]);
        assert_eq!(Frame::read(&octets), Some(frame));
        assert_eq!(Frame::read(&octets[..13]), None);
    }
}
