//! Streams that are faster than their source's own link.

use std::net::IpAddr;

use super::Stream;
use super::topology::Topology;
use crate::scenario::diagnostic::{Diagnostics, Span};

/// The Ethernet header in octets, and that of UDP.
const ETHERNET_AND_UDP: usize = 14 + 8;

/// Remarks on a stream whose queue at its source grows for ever; `rate` is the place of its rate.
pub(super) fn check(stream: &Stream, rate: &Span, topology: &Topology, faults: &mut Diagnostics) {
    let link = &topology.links[topology.ports[stream.port].link];
    if link.pace.queue.is_some() {
        return;
    }
    let (octets, interval) = (frame(stream), stream.interval);
    let takes = link.pace.sending(octets);
    if takes > interval {
        let message = format!("the stream is faster than {}", link.name);
        let label = format!(
            "a frame of {octets} octets takes {takes:?}, and there is one every {interval:?}"
        );
        let help = "it is queued without limit: send less, or give the link a `queue`";
        faults.remark(rate, message, label, help);
    }
}

/// The octets of a frame of the stream.
fn frame(stream: &Stream) -> usize {
    let ip = match stream.source {
        IpAddr::V4(_) => 20,
        IpAddr::V6(_) => 40,
    };
    ETHERNET_AND_UDP + ip + stream.size
}
