//! How long the kernel took to carry frames from one end of a link to the other: microseconds, unless the
//! machine is so busy that its worker for received packets has to wait.
//!
//! Whoever received a frame late reacted late, which no device under test has caused. Links on which frames
//! may be lost or delayed on purpose are left out.

use castnet::time::Instant;

use super::losses::unsteady;
use crate::plan::{Plan, PortId};
use crate::recording::{Frame, Late, Lateness};

/// The frame that was on its way for the longest time, if any was.
pub(super) fn slowest(plan: &Plan, frames: &[Frame]) -> Option<Lateness> {
    let unsteady = unsteady(plan);
    let links = plan.links.iter().enumerate().filter(|(id, _)| !unsteady.contains(id));
    let mut times = vec![(Vec::new(), Vec::new()); plan.ports.len()];
    for frame in frames {
        let (sent, received) = &mut times[frame.port];
        if frame.outgoing { sent.push(frame.at) } else { received.push(frame.at) }
    }
    let receivers = links.flat_map(|(_, link)| {
        link.ports
            .iter()
            .map(|&port| (port, link.ports.iter().copied().filter(move |&one| one != port)))
    });
    let slow = receivers.filter_map(|(port, senders)| slowest_at(port, senders, &times));
    slow.max_by_key(|late| late.by)
}

/// Frames arrive in the order in which they were sent.
fn slowest_at(
    port: PortId,
    senders: impl Iterator<Item = PortId>,
    times: &[(Vec<Instant>, Vec<Instant>)],
) -> Option<Lateness> {
    let mut sent: Vec<Instant> =
        senders.flat_map(|sender| times[sender].0.iter().copied()).collect();
    sent.sort_unstable();
    let mut received = times[port].1.clone();
    received.sort_unstable();
    let late = sent.iter().zip(&received).map(|(&sent, received)| (sent, received.since(sent)));
    let (at, by) = late.max_by_key(|(_, by)| *by)?;
    Some(Lateness { what: Late::Frame(port), at, by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::losses::tests::crossing;

    /// The port that the slowest of the frames reached, and for how many milliseconds it was on its way.
    fn found(more: &str, frames: &[(&str, bool, u64)]) -> Option<(String, u128)> {
        let (plan, frames) = crossing(more, frames);
        let late = slowest(&plan, &frames)?;
        let Late::Frame(port) = late.what else { panic!("{late:?}") };
        Some((plan.port_name(port), late.by.as_millis()))
    }

    #[test]
    fn the_longest_way_counts() {
        let frames = [
            ("r1:lan", true, 100),
            ("h1:lan", false, 101),
            ("h1:lan", true, 102),
            ("h2:lan", false, 103),
            ("h2:lan", false, 250),
            ("r1:lan", false, 104),
        ];
        assert_eq!(found("", &frames), Some(("h2:lan".to_owned(), 148)));
        assert_eq!(found("", &[]), None);
    }

    #[test]
    fn what_a_fault_delays_is_not_late() {
        let fault = "[[fault]]\non = 'lan'\ndelay = '200ms'\n";
        assert_eq!(found(fault, &[("r1:lan", true, 100), ("h1:lan", false, 300)]), None);
    }
}
