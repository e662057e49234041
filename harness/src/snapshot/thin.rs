//! Makes a recording small enough to be a golden: every control packet, and the first and the last
//! datagram of each flow on each link.

use std::collections::BTreeSet;

use castnet::time::Instant;

use super::scene::{Scene, Whose};
use crate::capture::decode::{Content, decode};
use crate::plan::{Plan, PortId};
use crate::recording::Recording;

/// The recording with fewer frames; frames that a port received are left out.
#[must_use]
pub fn thin(plan: &Plan, recording: &Recording) -> Recording {
    let scene = Scene::new(plan, recording);
    let mut ends = BTreeSet::<(PortId, Instant)>::new();
    for flow in &scene.flows {
        if let Whose::Port(port) = flow.whose {
            ends.extend([(port, flow.first), (port, flow.last)]);
        }
    }
    let mut thin = recording.clone();
    thin.frames.retain(|frame| {
        let is_data = || {
            let packet = decode(&frame.bytes);
            packet.is_some_and(|packet| matches!(packet.content, Content::Data(_)))
        };
        frame.outgoing && (ends.contains(&(frame.port, frame.at)) || !is_data())
    });
    thin
}
