//! From one side of a router to the other: the TTL, and never back to where it came from.
//!
//! A datagram that the router was not seen to receive is not judged here.

use super::{Breach, Breaches, Trails};
use crate::judge::{Evidence, Seen};
use crate::plan::PortId;
use crate::recording::Number;

impl Evidence<'_> {
    pub(super) fn wrong_ttls<'e>(&self, trails: &Trails<'e>) -> Vec<Breach<'e>> {
        let mut breaches = Breaches::<(PortId, u8)>::new();
        for (number, trail, sent) in self.forwarded(trails) {
            let came = self.arrivals(trail, sent.port, sent.at);
            let came = came.chain(self.registrations(number, sent.port, sent.at));
            let arrived: Vec<u8> = came.map(|seen| seen.packet.ttl).collect();
            let found = sent.packet.ttl;
            if found == 0 {
                breaches.add((sent.port, found), sent, || {
                    ("sent a datagram with TTL 0".to_owned(), Vec::new())
                });
                continue;
            }
            let Some(&last) = arrived.last() else { continue };
            // If several copies came in on different links, one of them is enough.
            if arrived.iter().all(|ttl| ttl.checked_sub(1) != Some(found)) {
                breaches.add((sent.port, found), sent, || {
                    (format!("sent a datagram with TTL {found} that came with {last}"), Vec::new())
                });
            }
        }
        breaches.in_order()
    }

    pub(super) fn returns<'e>(&self, trails: &Trails<'e>) -> Vec<Breach<'e>> {
        let mut breaches = Breaches::<PortId>::new();
        for (number, trail, sent) in self.forwarded(trails) {
            let mut arrivals = self.arrivals(trail, sent.port, sent.at).peekable();
            // What came in a Register may go wherever it came from.
            if self.registrations(number, sent.port, sent.at).next().is_some() {
                continue;
            }
            // A copy that came in elsewhere may be the one that was forwarded.
            if arrivals.peek().is_some() && arrivals.all(|seen| seen.port == sent.port) {
                breaches.add(sent.port, sent, || {
                    ("sent a datagram back to where it came from".to_owned(), Vec::new())
                });
            }
        }
        breaches.in_order()
    }

    /// Each datagram that a router sent, with all sightings of it.
    fn forwarded<'e, 't>(
        &self,
        trails: &'t Trails<'e>,
    ) -> impl Iterator<Item = (Number, &'t [&'e Seen], &'e Seen)> {
        trails.iter().flat_map(|(&number, trail)| {
            let sent = trail.iter().filter(|seen| seen.outgoing && self.is_router(seen.port));
            sent.map(move |&seen| (number, trail.as_slice(), seen))
        })
    }
}
