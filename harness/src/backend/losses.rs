//! Frames that the kernel lost between two ends of a link: its queues of received frames are short, and a
//! flood overflows them.
//!
//! Such a frame left one port and reached none of the others, which no device under test has caused. Links
//! with faults lose frames on purpose, and links that go down or that a program may change are left out.

use std::collections::BTreeSet;

use castnet::time::Instant;

use crate::plan::{Action, LinkId, NodeId, Plan, PortId};
use crate::recording::Frame;

/// The losses of each link, in words.
pub(super) fn losses(plan: &Plan, frames: &[Frame]) -> Vec<String> {
    let end = Instant::ZERO + plan.end;
    let (mut sent, mut received) = (vec![0_u64; plan.ports.len()], vec![0_u64; plan.ports.len()]);
    for frame in frames {
        match frame.outgoing {
            // What is sent later may still be on its way when the capture ends.
            true if frame.at <= end => sent[frame.port] += 1,
            true => {}
            false => received[frame.port] += 1,
        }
    }
    let unsteady = unsteady(plan);
    let steady = (0..plan.links.len()).filter(|link| !unsteady.contains(link));
    let told = steady.flat_map(|link| {
        let ports = &plan.links[link].ports;
        let all: u64 = ports.iter().map(|&port| sent[port]).sum();
        let (sent, received) = (&sent, &received);
        ports.iter().filter_map(move |&port| {
            let missing = (all - sent[port]).saturating_sub(received[port]);
            (missing > 0).then(|| lost(plan, port, missing, all - sent[port]))
        })
    });
    told.collect()
}

fn lost(plan: &Plan, port: PortId, missing: u64, of: u64) -> String {
    let port = plan.port_name(port);
    format!("the kernel lost {missing} of {of} frames on their way to {port}")
}

/// Links that are not to carry every frame, or not at once.
pub(super) fn unsteady(plan: &Plan) -> BTreeSet<LinkId> {
    let links_of = |node: NodeId| plan.nodes[node].ports.iter().map(|&port| plan.ports[port].link);
    let changed = plan.acts.iter().flat_map(|act| match act.action {
        Action::Interface { port, .. } => vec![plan.ports[port].link],
        Action::Exec(_) => links_of(act.node).collect(),
        _ => Vec::new(),
    });
    changed.chain((0..plan.links.len()).filter(|&link| plan.is_wire(link))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plan::compile;

    const SCENARIO: &str = "title = 't'\nend = '1s'\n\
        links = { up = ['s1', 'r1'], lan = ['r1', 'h1', 'h2'] }\n\
        nodes = { s1 = { role = 'source' }, r1 = { role = 'router' }, h1 = { role = 'listener' }, \
        h2 = { role = 'listener' } }\n\
        [[expect]]\npacket = { on = 'lan', kind = 'query' }\ncount = '>= 1'\n";

    /// The scenario with more in it, and frames, each as (port, whether it is sent, millisecond).
    pub(in crate::backend) fn crossing(
        more: &str,
        frames: &[(&str, bool, u64)],
    ) -> (Plan, Vec<Frame>) {
        let plan =
            compile("x.toml", &format!("{SCENARIO}{more}")).unwrap_or_else(|e| panic!("{e}"));
        let port = |name: &str| (0..plan.ports.len()).find(|&port| plan.port_name(port) == name);
        let frames = frames.iter().map(|&(name, outgoing, ms)| {
            let at = Instant::from_nanos(ms * 1_000_000);
            let port = port(name).unwrap();
            Frame { at, port, outgoing, bytes: Vec::new(), original_len: 0 }
        });
        let frames = frames.collect();
        (plan, frames)
    }

    fn told(more: &str, frames: &[(&str, bool, u64)]) -> Vec<String> {
        let (plan, frames) = crossing(more, frames);
        losses(&plan, &frames)
    }

    const WHOLE: [(&str, bool, u64); 8] = [
        ("s1:up", true, 1),
        ("r1:up", false, 1),
        ("r1:lan", true, 2),
        ("h1:lan", false, 2),
        ("h2:lan", false, 2),
        ("h1:lan", true, 3),
        ("r1:lan", false, 3),
        ("h2:lan", false, 3),
    ];

    #[test]
    fn every_frame_that_was_sent_has_to_arrive_at_every_other_port() {
        assert_eq!(told("", &WHOLE), [""; 0]);
        for (missing, lost) in [
            (1, "the kernel lost 1 of 1 frames on their way to r1:up"),
            (3, "the kernel lost 1 of 1 frames on their way to h1:lan"),
            (7, "the kernel lost 1 of 2 frames on their way to h2:lan"),
        ] {
            let mut frames = WHOLE.to_vec();
            frames.remove(missing);
            assert_eq!(told("", &frames), [lost]);
        }
    }

    #[test]
    fn what_may_be_missing_is_no_loss() {
        // On its way when the run ended.
        assert_eq!(told("", &[("s1:up", true, 1001)]), [""; 0]);
        let lost = [("s1:up", true, 1), ("r1:lan", true, 1)];
        let of = |more: &str| told(more, &lost).len();
        assert_eq!(of(""), 3);
        assert_eq!(of("[[fault]]\non = 'lan'\ndrop = true\n"), 1);
        assert_eq!(of("[[act]]\nat = '0s'\ndown = { who = 'r1', link = 'up' }\n"), 2);
        assert_eq!(of("[[act]]\nat = '0s'\nexec = { who = 's1', command = ['true'] }\n"), 2);
    }
}
