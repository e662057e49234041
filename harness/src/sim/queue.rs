//! The queue of events in the order of (time, order of insertion), whatever their number.
//!
//! A wheel of eleven levels with 64 slots each. The level of an event is the highest group of six
//! bits in which its time differs from now, the slot is that group. When time reaches a slot its
//! events move to lower levels, in order, and later insertions for the same time go to the place
//! they moved to: so a slot of the lowest level holds one nanosecond, first in, first out. The cost
//! of an event does not depend on how many others wait. No event is ever due before now.

use std::mem;

use castnet::time::Instant;

/// Bits of time that one level distinguishes.
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// A slot with this many events keeps its memory, whatever its capacity.
const FEW: usize = 16;

/// Events and when they are due; taken events are `None`.
type Slot<E> = Vec<(u64, Option<E>)>;

/// Events that are still to come.
#[derive(Debug)]
pub struct Queue<E> {
    now: u64,
    levels: [Level<E>; LEVELS],
    /// Memory of empty slots, for slots that fill later.
    spare: Vec<Slot<E>>,
    /// The number of events of the present nanosecond that have been taken.
    taken: usize,
    len: usize,
}

#[derive(Debug)]
struct Level<E> {
    /// A bit for each slot that is not empty.
    filled: u64,
    slots: [Slot<E>; SLOTS],
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        let level = |_| Level { filled: 0, slots: std::array::from_fn(|_| Vec::new()) };
        let levels = std::array::from_fn(level);
        Self { now: 0, levels, spare: Vec::new(), taken: 0, len: 0 }
    }
}

impl<E> Queue<E> {
    /// Inserts an event; one that is due in the past is due now.
    pub fn push(&mut self, at: Instant, event: E) {
        self.len += 1;
        self.place(at.as_nanos().max(self.now), Some(event));
    }

    /// Takes out the event that is due first, and among equals the one inserted first. Its time is
    /// now from then on.
    pub fn pop(&mut self) -> Option<(Instant, E)> {
        while self.len > 0 {
            if let Some((at, event)) = self.take() {
                self.len -= 1;
                return Some((Instant::from_nanos(at), event));
            }
            self.descend();
        }
        None
    }

    /// The number of events in the queue.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the queue is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn place(&mut self, at: u64, event: Option<E>) {
        let differs = at ^ self.now;
        let level = (u64::BITS - 1 - (differs | 1).leading_zeros()) / BITS;
        let slot = slot_of(at, level);
        let level = &mut self.levels[level as usize];
        if level.filled & 1 << slot == 0 {
            level.filled |= 1 << slot;
            level.slots[slot] = self.spare.pop().unwrap_or_default();
        }
        level.slots[slot].push((at, event));
    }

    /// The next event of the lowest level.
    fn take(&mut self) -> Option<(u64, E)> {
        let lowest = &mut self.levels[0];
        while lowest.filled != 0 {
            let slot = lowest.filled.trailing_zeros() as usize;
            if let Some((at, event)) = lowest.slots[slot].get_mut(self.taken) {
                self.now = *at;
                self.taken += 1;
                return event.take().map(|event| (*at, event));
            }
            let events = mem::take(&mut lowest.slots[slot]);
            lowest.filled &= !(1 << slot);
            self.taken = 0;
            spare(&mut self.spare, events);
        }
        None
    }

    /// Moves the events of the first slot that is not empty to their places as of the slot's time.
    fn descend(&mut self) {
        let found = (1..LEVELS).find(|&level| self.levels[level].filled != 0);
        let Some(level) = found else { return };
        let slot = self.levels[level].filled.trailing_zeros() as usize;
        let mut events = mem::take(&mut self.levels[level].slots[slot]);
        self.levels[level].filled &= !(1 << slot);
        // The beginning of the slot's time: higher bits stay, lower bits are zero.
        let shift = BITS * level as u32;
        let above = self.now.checked_shr(shift + BITS).unwrap_or(0);
        let above = above.checked_shl(shift + BITS).unwrap_or(0);
        self.now = above | (slot as u64) << shift;
        for (at, event) in &mut events {
            self.place(*at, event.take());
        }
        spare(&mut self.spare, events);
    }
}

/// Keeps the memory of a slot for another one, unless the slot used little of it: few slots are
/// ever as full as the fullest.
fn spare<E>(spare: &mut Vec<Slot<E>>, mut slot: Slot<E>) {
    if slot.capacity() <= FEW.max(slot.len() * 4) {
        slot.clear();
        spare.push(slot);
    }
}

const fn slot_of(at: u64, level: u32) -> usize {
    (at >> (BITS * level)) as usize & (SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use proptest::prelude::*;

    use super::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn events_of_one_instant_keep_their_order_however_they_came() {
        let mut queue = Queue::default();
        queue.push(at(1_000_000), 'a');
        queue.push(at(5), 'b');
        queue.push(at(1_000_000), 'c');
        assert_eq!(queue.pop(), Some((at(5), 'b')));
        // The time is near now, so the event goes into another level at first.
        queue.push(at(1_000_000), 'd');
        queue.push(at(999_999), 'e');
        assert_eq!(queue.pop(), Some((at(999_999), 'e')));
        queue.push(at(1_000_000), 'f');
        let rest: Vec<char> = std::iter::from_fn(|| Some(queue.pop()?.1)).collect();
        assert_eq!(rest, ['a', 'c', 'd', 'f']);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_is_due_in_the_past_is_due_now() {
        let mut queue = Queue::default();
        queue.push(at(100), 'a');
        queue.push(at(101), 'b');
        assert_eq!(queue.pop(), Some((at(100), 'a')));
        queue.push(at(7), 'c');
        queue.push(at(u64::MAX), 'd');
        assert_eq!(queue.pop(), Some((at(100), 'c')));
        assert_eq!(queue.pop(), Some((at(101), 'b')));
        assert_eq!(queue.pop(), Some((at(u64::MAX), 'd')));
        queue.push(at(3), 'e');
        assert_eq!(queue.pop(), Some((at(u64::MAX), 'e')));
        assert_eq!(queue.pop(), None);
    }

    proptest! {
        /// The reference: a heap by (time, order). Each step inserts some events, at distances of
        /// every magnitude, and takes some out.
        #[test]
        fn it_is_a_heap_by_time_and_order(
            steps in prop::collection::vec(
                (prop::collection::vec((0_u64..1000, 0_u32..50), 0..12), 0_usize..12),
                1..60,
            ),
        ) {
            let mut queue = Queue::default();
            let mut heap = BinaryHeap::new();
            let (mut now, mut order) = (0_u64, 0_u64);
            for (pushed, popped) in steps {
                for (mantissa, exponent) in pushed {
                    let due = now.saturating_add(mantissa << exponent);
                    queue.push(at(due), order);
                    heap.push(Reverse((due, order)));
                    order += 1;
                }
                for _ in 0..popped {
                    let expected = heap.pop().map(|Reverse(first)| first);
                    let found = queue.pop().map(|(at, event)| (at.as_nanos(), event));
                    prop_assert_eq!(found, expected);
                    now = found.map_or(now, |(at, _)| at);
                    prop_assert_eq!(queue.len(), heap.len());
                }
            }
        }
    }
}
